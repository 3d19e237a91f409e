//! Sends one curl command and writes the step that its answer makes.
//!
//! In go the words of a command and the target's address, out comes YAML that can be put under the `steps:` of a scenario.

use crate::curl;
use crate::diagnostic::Diagnostic;
use crate::http::{HttpClient, Reading, Transport, TransportError};
use crate::import;
use crate::shell;
use crate::source::{Source, Span};
use crate::template::Scope;

/// Why there is no step.
#[derive(Debug)]
pub enum Unrecorded {
    /// The command or the address is wrong; nothing was sent.
    Wrong(Diagnostic),
    /// The target gave no answer.
    Unanswered(TransportError),
}

/// Returns the step of a command, sent to the target at `base`. The command's address is under `origin`, or under whatever origin it
/// names itself.
///
/// # Errors
/// A command that cannot be sent, or a target that does not answer.
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
        let wrong = Diagnostic::new("this command has no address");
        return Err(Unrecorded::Wrong(wrong.help("a curl command is written behind `--`, as in a shell")));
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
