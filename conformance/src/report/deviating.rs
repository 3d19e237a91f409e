//! Writes the failures of a run as a file of deviations for `--write-deviations`.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;

use super::document::Document;
use super::spool::Spool;
use crate::event::{Footer, Header, Record};
use crate::verdict::Verdict;

/// Failing steps, and steps that they block, with the mismatch in place of a reason. Steps of a target that did not start are left
/// out.
pub(super) struct Deviating {
    entries: Spool,
    none: bool,
}

impl Deviating {
    /// Creates a file without deviations.
    pub(super) fn open(entries: Spool) -> Box<dyn Document> {
        Box::new(Self { entries, none: true })
    }
}

impl Document for Deviating {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let failing = records.iter().filter(|record| {
            matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted
        });
        for record in failing {
            self.none = false;
            let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
            let comment = match covers.as_slice() {
                [] => String::new(),
                _ => format!("{}: {}", covers.join(" "), record.title),
            };
            self.entries.keep(|out| entry(out, &comment, &record.id, seen(record)))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", head(&header.target))?;
        if let Some(interruption) = footer.interruption(header.steps) {
            writeln!(out, "# The run was {interruption}: the other steps are missing here.")?;
        }
        writeln!(out, "format: 1")?;
        if self.none {
            return writeln!(out, "deviations: []");
        }
        writeln!(out, "deviations:")?;
        self.entries.take()?.write(usize::MAX, out)
    }
}

/// Returns a file of deviations for these steps: id and mismatch.
#[cfg(test)]
pub(crate) fn known_failures<'a>(target: &str, steps: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = format!("{}\nformat: 1\ndeviations:\n", head(target));
    for (id, seen) in steps {
        // Writing to memory cannot fail.
        entry(&mut text, seen, id, seen).ok();
    }
    text
}

fn head(target: &str) -> String {
    comment(&format!("Known failures of {target}: give each a reason, or fix it."))
}

fn entry(out: &mut String, about: &str, id: &str, seen: &str) -> fmt::Result {
    if !about.is_empty() {
        writeln!(out, "  {}", comment(about))?;
    }
    let reason = quoted(&format!("to be examined: {}", beginning(seen)));
    writeln!(out, "  - step: {}\n    reason: {reason}", quoted(id))
}

fn seen(record: &Record) -> &str {
    let label =
        record.findings.first().map(|finding| finding.label.as_str()).filter(|label| !label.is_empty());
    label.or(record.reason.as_deref()).unwrap_or("fails")
}

/// Cuts a text to the length of a readable reason.
fn beginning(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a YAML comment on one line.
fn comment(text: &str) -> String {
    let shown = |one: char| if is_printable(one) { one } else { ' ' };
    format!("# {}", text.chars().map(shown).collect::<String>())
}

/// Quotes a text as a YAML scalar: as a JSON string, with unprintable characters of YAML escaped.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut quoted = String::with_capacity(json.len());
    for character in json.chars() {
        if is_printable(character) {
            quoted.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                quoted.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    quoted
}

/// Whether a character is printable in YAML (YAML 1.2.2, section 5.1) and not a line break.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
