//! Dates and times: how one is written, and how far it is from the moment of the answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use super::leaf::is_datetime;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::suite::members::{Members, duration, string};
use crate::yaml::Node;

/// What a date and time has to be.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    format: Format,
    /// How far it is from the answer, before it or after it, and by how much it may be off.
    near: Option<(Distance, Duration)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Iso,
    Http,
    Unix,
}

#[derive(Debug, Clone, Copy)]
enum Distance {
    After(Duration),
    Before(Duration),
}

impl Moment {
    /// Whether a value is such a moment, in an answer that came `now`.
    pub(super) fn holds(&self, value: &Json, now: Option<SystemTime>) -> bool {
        let Some(moment) = self.read(value) else { return false };
        let (Some((distance, off)), Some(now)) = (self.near, now) else { return true };
        let now = OffsetDateTime::from(now);
        let expected = match distance {
            Distance::After(time) => now + time,
            Distance::Before(time) => now - time,
        };
        (moment - expected).unsigned_abs() <= off
    }

    fn read(&self, value: &Json) -> Option<OffsetDateTime> {
        match self.format {
            Format::Unix => OffsetDateTime::from_unix_timestamp(value.as_i64()?).ok(),
            Format::Http => {
                let text = value.as_str().filter(|text| text.ends_with(" GMT"))?;
                OffsetDateTime::parse(text, &Rfc2822).ok()
            }
            Format::Iso => {
                let text = value.as_str().filter(|text| is_datetime(text))?;
                let (day, clock) = text.split_at(10);
                let clock = &clock[1..];
                // One that names no zone is of UTC.
                let zone = clock.find(['Z', 'z', '+', '-']);
                let zone = zone.map_or("Z".to_owned(), |at| clock[at..].to_owned());
                let zone = if zone.len() == 5 { format!("{}:{}", &zone[..3], &zone[3..]) } else { zone };
                let clock = clock.split(['Z', 'z', '+', '-']).next().unwrap_or_default();
                OffsetDateTime::parse(&format!("{day}T{clock}{zone}"), &Rfc3339).ok()
            }
        }
    }

    /// Says what is expected.
    pub(super) fn describe(&self) -> String {
        let what = match self.format {
            Format::Iso => "a date and time",
            Format::Http => "a date and time as HTTP writes it",
            Format::Unix => "a time in seconds since 1970",
        };
        match self.near {
            None => what.to_owned(),
            Some((Distance::After(time), off)) => format!("{what}, {time:?} from now, give or take {off:?}"),
            Some((Distance::Before(time), off)) => format!("{what}, {time:?} ago, give or take {off:?}"),
        }
    }
}

/// Returns the moment that the argument of `!datetime` describes.
///
/// # Errors
/// A key or a value that is not of the format.
pub(super) fn compile(node: &Node, source: &Arc<Source>) -> Result<Moment, Diagnostic> {
    let plain = node.untagged();
    let mut members = Members::of(&plain, source, "`!datetime`")?;
    let time = |node: &Node| duration(&string(node, source, "a time")?, &node.place(source));
    let format = match members.take("format") {
        None => Format::Iso,
        Some(node) => match string(node, source, "a format")?.as_str() {
            "iso" => Format::Iso,
            "http" => Format::Http,
            "unix" => Format::Unix,
            other => {
                let message = format!("`{other}` is not a format of dates");
                return Err(
                    Diagnostic::at(node.place(source), message).suggest(other, ["iso", "http", "unix"])
                );
            }
        },
    };
    let after = members.take("from_now").map(time).transpose()?;
    let before = members.take("ago").map(time).transpose()?;
    let off = members.take("give_or_take").map(time).transpose()?;
    let whole = members.place().clone();
    members.finish()?;
    let near = match (after, before, off) {
        (None, None, None) => None,
        (Some(time), None, Some(off)) => Some((Distance::After(time), off)),
        (None, Some(time), Some(off)) => Some((Distance::Before(time), off)),
        _ => {
            return Err(Diagnostic::at(
                whole,
                "a distance is one of `from_now` and `ago`, with `give_or_take`",
            )
            .help("!datetime {from_now: 0s, give_or_take: 5s}"));
        }
    };
    Ok(Moment { format, near })
}
