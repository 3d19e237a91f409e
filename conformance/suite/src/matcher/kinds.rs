//! The kinds of JSON values that a matcher can match, to find matchers that contradict each other.

use super::{Kind, Matcher};
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::template::Scope;

/// Kinds of values, one bit for each.
type Kinds = u8;

const NULL: Kinds = 1;
const BOOLEAN: Kinds = 2;
const NUMBER: Kinds = 4;
const STRING: Kinds = 8;
const LIST: Kinds = 16;
const OBJECT: Kinds = 32;
const ANY: Kinds = 63;

/// Returns the matchers if a value can match all of them.
///
/// # Errors
/// The first matcher that matches no kind of value that those before it match.
pub(super) fn consistent(all: Box<[Matcher]>) -> Result<Box<[Matcher]>, Diagnostic> {
    let mut common = ANY;
    for (at, matcher) in all.iter().enumerate() {
        common &= of(&matcher.kind);
        if common == 0 {
            let scope = Scope::default();
            let before: Vec<String> = all.iter().take(at).map(|matcher| matcher.describe(&scope)).collect();
            let message =
                format!("no value can be {} and also {}", before.join(" and "), matcher.describe(&scope));
            return Err(Diagnostic::at(matcher.place.clone(), message)
                .help("`!all` requires all of its matchers; write !one_of [a, b] if one of them is enough"));
        }
    }
    Ok(all)
}

/// Returns the kinds of values that may match; in a text, a matcher of numbers matches a string.
fn of(kind: &Kind) -> Kinds {
    match kind {
        Kind::Literal(Json::Null) => NULL,
        Kind::Literal(Json::Bool(_)) => BOOLEAN,
        Kind::Literal(Json::Number(_)) | Kind::About(_) => NUMBER,
        Kind::Moment(moment) if moment.is_number() => NUMBER,
        Kind::Literal(_) | Kind::LeafOf { .. } | Kind::Regex(_) | Kind::Lines(_) | Kind::Moment(_) => STRING,
        Kind::Leaf(leaf) => match leaf.tag {
            "!any" => ANY,
            "!integer" | "!number" => NUMBER,
            "!boolean" => BOOLEAN,
            _ => STRING,
        },
        Kind::Length(_) => STRING | LIST | OBJECT,
        Kind::Order { .. } => STRING | NUMBER,
        Kind::Object { .. } => OBJECT,
        Kind::List(_)
        | Kind::Each(_)
        | Kind::Containing(_)
        | Kind::Unordered(_)
        | Kind::Times { .. }
        | Kind::Sorted(_) => LIST,
        Kind::OneOf(choices) => choices.iter().fold(0, |all, choice| all | of(&choice.kind)),
        Kind::AllOf(all) => all.iter().fold(ANY, |common, one| common & of(&one.kind)),
        Kind::Text(_)
        | Kind::Bytes(_)
        | Kind::Schema(_)
        | Kind::OfText(_)
        | Kind::NoneOf(_)
        | Kind::Absent
        | Kind::Optional(_) => ANY,
    }
}
