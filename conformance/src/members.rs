//! Reading a mapping whose keys are known, key by key, with the remedy for a wrong one.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::json::{Json, Number};
use crate::source::{Place, Source};
use crate::template::{FILTERS, Text};
use crate::yaml::{Located, Node, Value};

/// A mapping of which some members have been taken.
pub(crate) struct Members<'a> {
    source: &'a Arc<Source>,
    place: Place,
    entries: Vec<(&'a Located<String>, &'a Node)>,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// Opens a mapping; `what` names it in the message when it is something else.
    pub(crate) fn of(node: &'a Node, source: &'a Arc<Source>, what: &str) -> Result<Self, Diagnostic> {
        let place = node.place(source);
        match (&node.tag, &node.value) {
            (None, Value::Mapping(entries)) => {
                let entries = entries.iter().map(|(key, value)| (key, value)).collect();
                Ok(Self { source, place, entries, known: Vec::new() })
            }
            _ => Err(Diagnostic::at(place, format!("{what} is a mapping, and here is {}", node.shape()))),
        }
    }

    /// Takes the member of this name, if it is there.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        let index = self.entries.iter().position(|(key, _)| key.value == name)?;
        Some(self.entries.swap_remove(index).1)
    }

    /// The first member that has not been taken.
    pub(crate) fn next(&self) -> Option<&'a Located<String>> {
        self.entries.iter().map(|(key, _)| *key).min_by_key(|key| key.span.start)
    }

    /// Closes the mapping.
    ///
    /// # Errors
    /// A key that was never asked for.
    pub(crate) fn finish(self) -> Result<(), Diagnostic> {
        match self.next() {
            None => Ok(()),
            Some(key) => Err(Diagnostic::at(key.place(self.source), format!("unknown key `{}`", key.value))
                .suggest(&key.value, self.known)),
        }
    }

    /// Where the mapping stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// Returns the string of a node; a number or a boolean is taken as it is written.
///
/// # Errors
/// A list, a mapping, null, or a tag, at its place.
pub(crate) fn string(node: &Node, source: &Arc<Source>, what: &str) -> Result<String, Diagnostic> {
    let wrong = |message: String| Diagnostic::at(node.place(source), message);
    match (&node.tag, node.written()) {
        (None, Some(text)) => Ok(text.to_owned()),
        (Some(tag), _) => Err(wrong(format!("{what} is a string; the matcher `{tag}` has no place here"))),
        (None, None) => Err(wrong(format!("{what} is a string, and here is {}", node.shape()))),
    }
}

/// Returns the string of a node with its expressions.
pub(crate) fn text(node: &Node, source: &Arc<Source>, what: &str) -> Result<Text, Diagnostic> {
    let written = string(node, source, what).map_err(|wrong| match (&node.tag, &node.value) {
        (None, Value::Null) => wrong.help("an empty string is written '', and the word 'null'"),
        _ => wrong,
    });
    parse_text(&written?, &node.place(source))
}

/// Returns a text with its expressions: what they come to is written into it.
///
/// # Errors
/// An expression that cannot be read, at its place.
pub(crate) fn parse_text(written: &str, place: &Place) -> Result<Text, Diagnostic> {
    parse_value(written, place).map(Text::in_text)
}

/// Returns a string of JSON with its expressions: one that stands alone keeps its type.
///
/// # Errors
/// An expression that cannot be read, at its place.
pub(crate) fn parse_value(written: &str, place: &Place) -> Result<Text, Diagnostic> {
    Text::parse(written).map_err(|error| {
        let place = place.find(error.written());
        match error.unknown_filter() {
            Some(filter) => Diagnostic::at(place.find(filter), error.to_string()).suggest(filter, FILTERS),
            None => Diagnostic::at(place, error.to_string()),
        }
    })
}

/// Returns the entries of a mapping of free names to strings.
pub(crate) fn texts(
    node: &Node,
    source: &Arc<Source>,
    what: &str,
) -> Result<Vec<(String, Text)>, Diagnostic> {
    let Value::Mapping(entries) = &node.value else {
        return Err(Diagnostic::at(
            node.place(source),
            format!("{what} is a mapping, and here is {}", node.shape()),
        ));
    };
    entries
        .iter()
        .map(|(key, value)| Ok((key.value.clone(), text(value, source, &format!("`{}`", key.value))?)))
        .collect()
}

/// Returns the entries of a mapping of free names to strings, in which a list gives one name several values.
///
/// # Errors
/// An empty list, or a value that is no string, at its place.
pub(crate) fn texts_or_lists<'n>(
    node: &'n Node,
    source: &Arc<Source>,
    what: &str,
) -> Result<Vec<(&'n Located<String>, Text)>, Diagnostic> {
    let Value::Mapping(entries) = &node.value else {
        let message = format!("{what} is a mapping, and here is {}", node.shape());
        return Err(Diagnostic::at(node.place(source), message));
    };
    let mut texts = Vec::new();
    for (key, node) in entries {
        let values = match (&node.tag, &node.value) {
            (None, Value::List(list)) if list.is_empty() => {
                let message = format!("`{}` is an empty list, so nothing would be sent", key.value);
                return Err(
                    Diagnostic::at(node.place(source), message).help("leave the name out, or give it ''")
                );
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

/// Returns the value of a node as JSON, tags not allowed.
pub(crate) fn json(node: &Node, source: &Arc<Source>) -> Result<Json, Diagnostic> {
    if let Some(tag) = &node.tag {
        return Err(Diagnostic::at(node.place(source), format!("the matcher `{tag}` has no place in data")));
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

/// Returns the number of a node, with the digits that it has in the file.
pub(crate) fn number(node: &Node, source: &Arc<Source>) -> Result<Number, Diagnostic> {
    let (Value::Number(written) | Value::String(written)) = &node.value else {
        let message = format!("a number is expected here, and here is {}", node.shape());
        return Err(Diagnostic::at(node.place(source), message));
    };
    Number::parse(written).ok_or_else(|| {
        Diagnostic::at(node.place(source), format!("`{written}` is not a number of JSON"))
            .help("written as in JSON: 3, -0.5, 1e6")
    })
}

/// Returns whether a member says true.
///
/// # Errors
/// What is neither true nor false.
pub(crate) fn flag(node: &Node, source: &Arc<Source>) -> Result<bool, Diagnostic> {
    match (&node.tag, &node.value) {
        (None, Value::Bool(value)) => Ok(*value),
        _ => Err(Diagnostic::at(node.place(source), "true or false is expected here")),
    }
}

/// Returns a duration: a whole number or a decimal, and `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn duration(written: &str, place: &Place) -> Result<Duration, Diagnostic> {
    let wrong = || {
        Diagnostic::at(place.clone(), format!("`{written}` is not a length of time"))
            .help("written as 200ms, 4s, 1.5s, 2m, 1h or 7d")
    };
    let digits = written.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match &written[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.trim_end().parse().map_err(|_| wrong())?;
    let duration = Duration::try_from_secs_f64(number * factor).map_err(|_| wrong())?;
    if duration > LONGEST {
        return Err(Diagnostic::at(place.clone(), format!("`{written}` is longer than a hundred years")));
    }
    Ok(duration)
}

/// The longest time that can be said: every clock can be moved by it.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);
