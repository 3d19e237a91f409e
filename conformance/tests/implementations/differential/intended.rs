//! Reads the list of intended differences, `intended.yaml` in the same folder.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use conformance_suite::source::Source;
use regex::Regex;
use serde::Deserialize;

/// The list, with a record of the entries that occurred.
pub(crate) struct Intended {
    spelling: Vec<(Regex, String)>,
    differences: Vec<(Difference, [Regex; 3])>,
    met: Mutex<BTreeSet<usize>>,
}

/// An intended difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    because: String,
    request: String,
    reference: String,
    flask: String,
    /// Whether the servers have different data from then on.
    #[serde(default)]
    pub(crate) parts: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelling {
    #[serde(rename = "because")]
    _because: String,
    pattern: String,
    written: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spelling: Vec<Spelling>,
    differences: Vec<Difference>,
}

impl Intended {
    pub(crate) fn read() -> Self {
        let source = Source::new("intended.yaml", include_str!("intended.yaml"));
        let file: File = conformance_suite::yaml::read(&source).unwrap();
        let spelling = file.spelling.into_iter();
        let differences = file.differences.into_iter();
        Self {
            spelling: spelling.map(|one| (Regex::new(&one.pattern).unwrap(), one.written)).collect(),
            differences: differences
                .map(|one| {
                    let patterns = [&one.request, &one.reference, &one.flask];
                    let patterns = patterns.map(|pattern| Regex::new(&format!("(?s){pattern}")).unwrap());
                    (one, patterns)
                })
                .collect(),
            met: Mutex::default(),
        }
    }

    /// Normalizes a response to the spelling of both sides.
    pub(crate) fn spelled(&self, answer: String) -> String {
        self.spelling
            .iter()
            .fold(answer, |answer, (pattern, written)| pattern.replace_all(&answer, written).into_owned())
    }

    /// Returns the intended difference that these responses to a request are, if any.
    pub(crate) fn find(&self, request: &str, reference: &str, flask: &str) -> Option<&Difference> {
        let at = self.differences.iter().position(|(_, patterns)| {
            patterns.iter().zip([request, reference, flask]).all(|(pattern, text)| pattern.is_match(text))
        })?;
        self.met.lock().unwrap().insert(at);
        Some(&self.differences[at].0)
    }

    /// Returns the reasons of the entries that never occurred.
    pub(crate) fn unmet(&self) -> Vec<&str> {
        let met = self.met.lock().unwrap();
        let all = self.differences.iter().enumerate();
        all.filter(|(at, _)| !met.contains(at)).map(|(_, (one, _))| one.because.as_str()).collect()
    }
}

impl fmt::Display for Intended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = self.met.lock().unwrap().len();
        write!(formatter, "alike, but for {met} of {} intended differences", self.differences.len())
    }
}
