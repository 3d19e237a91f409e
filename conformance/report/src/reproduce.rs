//! The commands that repeat a step.

use conformance_engine::event::{Header, Record, is_operation};
use conformance_suite::shell::quote;

/// Returns the commands that repeat a step, given the header of its run. The curl command works if the target is still running, or
/// while `serve` runs.
pub(crate) fn commands(record: &Record, header: Option<&Header>) -> Vec<String> {
    let curl = record.exchange.as_ref().map(|exchange| exchange.again.as_str());
    let mut lines = Vec::new();
    if let Some(arguments) = header.and_then(|header| header.command.as_deref()) {
        // No filter selects what is shown about an operation of a description.
        if is_operation(&record.id) {
            lines.push(format!("conformance run {arguments}"));
        } else {
            lines.push(format!("conformance run --filter {} {arguments}", quote(&record.id)));
        }
        // A program of a step runs without the server.
        if record.execution.is_none() {
            let port = curl.and_then(port).map(|port| format!(" --port {port}")).unwrap_or_default();
            lines.push(format!("conformance serve --profile {}{port} {arguments}", quote(&record.profile)));
        }
    }
    // Without a response, the target may not even have started.
    lines.extend(curl.map(str::to_owned));
    lines
}

/// Returns the port in the URL of a curl command to this machine.
fn port(curl: &str) -> Option<u16> {
    let (_, rest) = curl.split_once("://127.0.0.1:")?;
    rest.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
}
