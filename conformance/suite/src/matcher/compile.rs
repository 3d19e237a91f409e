//! Compiles a node of a scenario into a [`Matcher`].

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::bytes::{self, Bytes};
use super::leaf::{LEAVES, LEAVES_OF};
use super::order::{self, ORDERS};
use super::setting::{Mode, Setting};
use super::{About, Kind, Matcher, kinds, moment, schema};
use crate::budget;
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::members::{Members, number, parse_text, parse_value};
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::{Node, Value};

/// Compiles a matcher.
///
/// # Errors
/// An unknown tag, or a tag with a value of the wrong shape.
pub fn compile(node: &Node, setting: &Setting<'_>) -> Result<Matcher, Diagnostic> {
    let place = node.place(setting.source);
    let kind = match &node.tag {
        Some(tag) => tagged(tag, node, setting, &place)?,
        None => plain(node, setting, &place)?,
    };
    let matcher = Matcher { kind, place };
    if setting.mode == Mode::Json || !is_of_scalars(&matcher.kind) {
        return Ok(matcher);
    }
    let place = matcher.place.clone();
    Ok(Matcher { kind: Kind::OfText(Box::new(matcher)), place })
}

/// Whether only a number or a boolean can match, or, for a schema, may match.
fn is_of_scalars(kind: &Kind) -> bool {
    match kind {
        Kind::Leaf(leaf) => matches!(leaf.tag, "!integer" | "!number" | "!boolean"),
        Kind::Moment(moment) => moment.is_number(),
        Kind::About(_) | Kind::Schema(_) => true,
        _ => false,
    }
}

/// Compiles the matcher of a value that `!optional` allows to be missing: a member, a header field or an attribute of a cookie.
///
/// # Errors
/// An unknown tag, or a tag with a value of the wrong shape.
pub(crate) fn compile_optional(node: &Node, setting: &Setting<'_>) -> Result<Matcher, Diagnostic> {
    if node.tag.as_deref() != Some(OPTIONAL) {
        return compile(node, setting);
    }
    let place = node.place(setting.source);
    let inner = inside(OPTIONAL, node, &place)?;
    Ok(Matcher { kind: Kind::Optional(Box::new(compile(&inner, setting)?)), place })
}

/// The tag of an entry of `events` that names the fields of an event.
pub(crate) const EVENT: &str = "!event";

/// The tag of a value that may be missing.
pub(crate) const OPTIONAL: &str = "!optional";

/// Compiles a list of lines, or another matcher of that list, to a matcher of a text.
///
/// # Errors
/// An invalid value or matcher, with its location.
pub(crate) fn compile_lines(node: &Node, setting: &Setting<'_>) -> Result<Matcher, Diagnostic> {
    let kind = Kind::Lines(Box::new(compile(node, setting)?));
    Ok(Matcher { kind, place: node.place(setting.source) })
}

/// Returns all tags, in the order of the language reference.
pub fn known() -> impl Iterator<Item = &'static str> {
    let leaves = LEAVES.iter().map(|leaf| leaf.tag).chain(LEAVES_OF.iter().map(|leaf| leaf.tag));
    leaves.chain(ORDERS.iter().map(|order| order.tag)).chain([
        "!sorted",
        "!lines",
        "!absent",
        OPTIONAL,
        "!regex",
        "!length",
        "!sha256",
        "!schema",
        "!about",
        "!one_of",
        "!all",
        "!not",
        "!subset",
        "!each",
        "!containing",
        "!unordered",
        "!count",
        EVENT,
    ])
}

/// Compiles a regular expression.
///
/// # Errors
/// An invalid pattern, with its location.
pub(crate) fn pattern(written: &str, place: &Place) -> Result<Regex, Diagnostic> {
    compile_pattern(written).map_err(|error| {
        let cause = error.to_string();
        let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Diagnostic::at(pattern_place(written, &error.to_string(), place), format!("invalid pattern: {cause}"))
    })
}

/// Compiles a pattern with as much memory as it needs, up to the limit of the library.
fn compile_pattern(written: &str) -> Result<Regex, Box<dyn Error>> {
    /// The sizes to try, in bytes.
    const SIZES: [usize; 3] = [16 * 1024, 256 * 1024, 10 * 1024 * 1024];
    let [sizes @ .., largest] = SIZES;
    for size in sizes {
        if let Ok(regex) = RegexBuilder::new(written).size_limit(size).build() {
            budget::spend(size as u64)?;
            return Ok(regex);
        }
    }
    budget::spend(largest as u64)?;
    Ok(RegexBuilder::new(written).size_limit(largest).build()?)
}

/// Returns the part of a pattern that the library marks with `^` below it, if the file has the pattern as it is.
fn pattern_place(written: &str, error: &str, place: &Place) -> Place {
    let marks = || {
        let mark =
            error.lines().find(|line| line.contains('^') && line.trim_matches([' ', '^']).is_empty())?;
        let line = error.lines().find(|line| line.trim_start() == written)?;
        let before = line.len() - line.trim_start().len();
        let start = mark.find('^')?.checked_sub(before)?;
        let from = written.char_indices().nth(start).map_or(written.len(), |(at, _)| at);
        let length =
            written.get(from..)?.chars().take(mark.matches('^').count().max(1)).map(char::len_utf8).sum();
        Some((from, length))
    };
    let whole = place.find(written);
    let source = place.source();
    let span = whole.span();
    match marks() {
        Some((from, length)) if source.text().get(span.start..span.end) == Some(written) => {
            let length: usize = length;
            source.place(crate::source::Span::new(span.start + from, span.start + from + length))
        }
        _ => place.clone(),
    }
}

fn plain(node: &Node, setting: &Setting<'_>, place: &Place) -> Result<Kind, Diagnostic> {
    let (source, mode) = (setting.source, setting.mode);
    Ok(match &node.value {
        Value::String(written) if mode == Mode::Json => Kind::Text(parse_value(written, place)?),
        Value::String(written) => Kind::Text(parse_text(written, place)?),
        Value::Number(_) | Value::Bool(_) if mode != Mode::Json => {
            Kind::Text(Text::literal(node.written().unwrap_or_default()))
        }
        Value::Number(_) => Kind::Literal(Json::Number(number(node, source)?)),
        Value::Bool(value) => Kind::Literal(Json::Bool(*value)),
        Value::Null if mode != Mode::Json => {
            return Err(Diagnostic::at(place.clone(), "expected a text")
                .help("write '' for an empty text, or !any for any text"));
        }
        Value::Null => Kind::Literal(Json::Null),
        Value::List(list) => Kind::List(compile_all(list, setting)?),
        Value::Mapping(_) => object(node, setting, false)?,
    })
}

fn tagged(tag: &str, node: &Node, setting: &Setting<'_>, place: &Place) -> Result<Kind, Diagnostic> {
    let source = setting.source;
    let takes =
        |what: &str| Diagnostic::at(place.clone(), format!("`{tag}` takes {what}, not {}", node.shape()));
    match &node.value {
        Value::Mapping(_) if tag == "!datetime" => {
            return moment::compile(node, setting).map(|moment| Kind::Moment(Box::new(moment)));
        }
        Value::Null if tag == "!datetime" && setting.mode == Mode::CookieDate => {
            return Ok(Kind::Moment(Box::new(moment::of_a_cookie())));
        }
        _ => {}
    }
    if let Some(leaf) = LEAVES.iter().find(|leaf| leaf.tag == tag) {
        return match node.value {
            Value::Null => Ok(Kind::Leaf(leaf)),
            _ if tag == "!datetime" => Err(takes("no value or a mapping")
                .help("such as !datetime {ago: 0s, give_or_take: 5s} or !datetime {format: date}")),
            _ => Err(takes("no value")),
        };
    }
    if let Some(leaf) = LEAVES_OF.iter().find(|leaf| leaf.tag == tag) {
        return match &node.value {
            Value::String(written) => Ok(Kind::LeafOf { leaf, argument: parse_text(written, place)? }),
            Value::Number(_) => {
                Ok(Kind::LeafOf { leaf, argument: Text::literal(node.written().unwrap_or_default()) })
            }
            Value::List(_) | Value::Mapping(_) if tag == "!contains" => Err(takes("a string")
                .help("for the elements of a list: !containing [a, b], or !containing [!subset {id: 3}]")),
            _ => Err(takes("a string")),
        };
    }
    if let Some(order) = ORDERS.iter().find(|order| order.tag == tag) {
        return ordered(order, node, setting).map_err(|wrong| {
            wrong.unwrap_or_else(|| {
                takes(if order.bounds == 1 { "one value, such as 5" } else { "two values, such as [1, 100]" })
            })
        });
    }
    match (tag, &node.value) {
        ("!sorted", _) => order::sorted(node, setting).map(|sorted| Kind::Sorted(Box::new(sorted))),
        ("!lines", Value::List(list)) => {
            let kind = Kind::List(compile_all(list, setting)?);
            Ok(Kind::Lines(Box::new(Matcher { kind, place: place.clone() })))
        }
        ("!lines", Value::Mapping(_)) => lines(node, setting),
        ("!lines", _) => Err(takes("a list with one entry for each line")
            .help("for another matcher of the list of lines: !lines {of: !containing [a]}")),
        ("!absent" | OPTIONAL | EVENT, _) => Err(misplaced(tag, place)),
        ("!regex", Value::String(written)) => {
            pattern(written, place).map(|regex| Kind::Regex(Box::new(regex)))
        }
        ("!regex", _) => Err(takes("a pattern")),
        ("!length", Value::Number(_) | Value::String(_)) => crate::count::read(&node.untagged(), source)
            .map(|length| match setting.mode {
                Mode::Bytes => Kind::Bytes(Box::new(Bytes::Length(length))),
                Mode::Json | Mode::Text | Mode::CookieDate => Kind::Length(length),
            })
            .map_err(|_| takes("a whole number or a range (1.., ..3 or 1..3)")),
        ("!length", _) => Err(takes("a whole number or a range (1.., ..3 or 1..3)")),
        ("!sha256", _) if setting.mode != Mode::Bytes => {
            let message = "`!sha256` is only allowed under `body`";
            Err(Diagnostic::at(place.clone(), message)
                .help("for a text in JSON, use the function: ${sha256(…)}"))
        }
        ("!sha256", Value::String(_) | Value::Number(_)) => {
            bytes::digest(&node.untagged(), source, place).map(|digest| Kind::Bytes(Box::new(digest)))
        }
        ("!sha256", _) => Err(takes("the 64 hexadecimal digits of a digest")),
        ("!schema", Value::String(_) | Value::Mapping(_)) => {
            schema::compile(node, setting).map(|schema| Kind::Schema(Box::new(schema)))
        }
        ("!schema", _) => Err(takes(
            "the name of a file, such as `todo.json` or `api.yaml#/components/schemas/Todo`, or a schema",
        )),
        ("!about", Value::Mapping(_)) => about(node, source),
        ("!about", _) => Err(takes("a mapping with `value` and `within`")),
        ("!count", Value::Mapping(_)) => times(node, setting),
        ("!count", _) => Err(takes("a mapping with `of` and `times`")),
        ("!all", Value::List(list)) if !list.is_empty() => {
            kinds::consistent(compile_all(list, setting)?).map(Kind::AllOf)
        }
        ("!all", _) => Err(takes("a list of matchers")),
        ("!unordered", Value::List(list)) => Ok(Kind::Unordered(compile_all(list, setting)?)),
        ("!one_of", Value::List(list)) if !list.is_empty() => Ok(Kind::OneOf(compile_all(list, setting)?)),
        ("!one_of", _) => {
            let first = node.written().unwrap_or("a");
            Err(takes("a list of choices").help(format!("write !one_of [{first}, another]")))
        }
        // A node has only one tag, so a tagged matcher inside another is written in a list: `!not [!uuid]`.
        ("!not", Value::List(list)) if !list.is_empty() => Ok(Kind::NoneOf(compile_all(list, setting)?)),
        ("!not", _) => Ok(Kind::NoneOf([compile(&node.untagged(), setting)?].into())),
        ("!subset", Value::Mapping(_)) => object(node, setting, true),
        ("!subset", _) => Err(takes("a mapping")),
        ("!each", _) => Ok(Kind::Each(Box::new(compile(&*inside(tag, node, place)?, setting)?))),
        ("!containing", Value::List(list)) => Ok(Kind::Containing(compile_all(list, setting)?)),
        ("!unordered" | "!containing", _) => {
            Err(takes("a list").help(format!("write each element in brackets, as {tag} [a, b]")))
        }
        _ => Err(Diagnostic::at(place.clone(), format!("unknown matcher `{tag}`")).suggest(tag, known())),
    }
}

/// Returns the error for `!absent` or `!optional` where nothing can be missing, or for `!event` where no event is expected.
fn misplaced(tag: &str, place: &Place) -> Diagnostic {
    if tag == EVENT {
        return Diagnostic::at(place.clone(), "`!event` is only allowed for an entry of `events`")
            .help("write events: [!event {event: update, data: done}]");
    }
    let (others, help) = if tag == OPTIONAL {
        (", a header or a cookie", "write json: {name: !optional …}")
    } else {
        (
            "",
            "write json: !subset {name: !absent }; list a header under `absent`, and a cookie under `absent_cookies`",
        )
    };
    let message = format!("`{tag}` is only allowed as the value of a member of an object{others}");
    Diagnostic::at(place.clone(), message).help(help)
}

/// Returns the one node that a tag contains. A node has only one tag, so a matcher with a tag is written in a list.
pub(crate) fn inside<'n>(tag: &str, node: &'n Node, place: &Place) -> Result<Cow<'n, Node>, Diagnostic> {
    match &node.value {
        Value::List(list) => match list.as_slice() {
            [one] => Ok(Cow::Borrowed(one)),
            many => {
                Err(Diagnostic::at(place.clone(), format!("`{tag}` takes one matcher, not {}", many.len()))
                    .help(format!("write a matcher with a tag in a list: {tag} [!uuid ]")))
            }
        },
        _ => Ok(Cow::Owned(node.untagged())),
    }
}

/// Compiles the bounds of a matcher of order.
///
/// # Errors
/// A bound that is not a value; none if the number of bounds is wrong.
fn ordered(
    order: &'static order::Order,
    node: &Node,
    setting: &Setting<'_>,
) -> Result<Kind, Option<Diagnostic>> {
    let bounds: Box<[Matcher]> = match &node.value {
        Value::List(list) => compile_all(list, setting)?,
        Value::Null | Value::Mapping(_) => return Err(None),
        _ => [compile(&node.untagged(), setting)?].into(),
    };
    if bounds.len() != order.bounds {
        return Err(None);
    }
    let of_cookie = setting.mode == Mode::CookieDate;
    bounds.iter().try_for_each(|bound| order.check(bound, of_cookie))?;
    order.check_range(&bounds, of_cookie)?;
    Ok(Kind::Order { order, bounds, of_cookie })
}

/// Compiles `!lines {of: !each {id: !uuid }}`.
fn lines(node: &Node, setting: &Setting<'_>) -> Result<Kind, Diagnostic> {
    let plain = node.untagged();
    let mut members = Members::of(&plain, setting.source, "`!lines`")?;
    let of = members.take("of");
    let whole = members.place().clone();
    members.finish()?;
    let of = of.ok_or_else(|| {
        Diagnostic::at(whole, "`!lines` needs `of`").help("!lines {of: !containing [a]}, or !lines [a, b]")
    })?;
    Ok(Kind::Lines(Box::new(compile(of, setting)?)))
}

/// Compiles `!about {value: 3.14, within: 0.01}`.
fn about(node: &Node, source: &Arc<Source>) -> Result<Kind, Diagnostic> {
    let plain = node.untagged();
    let mut members = Members::of(&plain, source, "`!about`")?;
    let (value, within) = (members.take("value"), members.take("within"));
    let whole = members.place().clone();
    members.finish()?;
    let given = |node: Option<&Node>, name: &str| {
        let node = node.ok_or_else(|| Diagnostic::at(whole.clone(), format!("`!about` needs a `{name}`")))?;
        number(node, source)
    };
    let value = given(value, "value")?;
    let off = given(within, "within")?;
    match within {
        Some(within) if off.to_f64() < 0.0 => {
            Err(Diagnostic::at(within.place(source), "`within` must not be negative"))
        }
        _ => Ok(Kind::About(Box::new(About { value, within: off }))),
    }
}

/// Compiles `!count {of: !uuid, times: 2..}`.
fn times(node: &Node, setting: &Setting<'_>) -> Result<Kind, Diagnostic> {
    let source = setting.source;
    let plain = node.untagged();
    let mut members = Members::of(&plain, source, "`!count`")?;
    let (of, times) = (members.take("of"), members.take("times"));
    let whole = members.place().clone();
    members.finish()?;
    let (Some(of), Some(times)) = (of, times) else {
        return Err(Diagnostic::at(whole, "`!count` needs `of` (a matcher) and `times` (a count)")
            .help("!count {of: !subset {done: true}, times: 2..}"));
    };
    Ok(Kind::Times {
        of: Box::new(compile(of, setting)?),
        times: Box::new(crate::count::read(times, source)?),
    })
}

fn object(node: &Node, setting: &Setting<'_>, open: bool) -> Result<Kind, Diagnostic> {
    let Value::Mapping(entries) = &node.value else {
        return Ok(Kind::Object { members: Box::default(), open });
    };
    if setting.mode != Mode::Json {
        let message = "a text cannot be equal to a mapping";
        return Err(Diagnostic::at(node.place(setting.source), message).help(
            "write a text or a matcher, such as !contains text; `json` compares a body with a mapping",
        ));
    }
    let member = |(name, node): &(crate::yaml::Located<String>, Node)| {
        let place = node.place(setting.source);
        let kind = match (node.tag.as_deref(), &node.value) {
            (Some("!absent"), Value::Null) => Kind::Absent,
            (Some("!absent"), _) => {
                let message = format!("`!absent` takes no value, not {}", node.shape());
                return Err(Diagnostic::at(place, message));
            }
            _ => return Ok((name.value.clone(), compile_optional(node, setting)?)),
        };
        Ok((name.value.clone(), Matcher { kind, place }))
    };
    Ok(Kind::Object { members: entries.iter().map(member).collect::<Result<_, Diagnostic>>()?, open })
}

fn compile_all(list: &[Node], setting: &Setting<'_>) -> Result<Box<[Matcher]>, Diagnostic> {
    list.iter().map(|node| compile(node, setting)).collect()
}
