//! A command line as a shell would split it, with `${…}` kept whole.

use std::cell::Cell;

use crate::diagnostic::Diagnostic;
use crate::shell::{self, Unreadable, Word};
use crate::source::{Place, Span};
use crate::template::leading;

/// The most words of a command: each is looked for in the whole of it.
const MOST: usize = 2000;

/// Returns the words of a command. Quotes, escapes, continued lines and comments are the shell's; `${…}` is this language's,
/// and a quote inside of it is not the shell's.
pub(super) fn split(command: &str, place: &Place) -> Result<Vec<String>, Diagnostic> {
    let unclosed = Cell::new(false);
    let expression = |typed: &str| {
        let end = typed.starts_with("${").then(|| leading(typed).map(str::len))?;
        unclosed.set(unclosed.get() || end.is_none());
        end
    };
    let words =
        shell::split_around(command, expression).map_err(|unreadable| refuse(unreadable, command, place))?;
    if words.len() > MOST {
        let message = format!("this command has more than {MOST} words");
        return Err(Diagnostic::at(place.clone(), message)
            .help("a long body is read from a file: --data-binary @FILE"));
    }
    // An expression that is opened and never closed is for the template to refuse.
    let literal = |word: Word| if unclosed.get() { word.text } else { literal(word) };
    Ok(words.into_iter().map(literal).collect())
}

/// The word, in which what quotes and escapes have made of a dollar and a brace is no expression.
fn literal(word: Word) -> String {
    let Word { mut text, foreign, .. } = word;
    let is_foreign = |at: usize| foreign.iter().any(|stretch| stretch.contains(&at));
    let made = |(at, _): (usize, &str)| text[at + 1..].starts_with('{') && !is_foreign(at);
    let made: Vec<usize> = text.match_indices('$').filter(|found| made(*found)).map(|(at, _)| at).collect();
    for at in made.into_iter().rev() {
        text.replace_range(at..at + 2, "${'${'}");
    }
    text
}

fn refuse(unreadable: Unreadable, command: &str, place: &Place) -> Diagnostic {
    match unreadable {
        Unreadable::Open => {
            Diagnostic::at(place.clone(), "a quote is opened in this command and never closed")
        }
        Unreadable::NoText(span) => {
            Diagnostic::at(place_of(&command[span], place), "the escapes of this word make bytes that are no text in UTF-8")
                .help("a body of any bytes is read from a file: --data-binary @FILE; a letter beyond \\uffff is written \\UHHHHHHHH")
        }
    }
}

/// Returns where a word of a command stands, so that the caret is under it and not under the whole command.
pub(super) fn place_of(word: &str, place: &Place) -> Place {
    let text = place.source().text().get(place.span().start..place.span().end).unwrap_or("");
    let within = text.find(word).map(|at| at..at + word.len());
    // A word that the shell's escapes make stands there otherwise.
    let made =
        || shell::split(text).ok()?.into_iter().find(|made| made.text.contains(word)).map(|made| made.span);
    match within.or_else(made) {
        Some(span) => {
            let start = place.span().start;
            place.source().place(Span::new(start + span.start, start + span.end))
        }
        None => place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn words(command: &str) -> Vec<String> {
        split(command, &Source::new("c", command).place(Span::new(0, command.len()))).unwrap()
    }

    #[test]
    fn quotes_and_continued_lines_are_the_shells() {
        assert_eq!(words("curl \"a b\" -d 'c d' \\\n -H x\\ y"), ["curl", "a b", "-d", "c d", "-H", "x y"]);
    }

    #[test]
    fn an_expression_is_kept_whole_whatever_quotes_are_in_it() {
        assert_eq!(
            words(r#"curl "http://h/${a}" -u "${bob.email}:${f("x y")}" -d ${b}"#),
            ["curl", "http://h/${a}", "-u", r#"${bob.email}:${f("x y")}"#, "-d", "${b}"]
        );
    }

    #[test]
    fn what_escapes_make_is_no_expression_and_an_expression_among_them_is_one() {
        assert_eq!(
            words(r"curl -d $'\x24{a}\n${b}' -d '$'{c}"),
            ["curl", "-d", "${'${'}a}\n${b}", "-d", "${'${'}c}"]
        );
    }

    #[test]
    fn what_stands_before_an_expression_does_not_reach_into_it() {
        assert_eq!(
            words(r"curl $'\c${a}' $'\0b${a}'c $'\x4${a}\n' \${a} $${a}"),
            ["curl", r"\c${a}", "c", "\u{4}${a}\n", "${a}", "$${a}",]
        );
    }

    #[test]
    fn the_caret_is_under_the_word_that_is_no_text() {
        let command = r"curl -d $'\ud83d' http://h/";
        let place = Source::new("c", command).place(Span::new(0, command.len()));
        let wrong = split(command, &place).unwrap_err();
        assert!(wrong.to_string().contains("no text in UTF-8"), "{wrong}");
        assert_eq!(wrong.place().unwrap().span(), Span::new(8, 17));
        assert_eq!(
            place_of("a\tb", &Source::new("c", r"x $'a\tb'").place(Span::new(0, 9))).span(),
            Span::new(2, 9)
        );
    }

    #[test]
    fn a_private_character_stands_for_itself() {
        assert_eq!(words("curl a\u{f8ff}㎍ ${b}\u{f8ff}"), ["curl", "a\u{f8ff}㎍", "${b}\u{f8ff}"]);
    }

    #[test]
    fn words_without_number_are_refused() {
        let command = format!("curl http://h/ {}", "-d a=1 ".repeat(100_000));
        let place = Source::new("c", command.as_str()).place(Span::new(0, command.len()));
        assert!(split(&command, &place).unwrap_err().to_string().contains("more than 2000 words"));
    }

    #[test]
    fn an_open_quote_is_said() {
        let command = "curl 'x";
        let place = Source::new("c", command).place(Span::new(0, 7));
        assert!(split(command, &place).unwrap_err().to_string().contains("never closed"));
    }
}
