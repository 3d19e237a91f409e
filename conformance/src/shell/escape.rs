//! The escapes of `$'…'`, as bash reads them (ANSI-C quoting) where text is UTF-8.

/// Adds the bytes that stand between `$'` and `'`. A NUL ends them, as it ends every word: returns whether none has.
pub(super) fn unescape(written: &str, bytes: &mut Vec<u8>) -> bool {
    let mut rest = written;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let Some(letter) = escape.chars().next() else {
            bytes.push(b'\\');
            return true;
        };
        let behind = &escape[letter.len_utf8()..];
        let (made, behind) = one(letter, behind).unwrap_or_else(|| {
            // What is no escape stays as it is.
            (format!("\\{letter}").into_bytes(), behind)
        });
        if made == [0] {
            return false;
        }
        bytes.extend(made);
        rest = behind;
    }
    bytes.extend_from_slice(rest.as_bytes());
    true
}

/// Returns what an escape of this letter makes, and what stands behind it.
fn one(letter: char, behind: &str) -> Option<(Vec<u8>, &str)> {
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
            let (_, more) = digits(behind, 8, 2);
            let (value, _) = digits(&format!("{letter}{}", &behind[..behind.len() - more.len()]), 8, 3);
            return Some((low(value), more));
        }
        'x' if behind.starts_with('{') => return Some(braced(&behind[1..])),
        'x' => return number(behind, 2).map(|(value, behind)| (low(value), behind)),
        'u' => return number(behind, 4).map(|(value, behind)| (utf8(value), behind)),
        'U' => return number(behind, 8).map(|(value, behind)| (utf8(value), behind)),
        'c' => return control(behind),
        _ => return None,
    };
    Some((vec![byte], behind))
}

/// `\cA`, `\c?`, and `\c\\`.
fn control(behind: &str) -> Option<(Vec<u8>, &str)> {
    let first = behind.chars().next()?;
    let taken = if behind.starts_with("\\\\") { 2 } else { first.len_utf8() };
    let made = match first {
        '?' => 0x7f,
        // The first of several bytes would become a letter, and the others no text.
        first if !first.is_ascii() => 0xff,
        first => first.to_ascii_uppercase() as u8 & 0x1f,
    };
    Some((vec![made], &behind[taken..]))
}

/// `\x{41}`, which bash knows beside `\x41`.
fn braced(behind: &str) -> (Vec<u8>, &str) {
    let (value, more) = digits(behind, 16, usize::MAX);
    // Without digits bash makes a NUL of it, whatever comes; without its brace it does not mind.
    let rest = if more.len() == behind.len() { more } else { more.strip_prefix('}').unwrap_or(more) };
    (low(value), rest)
}

fn number(behind: &str, most: usize) -> Option<(u32, &str)> {
    let (value, more) = digits(behind, 16, most);
    (more.len() < behind.len()).then_some((value, more))
}

/// Returns the number that the first digits make, at most so many of them, and what stands behind them.
fn digits(text: &str, radix: u32, most: usize) -> (u32, &str) {
    let count = text.chars().take(most).take_while(|one| one.is_digit(radix)).count();
    let add =
        |value: u32, one: char| value.wrapping_mul(radix).wrapping_add(one.to_digit(radix).unwrap_or(0));
    (text[..count].chars().fold(0, add), &text[count..])
}

fn low(value: u32) -> Vec<u8> {
    value.to_le_bytes()[..1].to_vec()
}

/// A code point in UTF-8; of what is none, the bytes that UTF-8 would make of it, which are no text.
fn utf8(value: u32) -> Vec<u8> {
    char::from_u32(value).map_or_else(|| vec![0xff], |one| one.to_string().into_bytes())
}
