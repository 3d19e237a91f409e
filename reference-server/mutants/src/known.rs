//! The mutants that the suite does not notice and need not: each with the reason why no client can see it.
//!
//! In goes the text of `missed.txt`, a line for each, four columns with tabs between them: the file below `src/`, the change, the line of
//! code that is changed (empty for a whole function), and the reason. `* in NAME` in the place of a change stands for all changes in a
//! function, whatever its lines are, and `*` for all in the file.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::listing::Mutant;

/// The mutants that are known to be missed.
pub(crate) struct Known {
    reasons: BTreeMap<String, String>,
}

impl Known {
    /// Reads the list.
    ///
    /// # Errors
    /// A sentence, when a line has no reason.
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
                        "line {}: a mutant has a file, a change, a line of code and a reason",
                        number + 1
                    ));
                }
            }
        }
        Ok(Self { reasons })
    }

    /// Why a mutant, in the text of its file, is missed; none when nobody has said so.
    #[must_use]
    pub(crate) fn reason(&self, mutant: &Mutant, text: &str) -> Option<&str> {
        entries(mutant, text).iter().find_map(|entry| self.reasons.get(entry)).map(String::as_str)
    }

    /// The entries that speak of none of these mutants, each with the text of its file: what they spoke of has changed.
    #[must_use]
    pub(crate) fn stale<'a>(&self, mutants: impl Iterator<Item = (&'a Mutant, String)>) -> Vec<&str> {
        let met: BTreeSet<String> = mutants.flat_map(|(mutant, text)| entries(mutant, &text)).collect();
        self.reasons.keys().filter(|entry| !met.contains(*entry)).map(String::as_str).collect()
    }
}

/// The entries that speak of a mutant, the narrowest first.
fn entries(mutant: &Mutant, text: &str) -> Vec<String> {
    let file = mutant.file_below_src();
    let function = mutant.function_name().map(|name| format!("{file}\t* in {name}\t"));
    [Some(entry(mutant, text)), function, Some(format!("{file}\t*\t"))].into_iter().flatten().collect()
}

/// A mutant as the list writes it, without its reason.
#[must_use]
pub(crate) fn entry(mutant: &Mutant, text: &str) -> String {
    format!("{}\t{}\t{}", mutant.file_below_src(), mutant.change(), mutant.code(text))
}
