//! What every part of a curl command is read with: where it stands, and the files that it names.

use super::words::place_of;
use crate::diagnostic::Diagnostic;
use crate::members::parse_text;
use crate::request::Files;
use crate::source::Place;
use crate::template::Text;

/// Reads the words of a command.
pub(super) struct Reader<'a> {
    pub(super) files: Files<'a>,
    pub(super) place: &'a Place,
}

impl Reader<'_> {
    /// Returns a text with its expressions.
    pub(super) fn text(&self, written: &str) -> Result<Text, Diagnostic> {
        parse_text(written, self.place)
    }

    /// Returns what a file holds.
    pub(super) fn file(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        if path == "-" {
            return Err(self.wrong("@-", "standard input cannot be honoured here").help("name a file"));
        }
        (self.files)(path).map_err(|error| {
            self.wrong(path, format!("the file `{path}` cannot be read: {error}"))
                .help("a file is looked for in the folder of the scenario")
        })
    }

    /// Returns a message whose caret is under a word of the command.
    pub(super) fn wrong(&self, word: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(place_of(word, self.place), message)
    }
}
