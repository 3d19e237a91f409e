//! Keeps secrets out of every report.
//!
//! Exchanges are redacted before they become events, so that no report can show a secret by mistake. Values are found by structure
//! first: by the name of a header field, a member, a field, a part or a cookie. Then known values are found in every encoding. All of
//! it happens in one pass over the original text, so that hiding one secret cannot reveal another.

mod decode;
mod names;
mod secrets;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use conformance_suite::capture::Found;
use conformance_suite::json::Json;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;
use conformance_suite::source::{Place, Source};
use conformance_suite::suite::{StepDefinition, Suite};
use decode::{Decoded, decoded};
use names::{Kind, Names, credentials, is_expression};
use secrets::{MAX_LENGTH, MIN_CHARACTERS, Secrets, merged, replace};

/// Maximum number of learned secrets, so that memory is bounded. A forgotten secret is learned again when it is sent again.
const MAX_LEARNED: usize = 30_000;
/// Maximum number of bytes that an encoding needs for a byte.
const EXPANSION: usize = 6;

/// Header fields whose values are always redacted.
const HIDDEN: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Replacement for a secret.
pub const REDACTED: &str = "<redacted>";

/// Replaces secrets in text.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    shows_all: bool,
    values: Arc<Secrets>,
    /// Values of the fixtures that are not secret, such as ids. They stay visible if a scenario sends them as cookies.
    open: Arc<Vec<String>>,
    /// Secrets learned in the run, shared by all clones.
    learned: Arc<Mutex<Secrets>>,
    /// Secrets of one exchange.
    sent: Arc<Secrets>,
    names: Names,
    masked: Masked,
}

/// Redacted copies of suite files by the address of the original. The original is kept, so that its address is not used again.
type Masked = Arc<Mutex<HashMap<usize, (Arc<Source>, Arc<Source>)>>>;

/// A secret in a text, and whether its replacement needs quotes.
#[derive(Debug)]
struct Hidden {
    range: Range<usize>,
    needs_quotes: bool,
}

impl Redactor {
    /// Returns a redactor for the secrets of a suite: the header fields, members and fields that the manifest names, the values of
    /// these members in fixtures, secret variables, and the header fields and cookies of secret captures.
    #[must_use]
    pub fn new(suite: &Suite) -> Self {
        let (mut values, mut tokens) = (Vec::new(), Vec::new());
        for fixture in &suite.fixtures {
            secret_values(&fixture.value, &suite.secrets, &mut values, &mut tokens);
        }
        for variable in suite.variables.iter().filter(|variable| variable.secret) {
            strings(variable.value.as_ref().unwrap_or(&Json::Null), &mut values);
        }
        values.retain(|value| is_long(value));
        let values = all(values
            .iter()
            .flat_map(|value| forms(value))
            .chain(tokens.into_iter().map(String::into_bytes)));
        let mut open = Vec::new();
        for fixture in &suite.fixtures {
            open_values(&fixture.value, &suite.secrets, &mut open);
        }
        let definitions = suite.scenarios.iter().flat_map(|scenario| scenario.definitions.iter());
        let captures = definitions.flat_map(StepDefinition::captures).filter(|capture| capture.secret);
        let fields = captures.filter_map(|capture| match capture.source() {
            Found::Cookie(name) | Found::Header(name) => Some(name),
            _ => None,
        });
        let names = HIDDEN.into_iter().chain(suite.secrets.iter().map(String::as_str)).chain(fields);
        Self {
            shows_all: false,
            values,
            open: Arc::new(open),
            learned: Arc::new(Mutex::new(Secrets::with_limit(MAX_LEARNED))),
            sent: Arc::default(),
            names: Names::new(names),
            masked: Masked::default(),
        }
    }

    /// Returns the names of secret variables whose values are too short to be searched for in text.
    pub fn short(suite: &Suite) -> impl Iterator<Item = &str> {
        let short = suite.variables.iter().filter(|variable| {
            let mut values = Vec::new();
            strings(variable.value.as_ref().unwrap_or(&Json::Null), &mut values);
            variable.secret && values.iter().any(|value| !is_long(value))
        });
        short.map(|variable| variable.name.as_str())
    }

    /// Returns a redactor that does not redact anything.
    #[must_use]
    pub fn none() -> Self {
        Self { shows_all: true, ..Self::default() }
    }

    /// Returns a redactor that also redacts header fields with these names, and their values.
    #[must_use]
    pub fn hiding<'a>(mut self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let secrets = Arc::make_mut(&mut self.values);
        for (name, value) in fields {
            self.names = std::mem::take(&mut self.names).with(name);
            if is_long(value) {
                secrets.add(forms(value));
            }
        }
        secrets.settle();
        self
    }

    /// Returns a redactor that also redacts the secrets in messages wherever their text is shown, such as in a mismatch or in the
    /// lines of the suite: credentials, cookies, and fields with secret names.
    #[must_use]
    pub fn of_messages<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut values = Vec::new();
        for (name, value) in headers {
            let is = |own: &str| name.eq_ignore_ascii_case(own);
            if is("set-cookie") {
                let value = value.split(';').next().unwrap_or_default();
                values.extend(cookie_forms(value.split_once('=').map_or(value, |(_, value)| value).trim()));
            } else if is("cookie") {
                let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
                values.extend(pairs.flat_map(|(_, value)| cookie_forms(value.trim())));
            } else if is("authorization") || is("proxy-authorization") {
                let token = value.split_once(' ').map_or(value, |(_, token)| token.trim());
                let basic =
                    BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                values.extend(basic.and_then(|basic| Some(basic.split_once(':')?.1.to_owned())));
                values.push(token.to_owned());
            } else if self.names.contains(name) {
                values.push(value.to_owned());
            }
        }
        for text in texts {
            for field in self.names.find(text, Kind::Message) {
                let value = text.get(field.value).unwrap_or_default();
                if let Ok(json) = serde_json::from_str::<serde_json::Value>(value) {
                    strings(&json.into(), &mut values);
                }
                // The value itself, without the encoding of the message.
                values.extend(decoded(value).into_iter().filter_map(|one| String::from_utf8(one.bytes).ok()));
            }
        }
        let words = ["true", "false", "null", "none"];
        values
            .retain(|value| is_long(value) && !self.open.contains(value) && !words.contains(&value.as_str()));
        if values.is_empty() {
            return self.clone();
        }
        Self { sent: all(values.iter().flat_map(|value| forms(value))), ..self.clone() }
    }

    /// Learns the cookies of an exchange: those that the target sets, and sent ones that are long enough for a session id. A
    /// short value may be an ordinary word.
    pub fn learn(&self, request: &Prepared, response: Option<&Response>) {
        let cookies = request.headers.iter().filter(|header| header.is("cookie"));
        let sent = cookies.flat_map(|header| header.value.split(';')).filter_map(|pair| pair.split_once('='));
        let sent = sent.map(|(_, value)| value.trim()).filter(|value| value.len() >= 16);
        let sent = sent.filter(|value| !self.open.iter().any(|open| open == value));
        let given = response.into_iter().flat_map(Response::cookies);
        let given = given.map(|cookie| cookie.value).filter(|value| value.len() >= 8);
        let is_new = |value: &&str| !self.learned().knows(value.as_bytes());
        let values = sent.chain(given).filter(is_new).flat_map(cookie_forms);
        let values: Vec<String> = values.filter(|value| !self.open.contains(value)).collect();
        self.learned().add(values);
    }

    /// Replaces the secrets of the suite with asterisks. The text keeps its length, so that source locations stay valid.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let ranges: Vec<_> = self.find(text, Kind::Lines).into_iter().map(|hidden| hidden.range).collect();
        replace(text, &ranges, |value, _| "*".repeat(value.len()))
    }

    /// Returns a location in the redacted copy of its file. Each file is copied once.
    #[must_use]
    pub fn place(&self, place: &Place) -> Place {
        if self.shows_all {
            return place.clone();
        }
        let source = place.source();
        let mut masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, shown) = masked.entry(Arc::as_ptr(source).addr()).or_insert_with(|| {
            let shown = source.masked(|text| self.mask(text)).unwrap_or_else(|| Arc::clone(source));
            (Arc::clone(source), shown)
        });
        place.within(Arc::clone(shown))
    }

    /// Returns how many bytes of a text [`Redactor::beginning`] needs to show `most` of them.
    #[must_use]
    pub const fn needed(most: usize) -> usize {
        most + EXPANSION * MAX_LENGTH
    }

    /// Returns at most `most` bytes of a text, redacted. No secret is shown in part. `text` must be complete or have at least
    /// [`Redactor::needed`] bytes.
    #[must_use]
    pub fn beginning(&self, text: &str, most: usize) -> String {
        if text.len() <= most {
            return self.text(text);
        }
        let text = text.get(..text.floor_char_boundary(Self::needed(most))).unwrap_or(text);
        let end = text.floor_char_boundary(most);
        let split = self.find(text, Kind::Message).into_iter();
        let split = split.map(|hidden| hidden.range).find(|range| range.start < end && range.end > end);
        match split {
            Some(range) => self.text(text.get(..range.start).unwrap_or_default()) + REDACTED,
            None => self.text(text.get(..end).unwrap_or_default()),
        }
    }

    /// Returns the secrets of a text in order, without overlaps.
    fn find(&self, text: &str, kind: Kind) -> Vec<Hidden> {
        if self.shows_all || text.is_empty() {
            return Vec::new();
        }
        let (mut ranges, mut quoted, mut names) = (credentials(text, kind), Vec::new(), Vec::new());
        // What is redacted already stays as it is.
        names.extend(text.match_indices(REDACTED).map(|(at, found)| at..at + found.len()));
        let views = decoded(text);
        for (index, view) in views.iter().enumerate() {
            let Ok(decoded) = std::str::from_utf8(&view.bytes) else { continue };
            for field in self.names.find(decoded, kind) {
                let mut value = view.original(&field.value);
                if kind == Kind::Lines && is_expression(decoded.get(field.value).unwrap_or_default()) {
                    continue;
                }
                if index > 0 {
                    // The value may have characters that end it only when they are decoded.
                    let ends = |one: char| one.is_whitespace() || matches!(one, '&' | '"' | '\'' | '<');
                    let rest = text.get(value.end..).unwrap_or_default();
                    value.end += rest.find(ends).unwrap_or(rest.len());
                } else if field.needs_quotes {
                    quoted.push(value.clone());
                }
                names.push(view.original(&field.name));
                ranges.push(value);
            }
        }
        let mut values = Vec::new();
        {
            let mut learned = self.learned();
            learned.settle();
            for secrets in [&*self.values, &*self.sent, &*learned] {
                for view in &views {
                    let first = values.len();
                    secrets.find(&view.bytes, &mut values);
                    values.iter_mut().skip(first).for_each(|range| *range = view.original(range));
                }
            }
        }
        // The name of a secret field is no secret, even if a secret has the same text.
        let is_name = |range: &Range<usize>| {
            names.iter().any(|name| name.start <= range.start && range.end <= name.end)
        };
        values.retain(|range| !is_name(range));
        ranges.extend(values);
        ranges.retain(|range| !range.is_empty() || quoted.contains(range));
        let merged = merged(ranges).into_iter();
        merged.map(|range| Hidden { needs_quotes: quoted.contains(&range), range }).collect()
    }

    fn learned(&self) -> MutexGuard<'_, Secrets> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns a value in all the forms in which it may be sent.
    pub fn hide(&self, value: &Json) {
        let mut secrets = Vec::new();
        strings(value, &mut secrets);
        for value in secrets.iter().filter(|value| is_long(value)) {
            // Every form of a beginning is a beginning of the same form of the value.
            let beginning = value.get(..value.floor_char_boundary(MAX_LENGTH / 2)).unwrap_or(value);
            if beginning.len() < value.len() {
                for form in forms(beginning) {
                    self.learned().add_beginning(&form);
                }
            } else {
                self.learned().add(forms(value));
            }
        }
    }

    /// Redacts the secrets of a part of a message.
    #[must_use]
    pub fn text<'t>(&self, text: impl Into<Cow<'t, str>>) -> String {
        self.redacted(text.into(), Kind::Message)
    }

    /// Redacts the secrets of lines of a suite or of the output of a target, where `name: value` and options of curl are secrets too.
    #[must_use]
    pub fn lines<'t>(&self, text: impl Into<Cow<'t, str>>) -> String {
        self.redacted(text.into(), Kind::Lines)
    }

    fn redacted(&self, text: Cow<'_, str>, kind: Kind) -> String {
        let found = self.find(&text, kind);
        if found.is_empty() {
            return text.into_owned();
        }
        let ranges: Vec<_> = found.iter().map(|hidden| hidden.range.clone()).collect();
        replace(&text, &ranges, |_, range| {
            let needs_quotes = found.iter().any(|hidden| hidden.range == *range && hidden.needs_quotes);
            if needs_quotes { format!("\"{REDACTED}\"") } else { REDACTED.to_owned() }
        })
    }

    /// Redacts the text in bytes; bytes that are not UTF-8 stay.
    #[must_use]
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => return self.text(text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let chunks = bytes.utf8_chunks();
        chunks.flat_map(|chunk| [self.text(chunk.valid()).as_bytes(), chunk.invalid()].concat()).collect()
    }

    /// Redacts the header fields and the body of an HTTP message, which may be malformed.
    #[must_use]
    pub fn message(&self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::new();
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for line in lines.by_ref() {
            let text = String::from_utf8_lossy(line);
            let (text, end) = text.split_at(text.trim_end_matches(['\r', '\n']).len());
            let field = text.split_once(':').filter(|(name, _)| !name.contains(' '));
            match (std::str::from_utf8(line), field) {
                (Ok(_), Some((name, value))) => {
                    let gap = &value[..value.len() - value.trim_start().len()];
                    let value = self.header(name, value.trim_start());
                    shown.extend_from_slice(format!("{name}:{gap}{value}{end}").as_bytes());
                }
                _ => shown.extend(self.bytes(line.to_vec())),
            }
            if text.is_empty() {
                break;
            }
        }
        let rest: Vec<u8> = lines.flatten().copied().collect();
        shown.extend(self.bytes(rest));
        shown
    }

    /// Returns the beginning of a header field's value, redacted.
    #[must_use]
    pub fn header_beginning(&self, name: &str, value: &str, most: usize) -> String {
        if value.len() <= most {
            return self.header(name, value);
        }
        if self.is_hidden(name) {
            let mut shown = self.header(name, value);
            shown.truncate(shown.floor_char_boundary(most));
            return shown;
        }
        self.beginning(value, most)
    }

    /// Whether a JSON Pointer leads to a member with a secret name, or to a part of it.
    #[must_use]
    pub fn hides(&self, pointer: &str) -> bool {
        !self.shows_all
            && pointer.split('/').any(|name| self.names.contains(&name.replace("~1", "/").replace("~0", "~")))
    }

    fn is_hidden(&self, name: &str) -> bool {
        HIDDEN.iter().any(|own| name.eq_ignore_ascii_case(own)) || self.names.contains(name)
    }

    /// Redacts a header field's value: credentials, the values of cookies and of secret fields, and known secrets.
    #[must_use]
    pub fn header<'t>(&self, name: &str, value: impl Into<Cow<'t, str>>) -> String {
        let value = value.into();
        let is = |own: &str| name.eq_ignore_ascii_case(own);
        if self.shows_all {
            value.into_owned()
        } else if is("cookie") || is("set-cookie") {
            names::cookies(&value, is("set-cookie"))
        } else if self.is_hidden(name) {
            match value.split_once(' ') {
                Some((scheme, _)) if is("authorization") || is("proxy-authorization") => {
                    format!("{scheme} {REDACTED}")
                }
                _ => REDACTED.to_owned(),
            }
        } else {
            self.text(value)
        }
    }
}

/// Whether a value is long enough to be searched for in text.
fn is_long(value: &str) -> bool {
    value.chars().nth(MIN_CHARACTERS - 1).is_some()
}

fn all(values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Arc<Secrets> {
    let mut secrets = Secrets::default();
    secrets.add(values);
    secrets.settle();
    Arc::new(secrets)
}

/// Returns a cookie's value as it is sent, without its encoding, and as the text that it contains in base64.
fn cookie_forms(value: &str) -> Vec<String> {
    let plain = value.trim_matches('"');
    let mut forms: Vec<String> = vec![value.to_owned()];
    forms
        .extend(decoded(plain).into_iter().filter_map(|Decoded { bytes, .. }| String::from_utf8(bytes).ok()));
    let bare = plain.trim_end_matches('=');
    let bytes = [BASE64_STANDARD_NO_PAD.decode(bare), BASE64_URL_SAFE_NO_PAD.decode(bare)];
    let texts = bytes.into_iter().flatten().filter_map(|bytes| String::from_utf8(bytes).ok());
    forms.extend(texts.filter(|text| text.len() >= 8 && !text.contains(char::is_control)));
    forms.retain(|form| is_long(form));
    forms.dedup();
    forms
}

/// Finds the secret members of a fixture, and the Basic credentials (RFC 7617) of every other member with each of them.
fn secret_values(value: &Json, names: &[String], found: &mut Vec<String>, tokens: &mut Vec<String>) {
    if let Json::Array(items) = value {
        for item in items {
            secret_values(item, names, found, tokens);
        }
    }
    let Some(members) = value.as_object() else { return };
    for (name, member) in members {
        if !names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            secret_values(member, names, found, tokens);
            continue;
        }
        let mut secrets = Vec::new();
        strings(member, &mut secrets);
        for secret in secrets {
            let users = members.values().filter_map(Json::as_str);
            tokens.extend(users.map(|user| BASE64_STANDARD.encode(format!("{user}:{secret}"))));
            found.push(secret);
        }
    }
}

/// Finds the strings of members that are not secret.
fn open_values(value: &Json, names: &[String], found: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (_, member) in members.iter().filter(|(name, _)| !names.contains(name)) {
        match member {
            Json::String(text) => found.push(text.clone()),
            other => open_values(other, names, found),
        }
    }
}

/// Finds every string and number in a value.
fn strings(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::String(text) if !text.is_empty() => found.push(text.clone()),
        Json::Number(number) => found.push(number.to_string()),
        Json::Array(list) => list.iter().for_each(|item| strings(item, found)),
        Json::Object(members) => members.values().for_each(|member| strings(member, found)),
        Json::String(_) | Json::Unpaired(_) | Json::Bool(_) | Json::Null => {}
    }
}

/// Returns a secret as it is, in hexadecimal digits, and inside longer text in base64, each for UTF-8 and Latin-1. Encodings of
/// single characters are undone in the text instead.
///
/// A quote is doubled by printers of SQL and YAML (`''`) and of CSV (`""`).
fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    let single = value.replace('\'', "''");
    for doubled in [value.replace('"', "\"\""), single.replace('"', "\"\""), single] {
        if doubled != value {
            forms.push(doubled.into_bytes());
        }
    }
    let latin: Option<Vec<u8>> = value.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect();
    let latin = latin.filter(|_| !value.is_ascii());
    for bytes in [Some(value.as_bytes().to_vec()), latin].into_iter().flatten() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for before in 0..3 {
            forms.extend(within_base64(&bytes, before).into_iter().map(String::into_bytes));
        }
        forms.push(hex.to_uppercase().into_bytes());
        forms.push(hex.into_bytes());
        forms.push(bytes);
    }
    forms
}

/// Returns the base64 characters, in both alphabets, that depend only on the value if it follows `before` (modulo 3) other bytes.
/// The characters of a short value would be too few to be unique.
fn within_base64(value: &[u8], before: usize) -> Vec<String> {
    let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(value.iter().copied()).collect();
    let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    if value.len() < MIN_CHARACTERS {
        return Vec::new();
    }
    let encoded = BASE64_STANDARD.encode(&padded);
    let Some(standard) = encoded.get(first..last) else { return Vec::new() };
    let of_addresses = standard.replace('+', "-").replace('/', "_");
    vec![standard.to_owned(), of_addresses]
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance_suite::request::{Agent, Request, percent_encode};
    use conformance_suite::template::{Scope, Text};

    fn redactor() -> Redactor {
        Redactor { values: all(["fake pwd"]), names: Names::new(["password"]), ..Redactor::default() }
    }

    #[test]
    fn redacts_a_cookie_from_the_response_that_sets_it() {
        let redactor = redactor();
        let request = Request::get(Text::literal("/"), Agent::Curl).prepare(&Scope::default()).unwrap();
        let set = ("set-cookie".to_owned(), "sid=0123-4567; Path=/".to_owned());
        redactor.clone().learn(&request, Some(&Response { headers: vec![set], ..Response::default() }));
        assert_eq!(redactor.text("the cookie is 0123-4567"), "the cookie is <redacted>");
    }

    #[test]
    fn shows_a_fixture_value_that_is_sent_as_a_cookie() {
        let redactor = Redactor { open: Arc::new(vec!["9375973a-68c7-46aa".to_owned()]), ..redactor() };
        let mut request = Request::get(Text::literal("/"), Agent::Curl);
        for cookie in ["sid=9375973a-68c7-46aa", "sid=df05b4e1-d117-444c"] {
            request.cookies = [Text::literal(cookie)].into();
            redactor.learn(&request.prepare(&Scope::default()).unwrap(), None);
        }
        assert_eq!(redactor.text("9375973a-68c7-46aa df05b4e1-d117-444c"), "9375973a-68c7-46aa <redacted>");
    }

    #[test]
    fn shows_no_part_of_a_secret_at_the_end_of_a_beginning() {
        let (redactor, secret) = (redactor(), "s3cret-of-some-length");
        redactor.hide(&Json::from(secret));
        redactor.hide(&Json::from("x".repeat(50_000)));
        for most in 0..200 {
            for secret in [secret.to_owned(), "fake pwd".to_owned(), "x".repeat(50_000)] {
                let text = format!("{}{secret}{}", "é".repeat(40), "-".repeat(9000));
                let shown = redactor.beginning(&text, most);
                let left = shown.trim_start_matches('é').trim_end_matches('-');
                assert!(["", REDACTED].contains(&left), "{most}: {shown}");
                assert!(shown.len() <= most + REDACTED.len(), "{most}: {shown}");
            }
        }
        assert_eq!(redactor.beginning("short", 10), "short");
        let member = format!("{{\"password\": \"{}\"}}", "y".repeat(9000));
        assert_eq!(redactor.beginning(&member, 100), "{\"password\": \"<redacted>");
    }

    #[test]
    fn mask_keeps_columns() {
        assert_eq!(redactor().mask("say fake pwd twice"), "say ******** twice");
    }

    #[test]
    fn redacts_by_value_and_by_name() {
        assert_eq!(redactor().text("it is fake pwd"), "it is <redacted>");
        assert_eq!(redactor().text("email=a&password=x%20y&b=1"), "email=a&password=<redacted>&b=1");
        assert_eq!(
            redactor().text(r#"{"password": "a\"b", "x": 1}"#),
            r#"{"password": "<redacted>", "x": 1}"#
        );
    }

    #[test]
    fn redacts_learned_values_in_every_form() {
        let redactor = redactor();
        redactor.hide(&serde_json::json!({"token": "s3cret/+ \"ü"}).into());
        let secret = "s3cret/+ \"ü";
        let basic = |user: &str| BASE64_STANDARD.encode(format!("{user}:{secret}!"));
        for user in ["a", "bo", "bob", "anna"] {
            let text = redactor.text(basic(user));
            assert!(text.contains(REDACTED) && text.len() < 30, "{text}");
        }
        assert_eq!(redactor.text(format!("x{secret}y")), "x<redacted>y");
        assert_eq!(redactor.text(format!("?t={}&u", percent_encode(secret))), "?t=<redacted>&u");
        assert_eq!(redactor.text(serde_json::json!(secret).to_string()), "\"<redacted>\"");
    }

    #[test]
    fn redacts_a_secret_whose_quotes_are_doubled() {
        let redactor = redactor();
        for secret in ["it's a 'secret'", "a \"b\" c", "x'y\"z ü"] {
            redactor.hide(&Json::from(secret));
            let sql = format!("'{}'", secret.replace('\'', "''"));
            let csv = format!("\"{}\"", sql.replace('"', "\"\""));
            for text in [&sql, &csv, &format!("\"{}\"", secret.replace('"', "\"\""))] {
                let encoded = serde_json::json!(text).to_string();
                for shown in [redactor.text(text.as_str()), redactor.text(encoded)] {
                    assert!(shown.contains(REDACTED) && shown.len() < 30, "{text}: {shown}");
                }
            }
        }
    }

    #[test]
    fn redacts_what_base64_contains() {
        let redactor = redactor();
        redactor.hide(&Json::from("s3cret \"token\""));
        for text in [
            r#"{"id":1,"of":"s3cret \"token\"!"}"#,
            r#"{"id":1,"password":"x"}"#,
            "user:s3cret%20%22token%22",
        ] {
            for encoded in [BASE64_STANDARD.encode(text), BASE64_URL_SAFE_NO_PAD.encode(text)] {
                let shown = redactor.text(format!("Bearer eyJhbGciOiJIUzI1NiJ9.{encoded}.c2ln"));
                assert!(
                    shown.starts_with("Bearer eyJhbGciOiJIUzI1NiJ9.") && shown.contains(REDACTED),
                    "{shown}"
                );
                assert!(!shown.contains(&encoded[20..28]), "{shown}");
            }
        }
    }

    #[test]
    fn redacts_credentials_and_cookies() {
        assert_eq!(redactor().header("Authorization", "Basic Zm9v"), "Basic <redacted>");
        assert_eq!(redactor().header("Cookie", "a=1; b=C is fun"), "a=<redacted>; b=<redacted>");
        assert_eq!(redactor().header("Set-Cookie", "sid=1; Path=/"), "sid=<redacted>; Path=/");
        assert_eq!(redactor().header("Accept", "*/*"), "*/*");
    }

    #[test]
    fn redacts_raw_messages_and_keeps_other_bytes() {
        let message = b"POST / HTTP/1.1\r\nauthorization:  Basic Zm9v\r\nX: fake pwd\n\r\n\xfffake pwd\r\n";
        let shown =
            b"POST / HTTP/1.1\r\nauthorization:  Basic <redacted>\r\nX: <redacted>\n\r\n\xff<redacted>\r\n";
        assert_eq!(redactor().message(message), shown);
    }

    #[test]
    fn none_redacts_nothing() {
        assert_eq!(Redactor::none().header("Cookie", "a=1"), "a=1");
    }
}
