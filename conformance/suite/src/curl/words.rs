//! Splits a curl command into words as a shell would, keeping `${…}` intact.

use std::cell::Cell;

use super::place::place_of;
use super::typed::{self, Stdin};
use crate::diagnostic::Diagnostic;
use crate::shell::{self, Unreadable, Word};
use crate::source::{Place, Span};

/// Maximum number of words: locating each one searches the whole command.
const MOST: usize = 2000;

/// The words of a command, and the standard input that the command sets.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) words: Vec<String>,
    pub(super) stdin: Option<Stdin>,
}

/// Splits a command. Quotes, escapes, continued lines and comments are those of the shell; inside `${…}`, quotes belong to the
/// expression.
///
/// # Errors
/// A command that no shell can split, or one with text that only a shell can interpret.
pub(super) fn split(command: &str, place: &Place) -> Result<Words, Diagnostic> {
    let (plain, stdin) = typed::read(command, place)?;
    let unclosed = Cell::new(false);
    let expression = |typed: &str| {
        let length = typed::foreign(typed);
        unclosed.set(unclosed.get() || (length.is_none() && typed.starts_with("${")));
        length
    };
    let words =
        shell::split_around(&plain, expression).map_err(|unreadable| refuse(unreadable, command, place))?;
    if words.len() > MOST {
        let message = format!("this command has more than {MOST} words");
        return Err(
            Diagnostic::at(place.clone(), message).help("read a long body from a file: --data-binary @FILE")
        );
    }
    // The template parser rejects an expression that is not closed.
    let literal = |word: Word| if unclosed.get() { word.text } else { literal(word) };
    Ok(Words { words: words.into_iter().map(literal).collect(), stdin })
}

/// Escapes each `${` that comes from quotes or escapes, so that it is not an expression, and each dollar before an expression.
fn literal(word: Word) -> String {
    let Word { mut text, foreign, .. } = word;
    let is_foreign = |at: usize| foreign.iter().any(|stretch| stretch.contains(&at));
    let made: Vec<(usize, &str)> = text
        .match_indices('$')
        .filter(|(at, _)| !is_foreign(*at))
        .filter_map(|(at, _)| match &text[at + 1..] {
            after if after.starts_with('{') => Some((at, "$$")),
            after if after.starts_with("${") && is_foreign(at + 1) => Some((at, "${'$'}")),
            _ => None,
        })
        .collect();
    for (at, written) in made.into_iter().rev() {
        text.replace_range(at..=at, written);
    }
    text
}

/// Returns the location of the quote at a position, or of the command if the file has the text before it in another form.
fn quote_at(at: usize, command: &str, place: &Place) -> Place {
    let quote = || {
        let before = command.get(..at)?;
        let written = place.source().text().get(place.span().start..place.span().end)?;
        let found = written.find(before).map(|start| start + before.len());
        // A block has other white space than the command.
        let letters = before.chars().filter(|one| !one.is_whitespace()).count();
        let same = || written.char_indices().filter(|(_, one)| !one.is_whitespace()).nth(letters);
        let own = command.get(at..)?.chars().next();
        let found = found.or_else(|| same().filter(|(_, one)| Some(*one) == own).map(|(start, _)| start));
        let start = place.span().start + found?;
        Some(place.source().place(Span::new(start, start + 1)))
    };
    quote().unwrap_or_else(|| place.clone())
}

fn refuse(unreadable: Unreadable, command: &str, place: &Place) -> Diagnostic {
    match unreadable {
        Unreadable::Open(at) => {
            let wrong = Diagnostic::at(quote_at(at, command, place), "this quote is never closed")
                .help("close it, or write `\\` before it if it is a part of the text");
            let after = place.source().text().get(place.span().end..).unwrap_or_default();
            if after.trim_start_matches([' ', '\t']).starts_with('#') && after.starts_with([' ', '\t']) {
                return wrong.help("YAML ends the text at ` #`; write the command in a block, after `request: |-`");
            }
            wrong
        }
        Unreadable::NoText(span) => {
            Diagnostic::at(place_of(&command[span], place), "the escapes of this word are not valid UTF-8")
                .help("read a binary body from a file: --data-binary @FILE; write a character beyond \\uffff as \\UHHHHHHHH")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn words(command: &str) -> Vec<String> {
        split(command, &Source::new("c", command).place(Span::new(0, command.len()))).unwrap().words
    }

    #[test]
    fn splits_quotes_and_continued_lines_as_a_shell() {
        assert_eq!(words("curl \"a b\" -d 'c d' \\\n -H x\\ y"), ["curl", "a b", "-d", "c d", "-H", "x y"]);
    }

    #[test]
    fn keeps_expressions_with_quotes() {
        assert_eq!(
            words(r#"curl "http://h/${a}" -u "${bob.email}:${f("x y")}" -d ${b}"#),
            ["curl", "http://h/${a}", "-u", r#"${bob.email}:${f("x y")}"#, "-d", "${b}"]
        );
    }

    #[test]
    fn escaped_dollars_do_not_begin_expressions() {
        assert_eq!(
            words(r"curl -d $'\x24{a}\n${b}' -d '$'{c}"),
            ["curl", "-d", "$${a}\n${b}", "-d", "$${c}"]
        );
    }

    #[test]
    fn escapes_before_an_expression_do_not_affect_it() {
        assert_eq!(
            words(r"curl $'\c${a}' $'\0b${a}'c $'\x4${a}\n' $${a} \$${a}"),
            ["curl", r"\c${a}", "c", "\u{4}${a}\n", "$${a}", "${'$'}${a}"]
        );
    }

    #[test]
    fn reports_invalid_utf8_at_the_word() {
        let command = r"curl -d $'\ud83d' http://h/";
        let place = Source::new("c", command).place(Span::new(0, command.len()));
        let wrong = split(command, &place).unwrap_err();
        assert!(wrong.to_string().contains("not valid UTF-8"), "{wrong}");
        assert_eq!(wrong.place().unwrap().span(), Span::new(8, 17));
        assert_eq!(
            place_of("a\tb", &Source::new("c", r"x $'a\tb'").place(Span::new(0, 9))).span(),
            Span::new(2, 9)
        );
    }

    #[test]
    fn keeps_private_use_characters() {
        assert_eq!(words("curl a\u{f8ff}㎍ ${b}\u{f8ff}"), ["curl", "a\u{f8ff}㎍", "${b}\u{f8ff}"]);
    }

    #[test]
    fn rejects_too_many_words() {
        let command = format!("curl http://h/ {}", "-d a=1 ".repeat(100_000));
        let place = Source::new("c", command.as_str()).place(Span::new(0, command.len()));
        assert!(split(&command, &place).unwrap_err().to_string().contains("more than 2000 words"));
    }

    #[test]
    fn reports_an_open_quote() {
        let command = "curl 'x";
        let place = Source::new("c", command).place(Span::new(0, 7));
        assert!(split(command, &place).unwrap_err().to_string().contains("never closed"));
    }
}
