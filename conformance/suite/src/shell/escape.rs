//! Interprets the escapes of `$'…'` as bash does (ANSI-C quoting) in a UTF-8 locale.

/// Adds the bytes of the text between `$'` and `'`. A NUL ends the word; returns whether there was none.
pub(super) fn unescape(written: &str, bytes: &mut Vec<u8>) -> bool {
    let mut rest = written;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let Some(letter) = escape.chars().next() else {
            bytes.push(b'\\');
            return true;
        };
        let after = &escape[letter.len_utf8()..];
        let (made, after) = one(letter, after).unwrap_or_else(|| {
            // An unknown escape is kept unchanged.
            (format!("\\{letter}").into_bytes(), after)
        });
        if made == [0] {
            return false;
        }
        bytes.extend(made);
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    true
}

/// Returns the bytes of the escape with this letter, and the text after it.
fn one(letter: char, after: &str) -> Option<(Vec<u8>, &str)> {
    let byte = match letter {
        'a' => 0x07,
        'b' => 0x08,
        'e' | 'E' => 0x1b,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '\'' | '"' | '?' => letter as u8,
        '0'..='7' => {
            let (_, more) = digits(after, 8, 2);
            let (value, _) = digits(&format!("{letter}{}", &after[..after.len() - more.len()]), 8, 3);
            return Some((low(value), more));
        }
        'x' if after.starts_with('{') => return Some(braced(&after[1..])),
        'x' => return number(after, 2).map(|(value, after)| (low(value), after)),
        'u' => return number(after, 4).map(|(value, after)| (utf8(value), after)),
        'U' => return number(after, 8).map(|(value, after)| (utf8(value), after)),
        'c' => return control(after),
        _ => return None,
    };
    Some((vec![byte], after))
}

/// Interprets `\cA`, `\c?`, and `\c\\`.
fn control(after: &str) -> Option<(Vec<u8>, &str)> {
    let first = after.chars().next()?;
    let taken = if after.starts_with("\\\\") { 2 } else { first.len_utf8() };
    let made = match first {
        '?' => 0x7f,
        // A single byte of a multi-byte character would not be valid UTF-8.
        first if !first.is_ascii() => 0xff,
        first => first.to_ascii_uppercase() as u8 & 0x1f,
    };
    Some((vec![made], &after[taken..]))
}

/// Interprets `\x{41}`, which bash accepts as well as `\x41`.
fn braced(after: &str) -> (Vec<u8>, &str) {
    let (value, more) = digits(after, 16, usize::MAX);
    // Without digits bash produces a NUL; a missing closing brace is ignored.
    let rest = if more.len() == after.len() { more } else { more.strip_prefix('}').unwrap_or(more) };
    (low(value), rest)
}

fn number(after: &str, most: usize) -> Option<(u32, &str)> {
    let (value, more) = digits(after, 16, most);
    (more.len() < after.len()).then_some((value, more))
}

/// Parses at most `most` digits, and returns the number and the text after it.
fn digits(text: &str, radix: u32, most: usize) -> (u32, &str) {
    let count = text.chars().take(most).take_while(|one| one.is_digit(radix)).count();
    let add =
        |value: u32, one: char| value.wrapping_mul(radix).wrapping_add(one.to_digit(radix).unwrap_or(0));
    (text[..count].chars().fold(0, add), &text[count..])
}

fn low(value: u32) -> Vec<u8> {
    value.to_le_bytes()[..1].to_vec()
}

/// Returns a code point in UTF-8, or an invalid byte if it is not a valid code point.
fn utf8(value: u32) -> Vec<u8> {
    char::from_u32(value).map_or_else(|| vec![0xff], |one| one.to_string().into_bytes())
}
