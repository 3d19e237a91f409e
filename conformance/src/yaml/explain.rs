//! What can be wrong with a file as YAML, in the words of this project.
//!
//! In goes a [`Mistake`], or an error of the parser; out come [`Diagnostics`] that point at it and name the remedy. Words that speak of the
//! parser's own doings go no further than this room.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};
use serde::de::{Error, Expected, Unexpected};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};

/// What is wrong, and where, once that is known.
#[derive(Debug)]
pub(super) struct Mistake {
    wrong: Wrong,
    span: Option<Span>,
}

const TOO_DEEP: &str = "this is nested too deep to be read";

/// The ways in which a file can be wrong.
#[derive(Debug)]
pub(super) enum Wrong {
    /// There is nothing in it.
    Empty,
    SecondDocument,
    /// A key that stands in its mapping already.
    Twice(String),
    /// Keys that a mapping does not have, and those that it has.
    UnknownKeys(Vec<(String, Span)>, &'static [&'static str]),
    MissingKey(&'static str),
    /// Something else belongs here.
    Expected(&'static str),
    TooDeep,
    TooMuch,
    /// An alias in what it repeats.
    Endless,
    Unreadable(String),
}

impl Wrong {
    /// Returns the mistake at its place.
    pub(super) fn at(self, span: Span) -> Mistake {
        Mistake { wrong: self, span: Some(span) }
    }
}

impl From<Wrong> for Mistake {
    fn from(wrong: Wrong) -> Self {
        Self { wrong, span: None }
    }
}

impl Mistake {
    /// Returns the mistake at this place, unless it has one already.
    pub(super) fn or_at(self, span: Span) -> Self {
        Self { span: self.span.or(Some(span)), ..self }
    }

    /// Returns what is to be told of it.
    pub(super) fn explain(self, source: &Arc<Source>) -> Diagnostics {
        let place = source.place(self.span.unwrap_or_default());
        let at = |message: String| Diagnostic::at(place.clone(), message);
        let one = match self.wrong {
            Wrong::Empty => at("there is nothing in this file".to_owned()).help("it begins with `format: 1`"),
            Wrong::SecondDocument => at("a second document begins here".to_owned())
                .help("a file holds one document: one `---` at most, before all else"),
            Wrong::Twice(key) => at(format!("the key `{key}` stands here a second time")),
            Wrong::UnknownKeys(keys, known) => {
                let mut all = Diagnostics::default();
                for (key, span) in keys {
                    let unknown = Diagnostic::at(source.place(span), format!("unknown key `{key}`"));
                    all.push(unknown.suggest(&key, known.iter().copied()));
                }
                return all;
            }
            Wrong::MissingKey(key @ "format") => at(format!("the key `{key}` is missing"))
                .label("before this")
                .help("a file begins with `format: 1`"),
            Wrong::MissingKey(key) => {
                let empty = source.text()[place.span().start..].starts_with('{');
                let label = if empty { "in here" } else { "beside this one" };
                at(format!("the key `{key}` is missing")).label(label)
            }
            Wrong::Expected(what) => {
                let expected = at(format!("{what} is expected here"));
                match what {
                    "a list" => {
                        expected.help("a list is written as [a, b], or with a `-` before each element")
                    }
                    _ => expected,
                }
            }
            Wrong::TooDeep => at(TOO_DEEP.to_owned()),
            Wrong::TooMuch => at("with all its aliases the file comes to more than is read".to_owned())
                .help("a file of a suite holds up to 250000 values; what is larger is several files"),
            Wrong::Endless => at("this alias stands in what it repeats".to_owned()),
            Wrong::Unreadable(message) => at(message),
        };
        one.into()
    }
}

impl Display for Mistake {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.wrong)
    }
}

impl std::error::Error for Mistake {}

impl Error for Mistake {
    fn custom<T: Display>(message: T) -> Self {
        Wrong::Unreadable(message.to_string()).into()
    }

    fn missing_field(field: &'static str) -> Self {
        Wrong::MissingKey(field).into()
    }

    fn invalid_type(_unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Wrong::Unreadable(format!("{expected} is expected here")).into()
    }
}

/// Returns what is wrong with text that is no YAML, with the mistake that is commonly behind it.
pub(super) fn unreadable(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    use ErrorKind as Kind;
    let message = error.info();
    let at = error.marker().byte_offset().unwrap_or_default();
    let place = source.place(Span::new(at, at));
    if message.contains("tab")
        && let Some(tab) = indenting_tab(source)
    {
        return Diagnostic::at(source.place(tab), "a tab stands in the indentation")
            .help("YAML is indented with spaces");
    }
    let help = match error.kind() {
        Kind::UnexpectedEof if is_blank(source) => {
            return Diagnostic::at(source.place(Span::default()), "there is nothing in this file")
                .help("it begins with `format: 1`");
        }
        Kind::RecursionLimitExceeded => {
            return Diagnostic::at(place, TOO_DEEP);
        }
        Kind::UnknownAnchor => {
            return Diagnostic::at(place, "no anchor of this name stands before this alias");
        }
        Kind::UnexpectedEof => return Diagnostic::at(place, "the file ends too early"),
        Kind::MappingValueNotAllowed => {
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

fn indenting_tab(source: &Source) -> Option<Span> {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indentation].find('\t') {
            return Some(Span::new(start + at, start + indentation));
        }
        start += line.len();
    }
    None
}

fn is_blank(source: &Source) -> bool {
    source.text().lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}
