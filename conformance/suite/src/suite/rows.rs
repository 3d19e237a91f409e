//! Rows: data for which a step or a scenario runs several times.

use std::collections::HashMap;
use std::sync::Arc;

use super::csv;
use super::folder::Folder;
use crate::capture::check_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::members::string;
use crate::request::{JsonText, json_text};
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::{Located, Node, Value};

/// One row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The name, which appears in brackets in the ids of steps.
    pub(super) name: String,
    /// The cells by name, including the row's own name under `row`.
    pub(super) cells: Vec<(String, JsonText)>,
    /// Where it is written.
    pub(super) place: Place,
}

/// Maximum number of rows, the same as that of the steps of a scenario.
const MOST: usize = 10_000;

/// The name of the row in expressions, and of the cell with its name.
pub(super) const ROW: &str = "row";

/// Reads the rows from a list, or from a CSV file named relative to the folder of `file`.
///
/// # Errors
/// Malformed rows, an unreadable file and duplicate names.
pub(super) fn read(
    node: &Node,
    source: &Arc<Source>,
    folder: &Folder,
    file: &str,
) -> Result<Vec<Row>, Diagnostics> {
    let place = node.place(source);
    let mut errors = Diagnostics::default();
    let rows: Vec<Row> = match (&node.tag, &node.value) {
        (None, Value::List(list)) => {
            list.iter().filter_map(|node| errors.keep(inline(node, source))).collect()
        }
        (None, Value::String(name)) => {
            let rows = folder.source(&Folder::relative(file, name)).map_err(|error| match error.place() {
                Some(_) => error,
                None => Diagnostic::at(place.clone(), error.message().to_owned())
                    .help("the path is relative to the folder of this file"),
            })?;
            table(&rows)?
        }
        _ => {
            return Err(Diagnostic::at(place, "rows must be a list of mappings, or the name of a CSV file")
                .help("- {row: empty, email: ''}")
                .into());
        }
    };
    if rows.is_empty() && errors.is_empty() {
        return Err(Diagnostic::at(place, "there are no rows, so nothing would be sent").into());
    }
    if let Some(row) = rows.get(MOST) {
        let message = format!("more than {MOST} rows");
        return Err(Diagnostic::at(row.place.clone(), message)
            .help("split the rows into several files")
            .into());
    }
    let mut known: HashMap<String, Place> = HashMap::new();
    let mut named: Vec<Row> = Vec::new();
    for (index, mut row) in rows.into_iter().enumerate() {
        if row.name.is_empty() {
            row.name = (index + 1).to_string();
            row.cells.push((ROW.to_owned(), JsonText::Literal(row.name.clone().into())));
        }
        if let Some(first) = known.insert(row.name.clone(), row.place.clone()) {
            let message = format!("duplicate row `{}`", row.name);
            errors.push(Diagnostic::at(row.place, message).help(format!("the first is at {first}")));
            continue;
        }
        named.push(row);
    }
    errors.into_result(named)
}

fn inline(node: &Node, source: &Arc<Source>) -> Result<Row, Diagnostic> {
    let place = node.place(source);
    let Value::Mapping(entries) = &node.value else {
        return Err(Diagnostic::at(place, format!("a row must be a mapping, not {}", node.shape())));
    };
    let mut row = Row { name: String::new(), cells: Vec::new(), place };
    for (name, node) in entries {
        let Located { value: name, .. } = name;
        check_name(name, &row.place)?;
        if name == ROW {
            row.name = string(node, source, "the name of a row")?;
            check_row(&row.name, &node.place(source))?;
            row.cells.push((name.clone(), JsonText::Literal(row.name.clone().into())));
        } else {
            row.cells.push((name.clone(), json_text(node, source)?));
        }
    }
    Ok(row)
}

fn table(source: &Arc<Source>) -> Result<Vec<Row>, Diagnostics> {
    let (header, records) = csv::read(source)?;
    let mut errors = Diagnostics::default();
    let mut rows = Vec::new();
    for (fields, place) in records {
        let mut row = Row { name: String::new(), cells: Vec::new(), place };
        for (name, field) in header.iter().zip(fields) {
            if name == ROW {
                errors.keep(check_row(&field, &row.place));
                row.name.clone_from(&field);
            }
            row.cells.push((name.clone(), JsonText::Text(Text::literal(&field))));
        }
        rows.push(row);
    }
    errors.into_result(rows)
}

fn check_row(name: &str, place: &Place) -> Result<(), Diagnostic> {
    let fits = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    if !name.is_empty() && name.chars().all(fits) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("invalid row name `{name}`"))
        .help("a row name consists of letters, digits, `-`, `_` and `.`"))
}
