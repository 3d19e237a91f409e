//! Reads the values of YAML nodes: mappings with known keys, strings, JSON, numbers and durations.

use std::sync::Arc;
use std::time::Duration;

use crate::amount;
use crate::diagnostic::Diagnostic;
use crate::json::{Json, Number};
use crate::shell;
use crate::source::{Place, Source};
use crate::template::{FILTERS, Text};
use crate::yaml::{Located, Node, Value};

/// A mapping whose members are taken one by one.
pub(crate) struct Members<'a> {
    source: &'a Arc<Source>,
    place: Place,
    entries: Vec<(&'a Located<String>, &'a Node)>,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// Opens a mapping; `what` names it in error messages.
    pub(crate) fn of(node: &'a Node, source: &'a Arc<Source>, what: &str) -> Result<Self, Diagnostic> {
        let place = node.place(source);
        match (&node.tag, &node.value) {
            (None, Value::Mapping(entries)) => {
                let entries = entries.iter().map(|(key, value)| (key, value)).collect();
                Ok(Self { source, place, entries, known: Vec::new() })
            }
            _ => Err(Diagnostic::at(place, format!("{what} must be a mapping, not {}", node.shape()))),
        }
    }

    /// Takes a member, if it exists.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        let index = self.entries.iter().position(|(key, _)| key.value == name)?;
        Some(self.entries.swap_remove(index).1)
    }

    /// Returns the first member that has not been taken.
    pub(crate) fn next(&self) -> Option<&'a Located<String>> {
        self.entries.iter().map(|(key, _)| *key).min_by_key(|key| key.span.start)
    }

    /// Checks that all members have been taken.
    ///
    /// # Errors
    /// An unknown key.
    pub(crate) fn finish(self) -> Result<(), Diagnostic> {
        match self.next() {
            None => Ok(()),
            Some(key) => Err(Diagnostic::at(key.place(self.source), format!("unknown key `{}`", key.value))
                .suggest(&key.value, self.known)),
        }
    }

    /// Where the mapping is written.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// Returns the string of a node; numbers and booleans are returned as they are written.
///
/// # Errors
/// A list, a mapping, null or a tag, with its location.
pub fn string(node: &Node, source: &Arc<Source>, what: &str) -> Result<String, Diagnostic> {
    let invalid = |message: String| Diagnostic::at(node.place(source), message);
    match (&node.tag, node.written()) {
        (None, Some(text)) => Ok(text.to_owned()),
        (Some(tag), _) => {
            Err(invalid(format!("{what} must be a string; the matcher `{tag}` is not allowed here")))
        }
        (None, None) => Err(invalid(format!("{what} must be a string, not {}", node.shape()))),
    }
}

/// Returns the words of a command, each with its location: those of a line, split as a shell would do it around `foreign` parts, or
/// those of a list.
///
/// # Errors
/// A line that no shell can split, an empty command, or a node of another kind.
pub fn command(
    node: &Node,
    source: &Arc<Source>,
    foreign: impl Fn(&str) -> Option<usize>,
) -> Result<Vec<(String, Place)>, Diagnostic> {
    let place = node.place(source);
    let words: Vec<(String, Place)> = match (&node.tag, &node.value) {
        (None, Value::String(line)) => {
            let words = shell::split_around(line, foreign)
                .map_err(|error| Diagnostic::at(place.clone(), error.to_string()))?;
            words.into_iter().map(|word| (word.text, place.clone())).collect()
        }
        (None, Value::List(words)) => {
            let word = |node: &Node| {
                let word =
                    string(node, source, "a word of a command").map_err(|error| quoted(node, error))?;
                Ok((word, node.place(source)))
            };
            words.iter().map(word).collect::<Result<_, Diagnostic>>()?
        }
        _ => {
            return Err(Diagnostic::at(place, "a command must be a line or a list of words")
                .help("such as `python3 main.py` or `[python3, main.py]`"));
        }
    };
    if words.is_empty() { Err(Diagnostic::at(place, "this command is empty")) } else { Ok(words) }
}

/// Returns the template in a string node.
pub(crate) fn text(node: &Node, source: &Arc<Source>, what: &str) -> Result<Text, Diagnostic> {
    let written = string(node, source, what).map_err(|error| quoted(node, error))?;
    parse_text(&written, &node.place(source))
}

/// Adds to the error for null what to write instead.
fn quoted(node: &Node, error: Diagnostic) -> Diagnostic {
    match (&node.tag, &node.value) {
        (None, Value::Null) => error.help("write an empty string as '' and the word null as 'null'"),
        _ => error,
    }
}

/// Parses a template whose value is inserted into text.
///
/// # Errors
/// An invalid expression, with its location.
pub(crate) fn parse_text(written: &str, place: &Place) -> Result<Text, Diagnostic> {
    parse_value(written, place).map(Text::in_text)
}

/// Parses a template whose value is JSON: an expression that is the whole string keeps its type.
///
/// # Errors
/// An invalid expression, with its location.
pub(crate) fn parse_value(written: &str, place: &Place) -> Result<Text, Diagnostic> {
    Text::parse(written).map_err(|error| {
        let place = place.find(error.written());
        match error.unknown_filter() {
            Some(filter) => Diagnostic::at(place.find(filter), error.to_string()).suggest(filter, FILTERS),
            None if error.is_open() => Diagnostic::at(place, error.to_string())
                .help("write `}` after the expression; for a literal `${`, write `$${`"),
            None => Diagnostic::at(place, error.to_string()),
        }
    })
}

/// Returns the entries of a mapping, with or without a tag.
fn entries<'n>(
    node: &'n Node,
    source: &Arc<Source>,
    what: &str,
) -> Result<&'n [(Located<String>, Node)], Diagnostic> {
    let Value::Mapping(entries) = &node.value else {
        let message = format!("{what} must be a mapping, not {}", node.shape());
        return Err(Diagnostic::at(node.place(source), message));
    };
    Ok(entries)
}

/// Returns the entries of a mapping of arbitrary names to strings.
pub(crate) fn texts(
    node: &Node,
    source: &Arc<Source>,
    what: &str,
) -> Result<Vec<(String, Text)>, Diagnostic> {
    let entries = entries(node, source, what)?;
    entries
        .iter()
        .map(|(key, value)| Ok((key.value.clone(), text(value, source, &format!("`{}`", key.value))?)))
        .collect()
}

/// Returns the entries of a mapping of arbitrary names to strings; a list gives a name several values.
///
/// # Errors
/// An empty list, or a value that is not a string, with its location.
pub(crate) fn texts_or_lists<'n>(
    node: &'n Node,
    source: &Arc<Source>,
    what: &str,
) -> Result<Vec<(&'n Located<String>, Text)>, Diagnostic> {
    let mut texts = Vec::new();
    for (key, node) in entries(node, source, what)? {
        let values = match (&node.tag, &node.value) {
            (None, Value::List(list)) if list.is_empty() => {
                let message = format!("`{}` is an empty list, so nothing would be sent", key.value);
                return Err(Diagnostic::at(node.place(source), message).help("remove the name, or use ''"));
            }
            (None, Value::List(list)) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for value in values {
            texts.push((key, text(value, source, &format!("`{}`", key.value))?));
        }
    }
    Ok(texts)
}

/// Returns the value of a node as JSON; tags are not allowed.
pub(crate) fn json(node: &Node, source: &Arc<Source>) -> Result<Json, Diagnostic> {
    if let Some(tag) = &node.tag {
        return Err(Diagnostic::at(
            node.place(source),
            format!("the matcher `{tag}` is not allowed in data"),
        ));
    }
    Ok(match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(_) => Json::Number(number(node, source)?),
        Value::String(text) => Json::String(text.clone()),
        Value::List(list) => {
            Json::Array(list.iter().map(|item| json(item, source)).collect::<Result<_, _>>()?)
        }
        Value::Mapping(entries) => {
            let member =
                |(key, value): &(Located<String>, Node)| Ok((key.value.clone(), json(value, source)?));
            Json::Object(entries.iter().map(member).collect::<Result<_, Diagnostic>>()?)
        }
    })
}

/// Returns the number of a node, with its digits as written.
pub(crate) fn number(node: &Node, source: &Arc<Source>) -> Result<Number, Diagnostic> {
    let (Value::Number(written) | Value::String(written)) = &node.value else {
        let message = format!("expected a number, not {}", node.shape());
        return Err(Diagnostic::at(node.place(source), message));
    };
    Number::parse(written).ok_or_else(|| {
        Diagnostic::at(node.place(source), format!("`{written}` is not a JSON number"))
            .help("write it as in JSON: 3, -0.5, 1e6")
    })
}

/// Returns the boolean of a node.
///
/// # Errors
/// A value that is not a boolean.
pub(crate) fn flag(node: &Node, source: &Arc<Source>) -> Result<bool, Diagnostic> {
    match (&node.tag, &node.value) {
        (None, Value::Bool(value)) => Ok(*value),
        _ => Err(Diagnostic::at(node.place(source), "expected true or false")),
    }
}

/// Parses a duration: an integer or a decimal, followed by `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// the text is not a duration.
pub fn duration(written: &str, place: &Place) -> Result<Duration, Diagnostic> {
    let invalid = || {
        Diagnostic::at(place.clone(), format!("invalid duration `{written}`"))
            .help("write it as 200ms, 4s, 1.5s, 2m, 1h or 7d")
    };
    let duration = amount::duration(written).ok_or_else(invalid)?;
    if duration > LONGEST {
        return Err(Diagnostic::at(place.clone(), format!("`{written}` is longer than a hundred years")));
    }
    Ok(duration)
}

/// Maximum duration, which can be added to any time without overflow.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);
