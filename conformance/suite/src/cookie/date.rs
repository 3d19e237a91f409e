//! Parses cookie dates (RFC 6265, section 5.1.1).

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Parses a cookie date. A time zone is ignored: cookie dates are always in UTC.
#[must_use]
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    let (mut clock, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.as_bytes().split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        if clock.is_none() && assign(&mut clock, time(token)) {
            continue;
        }
        if day.is_none() && assign(&mut day, number(token, 1, 2)) {
            continue;
        }
        if month.is_none() && assign(&mut month, month_of(token)) {
            continue;
        }
        if year.is_none() {
            assign(&mut year, number(token, 2, 4));
        }
    }
    let (hour, minute, second) = clock?;
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year if year < 1601 => return None,
        year => year,
    };
    let date = Date::from_calendar_date(year.into(), month?, u8::try_from(day?).ok()?).ok()?;
    Some(PrimitiveDateTime::new(date, Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

fn assign<T>(to: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    *to = value;
    found
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// Parses `1*2DIGIT ":" 1*2DIGIT ":" 1*2DIGIT`; other characters may follow, but not digits.
fn time(token: &[u8]) -> Option<(u8, u8, u8)> {
    let mut fields = token.splitn(3, |byte| *byte == b':');
    let whole = |field: &[u8]| field.iter().all(u8::is_ascii_digit).then(|| number(field, 1, 2)).flatten();
    let (hour, minute) = (whole(fields.next()?)?, whole(fields.next()?)?);
    let second = number(fields.next()?, 1, 2)?;
    Some((u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?))
}

/// Parses the number at the start of a token, if its number of digits is in the range.
fn number(token: &[u8], least: usize, most: usize) -> Option<u16> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits < least || digits > most {
        return None;
    }
    token.iter().take(digits).try_fold(0_u16, |number, digit| {
        number.checked_mul(10)?.checked_add(u16::from(digit.wrapping_sub(b'0')))
    })
}

fn month_of(token: &[u8]) -> Option<Month> {
    const NAMES: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = token.get(..3)?.to_ascii_lowercase();
    let index = NAMES.iter().position(|known| *known == name)?;
    Month::try_from(u8::try_from(index + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn parses_all_cookie_date_formats() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "6 nov 94 8:49:37",
            "1994 6 November 08:49:37",
            "08:49:37z 06-NOVember-1994x",
            "Sun,06,Nov,1994,08:49:37",
        ] {
            assert_eq!(parse(text).map(time::OffsetDateTime::unix_timestamp), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn two_digit_years_are_1970_to_2069() {
        let year = |digits: &str| parse(&format!("1 Jan {digits} 00:00:00")).map(time::OffsetDateTime::year);
        assert_eq!(year("70"), Some(1970));
        assert_eq!(year("99"), Some(1999));
        assert_eq!(year("00"), Some(2000));
        assert_eq!(year("69"), Some(2069));
        assert_eq!(year("1601"), Some(1601));
        assert_eq!(year("9999"), Some(9999));
        assert_eq!(year("1600"), None);
    }

    #[test]
    fn rejects_invalid_cookie_dates() {
        for text in [
            "",
            "0",
            "-1",
            "soon",
            "06 Nov 1994",
            "Nov 1994 08:49:37",
            "06 1994 08:49:37",
            "06 Nov 08:49:37",
            "31 Feb 1994 08:49:37",
            "00 Nov 1994 08:49:37",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 08:60:00",
            "06 Nov 1994 08:49:60",
            "06 Nov 1994 08:49",
            "06 Nov 12345 08:49:37",
            "０６ Nov 1994 08:49:37",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
