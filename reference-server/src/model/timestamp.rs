//! A time in UTC in the course's formats, with a resolution of a second.
//!
//! Responses have a space between date and time (`2017-10-16 04:23:04`), as in the transcripts; files have a `T`,
//! because the course's starter code reads only that form. Both are accepted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use thiserror::Error;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, PrimitiveDateTime, UtcDateTime};

const IN_RESPONSES: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const IN_FILES: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// A time in UTC. Fractions of a second are kept in memory but not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(UtcDateTime);

/// A text that is not of the form `YYYY-MM-DDTHH:MM:SS`.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a time like 2017-10-16T04:23:04")]
pub struct TimestampError(String);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self(UtcDateTime::now())
    }

    /// The time that many seconds later, or the last time that can be represented.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(Duration::seconds(seconds)))
    }

    /// Serializes with a space, as in responses.
    pub(super) fn serialize_in_response<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.format(IN_RESPONSES).map_err(ser::Error::custom)?)
    }
}

/// Serializes with a `T`, as in files.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.format(IN_FILES).map_err(ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        PrimitiveDateTime::parse(text, IN_FILES)
            .or_else(|_| PrimitiveDateTime::parse(text, IN_RESPONSES))
            .map(|time| Self(time.as_utc()))
            .map_err(|_| TimestampError(text.to_owned()))
    }
}

/// With a space, as in responses.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.format(IN_RESPONSES).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
