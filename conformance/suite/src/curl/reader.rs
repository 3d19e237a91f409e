//! The context in which the parts of a curl command are parsed: its location, and the files that it names.

use std::cell::Cell;

use super::place::place_of;
use super::typed::Stdin;
use crate::diagnostic::Diagnostic;
use crate::members::parse_text;
use crate::request::Files;
use crate::source::Place;
use crate::template::Text;

/// Parses the words of a command.
pub(super) struct Reader<'a> {
    pub(super) files: Files<'a>,
    /// The command, or the line of a config file.
    pub(super) place: Place,
    /// The standard input, unless it is that of this process.
    pub(super) stdin: Input,
}

/// The standard input of a command.
pub(super) enum Input {
    /// That of this process; the command comes from a shell.
    Process,
    /// What the command itself sets, until it is read.
    Given(Cell<Option<Stdin>>),
}

impl Reader<'_> {
    /// Parses a template. An expression without names is an error: it is more likely text of the API than an expression.
    pub(super) fn text(&self, written: &str) -> Result<Text, Diagnostic> {
        let text = parse_text(written, &self.place)?;
        if let Some(constant) = text.constants().next() {
            return Err(self
                .wrong(
                    constant,
                    format!("`{constant}` is an expression without a name, so its value is always the same"),
                )
                .help(format!("write `${constant}` to send it unchanged, or its value")));
        }
        Ok(text)
    }

    /// Reads a file, or the standard input.
    ///
    /// # Errors
    /// A file that cannot be read, or a standard input that the command does not set.
    pub(super) fn file(&self, path: &str) -> Result<Content, Diagnostic> {
        let Input::Given(stdin) = &self.stdin else { return self.bytes(path).map(Content::Bytes) };
        if path != "-" {
            return self.bytes(path).map(Content::Bytes);
        }
        match stdin.replace(Some(Stdin::Text(String::new()))) {
            Some(Stdin::Text(text)) => Ok(Content::Text(text)),
            Some(Stdin::File(path)) => self.bytes(&path).map(Content::Bytes),
            None => Err(self
                .wrong("@-", "the command reads standard input, which nothing sets")
                .help("add `<<EOF` and the text, `<<< 'text'` or `< FILE`, or name a file instead of `-`")),
        }
    }

    /// Checks that an option has read the standard input that the command sets.
    pub(super) fn check_input(&self) -> Result<(), Diagnostic> {
        let Input::Given(stdin) = &self.stdin else { return Ok(()) };
        match stdin.take() {
            None => Ok(()),
            Some(Stdin::Text(text)) if text.is_empty() => Ok(()),
            Some(_) => Err(self
                .wrong(
                    "<",
                    "a redirection (`<`) is not part of a request, since no option reads standard input",
                )
                .help("leave it out, or send it with `-d @-` or `--data-binary @-`")),
        }
    }

    /// Reads a file that is not the standard input.
    pub(super) fn plain_file(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        self.bytes(path)
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        (self.files)(path).map_err(|error| {
            self.wrong(path, format!("cannot read the file `{path}`: {error}"))
                .help("the path is relative to the folder of the scenario")
        })
    }

    /// Creates a diagnostic at a word of the command.
    pub(super) fn wrong(&self, word: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(place_of(word, &self.place), message)
    }
}

/// The contents of a file, or the standard input in the command, which may contain expressions.
pub(super) enum Content {
    Bytes(Vec<u8>),
    Text(String),
}
