//! Parses and quotes shell command lines.
//!
//! [`Quotes`] classifies each character, [`split`] returns the words, and [`quote()`] turns a word into shell syntax. Quotes,
//! backslashes and comments follow POSIX.1-2017 (Shell Command Language, section 2.2); `$'…'` and `$"…"` follow bash. Nothing is
//! expanded: no variable, no pattern, no command.

mod escape;
mod quote;
mod words;

pub(crate) use quote::quote_raw;
pub use quote::{join, quote, quoted};
pub use words::{Unreadable, Word, split, split_around};

/// The role of a character in a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Unquoted: a blank, an operator, a letter.
    Plain,
    /// Opens quotes; the flag says whether a dollar before it belongs to them.
    Opens(Quote, bool),
    /// Closes quotes.
    Closes(Quote),
    /// A backslash that quotes the next character, and the quotes around it.
    Backslash(Option<Quote>),
    /// Quoted by the backslash before it.
    Escaped(Option<Quote>),
    /// Inside quotes.
    Within(Quote),
}

/// The kinds of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// `'…'`
    Single,
    /// `"…"`, and `$"…"`
    Double,
    /// `$'…'`, in which a backslash begins an escape as in C.
    Ansi,
}

/// Tracks the quotes of a command, character by character.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotes {
    open: Option<Quote>,
    backslash: bool,
    dollar: bool,
}

impl Quotes {
    /// Returns the role of the next character.
    pub fn take(&mut self, one: char) -> Role {
        if std::mem::take(&mut self.backslash) {
            return Role::Escaped(self.open);
        }
        let dollar = std::mem::take(&mut self.dollar);
        match (self.open, one) {
            (None | Some(Quote::Double | Quote::Ansi), '\\') => {
                self.backslash = true;
                Role::Backslash(self.open)
            }
            (None, '\'') if dollar => self.open(Quote::Ansi, dollar),
            (None, '\'') => self.open(Quote::Single, dollar),
            (None, '"') => self.open(Quote::Double, dollar),
            (None, _) => {
                // `$$` is the process id, so its second dollar does not begin `$'…'`.
                self.dollar = one == '$' && !dollar;
                Role::Plain
            }
            (Some(quote @ (Quote::Single | Quote::Ansi)), '\'') | (Some(quote @ Quote::Double), '"') => {
                self.open = None;
                Role::Closes(quote)
            }
            (Some(quote), _) => Role::Within(quote),
        }
    }

    /// Takes the characters up to the next one that may be special, and returns them.
    pub(crate) fn pass<'a>(&mut self, typed: &'a str) -> &'a str {
        let marks = |one: u8| matches!(one, b' ' | b'\t' | b'\n' | b'\'' | b'"' | b'\\' | b'$' | b'#');
        let letters = if self.backslash { 0 } else { typed.bytes().position(marks).unwrap_or(typed.len()) };
        self.dollar &= letters == 0;
        &typed[..letters]
    }

    /// Whether a backslash quotes the next character.
    pub(crate) fn is_escaping(self) -> bool {
        self.backslash
    }

    /// Whether the command continues after the end of a line, which is not part of it here.
    pub fn goes_on(&mut self) -> bool {
        std::mem::take(&mut self.backslash) || self.open.is_some()
    }

    /// Whether the end of the line is inside quotes.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.open.is_some()
    }

    fn open(&mut self, quote: Quote, dollar: bool) -> Role {
        self.open = Some(quote);
        Role::Opens(quote, dollar)
    }
}

#[cfg(test)]
mod tests;
