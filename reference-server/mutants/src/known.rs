//! The list of mutants that the suite does not catch and need not catch, each with a reason.
//!
//! The format of `missed.txt`: one line for each mutant, four columns separated by tabs: the file below `src/`, the
//! change, the changed line of code (empty for a whole function), and the reason. `* in NAME` instead of a change
//! matches all changes in a function, and `*` all changes in the file.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::listing::Mutant;

/// The entries of `missed.txt`.
pub(crate) struct Known {
    reasons: BTreeMap<String, String>,
}

impl Known {
    /// Parses the list.
    ///
    /// # Errors
    /// A message if a line has no reason.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut reasons = BTreeMap::new();
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
        {
            match line.rsplit_once('\t') {
                Some((mutant, reason)) if mutant.matches('\t').count() == 2 && !reason.is_empty() => {
                    reasons.insert(mutant.to_owned(), reason.to_owned());
                }
                _ => {
                    return Err(format!(
                        "line {}: expected four columns: file, change, line of code and reason",
                        number + 1
                    ));
                }
            }
        }
        Ok(Self { reasons })
    }

    /// Why a mutant is not caught, given the text of its file; `None` if it is not in the list.
    #[must_use]
    pub(crate) fn reason(&self, mutant: &Mutant, text: &str) -> Option<&str> {
        entries(mutant, text).iter().find_map(|entry| self.reasons.get(entry)).map(String::as_str)
    }

    /// The entries that match none of these mutants, because the code has changed. Each mutant comes with the text of
    /// its file.
    #[must_use]
    pub(crate) fn stale<'a>(&self, mutants: impl Iterator<Item = (&'a Mutant, String)>) -> Vec<&str> {
        let met: BTreeSet<String> = mutants.flat_map(|(mutant, text)| entries(mutant, &text)).collect();
        self.reasons.keys().filter(|entry| !met.contains(*entry)).map(String::as_str).collect()
    }
}

/// The entries that match a mutant, the most specific first.
fn entries(mutant: &Mutant, text: &str) -> Vec<String> {
    let file = mutant.file_below_src();
    let function = mutant.function_name().map(|name| format!("{file}\t* in {name}\t"));
    [Some(entry(mutant, text)), function, Some(format!("{file}\t*\t"))].into_iter().flatten().collect()
}

/// The entry of a mutant, without the reason.
#[must_use]
pub(crate) fn entry(mutant: &Mutant, text: &str) -> String {
    format!("{}\t{}\t{}", mutant.file_below_src(), mutant.change(), mutant.code(text))
}
