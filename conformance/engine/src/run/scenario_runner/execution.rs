//! Runs the program of a step, and captures values from its output.

use super::exchange::Exchanges;
use super::result::StepResult;
use super::timely::Timestamp;
use crate::judge::judge_execution;
use crate::target::{Executed, NotRun, Running};
use crate::verdict::{Judgement, Verdict};
use conformance_suite::suite::{Execution, StepDefinition};
use conformance_suite::template::Scope;

impl Exchanges<'_> {
    /// Runs the program of a step once, and judges its end and its output.
    pub(super) async fn execute(
        &mut self,
        definition: &StepDefinition,
        execution: &Execution,
        random_key: &str,
        running: &Running,
    ) -> StepResult {
        let run = async {
            let mut scope = self.memory.scope(definition)?;
            self.seed(&mut scope, random_key);
            for matcher in execution.matchers() {
                for text in matcher.texts().into_iter().filter(|text| !text.is_literal()) {
                    text.json(&scope)?;
                }
            }
            let limit = execution.timeout.unwrap_or(self.timeout());
            let sent = Timestamp::now();
            let executed = running.execute(execution, &scope, limit).await?;
            let received = Timestamp::now();
            self.timeline.received(received);
            Ok((executed, scope.at(sent.wall, received.wall)))
        };
        let (executed, scope) = match run.await {
            Ok(done) => done,
            Err(error) => {
                let place = match &error {
                    NotRun::Template(error) => execution.place.find(error.written()),
                    NotRun::Start(_) => execution.place.clone(),
                };
                let judgement = Judgement::because(Verdict::Inconclusive, format!("{error} ({place})"));
                self.mark_missing(definition, &judgement);
                return judgement.into();
            }
        };
        let mut judgement = judge_execution(execution, &executed, &scope);
        self.capture_printed(execution, &executed, &scope, &mut judgement);
        StepResult { executed: Some(executed), ..judgement.into() }
    }

    /// Captures values from the output of a program.
    fn capture_printed(
        &mut self,
        execution: &Execution,
        executed: &Executed,
        scope: &Scope,
        judgement: &mut Judgement,
    ) {
        for one in &execution.captures {
            let capture = &one.capture;
            let (name, output) =
                if one.from_stderr { ("stderr", &executed.stderr) } else { ("stdout", &executed.stdout) };
            let taken = match executed.end.code() {
                Some(_) => capture.take(output, scope).map_err(|cause| cause.replacen("the body", name, 1)),
                None => Err(format!("the program {}", executed.end)),
            };
            self.store(capture, taken, judgement);
        }
    }
}
