//! Comma-separated values (RFC 4180): a header line that names the columns, and a record for each row.

use std::sync::Arc;

use ::csv::{ReaderBuilder, StringRecord};

use crate::amount::amount;
use crate::capture::check_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Place, Source, Span};

/// A record: its fields in the order of the header, and where it stands.
pub(super) type Record = (Vec<String>, Place);

/// Separators of other programs' tables, and what they are called.
const OTHERS: [(char, &str); 3] = [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")];

/// Returns the names of the columns and the records. A line that is empty is none; one that is `""` is a record.
///
/// # Errors
/// Everything that is wrong in the file: other separators, a quote that is not closed or goes on behind its end, a column without a name or with
/// that of another, and records that have more or fewer fields than there are columns.
pub(super) fn read(source: &Arc<Source>) -> Result<(Vec<String>, Vec<Record>), Diagnostics> {
    check_separator(source)?;
    check_quotes(source)?;
    let mut records = records(source)?.into_iter();
    let Some((header, top)) = records.next() else {
        let wrong = Diagnostic::at(source.place(Span::default()), "this file of rows is empty");
        return Err(wrong.help("its first line names the columns").into());
    };
    let mut wrong = Diagnostics::default();
    for (index, name) in header.iter().enumerate() {
        let place = last(&top, name);
        if header.iter().take(index).any(|before| before == name) && !name.is_empty() {
            let twice = Diagnostic::at(place, format!("the column `{name}` stands here a second time"));
            wrong.push(twice.help("each column has a name of its own"));
        } else {
            wrong.keep(check_name(name, &place));
        }
    }
    let records: Vec<Record> = records.collect();
    for (fields, place) in records.iter().filter(|(fields, _)| fields.len() != header.len()) {
        let (own, columns) = (amount(fields.len(), "field"), header.len());
        let uneven =
            Diagnostic::at(place.clone(), format!("this row has {own}, and the header names {columns}"));
        wrong.push(uneven.help("a field with a comma in it stands in double quotes"));
    }
    wrong.into_result((header, records))
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
            // A text has no bytes that the reader refuses, and records of any length are read.
            Err(error) => {
                let message = format!("this is no table of comma-separated values: {error}");
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

/// Says whether the first line names its columns between commas.
fn check_separator(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let line = source.text().lines().next().unwrap_or_default();
    let other = OTHERS.iter().find_map(|(one, name)| Some((line.find(*one)?, name)));
    match other {
        Some((at, name)) if !line.contains(',') => {
            let place = source.place(Span::new(at, at + 1));
            let message =
                format!("the columns of this file seem to be separated by {name}, and not by commas");
            Err(Diagnostic::at(place, message)
                .help("save it as CSV with commas: other separators are not read"))
        }
        _ => Ok(()),
    }
}

/// Says whether every quoted field ends with its quote. The library reads on, and what stands behind the quote becomes a part of the value.
fn check_quotes(source: &Arc<Source>) -> Result<(), Diagnostics> {
    let text = source.text();
    let mut wrong = Diagnostics::default();
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
                let behind = characters.peek().filter(|(_, next)| !matches!(next, ',' | '\r' | '\n'));
                if let Some((behind, next)) = behind {
                    let place = source.place(Span::new(*behind, behind + next.len_utf8()));
                    let more = Diagnostic::at(place, "text stands behind the closing quote of this field");
                    wrong.push(more.help("a quote within a quoted field is written twice: \"\""));
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
        wrong.push(Diagnostic::at(place, "a quote is opened here and never closed"));
    }
    wrong.into_result(())
}

/// Where a column's name stands last in the header.
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
    fn quotes_hold_commas_quotes_and_lines() {
        assert_eq!(rows("a,b\r\n\"x,\"\"y\"\"\",\"1\n2\"\n\n,z").unwrap(), [["x,\"y\"", "1\n2"], ["", "z"]]);
        assert_eq!(rows("a,b\n it's \"so\" ,1.10\n").unwrap(), [[" it's \"so\" ", "1.10"]]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
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
    fn a_row_whose_only_field_is_empty_is_kept_and_a_blank_line_is_skipped() {
        assert_eq!(rows("email\n\"\"\nbob@x\n").unwrap(), [[""], ["bob@x"]]);
        assert_eq!(rows("email\na@x\n\"\"").unwrap(), [["a@x"], [""]]);
        assert_eq!(rows("email\n\n\na@x\n\n").unwrap(), [["a@x"]]);
        assert_eq!(rows("a,b\n,\n\"\",").unwrap(), [["", ""], ["", ""]]);
        let (_, records) = read(&Source::new("r.csv", "email\n\n\na@x\n\n\n\"\"")).unwrap();
        let places: Vec<String> = records.iter().map(|(_, place)| place.to_string()).collect();
        assert_eq!(places, ["r.csv:4:1", "r.csv:7:1"]);
    }

    #[test]
    fn every_mistake_of_a_table_is_reported_at_its_line_and_column() {
        for (text, all) in [
            (
                "a,b\n1,2\n3\n4,5,6\n",
                &["r.csv:3:1", "has 1 field,", "r.csv:4:1", "has 3 fields, and the header names 2"][..],
            ),
            (
                "email,name,email\na@x,n,b@x\n",
                &["the column `email` stands here a second time", "r.csv:1:12"],
            ),
            ("email;name\na@x;n\n", &["separated by `;`", "r.csv:1:6", "save it as CSV with commas"]),
            ("\"email\";\"name\"\n", &["separated by `;`"]),
            ("email\tname\n", &["separated by tabs"]),
            ("email\n\"a\"b\n\"c\" \n", &["text stands behind the closing quote", "r.csv:2:4", "r.csv:3:4"]),
            ("a\nx,\"y\n", &["a quote is opened here and never closed", "r.csv:2:3"]),
            ("a,,c\n", &["`` cannot be used in an expression", "r.csv:1:1"]),
            ("a,b c\n", &["`b c` cannot be used in an expression", "r.csv:1:3"]),
            ("", &["this file of rows is empty"]),
            ("\u{feff}", &["this file of rows is empty"]),
        ] {
            let wrong = rows(text).unwrap_err();
            for one in all {
                assert!(wrong.contains(one), "{text:?}: {one}\n{wrong}");
            }
        }
    }
}
