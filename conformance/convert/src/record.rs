//! Sends one curl command and converts the response to a step.

use crate::import;
use conformance_engine::http::{HttpClient, Reading, Transport, TransportError};
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::shell;
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;

/// Why there is no step.
#[derive(Debug)]
pub enum Unrecorded {
    /// The command or the URL is invalid; nothing was sent.
    Wrong(Diagnostic),
    /// The target did not respond.
    Unanswered(TransportError),
}

/// Sends a command to the target at `base` and returns its step as YAML.
///
/// The URL of the command must be under `origin`; without `origin`, its own origin is used.
///
/// # Errors
/// Fails if the command cannot be sent or the target does not respond.
pub async fn record(
    base: &str,
    words: &[String],
    origin: Option<&str>,
    transport: &Transport,
) -> Result<String, Unrecorded> {
    let command = shell::join(words);
    let place = Source::new("the command", command.as_str()).place(Span::new(0, command.len()));
    let origin = origin.map(str::to_owned).or_else(|| import::origin_of(&command));
    let Some(origin) = origin else {
        let wrong = Diagnostic::new("this command has no URL");
        return Err(Unrecorded::Wrong(wrong.help("write a curl command after `--`, as in a shell")));
    };
    let files = |name: &str| std::fs::read(name);
    let request = curl::parse(&command, &origin, &files, &place).map_err(Unrecorded::Wrong)?;
    let wrong = |cause: String| Unrecorded::Wrong(Diagnostic::new(cause));
    let prepared = request.prepare(&Scope::default()).map_err(|error| wrong(error.to_string()))?;
    let wire = HttpClient::new(base, transport).map_err(wrong)?;
    let response =
        wire.send(prepared.clone(), None, Reading::Whole).await.outcome.map_err(Unrecorded::Unanswered)?;
    Ok(import::step(&command, &origin, &prepared.method, &prepared.target, &response))
}
