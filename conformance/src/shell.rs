//! A command line as a shell reads it.
//!
//! In goes what is typed, out come what each character is to the shell ([`Quotes`]), and the words that come of them ([`split`]); and back
//! from a word to what is typed ([`quote`]). Quotes, backslashes and comments are those of POSIX.1-2017 (section 2.2 of the shell's
//! language), `$'…'` and `$"…"` those of bash. Nothing is expanded: no variable, no pattern, no command.

mod escape;
mod quote;
mod words;

pub(crate) use quote::{join, quote, quoted};
pub(crate) use words::{Unreadable, Word, split, split_around};

/// What a character is to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// What it means to the shell: a blank, an operator, a letter.
    Plain,
    /// The mark that opens these quotes, and whether a dollar before it belongs to it.
    Opens(Quote, bool),
    /// The mark that closes them.
    Closes(Quote),
    /// A backslash that quotes the character behind it; within which quotes.
    Backslash(Option<Quote>),
    /// Quoted by the backslash before it.
    Escaped(Option<Quote>),
    /// Within quotes.
    Within(Quote),
}

/// The kinds of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// `'…'`
    Single,
    /// `"…"`, and `$"…"`
    Double,
    /// `$'…'`, in which a backslash begins an escape of C.
    Ansi,
}

/// Follows the quotes of a command, character by character.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quotes {
    open: Option<Quote>,
    backslash: bool,
    dollar: bool,
}

impl Quotes {
    /// Says what the next character is.
    pub(crate) fn take(&mut self, one: char) -> Role {
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
                // Of two dollars the shell makes a number, and the second of them no quote.
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

    /// Takes the characters up to the next that may be more to the shell than a letter, and returns them.
    pub(crate) fn pass<'a>(&mut self, typed: &'a str) -> &'a str {
        let marks = |one: u8| matches!(one, b' ' | b'\t' | b'\n' | b'\'' | b'"' | b'\\' | b'$' | b'#');
        let letters = if self.backslash { 0 } else { typed.bytes().position(marks).unwrap_or(typed.len()) };
        self.dollar &= letters == 0;
        &typed[..letters]
    }

    /// Whether what is typed goes on behind the end of a line, which is no character of it here.
    pub(crate) fn goes_on(&mut self) -> bool {
        std::mem::take(&mut self.backslash) || self.open.is_some()
    }

    /// Whether a character behind the end of a line is one of quotes.
    pub(crate) fn is_open(self) -> bool {
        self.open.is_some()
    }

    fn open(&mut self, quote: Quote, dollar: bool) -> Role {
        self.open = Some(quote);
        Role::Opens(quote, dollar)
    }
}

#[cfg(test)]
mod tests;
