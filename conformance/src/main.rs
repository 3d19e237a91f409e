//! The program: options in, an exit code out.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::{AutoStream, ColorChoice};
use clap::Parser as _;
use conformance::comparison::Comparison;
use conformance::diagnostic::{Diagnostic, Diagnostics};
use conformance::event::Event;
use conformance::exit::Exit;
use conformance::listing;
use conformance::options;
use conformance::options::{
    Check, Color, Command, Compare, List, ListFormat, Options, ReportKind, ReportPlace, Run,
};
use conformance::plan::{Plan, PlanError};
use conformance::redact::Redactor;
use conformance::report::account::Writer;
use conformance::report::{self, Detail, Document, Github, Human, JsonLines, Progress, Report};
use conformance::run;
use conformance::suite::Suite;
use conformance::target::{self, Target};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Run(options) => run(&options),
        Command::List(options) => list(&options),
        Command::Check(options) => check(&options),
        Command::Compare(options) => compare(&options),
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
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let mut selection = options.selection.selection();
    let target = match (&options.url, &options.target) {
        (Some(url), _) => {
            let profile = options.profile_of_url(&suite)?;
            selection.profiles = vec![profile.clone()];
            Target::Url { base: url.clone(), profile }
        }
        (None, Some(file)) => target::load(file, &suite)?,
        (None, None) => Target::command(options.program.clone(), ".".into()),
    };
    let redactor = if options.show_secrets { Redactor::none() } else { Redactor::new(&suite) };
    let plan = Plan::new(suite, &selection)?;
    let mut reports = reports(options)?;
    let how = run::Options { jobs: usize::from(options.jobs), limit: options.timeout, redactor };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut broken = None;
    let code = runtime.block_on(async {
        let tell = |event: &Event| {
            for report in &mut reports {
                if let Err(error) = report.tell(event) {
                    broken.get_or_insert(error);
                }
            }
        };
        tokio::select! {
            footer = run::run(plan, target, how, tell) => footer.exit,
            code = interrupted() => code,
        }
    });
    // What is still running is dropped here, and with it every process that was started.
    drop(runtime);
    match broken {
        // A reader that has seen enough, such as `head`, is no fault.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code.into()),
    }
}

fn reports(options: &Run) -> Result<Vec<Box<dyn Report>>, Stopped> {
    let choice = choice(options.color);
    let detail = match (options.quiet, options.verbose, options.trace) {
        (true, ..) => Detail::Quiet,
        (.., true) => Detail::Trace,
        (_, true, _) => Detail::Verbose,
        _ => Detail::Normal,
    };
    let mut reports: Vec<Box<dyn Report>> = Vec::new();
    // Where every step is told, that is progress enough; and one that is told clears the way before the report ends.
    if detail == Detail::Normal {
        let terminal = io::stderr().is_terminal();
        reports.push(Box::new(if terminal {
            Progress::on_terminal()
        } else {
            Progress::lines(io::stderr())
        }));
    }
    reports.push(Box::new(Human::new(AutoStream::new(io::stdout(), choice), detail)));
    for place in &options.report {
        reports.push(match place {
            ReportPlace::File(kind, path) => file_report(*kind, path)?,
            ReportPlace::Github => github_report()?,
        });
    }
    Ok(reports)
}

fn file_report(kind: ReportKind, path: &Path) -> Result<Box<dyn Report>, Stopped> {
    let document =
        |writer: Writer| Document::create(path, writer).map(|report| Box::new(report) as Box<dyn Report>);
    let report = match kind {
        ReportKind::Jsonl => JsonLines::create(path).map(|report| Box::new(report) as Box<dyn Report>),
        ReportKind::Html => document(report::html::write),
        ReportKind::Junit => document(report::junit::write),
        ReportKind::Tap => document(report::tap::write),
        ReportKind::Badge => document(report::badge::write),
    };
    report.map_err(|error| unwritable(path, &error))
}

fn github_report() -> Result<Box<dyn Report>, Stopped> {
    let page = match options::github_summary() {
        Some(path) => {
            let page = OpenOptions::new().append(true).create(true).open(&path);
            Some(page.map_err(|error| unwritable(&path, &error))?)
        }
        None => None,
    };
    Ok(Box::new(Github::new(io::stdout(), page)))
}

fn unwritable(path: &Path, error: &io::Error) -> Stopped {
    Diagnostic::new(format!("the report {} cannot be written: {error}", path.display())).into()
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
    let steps: usize = suite.scenarios.iter().map(|scenario| scenario.steps.len()).sum();
    writeln!(
        io::stdout(),
        "{}: {} requirements, {} scenarios, {steps} steps, {} profiles; nothing is wrong",
        suite.title,
        suite.requirements.len(),
        suite.scenarios.len(),
        suite.profiles.len(),
    )?;
    Ok(Exit::Conforms.into())
}

fn compare(options: &Compare) -> Result<ExitCode, Stopped> {
    let comparison = Comparison::read(&options.reports)?;
    if let Some(path) = &options.html {
        report::write_file(path, |out| report::html::matrix::write(&comparison, out))
            .map_err(|error| unwritable(path, &error))?;
    }
    let mut out = AutoStream::new(io::stdout(), choice(options.color));
    match report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}

fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}
