//! One scenario, played to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::sync::SemaphorePermit;

use super::milliseconds;
use super::race;
use super::session::Session;
use super::stage::{Stage, Unset};
use crate::capture::Capture;
use crate::curl;
use crate::event::{Exchange, Received, Record, Sent};
use crate::exchange::Breakage;
use crate::judge::{judge, judge_race};
use crate::plan::Trial;
use crate::request::Prepared;
use crate::response::Response;
use crate::source::Excerpt;
use crate::source::Place;
use crate::suite::{OUTPUT, Step};
use crate::target::Running;
use crate::template::{Scope, TemplateError};
use crate::verdict::{Finding, Judgement, Verdict};

/// A scenario in one profile, and what has been kept so far.
pub(super) struct Scene<'a> {
    session: &'a Session,
    trial: &'a Trial,
    scope: Scope,
    /// The captures that were made, and why the others were not.
    made: BTreeMap<String, Result<(), String>>,
    /// The setup step whose failure makes the rest inconclusive.
    broken: Option<String>,
}

/// A step that was tried, with what went over the wire.
struct Attempt {
    judgement: Judgement,
    exchange: Option<(Prepared, Result<Response, Breakage>)>,
    printed: String,
}

/// Returns the records of a scenario that does not play.
pub(super) fn untold(session: &Session, trial: &Trial, unset: &Unset) -> Vec<Record> {
    let scene = Scene::new(session, trial);
    (scene.steps())
        .filter(|(_, asked)| *asked)
        .map(|(step, _)| {
            let judgement = Judgement::because(unset.verdict, unset.reason.clone());
            let attempt = Attempt { judgement, exchange: None, printed: unset.printed.clone() };
            Record { unstarted: unset.unstarted, ..scene.record(step, attempt, "") }
        })
        .collect()
}

impl<'a> Scene<'a> {
    pub(super) fn new(session: &'a Session, trial: &'a Trial) -> Self {
        Self { session, trial, scope: session.plan().suite.scope(), made: BTreeMap::new(), broken: None }
    }

    /// Plays the steps in order; a failing step does not end the scenario.
    pub(super) async fn play(mut self, stage: &Stage) -> Vec<Record> {
        let mut permit = self.permit().await;
        let mut running = match stage.running(self.session).await {
            Ok(running) => running,
            Err(unset) => return untold(self.session, self.trial, &unset),
        };
        if let Some(unset) = self.lacking(&running) {
            return untold(self.session, self.trial, &unset);
        }
        let output = running.output.iter().map(|(name, value)| (name.clone(), json!(value)));
        self.scope.set(OUTPUT, &Json::Object(output.collect()));
        for (name, value) in &running.learnt {
            self.scope.set(name, value);
        }
        let mut records = Vec::new();
        for (step, asked) in self.steps() {
            let began = Instant::now();
            if !step.wait.is_zero() {
                // Another scenario sends while this one waits.
                drop(permit.take());
                tokio::time::sleep(step.wait).await;
                permit = self.permit().await;
            }
            if let Some(asks) = &step.restart
                && self.hindrance(step).is_none()
            {
                drop(running);
                running = match stage.restart(self.session).await {
                    Ok(running) => running,
                    Err(unset) => {
                        records.extend(self.never_again(records.len(), asks, &unset));
                        return records;
                    }
                };
            }
            let attempt = self.attempt(step, &running).await;
            if matches!(attempt.exchange, Some((_, Err(Breakage::Silence(_))))) {
                self.session.fell_silent();
                stage.fell_silent();
            }
            if asked {
                let record = self.record(step, attempt, running.wire.base());
                records.push(Record { milliseconds: milliseconds(began.elapsed()), ..record });
            }
        }
        records
    }

    /// The records of the steps that are left when a target does not come up again. That it does not is an answer: it came up
    /// before, and what has changed is what it wrote itself.
    fn never_again(&self, told: usize, asks: &Place, unset: &Unset) -> Vec<Record> {
        let label = format!("the target did not come up again: {}", unset.reason);
        let left = self.steps().filter(|(_, asked)| *asked).skip(told).map(|(step, _)| step);
        let record = |step: &Step| {
            let judgement = match step.restart.as_ref().filter(|own| own.span() == asks.span()) {
                Some(place) => Judgement::of(vec![Finding {
                    place: place.clone(),
                    label: label.clone(),
                    pointer: None,
                    expected: "a target that starts again where it stood".to_owned(),
                    received: unset.reason.clone(),
                }]),
                None => Judgement::because(Verdict::Inconclusive, label.clone()),
            };
            self.record(step, Attempt { judgement, exchange: None, printed: unset.printed.clone() }, "")
        };
        left.map(record).collect()
    }

    /// Why the scenario cannot play on a target that lacks its fixtures.
    fn lacking(&self, running: &Running) -> Option<Unset> {
        let missing = self.trial.scenario.fixtures.iter().find(|name| running.missing.contains(name))?;
        let reason = format!(
            "the target does not hold the fixture `{missing}` (`conformance seed` prints what it must hold)"
        );
        Some(Unset::new(Verdict::Inconclusive, reason))
    }

    fn steps(&self) -> impl Iterator<Item = (&'a Step, bool)> + use<'a> {
        let trial = self.trial;
        trial.steps.iter().map(|(index, asked)| (&trial.scenario.steps[*index], *asked))
    }

    async fn permit(&self) -> Option<SemaphorePermit<'a>> {
        // The semaphore is never closed.
        self.session.sending.acquire().await.ok()
    }

    async fn attempt(&mut self, step: &Step, running: &Arc<Running>) -> Attempt {
        if let Some(reason) = self.hindrance(step) {
            self.owe(step, &reason);
            let judgement = Judgement::because(Verdict::Inconclusive, reason);
            return Attempt { judgement, exchange: None, printed: String::new() };
        }
        let deadline = step.retry.map(|(limit, _)| Instant::now() + limit);
        loop {
            let attempt = self.once(step, running).await;
            let again = deadline.is_some_and(|deadline| Instant::now() < deadline);
            if attempt.judgement.verdict <= Verdict::Pass || !again {
                if step.setup && attempt.judgement.verdict > Verdict::Pass {
                    self.broken = Some(step.id.clone());
                }
                return attempt;
            }
            tokio::time::sleep(step.retry.map_or(Duration::ZERO, |(_, every)| every)).await;
        }
    }

    /// What keeps a step from being sent, in one sentence.
    fn hindrance(&self, step: &Step) -> Option<String> {
        if let Some(setup) = &self.broken {
            return Some(format!("the step `{setup}`, on which the rest depends, did not pass"));
        }
        if let Some(hushed) = self.session.hushed() {
            return Some(hushed);
        }
        step.needs.iter().find_map(|(name, owed_by)| match self.made.get(name) {
            Some(Ok(())) => None,
            Some(Err(cause)) => Some(format!("the step `{owed_by}` owes it `{name}`: {cause}")),
            None => Some(format!("the step `{owed_by}`, which owes it `{name}`, did not run")),
        })
    }

    async fn once(&mut self, step: &Step, running: &Arc<Running>) -> Attempt {
        let process = running.process.as_ref();
        let mark = process.map(crate::target::process::Process::mark);
        let (mut judgement, prepared, outcome) = match self.exchange(step, running).await {
            Ok(exchange) => exchange,
            Err(error) => {
                self.owe(step, &error.to_string());
                let judgement = Judgement::because(Verdict::Inconclusive, error.to_string());
                return Attempt { judgement, exchange: None, printed: String::new() };
            }
        };
        if let Some(process) = process.filter(|_| outcome.is_err()) {
            // A target that ends shows it a moment after its connection has broken.
            if let Some(exit) = exit_soon(process).await {
                judgement.reason = Some(format!("the target {exit}"));
            }
        }
        let failed = judgement.verdict > Verdict::Pass;
        if failed && process.is_some() {
            // What was printed before the answer is in the pipe by now, and its reader needs a moment.
            tokio::time::sleep(READING).await;
        }
        let printed = process.zip(mark).filter(|_| failed).map(|(process, mark)| process.output_since(mark));
        Attempt { judgement, exchange: Some((prepared, outcome)), printed: printed.unwrap_or_default() }
    }

    /// Sends what a step sends and judges what comes; of a race, shows the answer that tells most.
    async fn exchange(
        &mut self,
        step: &Step,
        running: &Arc<Running>,
    ) -> Result<(Judgement, Prepared, Result<Response, Breakage>), TemplateError> {
        let Some(race) = &step.race else {
            let prepared = step.request.prepare(&self.scope)?;
            let outcome = running.wire.send(&prepared).await;
            self.session.options.redactor.learn(&prepared, outcome.as_ref().ok());
            let mut judgement = judge(&step.expectation, &outcome, &step.request_place, &self.scope);
            self.keep(&step.captures, &outcome, &mut judgement);
            return Ok((judgement, prepared, outcome));
        };
        let (mut sent, mut answers) = race::send(race, running, &self.scope).await?;
        for (request, answer) in sent.iter().zip(&answers) {
            self.session.options.redactor.learn(request, answer.outcome.as_ref().ok());
        }
        let (mut judgement, shown) = judge_race(race, &answers, &self.scope);
        for (index, lane) in race.lanes.iter().enumerate() {
            if let Some(first) = answers.iter().find(|answer| answer.lane == index) {
                self.keep(&lane.captures, &first.outcome, &mut judgement);
            }
        }
        Ok((judgement, sent.swap_remove(shown), answers.swap_remove(shown).outcome))
    }

    fn keep(
        &mut self,
        captures: &[Capture],
        outcome: &Result<Response, Breakage>,
        judgement: &mut Judgement,
    ) {
        match outcome {
            Ok(response) => self.capture(captures, response, judgement),
            Err(breakage) => {
                for capture in captures {
                    self.made.insert(capture.name.clone(), Err(breakage.to_string()));
                }
            }
        }
    }

    /// Keeps what a step captures. A response that holds all that is expected and lacks what is to be kept is a failure.
    fn capture(&mut self, captures: &[Capture], response: &Response, judgement: &mut Judgement) {
        for capture in captures {
            let made = match capture.take(response) {
                Ok(value) => {
                    self.scope.set(&capture.name, &value);
                    Ok(())
                }
                Err(cause) => {
                    if judgement.verdict == Verdict::Pass {
                        let (expected, received) = ("a value to keep".to_owned(), cause.clone());
                        let (place, label) = (capture.place.clone(), cause.clone());
                        let finding = Finding { place, label, pointer: None, expected, received };
                        *judgement = Judgement::of(vec![finding]);
                    }
                    Err(cause)
                }
            };
            self.made.insert(capture.name.clone(), made);
        }
    }

    fn owe(&mut self, step: &Step, cause: &str) {
        for capture in step.all_captures() {
            self.made.insert(capture.name.clone(), Err(cause.to_owned()));
        }
    }

    fn record(&self, step: &Step, attempt: Attempt, base: &str) -> Record {
        let redactor = &self.session.options.redactor;
        let requirements = &self.session.plan().suite.requirements;
        let covers = (step.covers.iter())
            .filter_map(|id| requirements.iter().find(|requirement| *requirement.id == **id))
            .map(|requirement| (requirement.id.clone(), requirement.level))
            .collect();
        let findings = attempt.judgement.findings.into_iter().map(|finding| Finding {
            place: finding.place.masked(|text| redactor.mask(text)),
            label: redactor.text(&finding.label),
            expected: redactor.text(&finding.expected),
            received: redactor.text(&finding.received),
            pointer: finding.pointer,
        });
        Record {
            id: self.trial.step_id(step),
            scenario: self.trial.id(),
            profile: self.trial.profile.clone(),
            title: step.title.clone(),
            verdict: attempt.judgement.verdict,
            covers,
            source: self.source(step),
            place: step.place.clone(),
            milliseconds: 0.0,
            findings: findings.collect(),
            reason: attempt.judgement.reason.map(|reason| redactor.text(&reason)),
            exchange: attempt.exchange.map(|(request, outcome)| self.show(request, outcome.ok(), base)),
            printed: redactor.text(&attempt.printed),
            deviation: None,
            unstarted: false,
        }
    }

    /// The step in the words of its file. A file too can say a secret: a password in a curl command.
    fn source(&self, step: &Step) -> Excerpt {
        let block = step.place.block();
        Excerpt { text: self.session.options.redactor.text(&block.text), ..block }
    }

    fn show(&self, request: Prepared, response: Option<Response>, base: &str) -> Exchange {
        let redactor = &self.session.options.redactor;
        let request = self.session.options.transport.dress(request);
        let headers = |headers: Vec<(String, String)>| {
            let shown = headers.into_iter().map(|(name, value)| {
                let value = redactor.header(&name, &value);
                (name, value)
            });
            shown.collect::<Vec<_>>()
        };
        let body = request.body.map(|body| redactor.text(&String::from_utf8_lossy(&body)));
        let shown = Prepared {
            target: redactor.text(&request.target),
            headers: headers(request.headers),
            body: body.clone().map(String::into_bytes),
            ..request
        };
        Exchange {
            again: curl::render(&shown, base) + &self.session.options.transport.curl_options(),
            sent: Sent { method: shown.method, target: shown.target, headers: shown.headers, body },
            received: response.map(|response| Received {
                status: response.status,
                body: redactor.text(&response.text()),
                headers: headers(response.headers),
                milliseconds: milliseconds(response.elapsed),
            }),
        }
    }
}

/// How long what a target printed may take from its pipe.
const READING: Duration = Duration::from_millis(10);

async fn exit_soon(process: &crate::target::process::Process) -> Option<crate::target::process::Exit> {
    for _ in 0..5 {
        if let Some(exit) = process.exited() {
            return Some(exit);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}
