//! Splits a command into words without their quotes.
//!
//! Foreign parts, such as `${…}` expressions, are kept unchanged, with any quotes inside them.

use std::ops::Range;

use thiserror::Error;

use super::escape::unescape;
use super::{Quote, Quotes, Role};

/// A word and its location in the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its text, without quotes.
    pub text: String,
    /// Its location in the command.
    pub(crate) span: Range<usize>,
    /// The foreign parts in its text.
    pub(crate) foreign: Vec<Range<usize>>,
}

/// Why a command cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The quote at a position is never closed.
    #[error("a quote in this command is never closed")]
    Open(usize),
    /// A word whose escapes are not valid UTF-8.
    #[error("the escapes of a word produce bytes that are not UTF-8")]
    NoText(Range<usize>),
}

/// Splits a command into words.
///
/// # Errors
/// A command that no shell can split.
pub fn split(command: &str) -> Result<Vec<Word>, Unreadable> {
    split_around(command, |_| None)
}

/// Splits a command with foreign parts. Each begins with a dollar; `foreign` returns its length, given the rest of the command.
///
/// # Errors
/// A command that no shell can split.
pub fn split_around(command: &str, foreign: impl Fn(&str) -> Option<usize>) -> Result<Vec<Word>, Unreadable> {
    let mut quotes = Quotes::default();
    let mut words = Words { command, done: Vec::new(), open: None, escapes: None };
    let mut comment = false;
    let mut last_quote = 0;
    let mut at = 0;
    while let Some(one) = command[at..].chars().next() {
        let rest = &command[at..];
        // An escaped dollar is a character of its own.
        let begins = one == '$' && !(quotes.is_escaping() && rest.starts_with("$$"));
        if let Some(length) = begins.then(|| foreign(rest)).flatten() {
            // For the quotes, a foreign part is like a letter.
            let role = quotes.take('_');
            if !comment {
                words.keep(at, length, role);
            }
            at += length;
            continue;
        }
        let letters = if comment { "" } else { quotes.pass(rest) };
        if !letters.is_empty() {
            words.pass(at, letters);
            at += letters.len();
            continue;
        }
        if comment {
            comment = one != '\n';
        } else {
            match quotes.take(one) {
                Role::Plain if one == '#' && words.open.is_none() => comment = true,
                Role::Plain if matches!(one, ' ' | '\t' | '\n') => words.end(at)?,
                role => {
                    if let Role::Opens(..) = role {
                        last_quote = at;
                    }
                    words.take(at, one, role);
                }
            }
        }
        at += one.len_utf8();
    }
    if quotes.is_open() {
        return Err(Unreadable::Open(last_quote));
    }
    words.end(command.len())?;
    Ok(words.done)
}

/// Initial capacity in bytes; most words are shorter.
const COMMON: usize = 64;

/// The words so far, and the current one.
struct Words<'a> {
    command: &'a str,
    done: Vec<Word>,
    open: Option<Open>,
    /// Start of the unread escapes of an open `$'…'`; the end of the command if a NUL has ended them.
    escapes: Option<usize>,
}

/// The current word.
struct Open {
    bytes: Vec<u8>,
    start: usize,
    foreign: Vec<Range<usize>>,
}

impl Words<'_> {
    /// Adds a character with this role.
    fn take(&mut self, at: usize, one: char, role: Role) {
        // A continued line does not begin a word.
        if role == Role::Backslash(None) && self.command[at..].starts_with("\\\n")
            || role == Role::Escaped(None) && one == '\n'
        {
            return;
        }
        let word = &mut self.open(at).bytes;
        match role {
            Role::Opens(quote, dollar) => {
                if dollar {
                    word.pop();
                }
                if quote == Quote::Ansi {
                    self.escapes = Some(at + 1);
                }
            }
            Role::Closes(Quote::Ansi) => {
                self.unescape(at);
                self.escapes = None;
            }
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

    /// Adds characters without a special meaning.
    fn pass(&mut self, at: usize, letters: &str) {
        let escaped = self.escapes.is_some();
        let word = self.open(at);
        if !escaped {
            word.bytes.extend_from_slice(letters.as_bytes());
        }
    }

    /// Adds a foreign part.
    fn keep(&mut self, at: usize, length: usize, role: Role) {
        self.open(at);
        if self.escapes.is_some() && !self.unescape(at) {
            return;
        }
        let stretch = &self.command[at..at + length];
        self.escapes = self.escapes.map(|_| at + length);
        let word = self.open(at);
        if role == Role::Escaped(Some(Quote::Double)) {
            word.bytes.push(b'\\');
        }
        word.foreign.push(word.bytes.len()..word.bytes.len() + length);
        word.bytes.extend_from_slice(stretch.as_bytes());
    }

    fn open(&mut self, at: usize) -> &mut Open {
        self.open.get_or_insert_with(|| Open {
            bytes: Vec::with_capacity(COMMON),
            start: at,
            foreign: Vec::new(),
        })
    }

    /// Adds the result of the escapes up to here. Returns whether more may follow: a NUL ends them.
    fn unescape(&mut self, end: usize) -> bool {
        let (Some(start), Some(word)) = (self.escapes, &mut self.open) else { return true };
        let goes_on = start <= end && unescape(&self.command[start..end], &mut word.bytes);
        if !goes_on {
            self.escapes = Some(self.command.len());
        }
        goes_on
    }

    fn end(&mut self, at: usize) -> Result<(), Unreadable> {
        let Some(Open { bytes, start, foreign }) = self.open.take() else { return Ok(()) };
        let span = start..at;
        let text = String::from_utf8(bytes).map_err(|_| Unreadable::NoText(span.clone()))?;
        self.done.push(Word { text, span, foreign });
        Ok(())
    }
}

fn push(one: char, word: &mut Vec<u8>) {
    word.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
}
