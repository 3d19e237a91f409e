//! Parses the value of `-F`, a part of a form.
//!
//! The syntax is `name=content`, `name=@file,file` or `name=<file`, each optionally followed by `;type=…`, `;filename=…`,
//! `;encoder=…` and `;headers=…`. A word in double quotes may contain semicolons, and `\"` and `\\` as escapes. `name=(` opens a
//! form in a form, and `=)` closes it.

use super::reader::{Content, Reader};
use crate::diagnostic::Diagnostic;
use crate::request::{Encoder, Field, Part, is_token};
use crate::template::leading;

/// What a value of `-F` adds to a form.
pub(super) enum Item {
    Part(Part),
    Open(Part),
    Close,
}

/// Parses a value of `-F`.
///
/// # Errors
/// A value that curl rejects, or that is not supported here.
pub(super) fn item(value: &str, reader: &Reader<'_>) -> Result<Item, Diagnostic> {
    let (name, content) = named(value, reader)?;
    if name.is_empty() && content == ")" {
        return Ok(Item::Close);
    }
    if let Some(rest) = content.strip_prefix('(') {
        let mut group = Part { parts: Some(Vec::new()), ..Part::new(name) };
        parameters(&mut group, &mut &*rest, &[';'], reader)?;
        return Ok(Item::Open(group));
    }
    let kind = content.chars().next().filter(|first| matches!(first, '@' | '<'));
    let mut rest = kind.map_or(content, |_| &content[1..]).trim_start();
    let ends: &[char] = if kind == Some('@') { &[';', ','] } else { &[';'] };
    let mut parts = Vec::new();
    loop {
        let content = word(&mut rest, ends);
        let mut part = Part::new(if parts.is_empty() && !rest.contains(',') { name } else { "" });
        parameters(&mut part, &mut rest, ends, reader)?;
        part.content = match (kind, content.as_str()) {
            (None, _) => {
                part.infer_type(None);
                Field::Text(reader.text(&content)?)
            }
            (Some('@'), "-") => {
                part.filename.get_or_insert(crate::template::Text::literal("-"));
                part.infer_type(None);
                held(reader.file("-")?, reader)?
            }
            (Some('@'), _) => {
                part.come_from(&content);
                held(reader.file(&content)?, reader)?
            }
            (Some(_), _) => {
                part.infer_type(Some(&content));
                held(reader.file(&content)?, reader)?
            }
        };
        parts.push(part);
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => break,
        }
    }
    Ok(Item::Part(match <[Part; 1]>::try_from(parts) {
        Ok([part]) => Part { name: name.to_owned(), ..part },
        Err(parts) => Part { parts: Some(parts), ..Part::new(name) },
    }))
}

fn held(content: Content, reader: &Reader<'_>) -> Result<Field, Diagnostic> {
    Ok(match content {
        Content::Bytes(bytes) => Field::Bytes(bytes),
        Content::Text(text) => Field::Text(reader.text(&text)?),
    })
}

/// Parses the parameters after a content.
fn parameters(
    part: &mut Part,
    rest: &mut &str,
    ends: &[char],
    reader: &Reader<'_>,
) -> Result<(), Diagnostic> {
    while let Some(parameter) = rest.strip_prefix(';') {
        *rest = parameter.trim_start();
        if let Some(written) = rest.strip_prefix("type=") {
            *rest = written.trim_start();
            part.content_type = Some(reader.text(&content_type(rest, ends, reader)?)?);
        } else if let Some(written) = rest.strip_prefix("filename=") {
            *rest = written.trim_start();
            part.filename = Some(reader.text(&word(rest, ends))?);
        } else if let Some(written) = rest.strip_prefix("encoder=") {
            *rest = written.trim_start();
            let name = word(rest, ends);
            let message = || format!("the encoding `{name}` of a form part is not supported");
            let wrong = || reader.wrong(&name, message()).help("known: base64, 7bit, 8bit and binary");
            part.encoder = Some(Encoder::named(&name).ok_or_else(wrong)?);
        } else if let Some(written) = rest.strip_prefix("headers=") {
            *rest = written.trim_start();
            let line = word(rest, ends);
            if line.starts_with(['@', '<']) {
                return Err(reader
                    .wrong(&line, "`headers=` of a form part cannot read a file here")
                    .help("write each field as headers=\"Name: value\""));
            }
            if !line.split_once(':').is_some_and(|(name, _)| is_token(name)) || line.contains(['\r', '\n']) {
                return Err(reader
                    .wrong(&line, format!("`{line}` is not a header field"))
                    .help("write headers=\"Name: value\""));
            }
            part.headers.push(reader.text(&line)?);
        } else {
            // Like curl, skip an unknown parameter.
            word(rest, ends);
        }
    }
    Ok(())
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

/// Takes a content type with its own parameters off the front of `rest`. Quotes belong to it, as in curl.
fn content_type(rest: &mut &str, ends: &[char], reader: &Reader<'_>) -> Result<String, Diagnostic> {
    let end = end_of(rest, ends);
    let mut whole = rest[..end].trim_end().to_owned();
    *rest = &rest[end..];
    let is_type = whole.split_once('/').is_some_and(|(major, minor)| !major.is_empty() && !minor.is_empty());
    if !is_type {
        return Err(reader
            .wrong(&whole, format!("invalid content type `{whole}`"))
            .help("write it as type=text/csv"));
    }
    while let Some(parameter) = rest.strip_prefix(';') {
        let named = |name: &&str| parameter.trim_start().starts_with(*name);
        if ["filename=", "encoder=", "headers="].iter().any(named) {
            break;
        }
        let end = end_of(parameter, ends);
        whole.push(';');
        whole.push_str(parameter[..end].trim_end());
        *rest = &parameter[end..];
    }
    Ok(whole)
}
