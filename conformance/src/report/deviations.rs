//! Writes the failures of a run as a file of deviations for `--write-deviations`.

use std::io::{self, Write};
use std::sync::Arc;

use crate::event::{FinishedRun, Record};
use crate::verdict::Verdict;

/// Writes failing steps, and steps that they block, with the mismatch in place of a reason. Steps of a target that did not start
/// are left out.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", head(&run.header.target))?;
    if let Some(interruption) = run.interruption() {
        writeln!(out, "# The run was {interruption}: the other steps are missing here.")?;
    }
    writeln!(out, "format: 1")?;
    let failing = run.records.iter().filter(|record| {
        matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted
    });
    let mut failing = failing.peekable();
    if failing.peek().is_none() {
        return writeln!(out, "deviations: []");
    }
    writeln!(out, "deviations:")?;
    for record in failing {
        let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
        let about = match covers.as_slice() {
            [] => String::new(),
            _ => format!("{}: {}", covers.join(" "), record.title),
        };
        out.write_all(entry(&about, &record.id, mismatch(record)).as_bytes())?;
    }
    Ok(())
}

/// Returns a file of deviations for these steps: id and mismatch.
#[cfg(test)]
pub(crate) fn known_failures<'a>(target: &str, steps: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let entries: String = steps.map(|(id, mismatch)| entry(mismatch, id, mismatch)).collect();
    format!("{}\nformat: 1\ndeviations:\n{entries}", head(target))
}

fn head(target: &str) -> String {
    comment(&format!("Known failures of {target}: give each a reason, or fix it."))
}

fn entry(about: &str, id: &str, mismatch: &str) -> String {
    let about = if about.is_empty() { String::new() } else { format!("  {}\n", comment(about)) };
    let reason = quoted(&format!("to be examined: {}", beginning(mismatch)));
    format!("{about}  - step: {}\n    reason: {reason}\n", quoted(id))
}

fn mismatch(record: &Record) -> &str {
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
