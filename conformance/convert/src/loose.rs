//! Reads JSON as documents print it: with members in order, numbers as written, and marks where something was left out.
//!
//! Besides JSON it accepts comments, commas before a closing bracket, and `...` or `…` in the place of values, members and elements.

/// A value as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A string, without its quotes and escapes.
    String(String),
    /// The elements, and whether others are left out.
    Array(Vec<Value>, bool),
    /// The members in order, and whether others are left out.
    Object(Vec<(String, Value)>, bool),
    /// A value that is left out.
    Elided,
}

impl Value {
    /// The member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members, _) => members.iter().find(|(own, _)| own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(written) => written.parse().ok(),
            _ => None,
        }
    }
}

/// Maximum depth of arrays and objects.
const DEEPEST: usize = 100;

/// Reads the value at the beginning of a text, and returns it with its length in bytes.
pub(crate) fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0, depth: 0, elided: false };
    let value = reader.value()?;
    Some((value, reader.at))
}

/// Splits a text that is nothing but this number of values, one after the other.
pub(crate) fn split(text: &str, number: usize) -> Option<Vec<&str>> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (_, length) = read(rest)?;
        values.push(rest.get(..length)?.trim());
        rest = rest.get(length..)?.trim();
    }
    (values.len() == number).then_some(values)
}

/// Reads a text that is nothing but one value.
#[cfg(test)]
pub(crate) fn whole(text: &str) -> Option<Value> {
    let (value, length) = read(text)?;
    text.get(length..)?.trim().is_empty().then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Whether a comment since the last call of `left_out` says that something is left out.
    elided: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks and comments.
    fn skip(&mut self) {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            let rest = self.rest();
            let length = if rest.starts_with("//") || (rest.starts_with('#') && self.depth > 0) {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            if self.depth > 0 {
                let comment = rest.get(..length).unwrap_or_default();
                self.elided |= comment.contains("...") || comment.contains('…');
            } else {
                return;
            }
            self.at += length;
        }
    }

    /// Skips a character if it is next.
    fn takes(&mut self, one: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(one);
        if found {
            self.at += one.len_utf8();
        }
        found
    }

    /// Skips the marks of something that is left out.
    fn left_out(&mut self) -> bool {
        let mut found = false;
        loop {
            self.skip();
            found |= std::mem::take(&mut self.elided);
            let rest = self.rest();
            let marks = [
                "\"...\": \"...\"",
                "\"...\":\"...\"",
                "\"...\": {}",
                "[...]",
                "<...>",
                "(...)",
                "\"...\"",
                "\"…\"",
                "…",
            ];
            let dots = rest.len() - rest.trim_start_matches('.').len();
            let length = match marks.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => mark.len(),
                None if dots >= 2 => dots,
                None => return found,
            };
            // `"...": x` is a member like others.
            if rest.get(length..).is_some_and(|after| after.trim_start().starts_with(':')) {
                return found;
            }
            self.at += length;
            found = true;
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.skip();
        let first = self.rest().chars().next()?;
        match first {
            '{' => self.nested(Self::object),
            '[' => self.nested(Self::array),
            '"' => self.string().map(Value::String),
            '-' | '0'..='9' => self.number(),
            '.' | '…' | '<' => self.left_out().then_some(Value::Elided),
            _ => {
                let words =
                    [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
                let (word, value) = words.into_iter().find(|(word, _)| self.rest().starts_with(word))?;
                self.at += word.len();
                Some(value)
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Value> {
        self.separated('}', Self::member).map(|(members, open)| Value::Object(members, open))
    }

    fn member(&mut self) -> Option<(String, Value)> {
        let name = self.string()?;
        if !self.takes(':') {
            return None;
        }
        Some((name, self.value()?))
    }

    fn array(&mut self) -> Option<Value> {
        // A string of dots is an element if others follow, but no document prints one.
        self.separated(']', Self::value).map(|(items, open)| Value::Array(items, open))
    }

    /// Reads members or elements up to the closing bracket; also returns whether others are left out.
    fn separated<T>(&mut self, end: char, read: fn(&mut Self) -> Option<T>) -> Option<(Vec<T>, bool)> {
        let (mut items, mut open) = (Vec::new(), false);
        loop {
            open |= self.left_out();
            if self.takes(',') && (open || !items.is_empty()) {
                continue;
            }
            if self.takes(end) {
                open |= std::mem::take(&mut self.elided);
                return Some((items, open));
            }
            items.push(read(self)?);
            open |= self.left_out();
            self.skip();
            if !self.rest().starts_with([',', end]) && !open {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.skip();
        let rest = self.rest().strip_prefix('"')?;
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, one)| {
            let ends = *one == '"' && !escaped;
            escaped = *one == '\\' && !escaped;
            ends
        });
        let (end, _) = end?;
        let length = end + 2;
        let written = self.rest().get(..length)?;
        // Documents break long strings into lines.
        let joined = || written.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let text = serde_json::from_str(written).or_else(|_| serde_json::from_str(&joined())).ok()?;
        self.at += length;
        Some(text)
    }

    fn number(&mut self) -> Option<Value> {
        let is_part = |one: char| one.is_ascii_digit() || "+-.eE".contains(one);
        let length = self.rest().find(|one| !is_part(one)).unwrap_or(self.rest().len());
        // Three dots after a number leave something out.
        let written = self.rest().get(..length)?;
        let written = written.split("..").next()?.to_owned();
        serde_json::from_str::<serde_json::Number>(&written).ok()?;
        self.at += written.len();
        Some(Value::Number(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> (Vec<String>, bool) {
        let Some(Value::Object(members, open)) = whole(text) else { panic!("{text}") };
        (members.into_iter().map(|(name, _)| name).collect(), open)
    }

    #[test]
    fn keeps_the_order_of_members_and_numbers_as_written() {
        let value = whole(r#"{"z": 1, "a": 123456789012345678901234567890, "f": 1.50}"#).unwrap();
        assert_eq!(value.get("f"), Some(&Value::Number("1.50".to_owned())));
        assert_eq!(object(r#"{"z": 1, "a": 2}"#).0, ["z", "a"]);
    }

    #[test]
    fn marks_what_is_left_out() {
        for text in [
            "{\"a\": 1, ...}",
            "{\"a\": 1, …\n}",
            "{\n \"a\": 1\n ...\n}",
            "{\"a\": 1, // ...\n}",
            "{..., \"a\": 1}",
        ] {
            assert_eq!(object(text), (vec!["a".to_owned()], true), "{text}");
        }
        assert_eq!(whole("[1, ...]"), Some(Value::Array(vec![Value::Number("1".to_owned())], true)));
        assert_eq!(whole("[...]"), Some(Value::Array(Vec::new(), true)));
        assert_eq!(whole("{...}"), Some(Value::Object(Vec::new(), true)));
        assert_eq!(whole("{\"a\": ...}").unwrap().get("a"), Some(&Value::Elided));
        assert_eq!(object("{\"a\": \"x\", // the name\n}"), (vec!["a".to_owned()], false));
    }

    #[test]
    fn splits_values_that_follow_each_other() {
        assert_eq!(split(" {\"a\": 1}\n[2] 3\n", 3).unwrap(), ["{\"a\": 1}", "[2]", "3"]);
        assert_eq!((split("{} {}", 1), split("{} x", 2)), (None, None));
    }

    #[test]
    fn rejects_what_is_not_json() {
        for text in
            ["{a: 1}", "{'a': 1}", "{\"a\" 1}", "[1 2]", "x", "", &"[".repeat(5000), "{\"a\": 1", "\"a"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("{} // the next").unwrap().1, 2);
    }
}
