//! Parses the value of `-F`, a part of a form.
//!
//! The syntax is `name=content`, `name=@file` or `name=<file`, each optionally followed by `;type=…` and `;filename=…`. A word in
//! double quotes may contain semicolons, and `\"` and `\\` as escapes.

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::request::{Field, Part};
use crate::template::leading;

/// Parses a value of `-F`.
///
/// # Errors
/// A value that curl rejects, or that is not supported here.
pub(super) fn part(value: &str, reader: &Reader<'_>) -> Result<Part, Diagnostic> {
    let (name, content) = named(value, reader)?;
    if content.starts_with("=(") || (name.is_empty() && content == ")") || content.starts_with('(') {
        return Err(reader.wrong(value, "nested forms are not supported"));
    }
    let kind = content.chars().next().filter(|first| matches!(first, '@' | '<'));
    let mut rest = kind.map_or(content, |_| &content[1..]).trim_start();
    let ends: &[char] = if kind == Some('@') { &[';', ','] } else { &[';'] };
    let content = word(&mut rest, ends);
    let mut part = Part::new(name);
    while let Some(parameter) = rest.strip_prefix(';') {
        rest = parameter.trim_start();
        if let Some(written) = rest.strip_prefix("type=") {
            rest = written.trim_start();
            part.content_type = Some(reader.text(&content_type(&mut rest, ends, reader)?)?);
        } else if let Some(written) = rest.strip_prefix("filename=") {
            rest = written.trim_start();
            part.filename = Some(reader.text(&word(&mut rest, ends))?);
        } else {
            let unknown = word(&mut rest, ends);
            if !unknown.is_empty() {
                return Err(reader.wrong(&unknown, format!("`{unknown}` is not supported in a form")));
            }
        }
    }
    if rest.starts_with(',') {
        return Err(reader
            .wrong(value, "a list of files in one part of a form is not supported")
            .help("use a separate -F for each file"));
    }
    part.content = match kind {
        Some('@') => {
            part.come_from(&content);
            Field::Bytes(reader.file(&content)?)
        }
        Some(_) => Field::Bytes(reader.file(&content)?),
        None => Field::Text(reader.text(&content)?),
    };
    Ok(part)
}

/// Splits a field into name and content.
///
/// # Errors
/// A value without `=`.
pub(super) fn named<'v>(value: &'v str, reader: &Reader<'_>) -> Result<(&'v str, &'v str), Diagnostic> {
    value.split_once('=').ok_or_else(|| reader.wrong(value, "a form field must have the form name=content"))
}

/// Takes a word off the front of `rest`, up to one of the characters in `ends`.
fn word(rest: &mut &str, ends: &[char]) -> String {
    if let Some(quoted) = rest.strip_prefix('"') {
        let mut plain = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' if quoted[at + 1..].starts_with(['\\', '"']) => {
                    plain.extend(letters.next().map(|(_, escaped)| escaped));
                }
                '"' => {
                    // curl ignores text between the quote and the next parameter.
                    let after = &quoted[at + 1..];
                    *rest = &after[after.find(ends).unwrap_or(after.len())..];
                    return plain;
                }
                letter => plain.push(letter),
            }
        }
        // A quote that is never closed is an ordinary character.
    }
    let end = end_of(rest, ends);
    let plain = rest[..end].trim_end().to_owned();
    *rest = &rest[end..];
    plain
}

/// Returns where a word without quotes ends. Expressions are skipped.
fn end_of(text: &str, ends: &[char]) -> usize {
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if ends.contains(&letter) {
            return at;
        }
        at += leading(&text[at..]).map_or(letter.len_utf8(), str::len);
    }
    at
}

/// Takes a content type with its own parameters off the front of `rest`.
fn content_type(rest: &mut &str, ends: &[char], reader: &Reader<'_>) -> Result<String, Diagnostic> {
    let mut whole = word(rest, ends);
    let is_type = whole.split_once('/').is_some_and(|(major, minor)| !major.is_empty() && !minor.is_empty());
    if !is_type {
        return Err(reader
            .wrong(&whole, format!("invalid content type `{whole}`"))
            .help("write it as type=text/csv"));
    }
    while let Some(parameter) = rest.strip_prefix(';') {
        if parameter.trim_start().starts_with("filename=") {
            break;
        }
        let end = end_of(parameter, ends);
        whole.push(';');
        whole.push_str(parameter[..end].trim_end());
        *rest = &parameter[end..];
    }
    Ok(whole)
}
