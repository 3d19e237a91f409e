//! `openapi` in the manifest: the description of the API that every exchange is checked against.

use std::sync::Arc;

use super::requirement::Level;
use crate::diagnostic::Diagnostic;
use crate::members::string;
use crate::source::{Place, Source};
use crate::yaml::{Node, Value};

/// The description of the API that the manifest names.
#[derive(Debug, Clone)]
pub struct OpenApi {
    /// Its file, relative to the suite.
    pub file: String,
    /// The level of the requirement that every exchange matches it.
    pub level: Level,
    /// Whether members, fields and parameters that it does not mention are violations.
    pub strict: bool,
    /// Where the manifest names the file.
    pub place: Place,
}

impl OpenApi {
    /// Whether a file of the suite belongs to the description: its own file, and everything in its folder, if it has one.
    pub(super) fn owns(&self, name: &str) -> bool {
        match self.file.split_once('/') {
            Some((folder, _)) => name.split_once('/').is_some_and(|(own, _)| own == folder),
            None => name == self.file,
        }
    }
}

const HELP: &str = "write the name of a file, or `{file: openapi.yaml, level: must, strict: false}`";

/// Compiles the key.
///
/// # Errors
/// It is neither a name nor a mapping with `file`, `level` and `strict`, or the file is not below the suite.
pub(super) fn compile(node: &Node, source: &Arc<Source>) -> Result<OpenApi, Diagnostic> {
    let mut openapi =
        OpenApi { file: String::new(), level: Level::Must, strict: false, place: node.place(source) };
    let Value::Mapping(members) = &node.value else {
        openapi.file = string(node, source, "the name of a file").map_err(|wrong| wrong.help(HELP))?;
        return checked(openapi);
    };
    for (name, value) in members {
        match name.value.as_str() {
            "file" => {
                openapi.file = string(value, source, "the name of a file")?;
                openapi.place = value.place(source);
            }
            "level" => {
                let word = string(value, source, "a level")?;
                let level = Level::parse(&word);
                openapi.level = level.ok_or_else(|| {
                    Diagnostic::at(value.place(source), format!("unknown level `{word}`"))
                        .help("a level is must, should or may")
                })?;
            }
            "strict" => match value.value {
                Value::Bool(strict) => openapi.strict = strict,
                _ => return Err(Diagnostic::at(value.place(source), "`strict` is true or false")),
            },
            other => {
                let message = format!("unknown key `{other}`");
                let known = ["file", "level", "strict"];
                return Err(Diagnostic::at(name.place(source), message).suggest(other, known));
            }
        }
    }
    checked(openapi)
}

fn checked(openapi: OpenApi) -> Result<OpenApi, Diagnostic> {
    let OpenApi { file, place, .. } = &openapi;
    if file.is_empty() {
        return Err(Diagnostic::at(place.clone(), "the file of the description is missing").help(HELP));
    }
    if file.starts_with('/') || file.split('/').any(|part| part == "..") {
        let message = format!("`{file}` is not in the suite");
        return Err(Diagnostic::at(place.clone(), message).help("a suite reads only files in its own folder"));
    }
    Ok(openapi)
}
