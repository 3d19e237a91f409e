//! `run --each`: tests several implementations and compares the results.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use crate::fleet::{self, Content, Member};
use crate::options::{ReportPlace, Run};
use crate::{archive, tables};
use anstream::AutoStream;
use conformance_engine::event::Event;
use conformance_engine::exit::Exit;
use conformance_engine::run;
use conformance_engine::target::Target;
use conformance_engine::target::scratch::Scratch;
use conformance_report::comparison::{Comparison, Implementation};
use conformance_report::report::{self, Format, Observed, Progress, Report};
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::{Log, line};
use conformance_suite::suite::folder::open;

use super::play::{SIGNALLED, play};
use super::ready::{Ready, deadline, ready};
use super::{Stopped, written};

/// Tests the implementations one by one, writes the reports of each and prints the comparison table. Returns the most severe exit
/// code.
pub(crate) fn each(pattern: &Path, options: &Run) -> Result<ExitCode, Stopped> {
    let Ready { plan, target, how, .. } = ready(options, None)?;
    let places = Places::new(options)?;
    let members = fleet::discover(pattern, &places.folders())?;
    places.claim(&members, options.force)?;
    check_hidden(&target, &members, &options.keep)?;
    let mut copies = Vec::new();
    let mut runs: Vec<Implementation> = Vec::new();
    for (index, member) in members.iter().enumerate() {
        if !options.output.quiet {
            // Only progress: the table shows the results.
            crate::reports::say(&format!("[{} of {}] {}", index + 1, members.len(), line(&member.name)));
        }
        let files = places.of(member);
        let handed_in = HandedIn::open(member, &target);
        let target = handed_in.target(member, &target);
        let own = options.target_deadline.and_then(|time| deadline(time, "--target-deadline", "this target"));
        let first = [&how.deadline, &own].into_iter().flatten().min_by_key(|deadline| deadline.at).cloned();
        let how = run::Options { deadline: first, ..how.clone() };
        let ready = Ready { plan: plan.clone(), target, how, load: None, invocation: options.invocation() };
        let observed = Rc::new(RefCell::new(Observed::default()));
        let mut reports = crate::reports::files(&files)?;
        reports.push(Box::new(Shared(Rc::clone(&observed))));
        if let Some(width) = crate::reports::width(&io::stderr()).filter(|_| !options.output.quiet) {
            reports.insert(0, Box::new(Progress::new(Some(width), io::sink())));
        }
        let is_isolated = ready.target.programs().all(|program| program.isolation.is_some());
        let code = play(ready, &mut reports, &mut BTreeSet::new())?;
        if !is_isolated {
            for (_, path) in &files {
                copies.push(Copy::take(path)?);
            }
        }
        if code >= SIGNALLED {
            let all = amount(members.len(), "implementation");
            crate::reports::say(&format!("interrupted after {index} of {all}"));
            restore(&copies)?;
            if index > 0 {
                table(runs, options)?;
            }
            return Ok(code.into());
        }
        if let Some(run) = observed.take().run() {
            let mut one = Implementation::of(run, &places.stream(member), true)?;
            one.page = places.page(member);
            runs.push(one);
        }
    }
    restore(&copies)?;
    let comparison = table(runs, options)?;
    if options.output.exits_with_0() {
        return Ok(Exit::Conforms.into());
    }
    let exits = comparison.implementations.iter().map(|one| one.exit);
    let gravity = |exit: &u8| GRAVITY.iter().position(|other| other.code() == *exit);
    Ok(exits.max_by_key(gravity).unwrap_or_default().into())
}

/// What a member handed in, unpacked if it is a zip file.
struct HandedIn {
    /// The folder of the implementation, or the reason why it is missing.
    folder: Result<PathBuf, String>,
    /// Removed at the end of the run.
    _unpacked: Option<Scratch>,
}

impl HandedIn {
    fn open(member: &Member, target: &Target) -> Self {
        let nothing = || Err("handed in nothing".to_owned());
        match &member.content {
            Content::Folder(path) => Self { folder: Ok(path.clone()), _unpacked: None },
            Content::Nothing(_) => Self { folder: nothing(), _unpacked: None },
            Content::Zip(path) => {
                let scratch = match Scratch::empty() {
                    Ok(scratch) => scratch,
                    Err(error) => return Self { folder: Err(error.to_string()), _unpacked: None },
                };
                let words: Vec<String> =
                    target.programs().flat_map(|program| program.command.iter().cloned()).collect();
                let folder = archive::unpack(path, scratch.path()).and_then(|()| {
                    let root = archive::root(scratch.path(), &words);
                    if fleet::is_empty(&root) { nothing() } else { Ok(root) }
                });
                Self { folder, _unpacked: Some(scratch) }
            }
        }
    }

    fn target(&self, member: &Member, target: &Target) -> Target {
        match &self.folder {
            Ok(folder) => target.elsewhere(member.name.clone(), folder),
            Err(reason) => Target::Absent { title: member.name.clone(), reason: reason.clone() },
        }
    }
}

/// Where the reports of each implementation go.
struct Places<'a> {
    keep: &'a Path,
    /// Formats and paths with `{name}`.
    reports: Vec<(&'static Format, &'a Path)>,
}

/// What the path of a report has in place of the implementation.
const NAME: &str = "{name}";

impl<'a> Places<'a> {
    /// Checks the options.
    ///
    /// # Errors
    /// A report would be written once for each implementation, over itself.
    fn new(options: &'a Run) -> Result<Self, Diagnostic> {
        let mut reports = Vec::new();
        for place in &options.output.report {
            match place {
                ReportPlace::Github => {
                    return Err(Diagnostic::new(
                        "the report `github` is about one implementation, not about --each",
                    ));
                }
                ReportPlace::File(format, path) if path.to_string_lossy().contains(NAME) => {
                    reports.push((*format, path.as_path()));
                }
                ReportPlace::File(format, path) => {
                    let (kind, shown) = (format.name, path.display());
                    let message =
                        format!("the report {kind}={shown} would be overwritten by each implementation");
                    return Err(Diagnostic::new(message).help(format!(
                        "put {NAME} into the path, for example '{kind}=reports/{NAME}.{kind}'; the table of all is {}",
                        options.keep.join(tables::PAGE).display()
                    )));
                }
            }
        }
        Ok(Self { keep: &options.keep, reports })
    }

    /// The folders in which reports are, which are no implementations.
    fn folders(&self) -> Vec<PathBuf> {
        let fixed = |path: &Path| {
            let parts =
                path.components().take_while(|part| !part.as_os_str().to_string_lossy().contains(NAME));
            parts.collect::<PathBuf>()
        };
        let reports = self.reports.iter().map(|(_, path)| fixed(path));
        reports.filter(|path| !path.as_os_str().is_empty()).chain([self.keep.to_owned()]).collect()
    }

    /// The JSON Lines report of an implementation.
    fn stream(&self, member: &Member) -> PathBuf {
        self.keep.join(format!("{}.jsonl", member.file))
    }

    /// All reports of an implementation.
    fn of(&self, member: &Member) -> Vec<(&'static Format, PathBuf)> {
        let named = |path: &Path| PathBuf::from(path.to_string_lossy().replace(NAME, &member.file).as_str());
        let requested = self.reports.iter().map(|(format, path)| (*format, named(path)));
        [(Format::json_lines(), self.stream(member))].into_iter().chain(requested).collect()
    }

    /// The page of an implementation as a link in the table; none if no page was requested.
    fn page(&self, member: &Member) -> Option<String> {
        let (_, path) = self.of(member).into_iter().find(|(format, _)| format.name == "html")?;
        tables::link(self.keep, &path)
    }

    /// Refuses to overwrite earlier reports; with `force`, removes those in the report folder.
    fn claim(&self, members: &[Member], force: bool) -> Result<(), Diagnostic> {
        let earlier = tables::earlier(self.keep);
        let requested = members.iter().flat_map(|member| self.of(member)).map(|(_, path)| path);
        let existing = earlier.iter().cloned().chain(requested.filter(|path| path.is_file())).next();
        match existing {
            Some(path) if !force => {
                let message = format!("an earlier run has written {}", path.display());
                Err(Diagnostic::new(message).help(
                    "--force replaces the reports of the earlier run; --keep DIR writes to another folder",
                ))
            }
            _ => {
                for path in earlier {
                    std::fs::remove_file(&path).map_err(|error| crate::reports::unwritable(&path, &error))?;
                }
                std::fs::create_dir_all(self.keep)
                    .map_err(|error| crate::reports::unwritable(self.keep, &error))
            }
        }
    }
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
    let folders = members.iter().map(|member| member.content.path()).chain([keep]);
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

/// Writes the tables of the runs and prints the comparison.
fn table(runs: Vec<Implementation>, options: &Run) -> Result<Comparison, Stopped> {
    let comparison = Comparison::of(runs, false)?;
    tables::write(&comparison, &options.keep)?;
    let mut out = Log::new(AutoStream::new(io::stdout(), crate::reports::choice(options.output.color)));
    written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()))?;
    if !options.output.quiet {
        crate::reports::say(&format!("table: {}", options.keep.join(tables::PAGE).display()));
    }
    Ok(comparison)
}

/// Exit codes by severity; the most severe is last.
const GRAVITY: [Exit; 5] = [Exit::Conforms, Exit::Nothing, Exit::Unusable, Exit::Fails, Exit::Internal];
