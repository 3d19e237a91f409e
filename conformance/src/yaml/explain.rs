//! The errors of the YAML reader in the words of this project.
//!
//! In goes an error of the reader, out comes a [`Diagnostic`] that points at the mistake and names the remedy. Words that speak
//! of the reader's own types or options go no further than this room.

use std::sync::Arc;

use serde_saphyr::Error;

use super::span_of;
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source, Span};

/// Returns what is wrong with a file that could not be read.
pub(super) fn explain(source: &Arc<Source>, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let place = source.place(error.location().map(span_of).unwrap_or_default());
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            Diagnostic::at(place, format!("unknown key `{field}`")).suggest(field, expected.iter().copied())
        }
        // The reader knows the last key of the mapping and not its beginning.
        Error::SerdeMissingField { field, .. } => {
            let text = &source.text()[place.span().start..];
            let label = if text.starts_with(['{', '}']) { "in here" } else { "beside this one" };
            Diagnostic::at(place, format!("the key `{field}` is missing")).label(label)
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            Diagnostic::at(place, format!("unknown word `{variant}`"))
                .suggest(variant, expected.iter().copied())
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or_default();
            Diagnostic::at(place, format!("the key `{key}` stands here a second time"))
        }
        Error::Unexpected { expected, .. } => expected_here(place, expected),
        Error::InvalidScalar { ty, .. } => expected_here(place, ty),
        Error::InvalidBooleanStrict { .. } => expected_here(place, "boolean"),
        Error::NullIntoString { .. } => expected_here(place, "string scalar"),
        Error::MultipleDocuments { .. } => Diagnostic::at(place, "a second document begins here")
            .help("a file holds one document: one `---` at most, before all else"),
        Error::Eof { .. } if is_blank(source) => {
            Diagnostic::at(source.place(Span::default()), "there is nothing in this file")
                .help("it begins with `format: 1`")
        }
        Error::Eof { .. } => Diagnostic::at(place, "the file ends too early"),
        other => unreadable(source, place, &plain(&other.to_string())),
    }
}

/// Says what kind of value belongs where another stands; `kind` is the reader's name for it.
fn expected_here(place: Place, kind: &str) -> Diagnostic {
    let (kind, help) = match kind {
        "string scalar" => ("a string", None),
        "sequence start" => {
            ("a list", Some("a list is written as [a, b], or with a `-` before each element"))
        }
        "mapping start" => ("a mapping", None),
        "boolean" => ("true or false", None),
        "u16" => ("a number from 0 to 65535", None),
        "u32" => ("a whole number", None),
        other => (other, None),
    };
    let diagnostic = Diagnostic::at(place, format!("{kind} is expected here"));
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// What the reader says of text that is no YAML, with the mistake that is commonly behind it.
fn unreadable(source: &Arc<Source>, place: Place, message: &str) -> Diagnostic {
    if message.contains("tab")
        && let Some(tab) = indenting_tab(source)
    {
        return Diagnostic::at(tab, "a tab stands in the indentation").help("YAML is indented with spaces");
    }
    if message.contains("recursion limit") || message.contains("Depth {") {
        return Diagnostic::at(place, "this is nested too deep to be read");
    }
    if message.starts_with("budget breached") {
        return Diagnostic::at(place, "with all its aliases the file comes to more than is read")
            .help("a file of a suite holds up to 250000 values; what is larger is several files");
    }
    let help = match message {
        "mapping values are not allowed in this context" => {
            "a text with `: ` in it stands in quotes, or on lines of its own behind `>-`; if it is a key, it is \
             indented otherwise than its neighbours"
        }
        _ if message.contains("expected ','") => {
            "a text with one of `,[]{}` in it stands in quotes where brackets or braces are open; else one was not closed"
        }
        _ if ["bracket", "quote", "':' indicator", "trailing content"]
            .iter()
            .any(|word| message.contains(word)) =>
        {
            "a bracket, a brace or a quote that was opened here or before is not closed"
        }
        _ => return Diagnostic::at(place, message),
    };
    Diagnostic::at(place, format!("this is not YAML: {message}")).help(help)
}

fn indenting_tab(source: &Arc<Source>) -> Option<Place> {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indentation].find('\t') {
            return Some(source.place(Span::new(start + at, start + indentation)));
        }
        start += line.len();
    }
    None
}

fn is_blank(source: &Source) -> bool {
    source.text().lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// Drops the position that the reader appends to its messages: the snippet shows it.
fn plain(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(sentence, _)| sentence).to_owned()
}
