//! `!datetime`: the format of a date and time, and its distance from the time between the request and the response.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use regex::Regex;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::format_description::{OwnedFormatItem, parse_strftime_owned};
use time::parsing::Parsed;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::setting::{Mode, Setting};
use crate::cookie;
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::members::{Members, duration, string};
use crate::source::Source;
use crate::yaml::Node;

/// What a date and time must match.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    format: Format,
    /// The distance from the time at which the target responded, before or after it, and the tolerance.
    near: Option<(Distance, Duration)>,
}

/// The format of a date and time.
#[derive(Debug, Clone)]
enum Format {
    Iso,
    Date,
    Http,
    /// Any form that RFC 6265, section 5.1.1, accepts.
    Cookie,
    Unix,
    UnixMs,
    /// A `strftime` pattern, compiled and as written.
    Pattern(Arc<OwnedFormatItem>, String),
}

#[derive(Debug, Clone, Copy)]
enum Distance {
    After(Duration),
    Before(Duration),
}

/// The named formats.
const NAMED: [&str; 5] = ["iso", "date", "http", "unix", "unix_ms"];

/// RFC 3339, section 5.6. A space may replace the `T`, and the offset is optional.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test compiles it")]
pub(super) static DATETIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?$",
    )
    .unwrap()
});

/// Parses a date and time of RFC 3339. A space may replace the `T`, and the offset is optional; the default is UTC.
pub(super) fn iso(text: &str) -> Option<OffsetDateTime> {
    if !DATETIME.is_match(text) {
        return None;
    }
    let (day, clock) = (text.get(..10)?, text.get(11..)?);
    let (clock, zone) = match clock.find(['Z', 'z', '+', '-']) {
        Some(at) => (clock.get(..at)?, clock.get(at..)?),
        None => (clock, "Z"),
    };
    let zone = match zone.get(..3).zip(zone.get(3..)) {
        Some((hours, minutes)) if minutes.len() == 2 => format!("{hours}:{minutes}"),
        _ => zone.to_owned(),
    };
    // Treat a leap second as the second before it.
    let clock = clock.replacen(":60", ":59", 1);
    OffsetDateTime::parse(&format!("{day}T{clock}{zone}"), &Rfc3339).ok()
}

/// Parses a date and time of RFC 3339, a date alone (midnight UTC), or a date of HTTP.
pub(super) fn any(text: &str) -> Option<OffsetDateTime> {
    let day = || iso(&format!("{text}T00:00:00Z")).filter(|_| text.len() == 10);
    iso(text).or_else(day).or_else(|| OffsetDateTime::parse(text, &Rfc2822).ok())
}

impl Moment {
    /// Whether a value matches in a response, given when its request was sent and when it was complete. The target may have
    /// written the value at any time in between.
    pub(super) fn holds(&self, value: &Json, times: Option<[SystemTime; 2]>) -> bool {
        let Some(moment) = self.read(value) else { return false };
        let (Some((distance, off)), Some(times)) = (self.near, times) else { return true };
        let expected = |now: SystemTime| match distance {
            Distance::After(time) => OffsetDateTime::from(now).checked_add(time.try_into().ok()?),
            Distance::Before(time) => OffsetDateTime::from(now).checked_sub(time.try_into().ok()?),
        };
        let [Some(first), Some(last)] = times.map(expected) else { return false };
        (first <= moment && moment <= last)
            || [first, last].into_iter().any(|expected| (moment - expected).unsigned_abs() <= off)
    }

    fn read(&self, value: &Json) -> Option<OffsetDateTime> {
        let since_1970 = |power| {
            let nanoseconds = value.as_number()?.times_ten_to(power)?;
            OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()
        };
        match &self.format {
            Format::Unix => since_1970(9),
            Format::UnixMs => since_1970(6),
            Format::Cookie => cookie::parse_date(value.as_str()?),
            Format::Http => {
                let text = value.as_str().filter(|text| text.ends_with(" GMT"))?;
                OffsetDateTime::parse(text, &Rfc2822).ok()
            }
            Format::Iso => iso(value.as_str()?),
            Format::Date => iso(&format!("{}T00:00:00Z", value.as_str().filter(|text| text.len() == 10)?)),
            Format::Pattern(pattern, _) => {
                let mut parsed = Parsed::new();
                let rest = parsed.parse_item(value.as_str()?.as_bytes(), pattern.as_ref()).ok()?;
                rest.is_empty().then(|| complete(parsed)).flatten()
            }
        }
    }

    /// Whether the value is a number.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.format, Format::Unix | Format::UnixMs)
    }

    /// Describes the expected value.
    pub(super) fn describe(&self) -> String {
        let what = match &self.format {
            Format::Iso => "a date and time".to_owned(),
            Format::Date => "a date".to_owned(),
            Format::Http => "a date and time in HTTP format".to_owned(),
            Format::Cookie => "a date and time of a cookie".to_owned(),
            Format::Unix => "a time in seconds since 1970".to_owned(),
            Format::UnixMs => "a time in milliseconds since 1970".to_owned(),
            Format::Pattern(_, written) => format!("a date and time in the format {written}"),
        };
        match self.near {
            None => what,
            Some((Distance::After(time), off)) => format!("{what}, {time:?} from now, give or take {off:?}"),
            Some((Distance::Before(time), off)) => format!("{what}, {time:?} ago, give or take {off:?}"),
        }
    }
}

/// Completes a parsed date: midnight if the pattern has no time, and UTC if it has no zone.
fn complete(parsed: Parsed) -> Option<OffsetDateTime> {
    if let Ok(moment) = OffsetDateTime::try_from(parsed) {
        return Some(moment);
    }
    let names_a_time = parsed.hour_24().is_some() || parsed.hour_12().is_some();
    let time = if names_a_time { Time::try_from(parsed).ok()? } else { Time::MIDNIGHT };
    Some(PrimitiveDateTime::new(Date::try_from(parsed).ok()?, time).assume_utc())
}

/// Returns the matcher of a cookie's date, in any format and at any distance.
pub(super) fn of_a_cookie() -> Moment {
    Moment { format: Format::Cookie, near: None }
}

/// Compiles the argument of `!datetime`. Without a format, the `Expires` attribute of a cookie may have any form.
///
/// # Errors
/// An invalid key or value.
pub(super) fn compile(node: &Node, setting: &Setting<'_>) -> Result<Moment, Diagnostic> {
    let source = setting.source;
    let plain = node.untagged();
    let mut members = Members::of(&plain, source, "`!datetime`")?;
    let time = |node: &Node| duration(&string(node, source, "a time")?, &node.place(source));
    let format = members.take("format").map(|node| compile_format(node, source)).transpose()?;
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
                "use one of `from_now` and `ago` together with `give_or_take`",
            )
            .help("!datetime {from_now: 0s, give_or_take: 5s}"));
        }
    };
    let usual = if setting.mode == Mode::CookieDate { Format::Cookie } else { Format::Iso };
    Ok(Moment { format: format.unwrap_or(usual), near })
}

fn compile_format(node: &Node, source: &Arc<Source>) -> Result<Format, Diagnostic> {
    let written = string(node, source, "a format")?;
    let place = node.place(source);
    Ok(match written.as_str() {
        "iso" => Format::Iso,
        "date" => Format::Date,
        "http" => Format::Http,
        "unix" => Format::Unix,
        "unix_ms" => Format::UnixMs,
        pattern if pattern.contains('%') => match parse_strftime_owned(pattern) {
            Ok(item) => Format::Pattern(Arc::new(item), written),
            Err(error) => {
                return Err(Diagnostic::at(place, format!("invalid date pattern: {error}"))
                    .help("write it as for strftime: %d.%m.%Y %H:%M"));
            }
        },
        other => {
            let message = format!("unknown date format `{other}`");
            return Err(Diagnostic::at(place, message).suggest(other, NAMED));
        }
    })
}
