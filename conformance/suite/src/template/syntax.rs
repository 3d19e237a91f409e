//! Tokenizes expressions: finds where an expression ends, and inserts conversions to text and numbers.
//!
//! The template library writes `true` and null as Python does, and calculates with floats. [`read`] therefore inserts filters of
//! [`value`](super::value) after operands: after operands of `~`, one that converts to text as JSON and YAML write it; after
//! operands of other operators, one that converts numbers that the library cannot hold exactly to floats.

use super::value::{EXACT, NUMBER, TEXT, TEXTS};

/// A token of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Name(&'t str),
    Number,
    /// A quoted string.
    Text,
    /// An operator or a bracket.
    Sign(&'t str),
}

/// The properties of an expression that the library does not report.
#[derive(Debug, Default)]
pub(super) struct Syntax<'t> {
    /// The expression with the inserted filters.
    pub(super) rewritten: String,
    /// Names that are sliced (`name[:3]`), which the library does not report.
    pub(super) sliced: Vec<&'t str>,
    /// The filters that it uses.
    pub(super) filters: Vec<&'t str>,
    /// The functions that it calls.
    pub(super) calls: Vec<&'t str>,
}

/// The operator on one side of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// The beginning or the end, or an operator that neither concatenates nor calculates.
    Nothing,
    /// `+`, `-` and comparisons, which have lower precedence than `~`.
    Sum,
    /// `~`
    Concatenation,
    /// `*`, `/` and `%`, which have higher precedence than `~`.
    Product,
}

/// An open bracket, or the whole expression.
struct Level<'t> {
    before: Operator,
    /// Whether a minus sign precedes the operand. It has higher precedence than a filter.
    negative: bool,
    /// The operand so far: its first token, where it begins, and its number of tokens.
    operand: Option<(Token<'t>, usize, usize)>,
    /// The dotted name before the bracket.
    subscripted: Option<&'t str>,
}

/// Filters whose input is converted to text.
const OF_TEXT: [&str; 13] = [
    "capitalize",
    "e",
    "escape",
    "indent",
    "lines",
    "lower",
    "replace",
    "split",
    "title",
    "trim",
    "upper",
    "url_encode",
    "safe",
];
/// Filters that calculate.
const OF_NUMBERS: [&str; 5] = ["abs", "float", "int", "round", "sum"];
/// Filters that compare the elements of a list.
const OF_ORDER: [&str; 4] = ["max", "min", "sort", "unique"];

/// Returns where the expression ends: at its `}`, skipping those in strings and inner braces.
pub(crate) fn expression_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens(text) {
        match token {
            Token::Sign("{") => depth += 1,
            Token::Sign("}") if depth == 0 => return Some(at),
            Token::Sign("}") => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the expression at the beginning of a text, with its braces.
pub(crate) fn leading(text: &str) -> Option<&str> {
    let end = expression_end(text.strip_prefix("${")?)?;
    text.get(..end + "${}".len())
}

/// Splits a text into pieces, each with a flag that says whether it is an expression. The last piece may be an expression that is
/// not closed.
pub(crate) fn pieces(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (literal, opened) = rest.split_at(start);
        let expression = leading(opened).unwrap_or(opened);
        pieces.extend([(false, literal), (true, expression)]);
        rest = &opened[expression.len()..];
    }
    pieces.push((false, rest));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

/// Analyses an expression without its braces.
pub(super) fn read(expression: &str) -> Syntax<'_> {
    let mut syntax = Syntax::default();
    let mut inserted: Vec<(usize, String)> = Vec::new();
    let mut levels = vec![Level::of(None)];
    let all: Vec<(usize, Token<'_>)> = tokens(expression).collect();
    // The elements of the joined list are objects in this case.
    let by_attribute = all.iter().any(|(_, token)| *token == Token::Name("attribute"));
    // The end of the previous token.
    let mut end = 0;
    for (index, &(at, token)) in all.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| all.get(before)).map(|(_, token)| *token);
        let next = all.get(index + 1).map(|(_, token)| *token);
        let member =
            matches!(before, Some(Token::Sign("." | "|"))) || matches!(before, Some(Token::Name("is")));
        let Some(level) = levels.last_mut() else { break };
        match token {
            Token::Sign(open @ ("(" | "[" | "{")) => {
                let name = dotted(&all[..index]).and_then(|from| expression.get(from..end));
                if let (Some(Token::Name(name)), "(", false) = (before, open, is_filter(&all[..index])) {
                    syntax.calls.push(name);
                }
                level.count(at, token);
                levels.push(Level::of(name.filter(|_| open == "[")));
            }
            Token::Sign(")" | "]" | "}") => {
                level.close(Operator::Nothing, end, &mut inserted);
                if levels.len() > 1 {
                    levels.pop();
                }
            }
            Token::Sign("|") => {
                level.count(at, token);
                level.negate(end, &mut inserted);
                if let Some(Token::Name(name)) = next {
                    syntax.filters.push(name);
                    let before = match name {
                        "join" if by_attribute => None,
                        "join" => Some(TEXTS),
                        _ if OF_TEXT.contains(&name) => Some(TEXT),
                        _ if OF_NUMBERS.contains(&name) => Some(NUMBER),
                        _ if OF_ORDER.contains(&name) => Some(EXACT),
                        _ => None,
                    };
                    inserted.extend(before.map(|before| (end, filter(before))));
                }
            }
            Token::Name("is") if !member && level.operand.is_some() => {
                level.count(at, token);
                // A test for a value's existence needs the unmodified name.
                let test = all[index + 1..].iter().find_map(|(_, token)| match token {
                    Token::Name("not") => None,
                    Token::Name(test) => Some(*test),
                    _ => Some(""),
                });
                if !matches!(test, Some("defined" | "undefined")) {
                    inserted.push((end, filter(NUMBER)));
                }
            }
            Token::Sign("-") if level.operand.is_none() => level.negative = true,
            Token::Sign(":") => {
                syntax.sliced.extend(level.subscripted);
                level.close(Operator::Nothing, end, &mut inserted);
            }
            _ => match Operator::of(token, member) {
                Some(operator) => level.close(operator, end, &mut inserted),
                None => level.count(at, token),
            },
        }
        end = token_end(expression, at);
    }
    if let Some(level) = levels.first_mut() {
        level.close(Operator::Nothing, end, &mut inserted);
    }
    inserted.sort_by_key(|(at, _)| *at);
    let mut from = 0;
    for (at, more) in inserted {
        syntax.rewritten.extend([expression.get(from..at).unwrap_or_default(), &more]);
        from = at;
    }
    syntax.rewritten.push_str(expression.get(from..).unwrap_or_default());
    syntax
}

fn filter(name: &str) -> String {
    format!(" | {name}")
}

impl<'t> Level<'t> {
    fn of(subscripted: Option<&'t str>) -> Self {
        Self { before: Operator::Nothing, negative: false, operand: None, subscripted }
    }

    /// Adds a token to the operand.
    fn count(&mut self, at: usize, token: Token<'t>) {
        let (first, begin, many) = self.operand.unwrap_or((token, at, 0));
        self.operand = Some((first, begin, many + 1));
    }

    /// Whether the operand is a number literal or a string literal.
    fn is_literal(&self) -> bool {
        matches!(self.operand, Some((Token::Number | Token::Text, _, 1)))
    }

    /// Ends the operand of a minus sign.
    fn negate(&mut self, end: usize, inserted: &mut Vec<(usize, String)>) {
        if let Some((_, begin, _)) = self.operand.filter(|_| self.negative && !self.is_literal()) {
            inserted.extend([(begin, "(".to_owned()), (end, format!(" | {NUMBER})"))]);
        }
        self.negative = false;
    }

    /// Ends the operand before an operator, and inserts the filter that the operators on both sides require.
    fn close(&mut self, after: Operator, end: usize, inserted: &mut Vec<(usize, String)>) {
        self.negate(end, inserted);
        if self.operand.is_some() && !self.is_literal() {
            match self.before.max(after) {
                Operator::Nothing => {}
                Operator::Concatenation => inserted.push((end, filter(TEXT))),
                Operator::Sum | Operator::Product => inserted.push((end, filter(NUMBER))),
            }
        }
        self.before = after;
        self.operand = None;
    }
}

impl Operator {
    /// Returns the kind of an operator; none for a token that is part of an operand.
    fn of(token: Token<'_>, member: bool) -> Option<Self> {
        match token {
            Token::Name("if" | "else" | "and" | "or" | "not") if !member => Some(Self::Nothing),
            Token::Name("in") if !member => Some(Self::Sum),
            Token::Sign("," | "=") => Some(Self::Nothing),
            Token::Sign("+" | "-" | "==" | "!=" | "<" | ">" | "<=" | ">=") => Some(Self::Sum),
            Token::Sign("~") => Some(Self::Concatenation),
            Token::Sign("*" | "**" | "/" | "//" | "%") => Some(Self::Product),
            _ => None,
        }
    }

    /// Returns the operator with the higher precedence.
    fn max(self, other: Self) -> Self {
        if (self as u8) < other as u8 { other } else { self }
    }
}

/// Whether the last token is the name of a filter or a test.
fn is_filter(tokens: &[(usize, Token<'_>)]) -> bool {
    let before = tokens.len().checked_sub(2).and_then(|at| tokens.get(at));
    matches!(before, Some((_, Token::Sign("|" | ".") | Token::Name("is" | "not"))))
}

/// Returns where the dotted name at the end of the tokens begins.
fn dotted(tokens: &[(usize, Token<'_>)]) -> Option<usize> {
    let mut begins = None;
    let mut name = true;
    for (at, token) in tokens.iter().rev() {
        match (name, token) {
            (true, Token::Name(_)) => begins = Some(*at),
            (false, Token::Sign(".")) => {}
            (true, _) => return None,
            (false, _) => break,
        }
        name = !name;
    }
    begins
}

/// Returns the tokens of a text, each with its position.
fn tokens(text: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.len() - text.get(at..)?.trim_start().len();
        let (begin, end) = (at, token_end(text, at));
        let written = text.get(begin..end).filter(|written| !written.is_empty())?;
        at = end;
        let first = written.chars().next()?;
        let token = match first {
            '"' | '\'' => Token::Text,
            _ if first.is_ascii_digit() => Token::Number,
            _ if first.is_alphabetic() || first == '_' => Token::Name(written),
            _ => Token::Sign(written),
        };
        Some((begin, token))
    })
}

/// Returns where the token that begins here ends.
fn token_end(text: &str, at: usize) -> usize {
    const LONG: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];
    let rest = text.get(at..).unwrap_or_default();
    let Some(first) = rest.chars().next() else { return text.len() };
    let run = |is: &dyn Fn(char) -> bool| rest.find(|one: char| !is(one)).unwrap_or(rest.len());
    let length = match first {
        '"' | '\'' => string_length(rest, first),
        _ if first.is_ascii_digit() => run(&|one| one.is_ascii_alphanumeric() || one == '_' || one == '.'),
        _ if first.is_alphabetic() || first == '_' => run(&|one| one.is_alphanumeric() || one == '_'),
        _ if LONG.iter().any(|long| rest.starts_with(long)) => 2,
        _ => first.len_utf8(),
    };
    at + length
}

/// Returns the length of a quoted string with backslash escapes. A string that is not closed extends to the end.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if one == quote => return at + one.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_an_expression_after_strings() {
        for (text, expression) in [
            ("${a}b}", "${a}"),
            (r"${'it\'s'}x", r"${'it\'s'}"),
            (r#"${"a\"}"}x}"#, r#"${"a\"}"}"#),
            (r"${'a\\'}'}", r"${'a\\'}"),
            ("${'a}b'}", "${'a}b'}"),
            ("${'${'}${b}", "${'${'}"),
            ("${'x[1:2]'}", "${'x[1:2]'}"),
            (r#"${"]"}"#, r#"${"]"}"#),
            ("${{'a': {'b': 1}}['a']}!", "${{'a': {'b': 1}}['a']}"),
            (r#"${"it's"}'}"#, r#"${"it's"}"#),
        ] {
            assert_eq!(leading(text), Some(expression), "{text}");
        }
        assert_eq!((leading("${'a}"), leading("${a"), leading("x${a}")), (None, None, None));
        assert_eq!(pieces("a${'}'}b${c"), [(false, "a"), (true, "${'}'}"), (false, "b"), (true, "${c")]);
    }

    #[test]
    fn converts_operands_to_text_or_numbers() {
        for (expression, rewritten) in [
            ("a", "a"),
            ("a.b ~ 'x'", "a.b | string ~ 'x'"),
            ("'x' ~ a ~ f(b ~ 1)", "'x' ~ a | string ~ f(b | string ~ 1) | string"),
            ("a * b ~ c + d", "a | _number * b | _number ~ c | string + d | _number"),
            ("(a if b else c) ~ d | upper", "(a if b else c) | string ~ d | string | upper | string"),
            ("a == 1.10 and b < c", "a | _number == 1.10 and b | _number < c | _number"),
            ("-a ~ 'x'", "-(a | _number) | string ~ 'x'"),
            ("1 - -a.b[-1] | abs", "1 - -(a.b[-1] | _number) | _number | abs | _number"),
            ("a[-1] ~ b[c:d]", "a[-1] | string ~ b[c:d] | string"),
            ("a is none or b is not defined", "a | _number is none or b is not defined"),
            ("a | sum", "a | _number | sum"),
            ("a | max", "a | _exact | max"),
            ("a | join('+') ~ '~'", "a | _texts | join('+') | string ~ '~'"),
            ("a | join(',', attribute='b')", "a | join(',', attribute='b')"),
            ("a.is ~ a.in", "a.is | string ~ a.in | string"),
            ("a in [1, b] ~ ''", "a | _number in [1, b] | string ~ ''"),
        ] {
            assert_eq!(read(expression).rewritten, rewritten);
        }
    }

    #[test]
    fn ignores_names_filters_and_calls_in_strings() {
        let syntax = read("a.b[c[1:]:] | upper ~ 'x[1:2] | no f(' ~ g(h | lower) ~ i | default(1)");
        assert_eq!(syntax.sliced, ["c", "a.b"]);
        assert_eq!(syntax.filters, ["upper", "lower", "default"]);
        assert_eq!(syntax.calls, ["g"]);
    }
}
