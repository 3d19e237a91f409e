//! What has been found so far, in a file: a line for each mutant, so that a run of hours can be ended and goes on.
//!
//! In go outcomes one by one, out come those of this run and of those before it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::listing::Mutant;
use crate::trial::Outcome;

/// The outcomes, by the description of the mutant.
pub(crate) struct Outcomes {
    file: File,
    found: BTreeMap<String, Outcome>,
}

impl Outcomes {
    /// Opens the file. `goes_on` keeps what is in it; otherwise it begins anew.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read or written.
    pub(crate) fn open(path: &Path, goes_on: bool) -> Result<Self, String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(wrong)?;
        }
        let text = if goes_on { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        // Of a mutant that was tried twice the later line counts.
        let found = text.lines().filter_map(read).collect();
        let file = File::options().create(true).append(true).open(path).map_err(wrong)?;
        if !goes_on {
            file.set_len(0).map_err(wrong)?;
        }
        Ok(Self { file, found })
    }

    /// Whether a mutant has been tried, and not been missed.
    pub(crate) fn settles(&self, mutant: &Mutant) -> bool {
        self.found.get(&mutant.name).is_some_and(|outcome| !matches!(outcome, Outcome::Missed(_)))
    }

    /// Keeps an outcome, and tells it.
    pub(crate) fn keep(&mut self, mutant: &Mutant, outcome: Outcome) {
        let line = line(mutant, &outcome);
        println!("{line}");
        // What cannot be kept has been told.
        let _ = writeln!(self.file, "{line}");
        self.found.insert(mutant.name.clone(), outcome);
    }

    /// What was found of a mutant.
    pub(crate) fn of(&self, mutant: &Mutant) -> Option<&Outcome> {
        self.found.get(&mutant.name)
    }
}

fn line(mutant: &Mutant, outcome: &Outcome) -> String {
    let (verdict, why) = match outcome {
        Outcome::Caught(why) => ("caught", why.as_str()),
        Outcome::Told(why) => ("told", why.as_str()),
        Outcome::Missed(why) => ("missed", why.as_str()),
        Outcome::Unviable => ("unviable", ""),
    };
    format!("{verdict}\t{}\t{why}", mutant.name)
}

fn read(line: &str) -> Option<(String, Outcome)> {
    let mut columns = line.split('\t');
    let (verdict, name) = (columns.next()?, columns.next()?.to_owned());
    let why = columns.next().unwrap_or_default().to_owned();
    let outcome = match verdict {
        "caught" => Outcome::Caught(why),
        "told" => Outcome::Told(why),
        "missed" => Outcome::Missed(why),
        "unviable" => Outcome::Unviable,
        _ => return None,
    };
    Some((name, outcome))
}
