//! What the events of a stream must match, and how many of them have to be read for that.

use super::compile::{EVENT, compile};
use super::setting::{Mode, Setting};
use super::{Kind, Matcher, list};
use crate::amount::amount;
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::members::Members;
use crate::source::Place;
use crate::template::Scope;
use crate::yaml::{Node, Value};

/// What the events of a stream must match.
#[derive(Debug, Clone)]
pub struct Events {
    matcher: Matcher,
    /// Number of events that are listed.
    listed: usize,
}

/// The fields of an event. All but `json` and `retry` are texts.
const FIELDS: [&str; 5] = ["data", "json", "event", "id", "retry"];

impl Events {
    /// Returns the matcher of the list of the events.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Number of events that are read, if it is known before.
    #[must_use]
    pub fn number(&self) -> Option<usize> {
        (!matches!(self.matcher.kind, Kind::Containing(_))).then_some(self.listed)
    }

    /// Whether no further event has to be read after these, of which all but the last were not enough.
    #[must_use]
    pub fn are_enough(&self, events: &[Json], scope: &Scope) -> bool {
        match &self.matcher.kind {
            // An event that is none of them changes nothing.
            Kind::Containing(expected) => {
                let last = events.last();
                last.is_some_and(|last| expected.iter().any(|one| one.matches(last, scope)))
                    && list::holds(expected, true, events, scope)
            }
            _ => events.len() >= self.listed,
        }
    }

    /// Describes the events that have to come.
    #[must_use]
    pub fn describe(&self, scope: &Scope) -> String {
        match self.number() {
            Some(number) => amount(number, "event"),
            None => self.matcher.describe(scope),
        }
    }
}

/// Compiles the value of `events`: a list, `!unordered` or `!containing`.
///
/// # Errors
/// Another value, an empty list, or an invalid entry.
pub(crate) fn events(node: &Node, setting: &Setting<'_>) -> Result<Events, Diagnostic> {
    let place = node.place(setting.source);
    let allowed = matches!(node.tag.as_deref(), None | Some("!unordered" | "!containing"));
    let Value::List(list) = &node.value else { return Err(shape(place)) };
    if !allowed || list.is_empty() {
        return Err(shape(place));
    }
    let all = list.iter().map(|entry| event(entry, setting)).collect::<Result<Box<[_]>, _>>()?;
    let listed = all.len();
    let kind = match node.tag.as_deref() {
        Some("!containing") => Kind::Containing(all),
        Some(_) => Kind::Unordered(all),
        None => Kind::List(all),
    };
    Ok(Events { matcher: Matcher { kind, place }, listed })
}

/// Compiles what one event must match, from `json` or `text` of the expectation.
///
/// # Errors
/// An invalid value or matcher, with its location.
pub(crate) fn one_event(
    field: &'static str,
    node: &Node,
    setting: &Setting<'_>,
) -> Result<Events, Diagnostic> {
    let place = node.place(setting.source);
    let all = [of_fields([(field, node)], &place, setting)?].into();
    Ok(Events { matcher: Matcher { kind: Kind::List(all), place }, listed: 1 })
}

/// Returns the matcher of one event, whatever it is.
pub(crate) fn any_event(place: &Place) -> Events {
    let any = Matcher { kind: Kind::Object { members: Box::default(), open: true }, place: place.clone() };
    Events { matcher: Matcher { kind: Kind::List([any].into()), place: place.clone() }, listed: 1 }
}

fn event(node: &Node, setting: &Setting<'_>) -> Result<Matcher, Diagnostic> {
    let place = node.place(setting.source);
    if node.tag.as_deref() != Some(EVENT) {
        return of_fields([("json", node)], &place, setting);
    }
    let plain = node.untagged();
    let mut members = Members::of(&plain, setting.source, "`!event`")?;
    let fields: Vec<(&str, &Node)> =
        FIELDS.into_iter().filter_map(|field| Some((field, members.take(field)?))).collect();
    members.finish()?;
    of_fields(fields, &place, setting)
}

fn of_fields<'n>(
    fields: impl IntoIterator<Item = (&'static str, &'n Node)>,
    place: &Place,
    setting: &Setting<'_>,
) -> Result<Matcher, Diagnostic> {
    let field = |(name, node): (&'static str, &Node)| {
        let mode = if matches!(name, "json" | "retry") { Mode::Json } else { Mode::Text };
        Ok((name.to_owned(), compile(node, &Setting { mode, ..*setting })?))
    };
    let members = fields.into_iter().map(field).collect::<Result<_, Diagnostic>>()?;
    Ok(Matcher { kind: Kind::Object { members, open: true }, place: place.clone() })
}

fn shape(place: Place) -> Diagnostic {
    Diagnostic::at(place, "`events` must be a list of the events to read, with one entry at least").help(
        "write events: [{n: 1}] for the first events in order, !unordered [a, b] for the first events in any order, or \
         !containing [a, b] to read until each of these has come",
    )
}
