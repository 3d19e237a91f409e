//! State of a scenario while it runs: captures, values of rows and parameters, and cookies.

use std::collections::BTreeMap;

use crate::verdict::{Judgement, Verdict};
use conformance_suite::jar::Jar;
use conformance_suite::json::Json;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::request::JarUse;
use conformance_suite::suite::{Frame, Need, OUTPUT, Role, Step, StepDefinition, Suite, TARGET};
use conformance_suite::template::{Scope, TemplateError};

/// State of one scenario.
#[derive(Debug)]
pub struct Memory {
    base: Scope,
    /// Captured values, or why a value is missing.
    made: BTreeMap<String, Result<Json, Missing>>,
    /// Scopes of rows and sequences. Their values are computed once.
    frames: BTreeMap<String, Scope>,
    /// The setup step or precondition that failed.
    broken: Option<Broken>,
    jars: BTreeMap<String, Jar>,
}

/// A failed step on which the rest of the scenario depends.
#[derive(Debug)]
struct Broken {
    step: String,
    verdict: Verdict,
    /// Why the later steps are not sent.
    reason: String,
}

/// Why a capture is missing.
#[derive(Debug)]
struct Missing {
    verdict: Verdict,
    cause: String,
    /// Whether the cause already names the step that is responsible.
    names_step: bool,
}

impl Memory {
    /// Creates the state of a scenario that has not begun.
    #[must_use]
    pub fn new(suite: &Suite) -> Self {
        let (made, frames, jars) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { base: suite.scope(), made, frames, broken: None, jars }
    }

    /// Creates the state of a scenario in which the value of each capture is its own expression: for lists and coverage.
    #[must_use]
    pub fn with_placeholders(planned: &PlannedScenario, suite: &Suite) -> Self {
        let mut memory = Self::new(suite);
        for capture in planned.scenario.definitions.iter().flat_map(StepDefinition::captures) {
            memory.keep(&capture.keys, &format!("${{{}}}", capture.name).into());
        }
        let profile = suite.profile(&planned.profile);
        let output = profile.into_iter().flat_map(|profile| &profile.output);
        let output = output.map(|(name, _)| (name.clone(), format!("${{{OUTPUT}.{name}}}").into()));
        memory.meet("${target.origin}", &Json::Object(output.collect()), &[]);
        memory
    }

    /// Makes the random values of rows and parameters follow a key.
    pub(crate) fn seed(&mut self, key: &str) {
        self.base.seed(key);
    }

    /// Sets the target's origin and printed values, and the fixture values that differ from those of the suite.
    pub fn meet(&mut self, origin: &str, output: &Json, learned: &[(String, Json)]) {
        let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let place = [("origin", origin), ("host", host)].map(|(name, text)| (name.to_owned(), text.into()));
        self.base.set(TARGET, &Json::Object(place.into()));
        self.base.set(OUTPUT, output);
        for (name, value) in learned {
            self.base.set(name, value);
        }
    }

    /// Returns the scope for sending and judging a step.
    ///
    /// # Errors
    /// A value of its row or of its sequence's parameters cannot be computed.
    pub fn scope(&mut self, definition: &StepDefinition) -> Result<Scope, TemplateError> {
        let mut scope = self.frame(&definition.frame)?;
        self.inject(&definition.needs, &mut scope);
        Ok(scope)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Scope, TemplateError> {
        let Some(outer) = &frame.outer else { return Ok(self.base.clone()) };
        if let Some(scope) = self.frames.get(&frame.key) {
            return Ok(scope.clone());
        }
        let around = self.frame(outer)?;
        let mut within = around.clone();
        self.inject(&frame.needs, &mut within);
        let mut scope = if frame.closed { self.base.clone() } else { around };
        for (name, value) in &frame.names {
            scope.set(name, &value.value(&within)?);
        }
        self.frames.insert(frame.key.clone(), scope.clone());
        Ok(scope)
    }

    fn inject(&self, needs: &[Need], scope: &mut Scope) {
        for need in needs {
            if let Some(Ok(value)) = self.made.get(&*need.key) {
                scope.set(&*need.name, value);
            }
        }
    }

    /// Returns the verdict of a step that cannot be sent, with the reason.
    pub(crate) fn skip_reason(&self, step: &Step, definition: &StepDefinition) -> Option<Judgement> {
        if let Some(broken) = self.broken.as_ref().filter(|_| !step.cleanup) {
            let skips = broken.verdict == Verdict::Skipped;
            let verdict = if skips { Verdict::Skipped } else { Verdict::Inconclusive };
            return Some(Judgement::because(verdict, broken.reason.clone()).waiting_for(&broken.step));
        }
        definition.all_needs().find_map(|Need { name, key, made_by }| {
            let (verdict, reason) = match self.made.get(&**key) {
                Some(Ok(_)) => return None,
                // Each step of a chain would repeat the reasons of all before it.
                Some(Err(Missing { verdict, cause, names_step: true })) => (*verdict, cause.clone()),
                Some(Err(Missing { verdict, cause, .. })) => {
                    (*verdict, format!("step `{made_by}` did not capture `{name}`: {cause}"))
                }
                None => {
                    (Verdict::Inconclusive, format!("step `{made_by}`, which captures `{name}`, did not run"))
                }
            };
            // Nothing was created, so no cleanup is needed.
            let verdict = if step.cleanup { Verdict::Skipped } else { verdict };
            Some(Judgement::because(verdict, reason).waiting_for(made_by))
        })
    }

    /// Stores a captured value under all its names.
    pub fn keep(&mut self, keys: &[String], value: &Json) {
        for key in keys {
            self.made.insert(key.clone(), Ok(value.clone()));
        }
    }

    /// Records why a capture is missing although its step was sent.
    pub(crate) fn mark_missing(&mut self, keys: &[String], verdict: Verdict, cause: &str) {
        self.miss(keys, verdict, cause, false);
    }

    /// Records that a capture is missing because its step has this verdict.
    pub(crate) fn mark_without(&mut self, keys: &[String], judgement: &Judgement) {
        let cause = judgement.reason.as_deref().unwrap_or_default();
        self.miss(keys, judgement.verdict, cause, judgement.waits_for.is_some());
    }

    fn miss(&mut self, keys: &[String], verdict: Verdict, cause: &str, names_step: bool) {
        let verdict = if verdict == Verdict::Skipped { verdict } else { Verdict::Inconclusive };
        for key in keys {
            self.made.insert(key.clone(), Err(Missing { verdict, cause: cause.to_owned(), names_step }));
        }
    }

    /// Records that a setup step or a precondition failed. Later ones do not run because of it, so the first one counts.
    pub(crate) fn break_off(&mut self, step: &Step, judgement: &Judgement) {
        if self.broken.is_some() {
            return;
        }
        let reason = match &judgement.reason {
            Some(reason) if step.role == Role::Precondition => reason.clone(),
            _ => format!("step `{}`, on which the rest depends, did not pass", step.id),
        };
        self.broken = Some(Broken { step: step.id.clone(), verdict: judgement.verdict, reason });
    }

    /// Returns the cookie jar for a request, if it uses one.
    pub(crate) fn jar(&self, jar: Option<&JarUse>) -> Option<Jar> {
        let jar = jar?;
        Some(jar.reads.as_ref().and_then(|name| self.jars.get(name)).cloned().unwrap_or_default())
    }

    /// Stores a cookie jar.
    pub(crate) fn put_back(&mut self, jar: Option<&JarUse>, kept: Option<Jar>) {
        if let (Some(name), Some(kept)) = (jar.and_then(|jar| jar.keeps.as_ref()), kept) {
            self.jars.insert(name.clone(), kept);
        }
    }
}
