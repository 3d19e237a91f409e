//! Errors and warnings about files, flags and names, with location and help.
//!
//! Loading collects [`Diagnostics`], so that a user sees all errors of a suite at once. Verdicts about a target are not
//! diagnostics.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use crate::amount::amount;
use crate::safe::terminal;
use crate::source::Place;

/// One error or warning.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    message: String,
    place: Option<Place>,
    label: String,
    help: Option<String>,
}

/// A list of errors or warnings; never empty when it is returned as an error.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// Message, file and position of each, to reject duplicates.
    seen: HashSet<(String, Option<(String, usize)>)>,
}

/// Maximum number of diagnostics to show.
const MOST_SHOWN: usize = 200;

impl Diagnostic {
    /// Creates a diagnostic without a location.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, label: String::new(), help: None }
    }

    /// Creates a diagnostic about a location in a file.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), ..Self::new(message) }
    }

    /// Adds a label after the caret, or on its own line if the location is unknown.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a hint, on its own line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds `did you mean …?` if one of `known` is similar to `word`, else lists the known words.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, &known) {
            Some(near) => self.label(format!("did you mean `{near}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("known here: {}", known.join(", "))),
        }
    }

    /// Adds `did you mean …?` if one of `known` is similar to `word`, else refers to `conformance list`.
    #[must_use]
    pub fn suggest_near<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, &known) {
            Some(near) => self.label(format!("did you mean `{near}`?")),
            None => self.help("`conformance list` shows the steps and what they cover"),
        }
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The location, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", terminal(&self.message))?;
        match &self.place {
            Some(place) => write!(f, "\n{}", place.snippet(&self.label))?,
            None if self.label.is_empty() => {}
            None => write!(f, "\n  = {}", terminal(&self.label))?,
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = {}", terminal(help))?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

impl Diagnostics {
    /// Adds a diagnostic, unless there is one with the same message and location.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.place.as_ref();
        let place = place.map(|place| (place.source().path().to_owned(), place.span().start));
        if self.seen.insert((diagnostic.message.clone(), place)) {
            self.all.push(diagnostic);
        }
    }

    /// Returns the value of a result, or adds its diagnostic.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Returns the value of a result, or adds all its diagnostics.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|more| self.append(more)).ok()
    }

    /// Adds all diagnostics of another list.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.all {
            self.push(diagnostic);
        }
    }

    /// Whether there are no diagnostics.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns `value` if there are no diagnostics.
    ///
    /// # Errors
    /// All diagnostics, if there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The diagnostics, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut one = Self::default();
        one.push(diagnostic);
        one
    }
}

impl Display for Diagnostics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.all.iter().take(MOST_SHOWN).enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}error: {diagnostic}")?;
        }
        match self.all.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n\nerror: {} not shown", amount(more, "more error")),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Returns the most similar known word, if at most a third of its characters differ.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    (known.iter().map(|candidate| (strsim::osa_distance(word, candidate), *candidate)))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
        .or_else(|| {
            let mut names = ALIASES.iter().filter(|(_, others)| others.contains(&word)).map(|(name, _)| name);
            names.find_map(|name| known.iter().find(|candidate| *candidate == name).copied())
        })
}

/// Names of this language, each with the names that other tools use for the same.
const ALIASES: &[(&str, &[&str])] = &[
    ("path", &["url", "uri", "endpoint", "route"]),
    ("origin", &["base_url", "baseUrl", "baseurl", "url", "host", "server"]),
    ("query", &["params", "query_params", "querystring"]),
    ("basic", &["auth", "authentication", "basic_auth", "credentials"]),
    ("user", &["username", "login", "name"]),
    ("password", &["pass", "pwd"]),
    ("form", &["data"]),
    ("follow", &["redirects", "max_redirects", "allow_redirects", "follow_redirects"]),
    ("status", &["code", "status_code", "statusCode", "response_code"]),
    ("within", &["duration", "time", "max_time", "max-time", "response_time"]),
    ("json", &["jsonpath", "json_path", "schema", "pointer"]),
    ("text", &["contains", "content", "regex"]),
    ("capture", &["extract", "save", "store", "set", "register"]),
    ("title", &["name", "description", "summary"]),
    ("rows", &["parametrize", "parameters", "foreach", "for_each", "examples", "table", "data"]),
    ("expect", &["response", "assert", "asserts", "tests", "validate"]),
    ("wait", &["sleep", "delay", "pause"]),
    ("cleanup", &["teardown", "finally", "after"]),
    ("steps", &["tests", "stages", "requests"]),
    ("every", &["interval", "delay"]),
    ("!integer", &["!int"]),
    ("!boolean", &["!bool"]),
    ("!string", &["!str", "!text"]),
    ("!number", &["!float"]),
    ("!datetime", &["!date", "!timestamp", "!time", "!iso8601"]),
    ("!any", &["!exists", "!present", "!defined", "!anything", "!not_null"]),
    ("!absent", &["!missing", "!undefined", "!not_exists"]),
    ("!greater_than", &["!gt", "!more_than", "!min", "!above"]),
    ("!less_than", &["!lt", "!max", "!below"]),
    ("!regex", &["!matches", "!match", "!pattern", "!re", "!regexp"]),
    ("!one_of", &["!any_of", "!in", "!enum", "!or"]),
    ("!all", &["!all_of", "!and"]),
    ("!containing", &["!includes", "!has", "!contains_all"]),
    ("!unordered", &["!set", "!any_order"]),
    ("!subset", &["!partial", "!object", "!object_containing"]),
    ("!each", &["!every", "!list_of", "!array_of"]),
    ("!length", &["!size", "!len"]),
    ("!starts_with", &["!prefix"]),
    ("!ends_with", &["!suffix"]),
    ("!about", &["!approx", "!close_to", "!near"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_similar_words() {
        assert_eq!(nearest("stauts", &["steps", "status", "title"]), Some("status"));
        assert_eq!(nearest("banana", &["steps", "status"]), None);
    }

    #[test]
    fn suggests_the_name_for_a_word_of_another_tool() {
        assert_eq!(nearest("url", &["method", "path"]), Some("path"));
        assert_eq!(nearest("data", &["form", "json"]), Some("form"));
        assert_eq!(nearest("data", &["rows", "title"]), Some("rows"));
        assert_eq!(nearest("!gt", &["!less_than", "!greater_than"]), Some("!greater_than"));
        assert_eq!(nearest("url", &["status"]), None);
    }

    #[test]
    fn lists_known_words_if_none_is_similar() {
        let diagnostic = Diagnostic::new("unknown profile `x`").suggest("x", ["open", "session"]);
        assert_eq!(diagnostic.to_string(), "unknown profile `x`\n  = known here: open, session");
    }

    #[test]
    fn suggests_a_flag_value_without_a_caret() {
        let diagnostic = Diagnostic::new("no profile `opne`").suggest("opne", ["open", "session"]);
        assert_eq!(diagnostic.to_string(), "no profile `opne`\n  = did you mean `open`?");
    }
}
