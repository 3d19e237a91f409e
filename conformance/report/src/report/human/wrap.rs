//! Wraps sentences to the width of the terminal with a hanging indent.

/// Minimum width for a sentence; with less space, it begins on a new line.
const MIN_WIDTH: usize = 30;
/// Indentation of a sentence that begins on a new line.
const INDENT: usize = 4;

/// Wraps a sentence that begins in `column` at `width`; returns it unchanged if there is no width. Long words are not broken.
pub(super) fn wrap(sentence: &str, column: usize, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| column + sentence.chars().count() > *width) else {
        return sentence.to_owned();
    };
    let space = width.saturating_sub(column);
    let (indent, mut line, mut text) = if space < MIN_WIDTH && column > 0 {
        (INDENT, width, String::new())
    } else {
        (column, column, String::new())
    };
    for (index, word) in sentence.split(' ').enumerate() {
        let long = word.chars().count();
        if line + long + usize::from(index > 0) > width && line > indent {
            text += "\n";
            text += &" ".repeat(indent);
            line = indent;
        } else if index > 0 {
            text += " ";
            line += 1;
        }
        text += word;
        line += long;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn wraps_between_words_with_a_hanging_indent() {
        let sentence = "one two three four five six seven eight";
        assert_eq!(wrap(sentence, 4, None), sentence);
        assert_eq!(wrap(sentence, 4, Some(43)), sentence);
        assert_eq!(wrap(sentence, 4, Some(42)), "one two three four five six seven\n    eight");
    }

    #[test]
    fn starts_on_a_new_line_if_the_terminal_is_narrow() {
        assert_eq!(wrap("one two three four", 30, Some(16)), "\n    one two\n    three four");
    }

    #[test]
    fn does_not_break_long_words() {
        let word = "x".repeat(50);
        assert_eq!(wrap(&format!("a {word} b"), 0, Some(40)), format!("a\n{word}\nb"));
    }
}
