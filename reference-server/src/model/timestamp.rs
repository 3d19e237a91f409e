//! A time in UTC in the course's formats, with a resolution of a second.
//!
//! Responses have a space between date and time (`2017-10-16 04:23:04`), as in the transcripts; files have a `T`,
//! because the course's starter code reads only that form. Both are accepted.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

const DAY: i64 = 24 * 60 * 60;

/// A time in UTC. Fractions of a second are kept in memory but not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
}

/// A text that is not of the form `YYYY-MM-DDTHH:MM:SS`.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a time like 2017-10-16T04:23:04")]
pub struct TimestampError(String);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        // A clock before 1970 counts as 1970.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seconds: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: since_epoch.subsec_nanos(),
        }
    }

    /// The time that many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), ..self }
    }

    /// The text with `between` between date and time. Years outside of 0 to 9999 are clamped. Formats digits directly:
    /// it is part of every response with a user.
    fn text(self, between: u8) -> [u8; 19] {
        let (year, month, day) = date_of(self.seconds.div_euclid(DAY));
        let year = year.clamp(0, 9999);
        let second = self.seconds.rem_euclid(DAY);
        let mut text = *b"0000-00-00 00:00:00";
        text[10] = between;
        for (at, number) in [
            (0, year / 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, second / 3600),
            (14, second / 60 % 60),
            (17, second % 60),
        ] {
            text[at] += digit(number / 10);
            text[at + 1] += digit(number % 10);
        }
        text
    }

    /// Serializes with a space, as in responses.
    pub(super) fn with_a_space<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.text(b' '), serializer)
    }
}

fn serialize<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(str::from_utf8(text).map_err(serde::ser::Error::custom)?)
}

/// A number from 0 to 9 as a digit.
fn digit(number: i64) -> u8 {
    // Always 0 to 9, so the conversion cannot fail.
    u8::try_from(number).unwrap_or_default()
}

/// With a space, as in responses.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(str::from_utf8(&self.text(b' ')).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

/// With a `T`, as in files.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.text(b'T'), serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let &[_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':', _, _, b':', _, _] = text else {
        return None;
    };
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0, |number: i64, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_before(year, month, day);
    // A date that does not survive the round trip does not exist: February 30th, month 13.
    let valid = date_of(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    valid.then_some(Timestamp { seconds: days * DAY + hour * 3600 + minute * 60 + second, nanoseconds: 0 })
}

/// The number of days from 1970-01-01 to a date of the Gregorian calendar.
///
/// Years start in March, so that the leap day is the last of its year, in eras of 400 years.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date that many days after 1970-01-01: the inverse of [`days_before`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
