//! A suite under `cargo test` and `cargo nextest`: every scenario a trial.
//!
//! The one door to libtest-mimic. A file of your own `tests/`, with `harness = false` in the manifest, needs three lines:
//!
//! ```no_run
//! use conformance::{harness, suite::Folder, target};
//!
//! fn main() -> std::process::ExitCode {
//!     harness::main(&Folder::Directory("scenarios".into()), |suite| target::load("target.yaml".as_ref(), suite))
//! }
//! ```
//!
//! `CONFORMANCE_TARGET=URL` sends the whole suite to a target that is already running, in the profile that
//! `CONFORMANCE_PROFILE` names.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::StripStream;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::deviation::Deviations;
use crate::diagnostic::Diagnostics;
use crate::event::{Event, Record};
use crate::exchange::Transport;
use crate::exit::Exit;
use crate::options;
use crate::plan::{Plan, PlanError, Selection};
use crate::redact::Redactor;
use crate::report::{Detail, Human, Report as _};
use crate::run::{Interrupt, Options, Session};
use crate::suite::{Folder, Suite};
use crate::target::Target;
use crate::verdict::Verdict;

/// Runs a suite as tests, with the arguments of libtest, and returns its exit code: 0 when all pass, 101 when one fails. What is
/// wrong on paper is told on standard error, and the code is that of [`Exit`].
pub fn main(folder: &Folder, target: impl FnOnce(&Suite) -> Result<Target, Diagnostics>) -> ExitCode {
    let arguments = Arguments::from_args();
    let session = match prepare(folder, target) {
        Ok(session) => Arc::new(session),
        Err((exit, message)) => {
            // Nothing is left to be told when the place to tell it is gone.
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
    let conclusion = libtest_mimic::run(&arguments, trials(&session, &runtime));
    runtime.block_on(session.close());
    conclusion.exit_code()
}

fn prepare(
    folder: &Folder,
    target: impl FnOnce(&Suite) -> Result<Target, Diagnostics>,
) -> Result<Session, (Exit, String)> {
    let wrong = |wrong: Diagnostics| (Exit::Usage, wrong.to_string());
    let mut suite = Suite::load(folder).map_err(wrong)?;
    suite.give(&[], &options::environment).map_err(wrong)?;
    let suite = Arc::new(suite);
    let mut selection = Selection::default();
    let target = match options::target_of_environment(&suite).map_err(|error| wrong(error.into()))? {
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
    Ok(Session::new(
        plan,
        &target,
        Options {
            jobs,
            transport: Transport::default(),
            redactor,
            deviations: Deviations::default(),
            interrupt: Interrupt::default(),
        },
    ))
}

fn trials(session: &Arc<Session>, runtime: &Arc<Runtime>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (group, planned) in session.plan().groups.iter().enumerate() {
        for (index, trial) in planned.trials.iter().enumerate() {
            let (playing, runtime) = (Arc::clone(session), Arc::clone(runtime));
            let play = move || {
                conclude(&runtime.block_on(async { playing.play(group, index, playing.turn().await).await }))
            };
            trials.push(Trial::test(trial.id(), play).with_ignored_flag(session.skipped(group).is_some()));
        }
    }
    trials
}

/// A trial passes when no step went worse than a pass, a requirement that does not bind apart.
fn conclude(records: &[Record]) -> Result<(), Failed> {
    let mut report = Human::new(StripStream::new(Vec::new()), Detail::Normal);
    let failed = records.iter().filter(|record| record.verdict > Verdict::Pass && record.binds());
    let mut count = 0;
    for record in failed {
        count += 1;
        report.tell(&Event::Step(Box::new(record.clone())))?;
        if let Some(reason) = &record.reason {
            return Err(format!("{}: {}: {reason}", record.id, record.verdict).into());
        }
    }
    if count == 0 {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&report.into_inner().into_inner()).into_owned().into())
    }
}
