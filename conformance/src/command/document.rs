//! `import`, `record` and `export`: convert documents and commands to scenarios, and scenarios to scripts.

use std::process::ExitCode;
use std::sync::Arc;

use crate::options;
use conformance_convert::export;
use conformance_convert::import::folder as imports;
use conformance_convert::record::{self, Unrecorded};
use conformance_engine::exit::Exit;
use conformance_suite::plan::Plan;
use conformance_suite::safe::{log, terminal};
use conformance_suite::suite::Suite;

use super::{Stopped, print};

/// Generates scenarios from a document.
pub(crate) fn import(options: &options::Import) -> Result<ExitCode, Stopped> {
    let import = imports::import(&options.order())?;
    let complaints = import.complaints();
    if !complaints.is_empty() {
        crate::reports::say(complaints.trim_end_matches('\n'));
    }
    print(&log(&terminal(&import.summary(&options.out))))
}

/// Sends a curl command and prints a step that expects its response.
pub(crate) fn record(options: &options::Record) -> Result<ExitCode, Stopped> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let transport = options.transport.transport()?;
    let recorded = record::record(&options.url, &options.command, options.origin.as_deref(), &transport);
    match runtime.block_on(recorded) {
        Ok(step) => print(&step),
        Err(Unrecorded::Wrong(wrong)) => Err(wrong.into()),
        Err(Unrecorded::Unanswered(transport_error)) => {
            Err(Stopped { exit: Exit::Unusable, message: format!("error: {transport_error}") })
        }
    }
}

/// Prints scenarios as a script for curl or Hurl.
pub(crate) fn export(options: &options::Export) -> Result<ExitCode, Stopped> {
    let suite = Arc::new(Suite::load(&options.selection.folder())?);
    let plan = Plan::new(suite, &options.selection.selection())?;
    print(&if options.hurl { export::hurl(&plan) } else { export::shell(&plan) })
}
