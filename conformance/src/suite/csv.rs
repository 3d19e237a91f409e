//! Comma-separated values (RFC 4180): a header line, and a record on each line after it.

use std::sync::Arc;

use crate::amount::amount;
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source, Span};

/// A record: its fields in the order of the header, and where it stands.
pub(super) type Record = (Vec<String>, Place);

/// Returns the names of the header and the records.
///
/// # Errors
/// A quote that is not closed, or a record that has more or fewer fields than the header.
pub(super) fn read(source: &Arc<Source>) -> Result<(Vec<String>, Vec<Record>), Diagnostic> {
    let text = source.text();
    let mut records = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (fields, end) = record(&text[at..]).ok_or_else(|| {
            Diagnostic::at(
                source.place(Span::new(at, at + 1)),
                "a quote is opened in this record and never closed",
            )
        })?;
        let place = source.place(Span::new(at, at + text[at..at + end].trim_end().len()));
        if fields != [String::new()] {
            records.push((fields, place));
        }
        at += end;
    }
    if records.is_empty() {
        let place = source.place(Span::default());
        return Err(
            Diagnostic::at(place, "this file of rows is empty").help("its first line names the columns")
        );
    }
    let (header, _) = records.remove(0);
    for (fields, place) in &records {
        if fields.len() != header.len() {
            let message = format!(
                "this row has {}, and the header names {}",
                amount(fields.len(), "field"),
                header.len()
            );
            return Err(Diagnostic::at(place.clone(), message));
        }
    }
    Ok((header, records))
}

/// Returns the fields of the first record and where the next one begins.
fn record(text: &str) -> Option<(Vec<String>, usize)> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let field = fields.last_mut()?;
        match (quoted, character) {
            (true, '"') if characters.next_if(|(_, next)| *next == '"').is_some() => field.push('"'),
            (true, '"') => quoted = false,
            (false, '"') if field.is_empty() => quoted = true,
            (false, ',') => fields.push(String::new()),
            (false, '\n') => return Some((fields, at + 1)),
            (false, '\r') => {}
            (true | false, _) => field.push(character),
        }
    }
    (!quoted).then_some((fields, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>, Diagnostic> {
        Ok(read(&Source::new("r.csv", text))?.1.into_iter().map(|(fields, _)| fields).collect())
    }

    #[test]
    fn quotes_hold_commas_quotes_and_lines() {
        assert_eq!(rows("a,b\r\n\"x,\"\"y\"\"\",\"1\n2\"\n\n,z").unwrap(), [["x,\"y\"", "1\n2"], ["", "z"]]);
    }

    #[test]
    fn a_record_of_another_length_is_refused_at_its_line() {
        assert!(rows("a,b\n1,2\n3\n").unwrap_err().to_string().contains("r.csv:3:1"));
        assert!(rows("a\n\"x\n").is_err() && rows("").is_err());
    }
}
