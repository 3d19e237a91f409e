//! The written list: `intended.yaml`, beside this file.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use conformance::source::Source;
use regex::Regex;
use serde::Deserialize;

/// The list, and what of it was met.
pub(crate) struct Intended {
    spelling: Vec<(Regex, String)>,
    differences: Vec<(Difference, [Regex; 3])>,
    met: Mutex<BTreeSet<usize>>,
}

/// One difference that is meant to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    because: String,
    request: String,
    reference: String,
    flask: String,
    /// Whether the two hold different things from here on.
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
        let file: File = conformance::yaml::read(&source).unwrap();
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

    /// An answer as both sides spell it.
    pub(crate) fn spelled(&self, answer: String) -> String {
        self.spelling
            .iter()
            .fold(answer, |answer, (pattern, written)| pattern.replace_all(&answer, written).into_owned())
    }

    /// The difference that these answers to a request are, if it is a written one.
    pub(crate) fn find(&self, request: &str, reference: &str, flask: &str) -> Option<&Difference> {
        let at = self.differences.iter().position(|(_, patterns)| {
            patterns.iter().zip([request, reference, flask]).all(|(pattern, text)| pattern.is_match(text))
        })?;
        self.met.lock().unwrap().insert(at);
        Some(&self.differences[at].0)
    }

    /// The reasons that nothing was like.
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
