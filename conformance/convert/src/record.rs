//! Sends one curl command and converts the response to a step.

use std::cell::RefCell;
use std::io::Read as _;

use crate::import;
use conformance_engine::http::{HttpClient, Reading, Transport, TransportError};
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::jar::Jar;
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

/// Sends a command, given the words that a shell made of it, to the target at `base` and returns its step as YAML.
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
    let Some(origin) =
        origin.map(str::to_owned).or_else(|| curl::origin_of(words, &|name| std::fs::read(name)))
    else {
        let wrong = Diagnostic::new("this command has no URL");
        return Err(Unrecorded::Wrong(wrong.help("write a curl command after `--`, as in a shell")));
    };
    let input = RefCell::new(None);
    let request =
        curl::parse_words(words, &origin, &|name| read(name, &input), &place).map_err(Unrecorded::Wrong)?;
    let wrong = |cause: String| Unrecorded::Wrong(Diagnostic::new(cause));
    let prepared = request.prepare(&Scope::default()).map_err(|error| wrong(error.to_string()))?;
    let wire = HttpClient::new(base, transport).map_err(wrong)?;
    let mut jar = request.jar.as_ref().map(|_| Jar::default());
    let response = wire
        .send(prepared.clone(), jar.as_mut(), Reading::Whole)
        .await
        .outcome
        .map_err(Unrecorded::Unanswered)?;
    let command = match input.take() {
        None => command,
        Some(input) => match String::from_utf8(input) {
            Ok(text) if text.ends_with('\n') => format!("{command} <<'END'\n{text}END"),
            Ok(text) => format!("printf '%s' {} | {command}", shell::quoted(&text)),
            Err(_) => {
                return Err(wrong(
                    "the standard input is not UTF-8; write it to a file and name the file".to_owned(),
                ));
            }
        },
    };
    Ok(import::step(&command, &origin, &prepared.method, &prepared.target, &response))
}

/// Reads a file, or the standard input of this program, which the step needs as well.
fn read(name: &str, input: &RefCell<Option<Vec<u8>>>) -> std::io::Result<Vec<u8>> {
    if name == ".netrc" {
        // curl reads that of the home folder.
        return std::fs::read(std::env::home_dir().unwrap_or_default().join(name));
    }
    if name != "-" {
        return std::fs::read(name);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    // A second option that reads it gets nothing, as in curl.
    input.borrow_mut().get_or_insert_with(|| bytes.clone());
    Ok(bytes)
}
