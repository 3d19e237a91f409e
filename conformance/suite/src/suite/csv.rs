//! Reads comma-separated values (RFC 4180): a header line with the names of the columns, and one record for each row.

use std::sync::Arc;

use ::csv::{ReaderBuilder, StringRecord};

use crate::amount::amount;
use crate::capture::check_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Place, Source, Span};

/// A record: its fields in the order of the header, and its location.
pub(super) type Record = (Vec<String>, Place);

/// Separators that other programs use, with their names in messages.
const OTHERS: [(char, &str); 3] = [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")];

/// Returns the names of the columns and the records. An empty line is skipped; a line that consists of `""` is a record.
///
/// # Errors
/// All errors in the file: other separators, a quote that is not closed, text after a closing quote, a column name that is
/// missing or duplicate, and records with more or fewer fields than columns.
pub(super) fn read(source: &Arc<Source>) -> Result<(Vec<String>, Vec<Record>), Diagnostics> {
    check_separator(source)?;
    check_quotes(source)?;
    let mut records = records(source)?.into_iter();
    let Some((header, top)) = records.next() else {
        let error = Diagnostic::at(source.place(Span::default()), "this CSV file is empty");
        return Err(error.help("the first line must name the columns").into());
    };
    let mut errors = Diagnostics::default();
    for (index, name) in header.iter().enumerate() {
        let place = last(&top, name);
        if name.is_empty() {
            let unnamed =
                Diagnostic::at(top.clone(), format!("column {} of this file has no name", index + 1));
            errors.push(unnamed.help(if index + 1 == header.len() {
                "remove the comma at the end of the line, or write a name after it"
            } else {
                "write a name between the commas"
            }));
        } else if header.iter().take(index).any(|before| before == name) {
            let twice = Diagnostic::at(place, format!("duplicate column `{name}`"));
            errors.push(twice.help("column names must be unique"));
        } else {
            errors.keep(check_name(name, &place));
        }
    }
    let records: Vec<Record> = records.collect();
    for (fields, place) in records.iter().filter(|(fields, _)| fields.len() != header.len()) {
        let (own, columns) = (amount(fields.len(), "field"), header.len());
        let uneven =
            Diagnostic::at(place.clone(), format!("this row has {own}, but the header has {columns}"));
        errors.push(uneven.help("a field that contains a comma must be in double quotes"));
    }
    errors.into_result((header, records))
}

fn records(source: &Arc<Source>) -> Result<Vec<Record>, Diagnostics> {
    let text = source.text();
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut record = StringRecord::new();
    let at = |reader: &::csv::Reader<&[u8]>| usize::try_from(reader.position().byte()).unwrap_or(text.len());
    loop {
        let from = at(&reader);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(records),
            // Cannot happen: the text is UTF-8, and records may have any length.
            Err(error) => {
                let message = format!("invalid CSV: {error}");
                return Err(Diagnostic::at(source.place(Span::new(from, from)), message).into());
            }
        }
        let written = text.get(from..at(&reader)).unwrap_or_default();
        let begin = from + written.len() - written.trim_start_matches(['\r', '\n', '\u{feff}']).len();
        let end = from + written.trim_end_matches(['\r', '\n']).len();
        let place = source.place(Span::new(begin, end.max(begin)));
        records.push((record.iter().map(str::to_owned).collect(), place));
    }
}

/// Checks that the columns of the first line are separated by commas.
fn check_separator(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let line = source.text().lines().next().unwrap_or_default();
    let other = OTHERS.iter().find_map(|(one, name)| Some((line.find(*one)?, name)));
    match other {
        Some((at, name)) if !line.contains(',') => {
            let place = source.place(Span::new(at, at + 1));
            let message =
                format!("the columns of this file seem to be separated by {name} instead of commas");
            Err(Diagnostic::at(place, message)
                .help("save it as CSV with commas; other separators are not supported"))
        }
        _ => Ok(()),
    }
}

/// Checks that every quoted field ends at its closing quote. The library would add text after the quote to the value.
fn check_quotes(source: &Arc<Source>) -> Result<(), Diagnostics> {
    let text = source.text();
    let mut errors = Diagnostics::default();
    let (mut begins, mut opened) = (true, None);
    let mut characters = text.char_indices().peekable();
    if text.starts_with('\u{feff}') {
        characters.next();
    }
    while let Some((at, one)) = characters.next() {
        match (opened, one) {
            (Some(_), '"') if characters.next_if(|(_, next)| *next == '"').is_some() => {}
            (Some(_), '"') => {
                opened = None;
                let after = characters.peek().filter(|(_, next)| !matches!(next, ',' | '\r' | '\n'));
                if let Some((after, next)) = after {
                    let place = source.place(Span::new(*after, after + next.len_utf8()));
                    let more = Diagnostic::at(place, "text after the closing quote of this field");
                    errors.push(more.help("write a quote inside a quoted field twice: \"\""));
                    begins = false;
                }
            }
            (Some(_), _) => {}
            (None, '"') if begins => opened = Some(at),
            (None, _) => begins = matches!(one, ',' | '\r' | '\n'),
        }
    }
    if let Some(at) = opened {
        let place = source.place(Span::new(at, at + 1));
        errors.push(Diagnostic::at(place, "this quote is never closed"));
    }
    errors.into_result(())
}

/// Returns the location of the last occurrence of a column's name in the header.
fn last(header: &Place, name: &str) -> Place {
    let (source, span) = (header.source(), header.span());
    let at = source
        .text()
        .get(span.start..span.end)
        .filter(|_| !name.is_empty())
        .and_then(|line| line.rfind(name));
    at.map_or_else(
        || header.clone(),
        |at| source.place(Span::new(span.start + at, span.start + at + name.len())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
        let (_, records) = read(&Source::new("r.csv", text)).map_err(|wrong| wrong.to_string())?;
        Ok(records.into_iter().map(|(fields, _)| fields).collect())
    }

    #[test]
    fn quoted_fields_may_contain_commas_quotes_and_line_breaks() {
        assert_eq!(rows("a,b\r\n\"x,\"\"y\"\"\",\"1\n2\"\n\n,z").unwrap(), [["x,\"y\"", "1\n2"], ["", "z"]]);
        assert_eq!(rows("a,b\n it's \"so\" ,1.10\n").unwrap(), [[" it's \"so\" ", "1.10"]]);
    }

    #[test]
    fn ignores_a_byte_order_mark() {
        for text in ["\u{feff}email,name\na@x,n\n", "\u{feff}\"email\",name\r\na@x,n\r\n"] {
            let (header, records) = read(&Source::new("r.csv", text)).unwrap();
            assert_eq!(header, ["email", "name"]);
            assert_eq!(
                (records[0].0.join(" "), records[0].1.to_string()),
                ("a@x n".to_owned(), "r.csv:2:1".to_owned())
            );
        }
    }

    #[test]
    fn keeps_a_row_with_one_empty_field_and_skips_blank_lines() {
        assert_eq!(rows("email\n\"\"\nbob@x\n").unwrap(), [[""], ["bob@x"]]);
        assert_eq!(rows("email\na@x\n\"\"").unwrap(), [["a@x"], [""]]);
        assert_eq!(rows("email\n\n\na@x\n\n").unwrap(), [["a@x"]]);
        assert_eq!(rows("a,b\n,\n\"\",").unwrap(), [["", ""], ["", ""]]);
        let (_, records) = read(&Source::new("r.csv", "email\n\n\na@x\n\n\n\"\"")).unwrap();
        let places: Vec<String> = records.iter().map(|(_, place)| place.to_string()).collect();
        assert_eq!(places, ["r.csv:4:1", "r.csv:7:1"]);
    }

    #[test]
    fn reports_each_csv_error_with_line_and_column() {
        for (text, all) in [
            (
                "a,b\n1,2\n3\n4,5,6\n",
                &["r.csv:3:1", "has 1 field,", "r.csv:4:1", "has 3 fields, but the header has 2"][..],
            ),
            ("email,name,email\na@x,n,b@x\n", &["duplicate column `email`", "r.csv:1:12"]),
            ("email;name\na@x;n\n", &["separated by `;`", "r.csv:1:6", "save it as CSV with commas"]),
            ("\"email\";\"name\"\n", &["separated by `;`"]),
            ("email\tname\n", &["separated by tabs"]),
            ("email\n\"a\"b\n\"c\" \n", &["text after the closing quote", "r.csv:2:4", "r.csv:3:4"]),
            ("a\nx,\"y\n", &["this quote is never closed", "r.csv:2:3"]),
            ("a,,c\n", &["column 2 of this file has no name", "r.csv:1:1", "between the commas"]),
            ("email,\na@x,\n", &["column 2 of this file has no name", "r.csv:1:1", "remove the comma"]),
            ("a,b c\n", &["`b c` cannot be used in an expression", "r.csv:1:3"]),
            ("", &["this CSV file is empty"]),
            ("\u{feff}", &["this CSV file is empty"]),
        ] {
            let wrong = rows(text).unwrap_err();
            for one in all {
                assert!(wrong.contains(one), "{text:?}: {one}\n{wrong}");
            }
        }
    }
}
