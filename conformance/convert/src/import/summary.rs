//! Summarizes an import: counts, then the distinct remarks with their number.

use std::path::Path;

use super::Import;
use conformance_suite::amount::amount;
use conformance_suite::yaml::page::UNSURE;

/// Maximum number of line numbers in one line.
const MOST_LINES: usize = 12;

impl Import {
    /// Lists the written files and the distinct remarks, with a summary line.
    #[must_use]
    pub fn summary(&self, folder: &Path) -> String {
        let shown = |name: &str| folder.join(name).display().to_string();
        let mut page: String =
            self.files.iter().map(|(name, _)| format!("wrote {}\n", shown(name))).collect();
        for (name, ..) in &self.changed {
            page.push_str(&format!("added to {name} of the suite\n"));
        }
        for (sentence, places) in
            grouped(self.unsure().map(|(name, line, sentence)| (sentence, (name, line))))
        {
            let Some((name, line)) = places.first() else { continue };
            page.push_str(&format!("unsure {}:{line}: {sentence}{}\n", shown(name), more(places.len())));
        }
        for note in &self.notes {
            page.push_str(&format!("{note}\n"));
        }
        if !self.unread.is_empty() {
            let shown: Vec<String> = self.unread.iter().take(MOST_LINES).map(ToString::to_string).collect();
            let dots = if self.unread.len() > MOST_LINES { ", …" } else { "" };
            page.push_str(&format!(
                "not read: {} of a curl command outside of code, in line {}{dots}\n",
                amount(self.unread.len(), "mention"),
                shown.join(", ")
            ));
        }
        let (left_out, unsure) = (self.left_out.len(), self.unsure().count());
        let (steps, left_out) = (amount(self.exchanges, "exchange"), amount(left_out, "command"));
        page + &format!("{steps} imported, {left_out} left out, {} unsure\n", amount(unsure, "place"))
    }

    /// Lists the commands that were left out, with the reasons; equal reasons once.
    #[must_use]
    pub fn complaints(&self) -> String {
        let reasons = grouped(self.left_out.iter().map(|left_out| (left_out.message(), left_out)));
        let shown = reasons.iter().filter_map(|(_, all)| {
            let first = all.first()?;
            let lines = all.iter().skip(1).filter_map(|left_out| Some(left_out.place()?.line().to_string()));
            let lines: Vec<String> = lines.take(MOST_LINES).collect();
            let others = if lines.is_empty() {
                String::new()
            } else {
                format!(
                    "  = the same reason in {}: line {}\n",
                    amount(all.len() - 1, "other command"),
                    lines.join(", ")
                )
            };
            Some(format!("left out: {first}\n{others}"))
        });
        shown.collect()
    }

    /// The places marked `unsure`: file, line (from 1) and remark.
    pub fn unsure(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.files.iter().flat_map(|(name, text)| {
            let lines = text.lines().enumerate();
            lines.filter_map(move |(index, line)| {
                Some((name.as_str(), index + 1, line.trim_start().strip_prefix(UNSURE)?))
            })
        })
    }
}

/// Groups values by sentence, in the order of their first appearance.
fn grouped<'s, T>(pairs: impl Iterator<Item = (&'s str, T)>) -> Vec<(&'s str, Vec<T>)> {
    let mut groups: Vec<(&str, Vec<T>)> = Vec::new();
    for (sentence, value) in pairs {
        match groups.iter_mut().find(|(own, _)| *own == sentence) {
            Some((_, values)) => values.push(value),
            None => groups.push((sentence, vec![value])),
        }
    }
    groups
}

fn more(count: usize) -> String {
    if count > 1 { format!(" ({count} places)") } else { String::new() }
}
