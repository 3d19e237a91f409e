//! Runs a suite under `cargo test` and `cargo nextest`, with one test for each scenario.
//!
//! Add a file to `tests/`, set `harness = false` for it in the manifest, and write:
//!
//! ```no_run
//! use conformance::{harness, suite::Folder, target};
//!
//! fn main() -> std::process::ExitCode {
//!     harness::main(&Folder::Directory("scenarios".into()), |suite| target::load("target.yaml".as_ref(), suite))
//! }
//! ```
//!
//! `CONFORMANCE_TARGET=URL` runs the whole suite against a target that is already running, in the profile that
//! `CONFORMANCE_PROFILE` names.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::StripStream;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::environment::{environment, target_of_environment};
use conformance_engine::deviation::Deviations;
use conformance_engine::event::Record;
use conformance_engine::exit::Exit;
use conformance_engine::http::Transport;
use conformance_engine::redact::Redactor;
use conformance_engine::run::{
    Context, Described, Interrupt, Options, ScenarioRunner, TargetPool, regrouped,
};
use conformance_engine::target::Target;
use conformance_engine::target::process::Orphans;
use conformance_report::failure;
use conformance_suite::diagnostic::Diagnostics;
use conformance_suite::plan::{Plan, PlanError, Selection};
use conformance_suite::safe::{line, terminal};
use conformance_suite::suite::{Folder, Suite};

/// Runs a suite as tests with the command-line arguments of libtest. Returns exit code 0 if all pass and 101 if one
/// fails. If the suite or the target file is invalid, prints the errors and returns a code of [`Exit`].
pub fn main(folder: &Folder, target: impl FnOnce(&Suite) -> Result<Target, Diagnostics>) -> ExitCode {
    if let Some(code) = conformance_engine::target::isolation::helper() {
        return code;
    }
    let arguments = Arguments::from_args();
    let (context, targets) = match prepare(folder, target) {
        Ok(prepared) => prepared,
        Err((exit, message)) => {
            // Ignore errors: standard error is closed.
            writeln!(anstream::stderr(), "{message}").ok();
            return exit.into();
        }
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => Arc::new(runtime),
        Err(error) => {
            writeln!(anstream::stderr(), "error: the runtime does not start: {error}").ok();
            return Exit::Internal.into();
        }
    };
    let orphans = Orphans::adopt();
    let conclusion = libtest_mimic::run(&arguments, trials(&context, &targets, &runtime));
    runtime.block_on(targets.close());
    orphans.end();
    conclusion.exit_code()
}

fn prepare(
    folder: &Folder,
    target: impl FnOnce(&Suite) -> Result<Target, Diagnostics>,
) -> Result<(Arc<Context>, Arc<TargetPool>), (Exit, String)> {
    let wrong = |wrong: Diagnostics| (Exit::Usage, wrong.to_string());
    let mut suite = Suite::load(folder).map_err(wrong)?;
    suite.give(&[], &environment).map_err(wrong)?;
    let described = Described::of_suite(&suite, folder).map_err(wrong)?;
    let suite = Arc::new(suite);
    let mut selection = Selection::default();
    let target = match target_of_environment(&suite).map_err(|error| wrong(error.into()))? {
        Some((url, profile)) => {
            selection.profiles = vec![profile.clone()];
            Target::Url { base: url, profile }
        }
        None => target(&suite).map_err(wrong)?,
    };
    let redactor = Redactor::new(&suite);
    let plan = Plan::new(suite, &selection).map_err(|error| match error {
        PlanError::Wrong(error) => wrong(error.into()),
        PlanError::Nothing(error) => (Exit::Nothing, error.to_string()),
    })?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        jobs,
        transport: Transport::default(),
        redactor,
        deviations: Deviations::default(),
        shows_passes: false,
        interrupt: Interrupt::default(),
        responses: None,
        seed: 0,
        fail_fast: false,
        deadline: None,
        described,
    };
    let context = Context::new(plan, options);
    let targets = TargetPool::new(&context, &target);
    Ok((context, targets))
}

fn trials(context: &Arc<Context>, targets: &Arc<TargetPool>, runtime: &Arc<Runtime>) -> Vec<Trial> {
    let scenarios = ScenarioRunner::new(context);
    let mut trials = Vec::new();
    for (group, of_group) in context.plan.groups.iter().enumerate() {
        for (index, planned) in of_group.scenarios.iter().enumerate() {
            let is_skipped = targets.skipped(group).is_some();
            let (scenarios, targets, runtime) = (scenarios.clone(), Arc::clone(targets), Arc::clone(runtime));
            let described = context.options.described.as_ref().map(Described::summary);
            let play = move || {
                let mut records = runtime.block_on(scenarios.play_once(&targets, group, index));
                records.extend(regrouped(described, &records));
                conclude(&records)
            };
            trials.push(Trial::test(planned.id(), play).with_ignored_flag(is_skipped));
        }
    }
    trials
}

/// Passes if no step would fail a run.
fn conclude(records: &[Record]) -> Result<(), Failed> {
    let failed: Vec<&Record> = records.iter().filter(|record| record.outcome().fails_the_run()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let mut message = StripStream::new(Vec::new());
    for record in failed {
        match &record.reason {
            Some(reason) if record.exchange.is_none() => {
                writeln!(message, "{}: {}: {}", line(&record.id), record.verdict, terminal(reason))?;
            }
            _ => failure(record, &mut message)?,
        }
    }
    Err(String::from_utf8_lossy(&message.into_inner()).into_owned().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use conformance_engine::verdict::{Finding, Verdict};
    use conformance_suite::source::{Source, Span};

    fn record(id: &str, verdict: Verdict) -> Record {
        let place = Source::new("desk.yaml", "status: 200\n").place(Span::new(0, 6));
        Record {
            id: id.to_owned(),
            scenario: String::new(),
            profile: String::new(),
            title: "the desk is open".to_owned(),
            verdict,
            covers: BTreeMap::new(),
            source: place.block(),
            place,
            via: Vec::new(),
            tries: 1,
            flaky: false,
            milliseconds: 0.0,
            findings: Vec::new(),
            more_findings: 0,
            remarks: Vec::new(),
            reason: None,
            waits_for: None,
            exchange: None,
            execution: None,
            openapi: Vec::new(),
            printed: String::new(),
            deviation: None,
            unstarted: false,
            restarted: None,
        }
    }

    #[test]
    fn failed_trial_shows_mismatches_and_blocked_steps() {
        let mut failing = record("desk/1::open", Verdict::Fail);
        let label = "the target returned 500".to_owned();
        let (expected, received) = ("200".to_owned(), "500".to_owned());
        failing.findings.push(Finding {
            place: failing.place.clone(),
            label,
            pointer: None,
            part: None,
            expected,
            received,
        });
        let mut waiting = record("desk/1::door", Verdict::Inconclusive);
        waiting.reason = Some("the step `open` did not pass\u{1b}[2J".to_owned());
        let message =
            conclude(&[record("desk/1::bell", Verdict::Pass), failing, waiting]).expect_err("it fails");
        let message = message.message().expect("a message");
        assert!(message.contains("^^^^^^ the target returned 500"), "{message}");
        assert!(
            message.ends_with("desk/1::door: inconclusive: the step `open` did not pass\\x1b[2J\n"),
            "{message}"
        );
    }
}
