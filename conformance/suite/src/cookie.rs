//! Parses `Set-Cookie` as a user agent does (RFC 6265, section 5.2).
//!
//! Attributes keep their text as it was sent; [`SetCookie::lifetime`] interprets it.

mod date;

use std::time::SystemTime;

pub use date::parse as parse_date;

/// A cookie that a response sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie<'a> {
    /// Cookie name.
    pub name: &'a str,
    /// Cookie value, including quotes.
    pub value: &'a str,
    /// Attributes in order, with their names as sent.
    attributes: Vec<(&'a str, &'a str)>,
}

/// How long a client keeps a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the session ends, or if the expiry time is too large for the system clock.
    Session,
    /// Until this time.
    Until(SystemTime),
    /// Not at all: the cookie is deleted.
    Expired,
}

impl<'a> SetCookie<'a> {
    /// Parses the value of a `Set-Cookie` field. None without a name or without `=`.
    #[must_use]
    pub fn parse(field: &'a str) -> Option<Self> {
        let mut parts = field.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (trim(name), trim(value));
        let attributes = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (trim(name), trim(value))
        });
        (!name.is_empty()).then(|| Self { name, value, attributes: attributes.collect() })
    }

    /// Returns the text of an attribute as it was sent. If it occurs several times, the last one counts.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.values(name).last()
    }

    /// Whether an attribute was sent, with or without a value, such as `Secure`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    /// Returns the domain in lower case without a leading dot. None if it is empty (section 5.2.3).
    #[must_use]
    pub fn domain(&self) -> Option<String> {
        let domain = self.values("domain").filter(|value| !value.is_empty()).last()?;
        Some(domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase())
    }

    /// Returns the path. None if it does not begin with `/` (section 5.2.4).
    #[must_use]
    pub fn path(&self) -> Option<&'a str> {
        self.attribute("path").filter(|path| path.starts_with('/'))
    }

    /// Returns the lifetime. `Max-Age` takes precedence over `Expires`; invalid values are ignored (section 5.3).
    #[must_use]
    pub fn lifetime(&self, now: SystemTime) -> Lifetime {
        if let Some(age) = self.values("max-age").filter_map(Age::parse).last() {
            return match age {
                Age::Past => Lifetime::Expired,
                Age::Seconds(seconds) => now
                    .checked_add(std::time::Duration::from_secs(seconds))
                    .map_or(Lifetime::Session, Lifetime::Until),
            };
        }
        match self.values("expires").filter_map(parse_date).last().map(SystemTime::from) {
            None => Lifetime::Session,
            Some(moment) if moment <= now => Lifetime::Expired,
            Some(moment) => Lifetime::Until(moment),
        }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        (self.attributes.iter())
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}

/// A parsed `Max-Age` (RFC 6265, section 5.2.2).
enum Age {
    /// Zero or negative.
    Past,
    /// At least one second. Numbers beyond 64 bits are clamped.
    Seconds(u64),
}

impl Age {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = digits.parse().unwrap_or(u64::MAX);
        Some(if text.starts_with('-') || seconds == 0 { Self::Past } else { Self::Seconds(seconds) })
    }
}

/// Trims spaces and tabs.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 21 October 2065, 07:28:00.
    const YEAR_2065: u64 = 3_023_335_680;

    fn lifetime(attributes: &str) -> Lifetime {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        SetCookie::parse(&format!("a=1; {attributes}")).unwrap().lifetime(now)
    }

    #[test]
    fn parses_set_cookie_by_rfc_6265() {
        let cookie =
            SetCookie::parse("\tsid = \"a b\" ; PATH=/x; Path=/y ;Secure;domain=.Example.ORG;x").unwrap();
        assert_eq!((cookie.name, cookie.value), ("sid", "\"a b\""));
        assert_eq!((cookie.attribute("path"), cookie.path()), (Some("/y"), Some("/y")));
        assert_eq!(cookie.attribute("domain"), Some(".Example.ORG"));
        assert_eq!(cookie.domain().as_deref(), Some("example.org"));
        assert!(cookie.has("secure") && cookie.has("x") && !cookie.has("httponly"));
        for nothing in ["", "sid", "=1", " = 1; Path=/", ";a=1"] {
            assert_eq!(SetCookie::parse(nothing), None, "{nothing}");
        }
        assert_eq!(SetCookie::parse("a==b=c").unwrap().value, "=b=c");
        assert_eq!(SetCookie::parse("a=1; Path=x").unwrap().path(), None);
    }

    #[test]
    fn max_age_is_clamped_and_invalid_values_are_ignored() {
        let after = |seconds: u64| Lifetime::Until(SystemTime::UNIX_EPOCH + Duration::from_secs(1 + seconds));
        assert_eq!(lifetime("Max-Age=60"), after(60));
        assert_eq!(lifetime("Max-Age=060; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), after(60));
        for past in ["0", "-0", "-1", "-9223372036854775809", "000", &format!("-1{}", "0".repeat(400))] {
            assert_eq!(lifetime(&format!("Max-Age={past}")), Lifetime::Expired, "{past}");
        }
        for huge in ["9223372036854775807", "18446744073709551616", &format!("1{}", "0".repeat(30))] {
            assert_eq!(lifetime(&format!("Max-Age={huge}")), Lifetime::Session, "{huge}");
        }
        for ignored in ["", "-", "+60", "1.5", "60s", "\"60\"", "６０"] {
            assert_eq!(lifetime(&format!("Max-Age=60; Max-Age={ignored}")), after(60), "{ignored}");
        }
    }

    #[test]
    fn parses_expires_by_its_tokens() {
        let year_2065 = Lifetime::Until(SystemTime::UNIX_EPOCH + Duration::from_secs(YEAR_2065));
        assert_eq!(lifetime("Expires=Wed, 21 Oct 2065 07:28:00 UTC"), year_2065);
        assert_eq!(lifetime("expires=Wed, 21 Oct 2065 07:28:00 GMT; Expires=soon"), year_2065);
        assert_eq!(lifetime("Expires=Thu, 01 Jan 1970 00:00:00 -0000"), Lifetime::Expired);
        assert_eq!(lifetime("Expires=0"), Lifetime::Session);
    }
}
