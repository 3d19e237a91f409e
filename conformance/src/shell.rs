//! A command line as a shell reads it.
//!
//! In goes what is typed, out come what each character is to the shell ([`Quotes`]), and the words that come of them ([`split`]). Quotes,
//! backslashes and comments are those of POSIX.1-2017 (section 2.2 of the shell's language), `$'…'` and `$"…"` those of bash.
//! Nothing is expanded: no variable, no pattern, no command.

mod escape;

use std::ops::Range;

use escape::unescape;

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

/// A word, and where it stands in the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// Why there are no words, and what of the command is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A quote that is never closed.
    Open,
    /// A word whose escapes make bytes that are no text.
    NoText(Range<usize>),
}

/// Returns the words of a command.
pub(crate) fn split(command: &str) -> Result<Vec<Word>, Unreadable> {
    let mut quotes = Quotes::default();
    let mut words = Words { command, ..Words::default() };
    let mut comment = false;
    for (at, one) in command.char_indices() {
        if comment {
            comment = one != '\n';
            continue;
        }
        let role = quotes.take(one);
        match role {
            Role::Plain if one == '#' && words.word.is_none() => comment = true,
            Role::Plain if matches!(one, ' ' | '\t' | '\n') => words.end(at)?,
            _ => words.take(at, one, role),
        }
    }
    if quotes.is_open() {
        return Err(Unreadable::Open);
    }
    words.end(command.len())?;
    Ok(words.done)
}

/// A word is seldom longer, in bytes.
const COMMON: usize = 64;

/// The words so far, and the one that is being read.
#[derive(Default)]
struct Words<'a> {
    command: &'a str,
    done: Vec<Word>,
    /// The word's bytes, and where it begins.
    word: Option<(Vec<u8>, usize)>,
    /// Where the escapes of `$'…'` begin.
    escapes: usize,
}

impl Words<'_> {
    fn take(&mut self, at: usize, one: char, role: Role) {
        // A line that is continued is no word.
        if role == Role::Backslash(None) && self.command[at..].starts_with("\\\n")
            || role == Role::Escaped(None) && one == '\n'
        {
            return;
        }
        let (word, _) = self.word.get_or_insert_with(|| (Vec::with_capacity(COMMON), at));
        match role {
            Role::Opens(_, true) => {
                word.pop();
                self.escapes = at + 1;
            }
            Role::Closes(Quote::Ansi) => word.extend(unescape(&self.command[self.escapes..at])),
            Role::Escaped(Some(Quote::Double)) if one == '\n' => {}
            Role::Escaped(Some(Quote::Double)) if !matches!(one, '$' | '`' | '"' | '\\') => {
                word.push(b'\\');
                push(one, word);
            }
            Role::Plain
            | Role::Escaped(None | Some(Quote::Double))
            | Role::Within(Quote::Single | Quote::Double) => push(one, word),
            _ => {}
        }
    }

    fn end(&mut self, at: usize) -> Result<(), Unreadable> {
        let Some((bytes, start)) = self.word.take() else { return Ok(()) };
        let span = start..at;
        let text = String::from_utf8(bytes).map_err(|_| Unreadable::NoText(span.clone()))?;
        self.done.push(Word { text, span });
        Ok(())
    }
}

fn push(one: char, word: &mut Vec<u8>) {
    word.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests;
