//! A step of a scenario, sent once: what goes over the wire, what is made of it, and what is kept.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::race;
use super::{Attempt, Scene};
use crate::capture::Capture;
use crate::exchange::{Breakage, Exchange};
use crate::judge::{judge, judge_race};
use crate::response::Response;
use crate::suite::{Deed, Lane, Sent};
use crate::target::Running;
use crate::target::process::{Exit, Process};
use crate::template::TemplateError;
use crate::verdict::{Finding, Judgement, Verdict};

impl Scene<'_> {
    /// Sends what a step sends, once, and judges what comes.
    pub(super) async fn once(&mut self, deed: &Deed, running: &Arc<Running>) -> Attempt {
        let process = running.process.as_ref();
        let mark = process.map(Process::mark);
        let (mut judgement, exchange) = match self.exchange(deed, running).await {
            Ok(exchange) => exchange,
            Err(error) => {
                let place = deed.first().place.find(error.written());
                let judgement = Judgement::because(Verdict::Inconclusive, format!("{error} ({place})"));
                self.owe(deed, &judgement);
                return judgement.into();
            }
        };
        if let Some(process) = process.filter(|_| exchange.outcome.is_err()) {
            // A target that ends shows it a moment after its connection has broken.
            if let Some(exit) = exit_soon(process).await {
                judgement.reason = Some(format!("the target {exit}"));
                // How its connection broke is chance, and says nothing beside that.
                for finding in &mut judgement.findings {
                    "no complete response came".clone_into(&mut finding.label);
                }
            }
        }
        let failed = judgement.verdict > Verdict::Pass;
        if failed && process.is_some() {
            // What was printed before the answer is in the pipe by now, and its reader needs a moment.
            tokio::time::sleep(READING).await;
        }
        let printed = process.zip(mark).filter(|_| failed).map(|(process, mark)| process.output_since(mark));
        Attempt { exchange: Some(exchange), printed: printed.unwrap_or_default(), ..judgement.into() }
    }

    /// Sends what a step sends and judges what comes; of a race, shows the answer that tells most.
    async fn exchange(
        &mut self,
        deed: &Deed,
        running: &Arc<Running>,
    ) -> Result<(Judgement, Exchange), TemplateError> {
        let scope = self.memory.scope(deed)?;
        let jar_use = deed.first().request.jar.as_deref();
        let mut jar = self.memory.jar(jar_use);
        let race = match &deed.sent {
            Sent::Sole(lane) => {
                let Lane { request, place, expectation, captures, .. } = &**lane;
                let prepared = request.prepare(&scope)?;
                let exchange = running.wire.send(prepared, jar.as_mut(), lane.reading()).await;
                self.learn(&exchange);
                self.memory.put_back(jar_use, jar);
                let scope = scope.at(SystemTime::now());
                self.scope = self.session.options.answers.is_some().then(|| scope.clone());
                let mut judgement = judge(expectation, &exchange.outcome, place, &scope);
                self.keep(captures, &exchange.outcome, &mut judgement);
                return Ok((judgement, exchange));
            }
            Sent::Race(race) => race,
        };
        let mut answers = race::send(race, running, &scope, jar.as_ref()).await?;
        for answer in &answers {
            self.learn(&answer.exchange);
        }
        let (mut judgement, shown) = judge_race(race, &answers, &scope);
        for (index, lane) in race.lanes.iter().enumerate() {
            if let Some(first) = answers.iter().find(|answer| answer.lane == index) {
                self.keep(&lane.captures, &first.exchange.outcome, &mut judgement);
            }
        }
        Ok((judgement, answers.swap_remove(shown).exchange))
    }

    /// Remembers what an exchange makes secret.
    fn learn(&self, exchange: &Exchange) {
        for (request, response) in exchange.pairs() {
            self.redactor.learn(request, response);
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
