//! One scenario, played to its end.

mod kept;
mod telling;
mod trying;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kept::Bodies;

use super::caught::caught_in;
use super::path::What;
use super::session::{Permit, Session};
use super::stage::{Stage, Unset};
use crate::bless::Answer;
use crate::http::{Exchange, TransportError};
use crate::json::Json;
use crate::matcher::Left;
use crate::memory::Memory;
use crate::plan::Trial;
use crate::redact::Redactor;
use crate::source::Place;
use crate::suite::{Role, Step, StepDefinition};
use crate::target::Running;
use crate::template::Scope;
use crate::verdict::{Finding, Judgement, Verdict};

/// A scenario in one profile, and what has been kept so far.
pub(super) struct ScenarioRunner<'a> {
    session: &'a Session,
    trial: &'a Trial,
    definitions: &'a Arc<[StepDefinition]>,
    memory: Memory,
    turn: Permit,
    redactor: Redactor,
    /// The steps that were tried and whose verdicts were asked for, by their place in the scenario.
    told: Vec<(usize, Attempt)>,
    /// Whether anything was sent, so that there may be something to clean up.
    begun: bool,
    /// What names meant when the last answer came, where answers are kept.
    scope: Option<Scope>,
}

/// A scenario that has been played, as it was: reports see what [`Played::records`] makes of it.
#[derive(Default)]
pub(super) struct Played {
    told: Vec<(usize, Attempt)>,
    redactor: Redactor,
    /// Where the target was.
    base: String,
    /// Whether the target itself did not start.
    pub(super) unstarted: bool,
    /// That the target was started again before, and why.
    restarted: Option<String>,
}

/// A step, its place in the scenario, and what it does.
#[derive(Clone, Copy)]
struct Move<'a> {
    index: usize,
    step: &'a Step,
    definition: &'a StepDefinition,
}

/// A step that was tried, with what went over the wire.
struct Attempt {
    judgement: Judgement,
    /// Findings that were dropped.
    more_findings: usize,
    exchange: Option<Exchange>,
    /// The bodies that were taken out of the exchange.
    bodies: Bodies,
    printed: String,
    /// How often it was sent.
    tries: u32,
    took: Duration,
    /// Whether the run was interrupted before the response was judged: there is nothing to report.
    abandoned: bool,
}

impl From<Judgement> for Attempt {
    fn from(judgement: Judgement) -> Self {
        Self {
            judgement,
            more_findings: 0,
            exchange: None,
            bodies: Bodies::default(),
            printed: String::new(),
            tries: 0,
            took: Duration::ZERO,
            abandoned: false,
        }
    }
}

/// Returns a scenario that does not play.
pub(super) fn not_played(session: &Session, trial: &Trial, unset: &Unset) -> Played {
    let mut told = Vec::new();
    let mut waits_for = None;
    for (index, asked) in &trial.steps {
        let step = &trial.scenario.steps[*index];
        if unset.unstarted && step.role == Role::Precondition {
            waits_for = waits_for.or(Some(&step.id));
        }
        if *asked {
            let judgement = Judgement::because(unset.verdict, unset.reason.clone());
            let judgement = Judgement { waits_for: waits_for.map(ToString::to_string), ..judgement };
            told.push((*index, Attempt { printed: unset.printed.clone(), ..judgement.into() }));
        }
        // A setup step that covers a requirement fails for it; what depends on it was not tried.
        if unset.unstarted && step.role == Role::Setup && !step.covers.is_empty() {
            waits_for = waits_for.or(Some(&step.id));
        }
    }
    let redactor = session.redactor();
    Played { told, redactor, base: String::new(), unstarted: unset.unstarted, restarted: None }
}

impl<'a> ScenarioRunner<'a> {
    /// Returns a scenario that has not begun; `deeds` is what its steps do.
    pub(super) fn new(
        session: &'a Session,
        trial: &'a Trial,
        definitions: &'a Arc<[StepDefinition]>,
        turn: Permit,
    ) -> Self {
        let memory = Memory::new(&session.plan().suite);
        let redactor = session.redactor();
        Self {
            session,
            trial,
            definitions,
            memory,
            turn,
            redactor,
            told: Vec::new(),
            begun: false,
            scope: None,
        }
    }

    /// Plays the steps in order; a failing step does not end the scenario, and nothing keeps its cleanup from being played.
    pub(super) async fn play(mut self, stage: &Stage, what: What) -> Played {
        if self.session.options.interrupt.is_requested() {
            return Played::default();
        }
        let came_up = tokio::select! {
            came_up = stage.running(self.session) => came_up,
            () = self.session.options.interrupt.requested() => return Played::default(),
        };
        let running = match came_up {
            Ok(running) => running,
            Err(unset) => return not_played(self.session, self.trial, &unset),
        };
        if let Some(unset) = self.lacking(&running) {
            return not_played(self.session, self.trial, &unset);
        }
        let from = self.session.elapsed();
        let output = running.output.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        self.memory.meet(running.http.base(), &Json::Object(output.collect()), &running.learned);
        let base = running.http.base().to_owned();
        let mut running = Some(running);
        let cleans_up = self.moves().any(|(_, one, _)| one.step.cleanup);
        let interrupt = self.session.options.interrupt.clone();
        let restarted = stage.restarted();
        let mut panicked = None;
        tokio::select! {
            performed = caught_in(Box::pin(self.perform(stage, &mut running, what, false))) => panicked = performed.err(),
            // What a step in flight has made is cleaned up too, so it is waited for.
            () = interrupt.requested(), if !cleans_up => {}
        }
        if self.begun && cleans_up {
            let cleaned = caught_in(Box::pin(self.perform(stage, &mut running, what, true))).await;
            panicked = panicked.or(cleaned.err());
        }
        if let Some(message) = panicked {
            // Which of its verdicts are right is not known.
            return not_played(self.session, self.trial, &Unset::new(Verdict::Error, message));
        }
        self.session.lap(what, from);
        let Self { told, redactor, .. } = self;
        Played { told, redactor, base, unstarted: false, restarted }
    }

    /// Sends the steps of the story, or those that clean up.
    async fn perform(
        &mut self,
        stage: &Stage,
        running: &mut Option<Arc<Running>>,
        what: What,
        cleanup: bool,
    ) {
        let interrupt = &self.session.options.interrupt;
        for (index, one, asked) in self.moves().filter(|(_, one, _)| one.step.cleanup == cleanup) {
            let step = one.step;
            let began = Instant::now();
            if !step.wait.is_zero() {
                // Another scenario sends while this one waits.
                self.turn = Permit::default();
                self.pause(step, step.wait).await;
                self.turn = self.session.turn().await;
            }
            if interrupt.is_requested() && !cleanup {
                return;
            }
            if let Some(asks) = step.restart.as_ref().filter(|_| self.skip_reason(one, stage, what).is_none())
            {
                drop(running.take());
                // Another scenario sends while the target comes up.
                self.turn = Permit::default();
                let restarted = stage.restart(self.session).await;
                self.turn = self.session.turn().await;
                match restarted {
                    Ok(again) => *running = Some(again),
                    Err(unset) if asked => self.told.push((index, never_again(asks, unset))),
                    Err(_) => {}
                }
            }
            let Some(running) = running.as_ref() else {
                self.leave_out(index, step, asked);
                continue;
            };
            let mut attempt = self.attempt(one, stage, running, what).await;
            attempt.took = began.elapsed();
            if attempt.abandoned {
                return;
            }
            self.count(&attempt, one, stage, what);
            if asked {
                self.keep_answer(one, &attempt);
                let is_shown = self.session.options.shows_passes || attempt.judgement.verdict > Verdict::Pass;
                attempt.shorten(one.definition, is_shown);
                self.told.push((index, attempt));
            }
        }
    }

    /// Counts a timeout, or a response.
    fn count(&self, attempt: &Attempt, one: Move<'_>, stage: &Stage, what: What) {
        let (What::Scenario { group, .. } | What::Start { group }) = what;
        match &attempt.exchange {
            Some(Exchange { outcome: Err(TransportError::Timeout(_)), .. })
                if self.session.timed_out(group) =>
            {
                stage.timed_out(&self.trial.step_id(one.step));
            }
            // Neither is a connection that could not be made a response, nor a timeout that was only counted.
            Some(Exchange { outcome: Err(transport_error), .. })
                if !transport_error.is_judged() || matches!(transport_error, TransportError::Timeout(_)) => {}
            Some(_) => self.session.responded(group),
            None => {}
        }
    }

    /// A step that is left when the target does not come up again.
    fn leave_out(&mut self, index: usize, step: &Step, asked: bool) {
        let told = self.told.iter().any(|(told, _)| *told == index);
        if asked && !told {
            let verdict = if step.cleanup { Verdict::Skipped } else { Verdict::Inconclusive };
            let reason = "the target did not come up again";
            self.told.push((index, Judgement::because(verdict, reason).into()));
        }
    }

    /// Waits, but not through an interrupt.
    async fn pause(&self, step: &Step, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.session.options.interrupt.requested(), if !step.cleanup => {}
        }
    }

    /// Why the scenario cannot play on a target that lacks its fixtures.
    fn lacking(&self, running: &Running) -> Option<Unset> {
        let missing = self.trial.scenario.fixtures.iter().find(|name| running.missing.contains(name))?;
        let reason = format!(
            "the target does not hold the fixture `{missing}` (`conformance seed` prints what it must hold)"
        );
        Some(Unset::new(Verdict::Inconclusive, reason))
    }

    fn moves(&self) -> impl Iterator<Item = (usize, Move<'a>, bool)> + use<'a> {
        let (trial, definitions) = (self.trial, self.definitions);
        let of = |index: usize| Move {
            index,
            step: &trial.scenario.steps[index],
            definition: &definitions[index],
        };
        trial.steps.iter().map(move |(index, asked)| (*index, of(*index), *asked))
    }

    async fn attempt(&mut self, one: Move<'_>, stage: &Stage, running: &Arc<Running>, what: What) -> Attempt {
        let step = one.step;
        #[cfg(test)]
        assert!(&*step.title != super::tests::PANICS, "step `{}` panics", step.id);
        if let Some(judgement) = self.skip_reason(one, stage, what) {
            self.mark_missing(one.definition, &judgement);
            if step.role != Role::Plain {
                self.memory.break_off(step, &judgement);
            }
            return judgement.into();
        }
        self.begun = true;
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let mut attempt = self.once(one, running).await;
            tries += 1;
            // A request that cannot be made will not be made of the same values later.
            let again = attempt.exchange.is_some()
                && step.retry.as_ref().is_some_and(|retry| began.elapsed() < retry.0)
                && (step.cleanup || !self.session.options.interrupt.is_requested());
            if attempt.judgement.verdict <= Verdict::Pass || !again {
                if step.role == Role::Precondition
                    && matches!(attempt.exchange, Some(Exchange { outcome: Ok(_), .. }))
                {
                    attempt.judgement = precondition(step, attempt.judgement);
                }
                if step.role != Role::Plain && attempt.judgement.verdict != Verdict::Pass {
                    self.memory.break_off(step, &attempt.judgement);
                }
                return Attempt { tries, ..attempt };
            }
            self.pause(step, step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.1)).await;
        }
    }

    /// What keeps a step from being sent.
    fn skip_reason(
        &self,
        Move { step, definition, .. }: Move<'_>,
        stage: &Stage,
        what: What,
    ) -> Option<Judgement> {
        if let Some(feature) = step.requires.iter().find(|feature| !stage.offers(feature)) {
            let reason = format!("the target does not offer `{feature}`");
            return Some(Judgement::because(Verdict::Skipped, reason));
        }
        let (What::Scenario { group, .. } | What::Start { group }) = what;
        let halted =
            self.session.halted(group).map(|halted| Judgement::because(Verdict::Inconclusive, halted));
        self.memory.skip_reason(step, definition).or(halted)
    }

    /// Keeps what was answered to a step that is named, where answers are to be blessed.
    fn keep_answer(&mut self, Move { step, definition, .. }: Move<'_>, attempt: &Attempt) {
        let Some(answers) = &self.session.options.answers else { return };
        let (id, scope) = (self.trial.step_id(step), self.scope.take());
        if !answers.want(&id) {
            return;
        }
        let response = match &attempt.exchange {
            Some(Exchange { outcome: Ok(response), .. }) if definition.race().is_none() => {
                Some(response.clone()).zip(scope)
            }
            _ => None,
        };
        let finding = attempt.judgement.findings.first();
        let wrong = finding.map(|finding| Left { place: finding.place.clone(), why: finding.label.clone() });
        let (place, expectation) = (step.place.clone(), definition.first().expectation.clone());
        if response.is_some() || wrong.is_some() {
            answers.add(Answer { id, place, expectation, response, wrong });
        }
    }
}

/// Returns the verdict of a precondition: if the response is not the expected one, the scenario does not apply to the target.
fn precondition(step: &Step, judgement: Judgement) -> Judgement {
    match judgement.findings.first() {
        Some(finding) if judgement.verdict == Verdict::Fail => {
            let reason = format!("the precondition `{}` does not hold: {}", step.id, finding.label);
            Judgement { verdict: Verdict::Skipped, reason: Some(reason), ..judgement }
        }
        _ => judgement,
    }
}

/// A target that does not come up again fails: it came up before, and what has changed is what it wrote itself. Anything else that keeps it
/// from coming up, such as another process on its port, is no fault of the target.
fn never_again(asks: &Place, unset: Unset) -> Attempt {
    if !unset.unstarted {
        let reason = format!("the target was not started again: {}", unset.reason);
        return Attempt {
            printed: unset.printed,
            ..Judgement::because(Verdict::Inconclusive, reason).into()
        };
    }
    let judgement = Judgement::of(vec![Finding {
        place: asks.clone(),
        label: format!("the target did not come up again: {}", unset.reason),
        pointer: None,
        expected: "a target that starts again where it stood".to_owned(),
        received: unset.reason,
    }]);
    Attempt { printed: unset.printed, ..judgement.into() }
}
