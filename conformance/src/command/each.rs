//! `run --each`: tests several implementations and compares the results.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use crate::fleet;
use crate::options::Run;
use anstream::AutoStream;
use conformance_engine::event::{Event, FinishedRun};
use conformance_engine::exit::Exit;
use conformance_report::comparison::Comparison;
use conformance_report::report::{self, JsonLines, Observed, Progress, Report};
use conformance_suite::amount::amount;
use conformance_suite::safe::Log;

use super::play::{SIGNALLED, play};
use super::ready::{Ready, ready};
use super::{Stopped, written};

/// Tests the implementations one by one, writes a report of each and prints the comparison table. Returns the most severe exit
/// code.
pub(crate) fn each(pattern: &Path, options: &Run) -> Result<ExitCode, Stopped> {
    let Ready { plan, target, how, .. } = ready(options, None)?;
    let members = fleet::discover(pattern, &options.keep)?;
    std::fs::create_dir_all(&options.keep)
        .map_err(|error| crate::reports::unwritable(&options.keep, &error))?;
    let kept: Vec<PathBuf> = members.iter().map(|member| options.keep.join(&member.report)).collect();
    let mut runs: Vec<FinishedRun> = Vec::new();
    for (index, (member, path)) in members.iter().zip(&kept).enumerate() {
        if !options.output.quiet {
            // Only progress: the table shows the results.
            crate::reports::say(&format!("[{} of {}] {}", index + 1, members.len(), member.name));
        }
        let target = target.elsewhere(member.name.clone(), &member.directory);
        let lines = JsonLines::create(path).map_err(|error| crate::reports::unwritable(path, &error))?;
        let ready = Ready { plan: plan.clone(), target, how: how.clone(), load: None };
        let observed = Rc::new(RefCell::new(Observed::default()));
        let mut reports: Vec<Box<dyn Report>> = vec![Box::new(lines), Box::new(Shared(Rc::clone(&observed)))];
        if let Some(width) = crate::reports::width(&io::stderr()).filter(|_| !options.output.quiet) {
            reports.insert(0, Box::new(Progress::new(Some(width), io::sink())));
        }
        let code = play(ready, &mut reports, &mut BTreeSet::new())?;
        if code >= SIGNALLED {
            let all = amount(members.len(), "implementation");
            crate::reports::say(&format!("interrupted after {index} of {all}"));
            if index > 0 {
                table(runs, &kept, options)?;
            }
            return Ok(code.into());
        }
        runs.extend(observed.take().run());
    }
    let comparison = table(runs, &kept, options)?;
    let exits = comparison.implementations.iter().map(|one| one.exit);
    let gravity = |exit: &u8| GRAVITY.iter().position(|other| other.code() == *exit);
    Ok(exits.max_by_key(gravity).unwrap_or_default().into())
}

/// A report that is read after the run.
struct Shared(Rc<RefCell<Observed>>);

impl Report for Shared {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        self.0.borrow_mut().on_event(event)
    }
}

/// Prints the comparison table of the runs.
fn table(runs: Vec<FinishedRun>, reports: &[PathBuf], options: &Run) -> Result<Comparison, Stopped> {
    let comparison = Comparison::of(runs, reports)?;
    let mut out = Log::new(AutoStream::new(io::stdout(), crate::reports::choice(options.output.color)));
    written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()))?;
    Ok(comparison)
}

/// Exit codes by severity; the most severe is last.
const GRAVITY: [Exit; 5] = [Exit::Conforms, Exit::Nothing, Exit::Unusable, Exit::Fails, Exit::Internal];
