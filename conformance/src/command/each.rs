//! `run --each`: tests several implementations and compares the results.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use crate::fleet::{self, Member};
use crate::options::Run;
use anstream::AutoStream;
use conformance_engine::event::{Event, FinishedRun};
use conformance_engine::exit::Exit;
use conformance_engine::run;
use conformance_engine::target::Target;
use conformance_report::comparison::Comparison;
use conformance_report::report::{self, JsonLines, Observed, Progress, Report};
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::Log;
use conformance_suite::suite::folder::open;

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
    let kept: Vec<PathBuf> =
        fleet::report_names(&members).into_iter().map(|name| options.keep.join(name)).collect();
    check_hidden(&target, &members, &options.keep)?;
    let mut copies = Vec::new();
    let mut runs: Vec<FinishedRun> = Vec::new();
    for (index, (member, path)) in members.iter().zip(&kept).enumerate() {
        if !options.output.quiet {
            // Only progress: the table shows the results.
            crate::reports::say(&format!("[{} of {}] {}", index + 1, members.len(), member.name));
        }
        let target = target.elsewhere(member.name.clone(), &member.directory);
        let lines = JsonLines::create(path).map_err(|error| crate::reports::unwritable(path, &error))?;
        let own = options.target_deadline.and_then(|time| deadline(time, "--target-deadline", "this target"));
        let first = [&how.deadline, &own].into_iter().flatten().min_by_key(|deadline| deadline.at).cloned();
        let how = run::Options { deadline: first, ..how.clone() };
        let ready = Ready { plan: plan.clone(), target, how, load: None, invocation: options.invocation() };
        let observed = Rc::new(RefCell::new(Observed::default()));
        let mut reports: Vec<Box<dyn Report>> = vec![Box::new(lines), Box::new(Shared(Rc::clone(&observed)))];
        if let Some(width) = crate::reports::width(&io::stderr()).filter(|_| !options.output.quiet) {
            reports.insert(0, Box::new(Progress::new(Some(width), io::sink())));
        }
        let is_isolated = ready.target.programs().all(|program| program.isolation.is_some());
        let code = play(ready, &mut reports, &mut BTreeSet::new())?;
        if !is_isolated {
            copies.push(Copy::take(path)?);
        }
        if code >= SIGNALLED {
            let all = amount(members.len(), "implementation");
            crate::reports::say(&format!("interrupted after {index} of {all}"));
            restore(&copies)?;
            if index > 0 {
                table(runs, &kept, options)?;
            }
            return Ok(code.into());
        }
        runs.extend(observed.take().run());
    }
    restore(&copies)?;
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

/// Checks that no isolated program can read an implementation or a report.
fn check_hidden(target: &Target, members: &[Member], keep: &Path) -> Result<(), Diagnostic> {
    let Some(isolation) = target.programs().find_map(|program| program.isolation.as_ref()) else {
        return Ok(());
    };
    let folders = members.iter().map(|member| member.directory.as_path()).chain([keep]);
    match folders.into_iter().find_map(|folder| Some((folder, isolation.shows(folder)?))) {
        Some((folder, shown)) => {
            let message = format!(
                "isolated programs can read {}, and so {} of every other implementation",
                shown.display(),
                folder.display()
            );
            Err(Diagnostic::new(message).help("move it, for example below your home folder"))
        }
        None => Ok(()),
    }
}

/// The content of a report. A program that is not isolated could change the report of another one.
struct Copy {
    path: PathBuf,
    /// Has no name, so that no program can open it by its path.
    content: File,
}

impl Copy {
    /// None if there is no report, for example after an interrupt.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        let mut report = match open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            report => report?,
        };
        let mut content = tempfile::tempfile()?;
        io::copy(&mut report, &mut content)?;
        Ok(Some(Self { path: path.to_owned(), content }))
    }
}

/// Writes all reports again, after the last program has ended.
fn restore(copies: &[Option<Copy>]) -> Result<(), Stopped> {
    for copy in copies.iter().flatten() {
        let write = || {
            let mut content = &copy.content;
            content.rewind()?;
            let mut report = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(copy.path.parent().unwrap_or(Path::new(".")))?;
            io::copy(&mut content, &mut report)?;
            report.persist(&copy.path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|error| crate::reports::unwritable(&copy.path, &error))?;
    }
    Ok(())
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
