//! The program: options in, an exit code out.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anstream::AutoStream;
use clap::Parser as _;
use conformance::comparison::Comparison;
use conformance::coverage::{Coverage, Specification};
use conformance::deviation::Deviations;
use conformance::diagnostic::{Diagnostic, Diagnostics};
use conformance::event::Event;
use conformance::exchange::Transport;
use conformance::exit::Exit;
use conformance::export;
use conformance::fleet;
use conformance::import::folder as imports;
use conformance::listing;
use conformance::options::{
    self, Check, Command, Compare, CoverageFormat, List, ListFormat, Options, Run, SchemaOf, SeedFormat,
};
use conformance::plan::{Plan, PlanError, Selection};
use conformance::record::{self, Unrecorded};
use conformance::redact::Redactor;
use conformance::report::{self, JsonLines, Report};
use conformance::run;
use conformance::seed::Seed;
use conformance::source::Source;
use conformance::suite::{Folder, Suite, schema};
use conformance::target::{self, Target};
use conformance::verdict::Verdict;
use conformance::watch::{self, Snapshot};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Run(options) => run(&options),
        Command::List(options) => list(&options),
        Command::Check(options) => check(&options),
        Command::Coverage(options) => coverage(&options),
        Command::Schema(options) => print(&described(options.of)),
        Command::Completions(options) => print(&options.script()),
        Command::Man(options) => options.page().map_err(Stopped::from).and_then(|page| print(&page)),
        Command::Compare(options) => compare(&options),
        Command::Seed(options) => seed(&options),
        Command::Import(options) => import(&options),
        Command::Record(options) => record(&options),
        Command::Export(options) => export(&options),
    };
    match done {
        Ok(code) => code,
        Err(stopped) => {
            // Nothing is left to be told when the place to tell it is gone.
            writeln!(AutoStream::auto(io::stderr()), "{}", stopped.message).ok();
            stopped.exit.into()
        }
    }
}

/// Why the program ends before it has done anything.
struct Stopped {
    exit: Exit,
    message: String,
}

impl From<Diagnostics> for Stopped {
    fn from(wrong: Diagnostics) -> Self {
        Self { exit: Exit::Usage, message: wrong.to_string() }
    }
}

impl From<Diagnostic> for Stopped {
    fn from(wrong: Diagnostic) -> Self {
        Diagnostics::from(wrong).into()
    }
}

impl From<PlanError> for Stopped {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Wrong(wrong) => wrong.into(),
            PlanError::Nothing(wrong) => Self { exit: Exit::Nothing, ..wrong.into() },
        }
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self { exit: Exit::Internal, message: format!("error: {error}") }
    }
}

fn run(options: &Run) -> Result<ExitCode, Stopped> {
    if let Some(pattern) = &options.each {
        return each(pattern, options);
    }
    let mut done = round(options, None)?;
    while options.watch && done.code < SIGNALLED {
        done = next_round(options, done)?;
    }
    Ok(done.code.into())
}

/// Exit codes from this on say that a signal ended the program.
const SIGNALLED: u8 = 128;

/// One run of the suite, or of a part of it.
struct Round {
    code: u8,
    /// Whether it was the whole that was asked for.
    whole: bool,
    /// The steps that did not hold.
    wrong: BTreeSet<String>,
    /// What it was run from, as it was before.
    places: Vec<PathBuf>,
    files: Snapshot,
}

/// Runs again what did not hold once a file has changed; the whole once all of that holds.
fn next_round(options: &Run, mut last: Round) -> Result<Round, Stopped> {
    if !last.whole && last.wrong.is_empty() {
        return round(options, None);
    }
    loop {
        writeln!(io::stderr(), "\nwaiting for a change; Ctrl-C ends this").ok();
        let written = options.written();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let changed = runtime.block_on(async {
            tokio::select! {
                changed = watch::changed(&last.files, &last.places, &written) => Ok(changed),
                code = interrupted() => Err(code),
            }
        });
        let changed = match changed {
            Ok(changed) => changed,
            Err(code) => return Ok(Round { code, ..last }),
        };
        let mut again = last.wrong.clone();
        again.extend(changed.iter().filter_map(|path| options.selection.folder().scenario(path)));
        let next = match round(options, Some(again).filter(|again| !again.is_empty())) {
            // What did not hold is not there any more.
            Err(stopped) if stopped.exit == Exit::Nothing => round(options, None),
            other => other,
        };
        match next {
            Ok(next) => return Ok(next),
            // A file that is half written, or wrong: it will change again.
            Err(stopped) => {
                writeln!(AutoStream::auto(io::stderr()), "{}", stopped.message).ok();
                last.files = Snapshot::take(&last.places, &written);
            }
        }
    }
}

/// What a run needs, once nothing is wrong on paper.
struct Ready {
    plan: Plan,
    target: Target,
    how: run::Options,
}

fn ready(options: &Run, only: Option<BTreeSet<String>>) -> Result<Ready, Stopped> {
    let mut suite = Suite::load(&options.selection.folder())?;
    suite.give(&options.variables()?, &options::environment)?;
    let suite = Arc::new(suite);
    let mut selection = Selection { only, ..options.selection.selection() };
    let target = match (&options.url, &options.target) {
        (Some(url), _) => {
            let profile = options.profile_of_url(&suite)?;
            selection.profiles = vec![profile.clone()];
            Target::Url { base: url.clone(), profile }
        }
        (None, Some(file)) => target::load(file, &suite)?,
        (None, None) => Target::command(options.program.clone(), ".".into()),
    };
    let transport = options.transport.transport()?;
    let gateway = transport.headers.iter().map(|(_, value)| value.as_str());
    let redactor =
        if options.show_secrets { Redactor::none() } else { Redactor::new(&suite).hiding(gateway) };
    let deviations = match &options.deviations {
        Some(file) => Deviations::load(file, &suite)?,
        None => Deviations::default(),
    };
    let plan = Plan::new(suite, &selection)?;
    let interrupt = run::Interrupt::default();
    let how = run::Options { jobs: usize::from(options.jobs), transport, redactor, deviations, interrupt };
    Ok(Ready { plan, target, how })
}

fn round(options: &Run, only: Option<BTreeSet<String>>) -> Result<Round, Stopped> {
    let whole = only.is_none();
    let ready = ready(options, only)?;
    let places = if options.watch { places(options, &ready.target) } else { Vec::new() };
    let files = Snapshot::take(&places, &options.written());
    let mut reports = report::open(options)?;
    let mut wrong = BTreeSet::new();
    let code = play(ready, &mut reports, &mut wrong)?;
    Ok(Round { code, whole, wrong, places, files })
}

/// Runs a plan against one target and returns its exit code, or that of the signal that ended it.
fn play(ready: Ready, reports: &mut [Box<dyn Report>], wrong: &mut BTreeSet<String>) -> Result<u8, Stopped> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut broken = None;
    let code = runtime.block_on(async {
        let tell = |event: &Event| {
            if let Event::Step(record) = event
                && record.verdict > Verdict::Pass
            {
                wrong.insert(record.id.clone());
            }
            for report in &mut *reports {
                if let Err(error) = report.tell(event) {
                    broken.get_or_insert(error);
                }
            }
        };
        let interrupt = ready.how.interrupt.clone();
        let mut run = std::pin::pin!(run::run(ready.plan, ready.target, ready.how, tell));
        tokio::select! {
            footer = &mut run => footer.map_or(Exit::Internal.code(), |footer| footer.exit),
            code = interrupted() => {
                interrupt.now();
                // A second signal does not wait for what is being cleaned up.
                tokio::select! {
                    _ = run => {}
                    _ = interrupted() => {}
                }
                code
            }
        }
    });
    // What is still running is dropped here, and with it every process that was started.
    drop(runtime);
    match broken {
        // A reader that has seen enough, such as `head`, is no fault.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code),
    }
}

/// Runs a plan against one implementation after the other, keeps a report of each and sets them beside each other. Returns the
/// gravest exit code: a failure before what cannot be used.
fn each(pattern: &Path, options: &Run) -> Result<ExitCode, Stopped> {
    let Ready { plan, target, how } = ready(options, None)?;
    let members = fleet::muster(pattern, &options.keep)?;
    std::fs::create_dir_all(&options.keep).map_err(|error| report::unwritable(&options.keep, &error))?;
    let kept: Vec<PathBuf> = members.iter().map(|member| options.keep.join(member.report())).collect();
    for (index, (member, path)) in members.iter().zip(&kept).enumerate() {
        if !options.quiet {
            // Whoever waits sees how far it is; what it came to stands in the table.
            writeln!(io::stderr(), "[{} of {}] {}", index + 1, members.len(), member.name).ok();
        }
        let target = target.elsewhere(member.name.clone(), &member.directory);
        let lines = JsonLines::create(path).map_err(|error| report::unwritable(path, &error))?;
        let ready = Ready { plan: plan.clone(), target, how: how.clone() };
        let code = play(ready, &mut [Box::new(lines)], &mut BTreeSet::new())?;
        if code >= SIGNALLED {
            return Ok(code.into());
        }
    }
    let comparison = Comparison::read(&kept)?;
    let mut out = AutoStream::new(io::stdout(), report::choice(options.color));
    match report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    let exits = comparison.implementations.iter().map(|one| one.exit);
    let gravity = |exit: &u8| GRAVITY.iter().position(|other| other.code() == *exit);
    Ok(exits.max_by_key(gravity).unwrap_or_default().into())
}

/// Exit codes by how grave they are: of many runs the last of these is told.
const GRAVITY: [Exit; 5] = [Exit::Conforms, Exit::Nothing, Exit::Unusable, Exit::Fails, Exit::Internal];

/// What a run is run from: the suite, the target file and the implementation.
fn places(options: &Run, target: &Target) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = options.target.iter().cloned().collect();
    if let Folder::Directory(suite) = options.selection.folder() {
        places.push(suite);
    }
    places.extend(target.directories().map(PathBuf::from));
    places.sort();
    places.dedup();
    places
}

/// Returns the exit code of the signal that asks the program to end, once one comes.
async fn interrupted() -> u8 {
    let listen = |kind| signal(kind).map_err(|error| error.to_string());
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    }
}

fn list(options: &List) -> Result<ExitCode, Stopped> {
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let plan = Plan::new(suite, &options.selection())?;
    let entries = listing::entries(&plan);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match options.format {
        ListFormat::Text => listing::write_text(&entries, &mut out),
        ListFormat::Json => listing::write_json(&entries, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}

fn check(options: &Check) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    for warning in suite.warnings.iter() {
        writeln!(AutoStream::auto(io::stderr()), "warning: {warning}\n")?;
    }
    let steps: usize = suite.scenarios.iter().map(|scenario| scenario.steps.len()).sum();
    writeln!(
        io::stdout(),
        "{}: {} requirements, {} scenarios, {steps} steps, {} profiles; {}",
        suite.title,
        suite.requirements.len(),
        suite.scenarios.len(),
        suite.profiles.len(),
        match suite.warnings.iter().count() {
            0 => "nothing is wrong".to_owned(),
            1 => "nothing is wrong, and one thing looks like a mistake".to_owned(),
            many => format!("nothing is wrong, and {many} things look like mistakes"),
        },
    )?;
    Ok(Exit::Conforms.into())
}

fn coverage(options: &options::Coverage) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    let specification = match &options.spec {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Diagnostic::new(format!("the document {} cannot be read: {error}", path.display()))
            })?;
            let read = Specification::read(&Source::new(path.display().to_string(), text), &suite);
            if read.exchanges.is_empty() {
                let message = format!("{} shows no curl command", path.display());
                let help = "a command stands in a code block, behind a prompt or at the beginning of a line";
                return Err(Stopped { exit: Exit::Nothing, ..Diagnostic::new(message).help(help).into() });
            }
            Some(read)
        }
    };
    let coverage = Coverage::new(&suite, specification);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match options.format {
        CoverageFormat::Text => coverage.write_text(&mut out),
        CoverageFormat::Markdown => coverage.write_markdown(&mut out),
        CoverageFormat::Json => coverage.write_json(&mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if coverage.is_whole() => Ok(Exit::Conforms.into()),
        _ => Ok(Exit::Fails.into()),
    }
}

fn print(text: &str) -> Result<ExitCode, Stopped> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}

fn import(options: &options::Import) -> Result<ExitCode, Stopped> {
    let import = imports::import(&options.order())?;
    write!(io::stderr(), "{}", import.complaints())?;
    print(&import.summary(&options.out))
}

fn record(options: &options::Record) -> Result<ExitCode, Stopped> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let transport = Transport::default();
    let recorded = record::record(&options.url, &options.command, options.origin.as_deref(), &transport);
    match runtime.block_on(recorded) {
        Ok(step) => print(&step),
        Err(Unrecorded::Wrong(wrong)) => Err(wrong.into()),
        Err(Unrecorded::Unanswered(breakage)) => {
            Err(Stopped { exit: Exit::Unusable, message: format!("error: {breakage}") })
        }
    }
}

fn export(options: &options::Export) -> Result<ExitCode, Stopped> {
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let plan = Plan::new(suite, &options.selection.selection())?;
    print(&if options.hurl { export::hurl(&plan) } else { export::shell(&plan) })
}

/// Returns a schema, or the editor's settings, as it is checked in.
fn described(of: SchemaOf) -> String {
    schema::text(&match of {
        SchemaOf::Scenario => schema::scenario().to_value(),
        SchemaOf::Suite => schema::manifest().to_value(),
        SchemaOf::Requirements => schema::register().to_value(),
        SchemaOf::Report => schema::report().to_value(),
        SchemaOf::Editor => schema::editor("scenarios"),
    })
}

fn seed(options: &options::Seed) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    if let Some(name) = options.profile.as_deref().filter(|name| suite.profile(name).is_none()) {
        let known = suite.profiles.iter().map(|profile| profile.name.as_str());
        return Err(Diagnostic::new(format!("the suite has no profile `{name}`"))
            .suggest(name, known)
            .into());
    }
    let seed = Seed::new(&suite, options.profile.as_deref()).map_err(Diagnostic::new)?;
    if let Some(folder) = &options.into {
        for (name, content) in &seed.files {
            let path = folder.join(name);
            let written = OpenOptions::new().write(true).create_new(true).open(&path);
            written
                .and_then(|mut file| file.write_all(content.as_bytes()))
                .map_err(|error| Diagnostic::new(format!("{} cannot be written: {error}", path.display())))?;
        }
        return Ok(Exit::Conforms.into());
    }
    let base = options.url.as_deref().unwrap_or(&suite.origin);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match options.format {
        SeedFormat::Files => seed.write_files(&mut out),
        SeedFormat::Curl => seed.write_curl(base, &mut out),
        SeedFormat::Json => seed.write_json(base, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}

fn compare(options: &Compare) -> Result<ExitCode, Stopped> {
    let comparison = Comparison::read(&options.reports)?;
    if let Some(path) = &options.html {
        report::write_file(path, |out| report::html::matrix::write(&comparison, out))
            .map_err(|error| report::unwritable(path, &error))?;
    }
    let mut out = AutoStream::new(io::stdout(), report::choice(options.color));
    match report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}
