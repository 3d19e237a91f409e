//! `list`, `check`, `coverage` and `schema`: commands that need no target.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::listing;
use crate::options::{self, Check, CoverageFormat, List, ListFormat, SchemaOf};
use crate::schema;
use conformance_convert::coverage::{Coverage, Specification, description};
use conformance_convert::import::folder::is_description;
use conformance_convert::recorded;
use conformance_engine::exit::Exit;
use conformance_openapi::Description;
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::Plan;
use conformance_suite::safe::{self, Log, line, terminal};
use conformance_suite::source::Source;
use conformance_suite::suite::Suite;
use conformance_suite::suite::folder::read_source;

use super::{Stopped, print, written};

/// Lists the steps with their requests.
pub(crate) fn list(options: &List) -> Result<ExitCode, Stopped> {
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let plan = options.shard.cut(Plan::new(suite, &options.selection())?)?;
    let entries = listing::entries(&plan);
    match options.format {
        ListFormat::Text => text(|out| listing::write_text(&entries, out)),
        ListFormat::Json => json(|out| listing::write_json(&entries, out)),
    }
}

/// Validates a suite, prints warnings, and prints a summary.
pub(crate) fn check(options: &Check) -> Result<ExitCode, Stopped> {
    if let (Some(har), Some(openapi)) = (&options.har, &options.openapi) {
        return check_recorded(har, openapi);
    }
    let suite = Suite::load(&options.suite.folder())?;
    let kind = if options.strict { "error" } else { "warning" };
    for warning in suite.warnings.iter() {
        crate::reports::say(&format!("{kind}: {warning}\n"));
    }
    if options.strict && !suite.warnings.is_empty() {
        return Ok(Exit::Usage.into());
    }
    let steps: usize = suite.scenarios.iter().map(|scenario| scenario.steps.len()).sum();
    // A scenario with several profiles runs once in each.
    let played: usize =
        suite.scenarios.iter().map(|scenario| scenario.steps.len() * scenario.profiles.len()).sum();
    let summary = format!(
        "{}: {}, {}, {}, {}; {}",
        line(&suite.title),
        amount(suite.requirements.len(), "requirement"),
        amount(suite.scenarios.len(), "scenario"),
        if played == steps {
            amount(steps, "step")
        } else {
            format!("{} ({played} in all profiles)", amount(steps, "step"))
        },
        amount(suite.profiles.len(), "profile"),
        match suite.warnings.iter().count() {
            0 => "no errors".to_owned(),
            1 => "no errors, 1 warning".to_owned(),
            many => format!("no errors, {many} warnings"),
        },
    );
    text(|out| writeln!(out, "{summary}"))
}

/// Checks recorded traffic against a description, and prints the violations.
fn check_recorded(har: &Path, openapi: &Path) -> Result<ExitCode, Stopped> {
    let description = Description::open(openapi)?;
    let text = std::fs::read_to_string(har)
        .map_err(|error| Diagnostic::new(format!("cannot read the recording {}: {error}", har.display())))?;
    let source = Source::new(har.display().to_string(), text.trim_start_matches('\u{feff}'));
    let recorded = recorded::check(&source, &description)?;
    if recorded.exchanges == 0 {
        let message = format!("{} has no exchange with an API", har.display());
        return Err(Stopped { exit: Exit::Nothing, ..Diagnostic::new(message).into() });
    }
    let printed = self::text(|out| write!(out, "{}", terminal(&recorded.text())))?;
    Ok(if recorded.violations.is_empty() { printed } else { Exit::Fails.into() })
}

/// Prints which parts of a description a suite or a run uses.
fn description_coverage(options: &options::Coverage, openapi: &Path) -> Result<ExitCode, Stopped> {
    let description = Arc::new(Description::open(openapi)?);
    let coverage = match &options.from {
        Some(report) => description::by_report(&description, report)?,
        None => description::by_scenarios(&description, &Arc::new(Suite::load(&options.suite.folder())?))?,
    };
    let printed = match options.format {
        CoverageFormat::Text => text(|out| coverage.write_text(out)),
        CoverageFormat::Markdown => text(|out| coverage.write_markdown(out)),
        CoverageFormat::Json => json(|out| coverage.write_json(out)),
    }?;
    let mut is_enough = true;
    for (kind, share) in &options.fail_under {
        match coverage.counts.iter().find(|count| count.kind == kind) {
            Some(count) if count.covered * 100 < share * count.total => {
                is_enough = false;
                let (used, of) = (count.covered, count.total);
                crate::reports::say(&format!("{kind}: {used} of {of} are used, less than {share} %"));
            }
            Some(_) => {}
            None => {
                let message = format!("{kind} are known only from a run");
                return Err(Diagnostic::new(message).help("add --from report.jsonl").into());
            }
        }
    }
    Ok(if is_enough { printed } else { Exit::Fails.into() })
}

/// Prints which steps cover which requirement, and which examples of a document no step covers.
pub(crate) fn coverage(options: &options::Coverage) -> Result<ExitCode, Stopped> {
    let described = options.spec.as_ref().filter(|path| is_description(path));
    if let Some(openapi) = options.openapi.as_ref().or(described) {
        return description_coverage(options, openapi);
    }
    let suite = Suite::load(&options.suite.folder())?;
    let specification = match &options.spec {
        None => None,
        Some(path) => {
            let source = read_source(path, "document")?;
            let source = Source::new(source.path(), source.text().trim_start_matches('\u{feff}'));
            let folder = options.suite.folder();
            let read = Specification::read(&source, &suite, &|name| folder.read(name));
            if read.exchanges.is_empty() {
                let message = format!("{} contains no curl command", path.display());
                let help = "commands are read from code blocks, after a prompt or at the beginning of a line";
                return Err(Stopped { exit: Exit::Nothing, ..Diagnostic::new(message).help(help).into() });
            }
            Some(read)
        }
    };
    let coverage = Coverage::new(&suite, specification);
    let conforms = match options.format {
        CoverageFormat::Text => text(|out| coverage.write_text(out)),
        CoverageFormat::Markdown => text(|out| coverage.write_markdown(out)),
        CoverageFormat::Json => json(|out| coverage.write_json(out)),
    }?;
    Ok(if coverage.is_complete() { conforms } else { Exit::Fails.into() })
}

type Stdout = Log<io::BufWriter<io::StdoutLock<'static>>>;

/// Prints text that may have control characters and commands of CI systems in it.
fn text(write: impl FnOnce(&mut Stdout) -> io::Result<()>) -> Result<ExitCode, Stopped> {
    let mut out = Log::plain(io::BufWriter::new(io::stdout().lock()));
    written(write(&mut out).and_then(|()| out.flush()))
}

/// Prints JSON.
fn json(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<ExitCode, Stopped> {
    let mut text = Vec::new();
    write(&mut text)?;
    print(&safe::json(&String::from_utf8_lossy(&text)))
}

/// Returns a schema, or the settings for an editor.
pub(crate) fn described(of: SchemaOf) -> String {
    schema::text(&match of {
        SchemaOf::Scenario => schema::scenario().to_value(),
        SchemaOf::Sequence => schema::sequence().to_value(),
        SchemaOf::Suite => schema::manifest().to_value(),
        SchemaOf::Requirements => schema::register().to_value(),
        SchemaOf::Report => schema::report().to_value(),
        SchemaOf::Editor => schema::editor("scenarios"),
    })
}
