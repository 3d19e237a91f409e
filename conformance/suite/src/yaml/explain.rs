//! Turns YAML errors into diagnostics.
//!
//! Messages about the internals of the parser do not leave this module.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};
use serde::de::{Error, Expected, Unexpected};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};

/// An error in a file, with its location once that is known.
#[derive(Debug)]
pub(super) struct Mistake {
    wrong: Wrong,
    span: Option<Span>,
}

const TOO_DEEP: &str = "the values are nested too deeply";

/// The kinds of errors.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The file is empty.
    Empty,
    SecondDocument,
    /// A duplicate key in a mapping.
    Twice(String),
    /// Unknown keys of a mapping, and the known keys.
    UnknownKeys(Vec<(String, Span)>, &'static [&'static str]),
    MissingKey(&'static str),
    /// A value of another shape is expected.
    Expected(&'static str),
    TooDeep,
    TooMuch,
    /// An alias inside the value that it repeats.
    Endless,
    Unreadable(String),
}

impl Wrong {
    /// Adds a location.
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
    /// Adds a location, unless the error has one already.
    pub(super) fn or_at(self, span: Span) -> Self {
        Self { span: self.span.or(Some(span)), ..self }
    }

    /// Returns the diagnostics to show.
    pub(super) fn explain(self, source: &Arc<Source>) -> Diagnostics {
        let place = source.place(self.span.unwrap_or_default());
        let at = |message: String| Diagnostic::at(place.clone(), message);
        let one = match self.wrong {
            Wrong::Empty => at("this file is empty".to_owned()).help("start it with `format: 1`"),
            Wrong::SecondDocument => at("a second document begins here".to_owned())
                .help("a file holds one document: at most one `---`, at the beginning"),
            Wrong::Twice(key) => at(format!("duplicate key `{key}`")),
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
                .help("start the file with `format: 1`"),
            Wrong::MissingKey(key) => {
                let empty = source.text()[place.span().start..].starts_with('{');
                let label = if empty { "in this mapping" } else { "in the mapping with this key" };
                at(format!("the key `{key}` is missing")).label(label)
            }
            Wrong::Expected(what) => {
                let expected = at(format!("expected {what}"));
                match what {
                    "a list" => expected.help("write a list as [a, b], or with a `-` before each element"),
                    _ => expected,
                }
            }
            Wrong::TooDeep => at(TOO_DEEP.to_owned()),
            Wrong::TooMuch => at("the file is too large with all its aliases".to_owned())
                .help("a file may have up to 250000 values; split it into several files"),
            Wrong::Endless => at("this alias is inside the value that it repeats".to_owned()),
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
        Wrong::Unreadable(format!("expected {expected}")).into()
    }
}

/// Returns the diagnostic for text that is not YAML, with a hint at the usual cause.
pub(super) fn unreadable(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    use ErrorKind as Kind;
    let message = error.info();
    let at = error.marker().byte_offset().unwrap_or_default();
    let place = source.place(Span::new(at, at));
    if message.contains("tab")
        && let Some(tab) = indenting_tab(source)
    {
        return Diagnostic::at(source.place(tab), "tab in the indentation").help("indent YAML with spaces");
    }
    let help = match error.kind() {
        Kind::UnexpectedEof if is_blank(source) => {
            return Diagnostic::at(source.place(Span::default()), "this file is empty")
                .help("start it with `format: 1`");
        }
        Kind::RecursionLimitExceeded => {
            return Diagnostic::at(place, TOO_DEEP);
        }
        Kind::UnknownAnchor => {
            return Diagnostic::at(place, "there is no anchor with this name before the alias");
        }
        Kind::UnexpectedEof => return Diagnostic::at(place, "unexpected end of file"),
        Kind::MappingValueNotAllowed => {
            "quote a text that contains `: `, or write it on its own lines after `>-`; if this is a key, it is \
             indented differently from its neighbours"
        }
        _ if message.contains("expected ','") => {
            "inside brackets or braces, quote a text that contains one of `,[]{}`; or a bracket or brace is not closed"
        }
        _ if ["bracket", "quote", "':' indicator", "trailing content"]
            .iter()
            .any(|word| message.contains(word)) =>
        {
            "a bracket, a brace or a quote is not closed, here or earlier"
        }
        _ => return Diagnostic::at(place, message),
    };
    Diagnostic::at(place, format!("invalid YAML: {message}")).help(help)
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
