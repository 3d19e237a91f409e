//! `run --each`: tests several implementations and compares the results.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::fleet;
use crate::options::Run;
use anstream::AutoStream;
use conformance_engine::exit::Exit;
use conformance_engine::run;
use conformance_report::comparison::Comparison;
use conformance_report::report::{self, JsonLines, Progress, Report};
use conformance_suite::amount::amount;

use super::play::{SIGNALLED, play};
use super::ready::{Ready, deadline, ready};
use super::{Stopped, written};

/// Tests the implementations one by one, writes a report of each and prints the comparison table. Returns the most severe exit
/// code.
pub(crate) fn each(pattern: &Path, options: &Run) -> Result<ExitCode, Stopped> {
    let Ready { plan, target, how, .. } = ready(options, None)?;
    let members = fleet::discover(pattern, &options.keep)?;
    std::fs::create_dir_all(&options.keep)
        .map_err(|error| crate::reports::unwritable(&options.keep, &error))?;
    let kept: Vec<PathBuf> = members.iter().map(|member| options.keep.join(member.report())).collect();
    for (index, (member, path)) in members.iter().zip(&kept).enumerate() {
        if !options.output.quiet {
            // Only progress: the table shows the results.
            writeln!(io::stderr(), "[{} of {}] {}", index + 1, members.len(), member.name).ok();
        }
        let target = target.elsewhere(member.name.clone(), &member.directory);
        let lines = JsonLines::create(path).map_err(|error| crate::reports::unwritable(path, &error))?;
        let own = options.target_deadline.and_then(|time| deadline(time, "--target-deadline", "this target"));
        let first = [&how.deadline, &own].into_iter().flatten().min_by_key(|deadline| deadline.at).cloned();
        let how = run::Options { deadline: first, ..how.clone() };
        let ready = Ready { plan: plan.clone(), target, how, load: None };
        let mut reports: Vec<Box<dyn Report>> = vec![Box::new(lines)];
        if let Some(width) = crate::reports::width(&io::stderr()).filter(|_| !options.output.quiet) {
            reports.insert(0, Box::new(Progress::new(Some(width), io::sink())));
        }
        let code = play(ready, &mut reports, &mut BTreeSet::new())?;
        if code >= SIGNALLED {
            writeln!(
                io::stderr(),
                "interrupted after {index} of {}",
                amount(members.len(), "implementation")
            )
            .ok();
            if index > 0 {
                table(&kept[..index], options)?;
            }
            return Ok(code.into());
        }
    }
    let comparison = table(&kept, options)?;
    let exits = comparison.implementations.iter().map(|one| one.exit);
    let gravity = |exit: &u8| GRAVITY.iter().position(|other| other.code() == *exit);
    Ok(exits.max_by_key(gravity).unwrap_or_default().into())
}

/// Prints the comparison table of the reports.
fn table(reports: &[PathBuf], options: &Run) -> Result<Comparison, Stopped> {
    let comparison = Comparison::read(reports, false)?;
    let mut out = AutoStream::new(io::stdout(), crate::reports::choice(options.output.color));
    written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()))?;
    Ok(comparison)
}

/// Exit codes by severity; the most severe is last.
const GRAVITY: [Exit; 5] = [Exit::Conforms, Exit::Nothing, Exit::Unusable, Exit::Fails, Exit::Internal];
