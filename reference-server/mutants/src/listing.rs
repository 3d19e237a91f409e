//! What can be made wrong: the list of cargo-mutants.
//!
//! In goes the folder of a repository, out come [`Mutant`]s. Nothing here knows how one is put into the server.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// One small error that the server could have.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mutant {
    /// The file, from the root of the repository.
    pub(crate) file: String,
    /// The description: file, line, column, what is put in place of what, and the function.
    pub(crate) name: String,
    /// What kind of change it is, in the words of cargo-mutants.
    pub(crate) genre: String,
    /// What is put there.
    pub(crate) replacement: String,
    /// What it is put in place of.
    pub(crate) span: Span,
    /// The function around it.
    pub(crate) function: Option<Function>,
}

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Span {
    /// Its first character.
    pub(crate) start: Position,
    /// The character after its last.
    pub(crate) end: Position,
}

/// A place in a file; lines and columns count from one, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Position {
    /// The line.
    pub(crate) line: usize,
    /// The column.
    pub(crate) column: usize,
}

/// A function as cargo-mutants tells of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Function {
    /// What it returns, with the arrow; empty for nothing.
    pub(crate) return_type: String,
}

impl Mutant {
    /// The file, from the folder of the server's sources.
    #[must_use]
    pub(crate) fn file_below_src(&self) -> &str {
        self.file.trim_start_matches("reference-server/src/")
    }

    /// The description without file, line and column, so that it outlives changes elsewhere in the file.
    #[must_use]
    pub(crate) fn change(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or(&self.name).trim()
    }

    /// The function that is changed, in a part or as a whole; nothing outside of functions.
    #[must_use]
    pub(crate) fn function_name(&self) -> Option<&str> {
        if self.genre != "FnValue" {
            return self.change().rsplit_once(" in ").map(|(_, name)| name);
        }
        let replaced = self.change().strip_prefix("replace ")?;
        replaced.split_once(" -> ").or_else(|| replaced.split_once(" with ")).map(|(name, _)| name)
    }

    /// The line of code that is changed, without its indentation; nothing where it is the whole function.
    #[must_use]
    pub(crate) fn code<'a>(&self, text: &'a str) -> &'a str {
        if self.genre == "FnValue" {
            return "";
        }
        text.lines().nth(self.span.start.line - 1).unwrap_or_default().trim()
    }
}

/// Lists every mutant of the server.
///
/// # Errors
/// A sentence, when cargo-mutants is not there or does not understand the server.
pub(crate) fn list(root: &Path) -> Result<Vec<Mutant>, String> {
    let output = Command::new("cargo")
        .args(["mutants", "--package", "reference-server", "--exclude", "**/src/fuzz.rs", "--list", "--json"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{}\n`cargo install cargo-mutants --locked` brings what lists mutants",
            said.trim()
        ));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the list of cargo-mutants is not read: {error}"))
}
