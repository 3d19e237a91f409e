//! Finds a word of a command in its file.

use crate::shell;
use crate::source::{Place, Span};

/// Returns the location of a word, to point at it instead of the whole command.
pub(super) fn place_of(word: &str, place: &Place) -> Place {
    let text = place.source().text().get(place.span().start..place.span().end).unwrap_or("");
    let within = text.find(word).map(|at| at..at + word.len());
    // A word with shell escapes is written differently.
    let made =
        || shell::split(text).ok()?.into_iter().find(|made| made.text.contains(word)).map(|made| made.span);
    match within.or_else(made) {
        Some(span) => {
            let start = place.span().start;
            place.source().place(Span::new(start + span.start, start + span.end))
        }
        None => place.clone(),
    }
}
