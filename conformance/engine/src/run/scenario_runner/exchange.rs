//! Sends a step once, judges the response and captures values.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use regex::Regex;
use tokio::time::timeout;

use super::described::check;
use super::race;
use super::result::StepResult;
use super::stream::Streams;
use super::timely::{Timeline, Timestamp};
use crate::http::{Exchange, TransportError};
use crate::judge::{judge, judge_race};
use crate::memory::Memory;
use crate::redact::Redactor;
use crate::run::caught::caught;
use crate::run::context::Context;
use crate::target::Running;
use crate::target::process::{Exit, Process};
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_openapi::Checked;
use conformance_suite::capture::Capture;
use conformance_suite::json::Json;
use conformance_suite::response::Response;
use conformance_suite::suite::{Step, StepDefinition, StepRequests};
use conformance_suite::template::{Scope, TemplateError};

/// Sends the steps of one scenario, and holds what the responses have shown so far.
pub(super) struct Exchanges<'a> {
    context: &'a Context,
    definitions: &'a Arc<[StepDefinition]>,
    pub(super) memory: Memory,
    pub(super) redactor: Redactor,
    pub(super) timeline: Timeline,
    /// The key of the random values of the scenario.
    random_key: Option<String>,
    /// The scope at the time of the last response. Set only with `--bless`.
    pub(super) scope: Option<Scope>,
    /// What the description of the API says about the exchanges of the last step.
    checked: Vec<Checked>,
    pub(super) streams: Streams,
}

/// A step with its definition and its index in the scenario.
#[derive(Clone, Copy)]
pub(super) struct PlannedStep<'a> {
    pub(super) index: usize,
    pub(super) step: &'a Step,
    pub(super) definition: &'a StepDefinition,
}

impl<'a> Exchanges<'a> {
    /// `definitions` are those of all steps of the scenario.
    pub(super) fn new(
        context: &'a Context,
        definitions: &'a Arc<[StepDefinition]>,
        random_key: Option<String>,
    ) -> Self {
        let mut memory = Memory::new(&context.plan.suite);
        if let Some(key) = &random_key {
            memory.seed(key);
        }
        Self {
            context,
            definitions,
            memory,
            random_key,
            redactor: context.scenario_redactor(),
            timeline: Timeline::default(),
            scope: None,
            checked: Vec::new(),
            streams: Streams::default(),
        }
    }

    /// Sends a step once and judges the response. `tries` is the number of tries before.
    pub(super) async fn try_once(
        &mut self,
        one: PlannedStep<'_>,
        tries: u32,
        running: &Arc<Running>,
    ) -> StepResult {
        let definition = one.definition;
        if let Some(execution) = definition.execution() {
            let random_key = format!("{} {tries}", one.index);
            return self.execute(definition, execution, &random_key, running).await;
        }
        let awaiting = definition.awaiting();
        if let Some(mut judgement) = awaiting.and_then(|awaiting| self.streams.skip_reason(awaiting)) {
            if one.step.cleanup {
                judgement.verdict = Verdict::Skipped;
            }
            self.mark_missing(definition, &judgement);
            return judgement.into();
        }
        let at = || definition.requests().filter_map(|request| request.at.as_deref());
        if let Some(name) = at().find(|name| running.client(Some(name)).is_none()) {
            let reason = format!("the origin `{name}` has no address (--origin {name}=URL)");
            let judgement = Judgement::because(Verdict::Inconclusive, reason);
            self.mark_missing(definition, &judgement);
            return judgement.into();
        }
        let of_stream = awaiting.and_then(|awaiting| self.streams.find(awaiting)?.at.clone());
        let base = at()
            .next()
            .or(of_stream.as_deref())
            .and_then(|name| running.client(Some(name)))
            .map(|http| http.base().to_owned());
        let process = running.process.as_ref();
        let mark = process.map(Process::mark);
        let (exchanged, halfway) = self.exchange_and_look(one, tries, running).await;
        let (mut judgement, exchange) = match exchanged {
            Ok(Some(exchange)) => exchange,
            Ok(None) => {
                let judgement = Judgement::because(Verdict::Inconclusive, "the run was interrupted");
                return StepResult { abandoned: true, ..judgement.into() };
            }
            Err(error) => {
                let place = definition.place().map(|place| format!(" ({})", place.find(error.written())));
                let reason = format!("{error}{}", place.unwrap_or_default());
                let judgement = Judgement::because(Verdict::Inconclusive, reason);
                self.mark_missing(definition, &judgement);
                return judgement.into();
            }
        };
        if let (Err(TransportError::Timeout(limit)), Some(halfway), Some(process)) =
            (&exchange.outcome, halfway, process)
            && halfway.is_starved(process)
        {
            let reason = format!(
                "no complete response within {limit:?}, but the target waited for a processor most of the time; the machine is too slow"
            );
            judgement = Judgement::because(Verdict::Inconclusive, reason);
            self.mark_missing(definition, &judgement);
        }
        if let Some(process) = process.filter(|_| exchange.outcome.is_err()) {
            // A target that crashed exits a moment after its connection closed.
            if let Some(exit) = exit_soon(process).await {
                judgement.reason = Some(format!("the target {exit}"));
                // The way in which the connection closed is random, so it is not reported.
                for finding in &mut judgement.findings {
                    "no complete response was received".clone_into(&mut finding.label);
                }
            }
        }
        let failed = judgement.verdict > Verdict::Pass;
        if failed && process.is_some() {
            // Output printed before the response is in the pipe by now; give the reader time to read it.
            tokio::time::sleep(READ_DELAY).await;
        }
        let printed = process.zip(mark).filter(|_| failed).map(|(process, mark)| process.output_since(mark));
        let printed = printed.map(|printed| without_access_log(&printed)).unwrap_or_default();
        if let Some(opening) = definition.opens.as_ref().filter(|_| judgement.verdict != Verdict::Pass) {
            self.streams.fail(opening, &judgement);
        }
        let checked = std::mem::take(&mut self.checked);
        StepResult { exchange: Some(exchange), checked, printed, base, ..judgement.into() }
    }

    /// Sends a step and judges the response, as [`Exchanges::exchange`] does. Also returns what the target had waited for a
    /// processor after half of the time limit, if the response took that long.
    async fn exchange_and_look(
        &mut self,
        one: PlannedStep<'_>,
        tries: u32,
        running: &Arc<Running>,
    ) -> (Result<Option<(Judgement, Exchange)>, TemplateError>, Option<Halfway>) {
        let transfer = one.definition.first().and_then(|branch| branch.request.transfer.as_ref());
        let limit = transfer.and_then(|transfer| transfer.timeout).unwrap_or(self.timeout());
        let mut exchange = pin!(self.exchange(one, tries, running));
        let Some(process) = &running.process else { return (exchange.await, None) };
        if let Ok(exchanged) = timeout(limit / 2, &mut exchange).await {
            return (exchanged, None);
        }
        let halfway = Halfway::of(process);
        (exchange.await, Some(halfway))
    }

    /// Sends a step and judges the response. For a race, returns the exchange that explains the verdict best. None if
    /// the run was interrupted.
    async fn exchange(
        &mut self,
        PlannedStep { index, definition, step }: PlannedStep<'_>,
        tries: u32,
        running: &Arc<Running>,
    ) -> Result<Option<(Judgement, Exchange)>, TemplateError> {
        let mut scope = self.memory.scope(definition)?;
        self.seed(&mut scope, &format!("{index} {tries}"));
        let values = scope.clone();
        for branch in definition.branches() {
            branch.expectation.check(&scope)?;
        }
        if let Some(awaiting) = definition.awaiting() {
            awaiting.expectation.check(&scope)?;
        }
        let jar_use = definition.first().map(|branch| branch.request.jars(&scope)).transpose()?.flatten();
        let jar_use = jar_use.as_ref();
        let mut jar = self.memory.jar(jar_use);
        let (definitions, redactor) = (Arc::clone(self.definitions), self.redactor.clone());
        self.checked.clear();
        let described = self.context.options.described.clone();
        let race = match &definition.sent {
            StepRequests::One(_) | StepRequests::Await(_) => {
                // A description is of the target, not of the services next to it.
                let described =
                    described.filter(|_| definition.first().is_some_and(|one| one.request.at.is_none()));
                let sent = Timestamp::now();
                let exchange =
                    self.send(definition, running, jar.as_mut(), &scope, described.is_some()).await?;
                let Some(exchange) = exchange else { return Ok(None) };
                let received = Timestamp::now();
                self.timeline.received(received);
                let scope = scope.at(sent.wall, received.wall);
                let unjudged =
                    from_other_process(running, &exchange).or_else(|| self.too_early(running, &exchange));
                if let Some(judgement) = unjudged {
                    learn_secrets(&redactor, &exchange);
                    self.mark_missing(definition, &judgement);
                    return Ok(Some((judgement, exchange)));
                }
                self.memory.put_back(jar_use, jar);
                self.scope = self.context.options.responses.is_some().then(|| scope.clone());
                let bytes = size(&exchange);
                let judged = move || {
                    learn_secrets(&redactor, &exchange);
                    let (judged, checked) = match definitions[index].judged() {
                        Some((expectation, place)) => (
                            Some(judge(expectation, &exchange.outcome, place, &scope)),
                            check(described.as_ref(), &exchange, expectation, &scope),
                        ),
                        None => (None, Vec::new()),
                    };
                    (judged, exchange, checked)
                };
                let Some((Some(mut judgement), exchange, checked)) =
                    self.on_blocking_thread(step, bytes, judged).await
                else {
                    return Ok(None);
                };
                self.checked = checked;
                self.keep(definition.captures(), &exchange.outcome, &values, &mut judgement);
                return Ok(Some((judgement, exchange)));
            }
            StepRequests::Race(race) => race,
            // Programs are run elsewhere.
            StepRequests::Execution(_) => return Ok(None),
        };
        let sent = Timestamp::now();
        let mut answers = race::send(race, running, &scope, jar.as_ref()).await?;
        let received = Timestamp::now();
        self.timeline.received(received);
        let scope = scope.at(sent.wall, received.wall);
        if let Some(judgement) =
            answers.iter().find_map(|answer| from_other_process(running, &answer.exchange))
        {
            self.mark_missing(definition, &judgement);
            return Ok(Some((judgement, answers.swap_remove(0).exchange)));
        }
        let bytes = answers.iter().map(|answer| size(&answer.exchange)).sum();
        let judged = move || {
            for answer in &answers {
                learn_secrets(&redactor, &answer.exchange);
            }
            let judged = definitions[index].race().map(|race| judge_race(race, &answers, &scope));
            let branches = definitions[index].branches();
            let checked = answers.iter().flat_map(|answer| {
                let Some(branch) = branches.get(answer.branch) else { return Vec::new() };
                let described = described.as_ref().filter(|_| branch.request.at.is_none());
                check(described, &answer.exchange, &branch.expectation, &scope)
            });
            (judged, checked.collect(), answers)
        };
        let Some((Some((mut judgement, shown)), checked, mut answers)) =
            self.on_blocking_thread(step, bytes, judged).await
        else {
            return Ok(None);
        };
        self.checked = checked;
        for (index, branch) in race.branches.iter().enumerate() {
            if let Some(first) = answers.iter().find(|answer| answer.branch == index) {
                self.keep(branch.captures.iter(), &first.exchange.outcome, &values, &mut judgement);
            }
        }
        Ok(Some((judgement, answers.swap_remove(shown).exchange)))
    }

    /// Judges large bodies on a blocking thread, so that the run can be interrupted meanwhile. None if it was
    /// interrupted.
    async fn on_blocking_thread<T: Send + 'static>(
        &self,
        step: &Step,
        bytes: usize,
        judge: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if bytes < BLOCKING_SIZE {
            return Some(judge());
        }
        let judged = tokio::task::spawn_blocking(|| caught(judge));
        tokio::select! {
            judged = judged => match judged {
                Ok(Ok(judged)) => Some(judged),
                Ok(Err(message)) => resume_unwind(Box::new(message)),
                // Fails only when the runtime shuts down.
                Err(_) => None,
            },
            () = self.context.options.interrupt.requested(), if !step.cleanup => None,
        }
    }

    fn keep<'c>(
        &mut self,
        captures: impl Iterator<Item = &'c Capture>,
        outcome: &Result<Response, TransportError>,
        scope: &Scope,
        judgement: &mut Judgement,
    ) {
        match outcome {
            Ok(response) => {
                let of_event = response.of_last_event();
                for capture in captures {
                    let from = of_event.as_ref().filter(|_| capture.is_of_body()).unwrap_or(response);
                    self.store(capture, capture.take(from, scope), judgement);
                }
            }
            Err(transport_error) => {
                for capture in captures {
                    self.memory.mark_missing(
                        &capture.keys,
                        Verdict::Inconclusive,
                        &transport_error.to_string(),
                    );
                }
            }
        }
    }

    /// Stores a captured value. If the step passes so far but a value cannot be captured, it fails.
    pub(super) fn store(
        &mut self,
        capture: &Capture,
        taken: Result<Json, String>,
        judgement: &mut Judgement,
    ) {
        match taken {
            Ok(value) => {
                if capture.secret {
                    self.redactor.hide(&value);
                }
                self.memory.keep(&capture.keys, &value);
            }
            Err(cause) => {
                if judgement.verdict == Verdict::Pass {
                    judgement.verdict = Verdict::Fail;
                    judgement.findings.push(Finding::of_capture(&capture.place, &cause));
                }
                self.memory.mark_missing(&capture.keys, Verdict::Inconclusive, &cause);
            }
        }
    }

    /// Makes the random values of a try repeatable.
    pub(super) fn seed(&self, scope: &mut Scope, random_key: &str) {
        if let Some(key) = &self.random_key {
            scope.seed(&format!("{key} {random_key}"));
        }
    }

    /// Timeout of a response or a program, unless the step has its own.
    pub(super) fn timeout(&self) -> Duration {
        self.context.options.transport.limit
    }

    /// Returns the verdict for a refused connection, if nothing has waited until the target listens.
    fn too_early(&self, running: &Running, exchange: &Exchange) -> Option<Judgement> {
        let is_unchecked = running.process.is_some() && running.greeting.is_none();
        let Err(error @ TransportError::NoConnection(_)) = &exchange.outcome else { return None };
        if !is_unchecked {
            return None;
        }
        let origin = &self.context.plan.suite.origin;
        let reason = format!(
            "{error}; nothing waited until the target listens: write `ready: curl {origin}/` under `launch` in suite.yaml"
        );
        Some(Judgement::because(Verdict::Inconclusive, reason))
    }

    /// Marks the captures of a step as missing.
    pub(super) fn mark_missing(&mut self, definition: &StepDefinition, judgement: &Judgement) {
        for capture in definition.captures() {
            self.memory.mark_without(&capture.keys, judgement);
        }
        if let Some(opening) = &definition.opens {
            self.streams.fail(opening, judgement);
        }
    }
}

/// What a target had waited for a processor when half of the time limit of a step was over.
struct Halfway {
    at: Instant,
    waited: Duration,
}

impl Halfway {
    fn of(process: &Process) -> Self {
        Self { at: Instant::now(), waited: process.waited_for_processor() }
    }

    /// Whether the target has waited for a processor most of the time since then. Then the machine may be the cause of a timeout.
    fn is_starved(&self, process: &Process) -> bool {
        process.waited_for_processor().saturating_sub(self.waited) * 2 >= self.at.elapsed()
    }
}

/// Bodies from this size on are judged on a blocking thread.
const BLOCKING_SIZE: usize = 64 * 1024;

fn size(exchange: &Exchange) -> usize {
    exchange.outcome.as_ref().map_or(0, |response| response.body.len())
}

/// Adds the secrets in an exchange to the redactor.
fn learn_secrets(redactor: &Redactor, exchange: &Exchange) {
    for (request, response) in exchange.pairs() {
        redactor.learn(request, response);
    }
}

/// Returns the verdict for a response that came from a process other than the target. Such a response is never judged.
fn from_other_process(running: &Running, exchange: &Exchange) -> Option<Judgement> {
    let answered = exchange.outcome.as_ref().map_or_else(TransportError::is_judged, |_| true);
    let other = answered.then(|| running.check_listener().err()).flatten()?;
    Some(Judgement::because(Verdict::Inconclusive, other))
}

/// Removes the lines in which a server logs a request, which the report shows in full.
fn without_access_log(printed: &str) -> String {
    printed.split_inclusive('\n').filter(|line| !ACCESS.is_match(line)).collect()
}

/// A request in the log format of most servers: `"GET /users HTTP/1.1" 200`.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static ACCESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""[A-Z]+ \S* HTTP/[0-9.]+" [0-9]{3}\b"#).unwrap());

/// Time to let the reader read what the target printed.
const READ_DELAY: Duration = Duration::from_millis(10);

async fn exit_soon(process: &Process) -> Option<Exit> {
    for _ in 0..5 {
        if let Some(exit) = process.exited() {
            return Some(exit);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}
