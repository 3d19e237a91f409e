//! Stores the outcomes in a file, one line for each mutant, so that a run of hours can be interrupted and resumed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::listing::Mutant;
use crate::trial::Outcome;

/// The outcomes by the description of the mutant.
pub(crate) struct Outcomes {
    file: File,
    found: BTreeMap<String, Outcome>,
}

impl Outcomes {
    /// Opens the file; with `resume` its content is kept, otherwise it is cleared.
    ///
    /// # Errors
    /// A message if the file cannot be read or written.
    pub(crate) fn open(path: &Path, resume: bool) -> Result<Self, String> {
        let with_path = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(with_path)?;
        }
        let text = if resume { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        // If a mutant was tested twice, the later line counts.
        let found = text.lines().filter_map(read).collect();
        let file = File::options().create(true).append(true).open(path).map_err(with_path)?;
        if !resume {
            file.set_len(0).map_err(with_path)?;
        }
        Ok(Self { file, found })
    }

    /// Whether a mutant was tested and not missed.
    pub(crate) fn settles(&self, mutant: &Mutant) -> bool {
        self.found.get(&mutant.name).is_some_and(|outcome| !matches!(outcome, Outcome::Missed(_)))
    }

    /// Prints an outcome and stores it.
    pub(crate) fn keep(&mut self, mutant: &Mutant, outcome: Outcome) {
        let line = line(mutant, &outcome);
        println!("{line}");
        // The outcome is printed even if the file cannot be written.
        let _ = writeln!(self.file, "{line}");
        self.found.insert(mutant.name.clone(), outcome);
    }

    /// The outcome of a mutant.
    pub(crate) fn of(&self, mutant: &Mutant) -> Option<&Outcome> {
        self.found.get(&mutant.name)
    }
}

fn line(mutant: &Mutant, outcome: &Outcome) -> String {
    let (verdict, why) = match outcome {
        Outcome::Caught(why) => ("caught", why.as_str()),
        Outcome::Reported(why) => ("reported", why.as_str()),
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
        "reported" => Outcome::Reported(why),
        "missed" => Outcome::Missed(why),
        "unviable" => Outcome::Unviable,
        _ => return None,
    };
    Some((name, outcome))
}
