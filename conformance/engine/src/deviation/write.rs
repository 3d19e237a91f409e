//! Writes the failures of a run as a file of deviations.

/// Returns a file of deviations for these steps: id and mismatch.
#[cfg(test)]
pub(super) fn known_failures<'a>(target: &str, steps: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let entries: String = steps.map(|(id, mismatch)| entry(mismatch, id, mismatch)).collect();
    format!("{}\nformat: 1\ndeviations:\n{entries}", head(target))
}

/// Returns the comment at the head of the file.
#[must_use]
pub fn head(target: &str) -> String {
    comment(&format!("Known failures of {target}: give each a reason, or fix it."))
}

/// Returns an entry for a failing step: a comment, if it is not empty, and the mismatch in place of a reason.
#[must_use]
pub fn entry(about: &str, id: &str, mismatch: &str) -> String {
    let about = if about.is_empty() { String::new() } else { format!("  {}\n", comment(about)) };
    let reason = quoted(&format!("to be examined: {}", beginning(mismatch)));
    format!("{about}  - step: {}\n    reason: {reason}\n", quoted(id))
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
