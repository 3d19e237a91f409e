//! `list`, `check`, `coverage` and `schema`: commands that need no target.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use crate::listing;
use crate::options::{self, Check, CoverageFormat, List, ListFormat, SchemaOf};
use crate::schema;
use anstream::AutoStream;
use conformance_convert::coverage::{Coverage, Specification};
use conformance_engine::exit::Exit;
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::Plan;
use conformance_suite::source::Source;
use conformance_suite::suite::Suite;

use super::{Stopped, written};

/// Lists the steps with their requests.
pub(crate) fn list(options: &List) -> Result<ExitCode, Stopped> {
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let plan = options.shard.cut(Plan::new(suite, &options.selection())?)?;
    let entries = listing::entries(&plan);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = match options.format {
        ListFormat::Text => listing::write_text(&entries, &mut out),
        ListFormat::Json => listing::write_json(&entries, &mut out),
    };
    written(done.and_then(|()| out.flush()))
}

/// Validates a suite, prints warnings, and prints a summary.
pub(crate) fn check(options: &Check) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    for warning in suite.warnings.iter() {
        writeln!(AutoStream::auto(io::stderr()), "warning: {warning}\n")?;
    }
    let steps: usize = suite.scenarios.iter().map(|scenario| scenario.steps.len()).sum();
    writeln!(
        io::stdout(),
        "{}: {}, {}, {}, {}; {}",
        suite.title,
        amount(suite.requirements.len(), "requirement"),
        amount(suite.scenarios.len(), "scenario"),
        amount(steps, "step"),
        amount(suite.profiles.len(), "profile"),
        match suite.warnings.iter().count() {
            0 => "no errors".to_owned(),
            1 => "no errors, 1 warning".to_owned(),
            many => format!("no errors, {many} warnings"),
        },
    )?;
    Ok(Exit::Conforms.into())
}

/// Prints which steps cover which requirement, and which examples of a document no step covers.
pub(crate) fn coverage(options: &options::Coverage) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.folder())?;
    let specification = match &options.spec {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Diagnostic::new(format!("cannot read the document {}: {error}", path.display()))
            })?;
            let read = {
                let text = text.trim_start_matches('\u{feff}');
                Specification::read(&Source::new(path.display().to_string(), text), &suite)
            };
            if read.exchanges.is_empty() {
                let message = format!("{} contains no curl command", path.display());
                let help = "commands are read from code blocks, after a prompt or at the beginning of a line";
                return Err(Stopped { exit: Exit::Nothing, ..Diagnostic::new(message).help(help).into() });
            }
            Some(read)
        }
    };
    let coverage = Coverage::new(&suite, specification);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = match options.format {
        CoverageFormat::Text => coverage.write_text(&mut out),
        CoverageFormat::Markdown => coverage.write_markdown(&mut out),
        CoverageFormat::Json => coverage.write_json(&mut out),
    };
    let conforms = written(done.and_then(|()| out.flush()))?;
    Ok(if coverage.is_complete() { conforms } else { Exit::Fails.into() })
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
