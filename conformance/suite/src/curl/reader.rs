//! The context in which the parts of a curl command are parsed: its location, and the files that it names.

use super::words::place_of;
use crate::diagnostic::Diagnostic;
use crate::members::parse_text;
use crate::request::Files;
use crate::source::Place;
use crate::template::Text;

/// Parses the words of a command.
pub(super) struct Reader<'a> {
    pub(super) files: Files<'a>,
    pub(super) place: &'a Place,
}

impl Reader<'_> {
    /// Parses a template.
    pub(super) fn text(&self, written: &str) -> Result<Text, Diagnostic> {
        parse_text(written, self.place)
    }

    /// Reads a file.
    pub(super) fn file(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        if path == "-" {
            return Err(self.wrong("@-", "reading standard input is not supported").help("name a file"));
        }
        (self.files)(path).map_err(|error| {
            self.wrong(path, format!("cannot read the file `{path}`: {error}"))
                .help("the path is relative to the folder of the scenario")
        })
    }

    /// Creates a diagnostic at a word of the command.
    pub(super) fn wrong(&self, word: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(place_of(word, self.place), message)
    }
}
