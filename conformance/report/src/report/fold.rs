//! Wraps sentences to the width of the terminal with a hanging indent.

/// Minimum width for a sentence; with less room, it begins on a new line.
const LEAST: usize = 30;
/// Indentation of a sentence that begins on a new line.
const INDENT: usize = 4;

/// Wraps a sentence that begins in `column` at `width`; returns it unchanged if there is no width. Long words are not broken.
pub(super) fn fold(sentence: &str, column: usize, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| column + sentence.chars().count() > *width) else {
        return sentence.to_owned();
    };
    let room = width.saturating_sub(column);
    let (indent, mut line, mut text) = if room < LEAST && column > 0 {
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
    use super::fold;

    #[test]
    fn a_sentence_is_broken_between_words_and_stands_below_its_beginning() {
        let sentence = "one two three four five six seven eight";
        assert_eq!(fold(sentence, 4, None), sentence);
        assert_eq!(fold(sentence, 4, Some(43)), sentence);
        assert_eq!(fold(sentence, 4, Some(42)), "one two three four five six seven\n    eight");
    }

    #[test]
    fn where_there_is_little_room_a_sentence_has_lines_of_its_own() {
        assert_eq!(fold("one two three four", 30, Some(16)), "\n    one two\n    three four");
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        let word = "x".repeat(50);
        assert_eq!(fold(&format!("a {word} b"), 0, Some(40)), format!("a\n{word}\nb"));
    }
}
