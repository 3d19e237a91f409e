//! Lists the possible mutants with cargo-mutants.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// One small bug that the server could have.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mutant {
    /// The path of the file in the repository.
    pub(crate) file: String,
    /// The description: file, line, column, the replacement and the function.
    pub(crate) name: String,
    /// The kind of the change, as cargo-mutants names it.
    pub(crate) genre: String,
    /// The new code.
    pub(crate) replacement: String,
    /// The replaced code.
    pub(crate) span: Span,
    /// The enclosing function.
    pub(crate) function: Option<Function>,
}

/// A range of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Span {
    /// The first character.
    pub(crate) start: Position,
    /// The character after the last one.
    pub(crate) end: Position,
}

/// A position in a file; lines and columns start at 1, and columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A function as cargo-mutants describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Function {
    /// The return type with the arrow; empty if there is none.
    pub(crate) return_type: String,
}

impl Mutant {
    /// The path of the file below the server's `src/`.
    #[must_use]
    pub(crate) fn file_below_src(&self) -> &str {
        self.file.trim_start_matches("reference-server/src/")
    }

    /// The description without file, line and column, so that it is stable when the file changes elsewhere.
    #[must_use]
    pub(crate) fn change(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or(&self.name).trim()
    }

    /// The function that is changed, in part or as a whole; empty outside of functions.
    #[must_use]
    pub(crate) fn function_name(&self) -> Option<&str> {
        if self.genre != "FnValue" {
            return self.change().rsplit_once(" in ").map(|(_, name)| name);
        }
        let replaced = self.change().strip_prefix("replace ")?;
        replaced.split_once(" -> ").or_else(|| replaced.split_once(" with ")).map(|(name, _)| name)
    }

    /// The changed line of code without indentation; empty if the whole function is replaced.
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
/// A message if cargo-mutants is missing or fails.
pub(crate) fn list(root: &Path) -> Result<Vec<Mutant>, String> {
    let output = Command::new("cargo")
        .args(["mutants", "--package", "reference-server", "--exclude", "**/src/fuzz.rs", "--list", "--json"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\nto install it: cargo install cargo-mutants --locked", said.trim()));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot parse the output of cargo-mutants: {error}"))
}
