//! A step of a scenario, sent once: what goes over the wire, what is made of it, and what is kept.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::caught::caught;
use super::super::race;
use super::{Attempt, Move, Scene};
use crate::capture::Capture;
use crate::exchange::Breakage;
use crate::judge::{judge, judge_race};
use crate::request::Prepared;
use crate::response::Response;
use crate::suite::{Deed, Lane, Sent, Step};
use crate::target::Running;
use crate::target::process::{Exit, Process};
use crate::template::TemplateError;
use crate::verdict::{Finding, Judgement, Verdict};

impl Scene<'_> {
    /// Sends what a step sends, once, and judges what comes.
    pub(super) async fn once(&mut self, one: Move<'_>, running: &Arc<Running>) -> Attempt {
        let deed = one.deed;
        let process = running.process.as_ref();
        let mark = process.map(Process::mark);
        let (mut judgement, prepared, outcome) = match self.exchange(one, running).await {
            Ok(Some(exchange)) => exchange,
            Ok(None) => {
                let judgement = Judgement::because(Verdict::Inconclusive, "the run was interrupted");
                return Attempt { abandoned: true, ..judgement.into() };
            }
            Err(error) => {
                let place = deed.first().place.find(error.written());
                let judgement = Judgement::because(Verdict::Inconclusive, format!("{error} ({place})"));
                self.owe(deed, &judgement);
                return judgement.into();
            }
        };
        if let Some(process) = process.filter(|_| outcome.is_err()) {
            // A target that ends shows it a moment after its connection has broken.
            if let Some(exit) = exit_soon(process).await {
                judgement.reason = Some(format!("the target {exit}"));
                // How its connection broke is chance, and says nothing beside that.
                for finding in &mut judgement.findings {
                    "no whole answer came".clone_into(&mut finding.label);
                }
            }
        }
        let failed = judgement.verdict > Verdict::Pass;
        if failed && process.is_some() {
            // What was printed before the answer is in the pipe by now, and its reader needs a moment.
            tokio::time::sleep(READING).await;
        }
        let printed = process.zip(mark).filter(|_| failed).map(|(process, mark)| process.output_since(mark));
        let exchange = Some((prepared, outcome));
        Attempt { exchange, printed: printed.unwrap_or_default(), ..judgement.into() }
    }

    /// Sends what a step sends and judges what comes; of a race, shows the answer that tells most. None if the run was interrupted.
    async fn exchange(
        &mut self,
        Move { index, deed, step }: Move<'_>,
        running: &Arc<Running>,
    ) -> Result<Option<Exchange>, TemplateError> {
        let scope = self.memory.scope(deed)?;
        let jar_use = deed.first().request.jar.as_deref();
        let mut jar = self.memory.jar(jar_use);
        let (deeds, redactor) = (Arc::clone(self.deeds), self.redactor.clone());
        let race = match &deed.sent {
            Sent::Sole(lane) => {
                let Lane { request, captures, .. } = &**lane;
                let prepared = request.prepare(&scope)?;
                let (sent, outcome) = running.wire.send(prepared, jar.as_mut(), lane.reading()).await;
                if let Some(judgement) = foreign(running, &outcome) {
                    self.redactor.learn(&sent, outcome.as_ref().ok());
                    self.owe(deed, &judgement);
                    return Ok(Some((judgement, sent, outcome)));
                }
                self.memory.put_back(jar_use, jar);
                let scope = scope.at(SystemTime::now());
                self.scope = self.session.options.answers.is_some().then(|| scope.clone());
                let bytes = size(&outcome);
                let judged = move || {
                    redactor.learn(&sent, outcome.as_ref().ok());
                    let Lane { place, expectation, .. } = deeds[index].first();
                    let judgement = judge(expectation, &outcome, place, &scope);
                    (judgement, sent, outcome)
                };
                let Some(judged) = self.apart(step, bytes, judged).await else { return Ok(None) };
                let (mut judgement, sent, outcome) = judged;
                self.keep(captures, &outcome, &mut judgement);
                return Ok(Some((judgement, sent, outcome)));
            }
            Sent::Race(race) => race,
        };
        let (mut sent, answers) = race::send(race, running, &scope, jar.as_ref()).await?;
        if let Some(answer) = answers.first()
            && let Some(judgement) = answers.iter().find_map(|answer| foreign(running, &answer.outcome))
        {
            self.owe(deed, &judgement);
            let outcome = answer.outcome.clone();
            return Ok(Some((judgement, sent.swap_remove(0), outcome)));
        }
        let bytes = answers.iter().map(|answer| size(&answer.outcome)).sum();
        let judged = move || {
            for (request, answer) in sent.iter().zip(&answers) {
                redactor.learn(request, answer.outcome.as_ref().ok());
            }
            let judged = deeds[index].race().map(|race| judge_race(race, &answers, &scope));
            (judged, sent, answers)
        };
        let Some((Some((mut judgement, shown)), mut sent, mut answers)) =
            self.apart(step, bytes, judged).await
        else {
            return Ok(None);
        };
        for (index, lane) in race.lanes.iter().enumerate() {
            if let Some(first) = answers.iter().find(|answer| answer.lane == index) {
                self.keep(&lane.captures, &first.outcome, &mut judgement);
            }
        }
        Ok(Some((judgement, sent.swap_remove(shown), answers.swap_remove(shown).outcome)))
    }

    /// Judges on a thread of its own what takes long to judge, so that the run can be interrupted meanwhile. None if it was.
    async fn apart<T: Send + 'static>(
        &self,
        step: &Step,
        bytes: usize,
        judge: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if bytes < LARGE {
            return Some(judge());
        }
        let judged = tokio::task::spawn_blocking(|| caught(judge));
        tokio::select! {
            judged = judged => match judged {
                Ok(Ok(judged)) => Some(judged),
                Ok(Err(message)) => resume_unwind(Box::new(message)),
                // The runtime is being shut down.
                Err(_) => None,
            },
            () = self.session.options.interrupt.wished(), if !step.cleanup => None,
        }
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
                    self.memory.owe(&capture.keys, Verdict::Inconclusive, &breakage.to_string());
                }
            }
        }
    }

    /// Keeps what a step captures. A response that holds all that is expected and lacks what is to be kept is a failure.
    fn capture(&mut self, captures: &[Capture], response: &Response, judgement: &mut Judgement) {
        for capture in captures {
            match capture.take(response) {
                Ok(value) => {
                    if capture.secret {
                        self.redactor.hide(&value);
                    }
                    self.memory.keep(&capture.keys, &value);
                }
                Err(cause) => {
                    if judgement.verdict == Verdict::Pass {
                        let (expected, received) = ("a value to keep".to_owned(), cause.clone());
                        let (place, label) = (capture.place.clone(), cause.clone());
                        let finding = Finding { place, label, pointer: None, expected, received };
                        *judgement = Judgement::of(vec![finding]);
                    }
                    self.memory.owe(&capture.keys, Verdict::Inconclusive, &cause);
                }
            }
        }
    }

    /// Remembers that a step did not make its captures.
    pub(super) fn owe(&mut self, deed: &Deed, judgement: &Judgement) {
        for capture in deed.captures() {
            let cause = judgement.reason.as_deref().unwrap_or_default();
            self.memory.owe(&capture.keys, judgement.verdict, cause);
        }
    }
}

/// What was judged, what was sent, and what came.
type Exchange = (Judgement, Prepared, Result<Response, Breakage>);

/// A body of so many bytes may take long to judge.
const LARGE: usize = 64 * 1024;

fn size(outcome: &Result<Response, Breakage>) -> usize {
    outcome.as_ref().map_or(0, |response| response.body.len())
}

/// Returns the judgement of a response that came from another process than the target: it is never judged in the target's place.
fn foreign(running: &Running, outcome: &Result<Response, Breakage>) -> Option<Judgement> {
    let answered = outcome.as_ref().map_or_else(Breakage::is_answer, |_| true);
    let other = answered.then(|| running.check_listener().err()).flatten()?;
    Some(Judgement::because(Verdict::Inconclusive, other))
}

/// How long what a target printed may take from its pipe.
const READING: Duration = Duration::from_millis(10);

async fn exit_soon(process: &Process) -> Option<Exit> {
    for _ in 0..5 {
        if let Some(exit) = process.exited() {
            return Some(exit);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}
