//! `list`, `check`, `coverage` and `schema`: commands that need no target.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use crate::listing;
use crate::options::{self, Check, CoverageFormat, List, ListFormat, SchemaOf};
use crate::schema;
use conformance_convert::coverage::{Coverage, Specification};
use conformance_engine::exit::Exit;
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::Plan;
use conformance_suite::safe::{self, Log, line};
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
    let suite = Suite::load(&options.folder())?;
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

/// Prints which steps cover which requirement, and which examples of a document no step covers.
pub(crate) fn coverage(options: &options::Coverage) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    let specification = match &options.spec {
        None => None,
        Some(path) => {
            let source = read_source(path, "document")?;
            let source = Source::new(source.path(), source.text().trim_start_matches('\u{feff}'));
            let read = Specification::read(&source, &suite);
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
