//! Keeps secrets out of every report.
//!
//! Exchanges are redacted before they become events, so that no report can show a secret by mistake.

mod names;
mod secrets;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use conformance_suite::json::Json;
use conformance_suite::request::{Prepared, percent_encode};
use conformance_suite::response::Response;
use conformance_suite::source::{Place, Source};
use conformance_suite::suite::Suite;
use names::Names;
use secrets::{MAX_LENGTH, Secrets, merged, replace};

/// Maximum number of learned secrets, so that memory is bounded. A forgotten secret is learned again when it is sent again.
const MAX_LEARNED: usize = 30_000;

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
    open: Vec<String>,
    /// Secrets learned in the run, shared by all clones.
    learned: Arc<Mutex<Secrets>>,
    names: Names,
    masked: Masked,
}

/// Redacted copies of suite files by the address of the original. The original is kept, so that its address is not used again.
type Masked = Arc<Mutex<HashMap<usize, (Arc<Source>, Arc<Source>)>>>;

impl Redactor {
    /// Returns a redactor for the secrets of a suite: the members and fields that the manifest names, and the values of these
    /// members in fixtures.
    #[must_use]
    pub fn new(suite: &Suite) -> Self {
        let (mut values, mut tokens) = (Vec::new(), Vec::new());
        for fixture in &suite.fixtures {
            secret_values(&fixture.value, &suite.secrets, &mut values, &mut tokens);
        }
        values.retain(|value| value.chars().count() >= 4);
        for variable in suite.variables.iter().filter(|variable| variable.secret) {
            strings(variable.value.as_ref().unwrap_or(&Json::Null), &mut values);
        }
        let values = all(&values.iter().flat_map(|value| forms(value)).chain(tokens).collect::<Vec<_>>());
        let mut open = Vec::new();
        for fixture in &suite.fixtures {
            open_values(&fixture.value, &suite.secrets, &mut open);
        }
        Self {
            shows_all: false,
            values,
            open,
            learned: Arc::new(Mutex::new(Secrets::with_limit(MAX_LEARNED))),
            names: Names::new(&suite.secrets),
            masked: Masked::default(),
        }
    }

    /// Returns a redactor that does not redact anything.
    #[must_use]
    pub fn none() -> Self {
        Self { shows_all: true, ..Self::default() }
    }

    /// Returns a redactor with the same secrets that does not share those that it learns from now on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let learned = self.learned().clone();
        Self { learned: Arc::new(Mutex::new(learned)), ..self.clone() }
    }

    /// Returns a redactor that also redacts these values.
    #[must_use]
    pub fn hiding<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        Arc::make_mut(&mut self.values).add(values);
        self
    }

    /// Learns the cookies of an exchange: those that the target sets, and sent ones that are long enough for a session id. A
    /// short value may be an ordinary word.
    pub fn learn(&self, request: &Prepared, response: Option<&Response>) {
        let cookies = request.headers.iter().filter(|header| header.is("cookie"));
        let sent = cookies.flat_map(|header| header.value.split(';')).filter_map(|pair| pair.split_once('='));
        let sent = sent.map(|(_, value)| value.trim().to_owned()).filter(|value| value.len() >= 16);
        let sent = sent.filter(|value| !self.open.contains(value));
        let given = response.into_iter().flat_map(Response::cookies).map(|cookie| cookie.value.to_owned());
        let values: Vec<String> = sent.chain(given.filter(|value| value.len() >= 8)).collect();
        self.learned().add(values.iter().map(String::as_str));
    }

    /// Replaces the secrets of the suite with asterisks. The text keeps its length, so that source locations stay valid.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut found = Vec::new();
        self.values.find(text, &mut found);
        replace(text, &merged(found), |value| "*".repeat(value.len()))
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
        most + MAX_LENGTH
    }

    /// Returns at most `most` bytes of a text, redacted. No secret is shown in part. `text` must be complete or have at least
    /// [`Redactor::needed`] bytes.
    #[must_use]
    pub fn beginning(&self, text: &str, most: usize) -> String {
        if text.len() <= most {
            return self.text(text);
        }
        let text = &text[..text.floor_char_boundary(Self::needed(most))];
        let end = text.floor_char_boundary(most);
        let split = self.secrets(text).into_iter().find(|range| range.start < end && range.end > end);
        self.text(&text[..split.map_or(end, |range| range.start)])
    }

    /// Returns the ranges of a text that are secret values.
    fn secrets(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if !self.shows_all {
            self.values.find(text, &mut found);
            self.learned().find(text, &mut found);
        }
        merged(found)
    }

    fn learned(&self) -> MutexGuard<'_, Secrets> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns a value in all the forms in which it may be sent.
    pub fn hide(&self, value: &Json) {
        let mut secrets = Vec::new();
        strings(value, &mut secrets);
        for value in &secrets {
            // Every form of a beginning is a beginning of the same form of the value.
            let beginning = &value[..value.floor_char_boundary(MAX_LENGTH)];
            let forms = forms(beginning);
            let forms = forms.iter().map(String::as_str);
            if beginning.len() < value.len() {
                self.learned().add_beginnings(forms);
            } else {
                self.learned().add(forms);
            }
        }
    }

    /// Redacts the known secrets of a text.
    #[must_use]
    pub fn text<'t>(&self, text: impl Into<Cow<'t, str>>) -> String {
        let text = text.into();
        if self.shows_all || text.is_empty() {
            return text.into_owned();
        }
        let secrets = self.secrets(&text);
        let shown = if secrets.is_empty() { text } else { replace(&text, &secrets, redacted).into() };
        match self.names.find(&shown) {
            values if values.is_empty() => shown.into_owned(),
            values => replace(&shown, &values, redacted),
        }
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
        if HIDDEN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            let mut shown = self.header(name, value);
            shown.truncate(shown.floor_char_boundary(most));
            return shown;
        }
        self.beginning(value, most)
    }

    /// Redacts a header field's value: credentials, the values of cookies, and known secrets.
    #[must_use]
    pub fn header<'t>(&self, name: &str, value: impl Into<Cow<'t, str>>) -> String {
        let value = value.into();
        let is = |own: &str| name.eq_ignore_ascii_case(own);
        if self.shows_all {
            value.into_owned()
        } else if is("authorization") || is("proxy-authorization") {
            match value.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} {REDACTED}"),
                None => REDACTED.to_owned(),
            }
        } else if is("cookie") || is("set-cookie") {
            names::cookies(&value, is("set-cookie"))
        } else {
            self.text(value)
        }
    }
}

fn redacted(_: &str) -> String {
    REDACTED.to_owned()
}

fn all(values: &[String]) -> Arc<Secrets> {
    let mut secrets = Secrets::default();
    secrets.add(values.iter().map(String::as_str));
    Arc::new(secrets)
}

/// Finds the secret members of a fixture, and the Basic credentials (RFC 7617) of every other member with each of them.
fn secret_values(value: &Json, names: &[String], found: &mut Vec<String>, tokens: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (name, member) in members {
        match member {
            Json::String(secret) if names.contains(name) => {
                let users = members.values().filter_map(Json::as_str);
                tokens.extend(users.map(|user| BASE64_STANDARD.encode(format!("{user}:{secret}"))));
                found.push(secret.clone());
            }
            other => secret_values(other, names, found, tokens),
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

/// Returns the forms in which a secret may be sent: plain, in JSON, percent-encoded, and inside longer text in base64.
fn forms(value: &str) -> Vec<String> {
    let quoted = Json::from(value).to_string();
    let encoded = percent_encode(value);
    let mut forms = vec![
        value.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        ascii_json(&quoted[1..quoted.len() - 1]),
        value.replace(' ', "+"),
        encoded.replace("%20", "+"),
        encoded.to_lowercase(),
        encoded,
    ];
    // The form in messages, with invisible characters escaped.
    let shown = conformance_suite::visible::quoted(value);
    forms.extend(shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"')).map(str::to_owned));
    forms.push(form_urlencoded::byte_serialize(value.as_bytes()).collect());
    for before in 0..3 {
        forms.extend(within_base64(value, before));
    }
    forms
}

/// Escapes the characters of a JSON string that are not ASCII, as Python does.
fn ascii_json(quoted: &str) -> String {
    let escape = |letter: char| match letter {
        letter if letter.is_ascii() => letter.to_string(),
        letter => {
            letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
        }
    };
    quoted.chars().map(escape).collect()
}

/// Returns the base64 characters, in both alphabets, that depend only on the value if it follows `before` (modulo 3) other bytes.
/// The characters of a short value would be too few to be unique.
fn within_base64(value: &str, before: usize) -> Vec<String> {
    let padded = [&b"\0\0"[..before], value.as_bytes()].concat();
    let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    if value.len() < 4 {
        return Vec::new();
    }
    let standard = BASE64_STANDARD.encode(&padded)[first..last].to_owned();
    let of_addresses = standard.replace('+', "-").replace('/', "_");
    vec![standard, of_addresses]
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance_suite::request::{Agent, Request};
    use conformance_suite::template::{Scope, Text};

    fn redactor() -> Redactor {
        Redactor {
            values: all(&["fake pwd".to_owned()]),
            names: Names::new(&["password".to_owned()]),
            ..Redactor::default()
        }
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
        let redactor = Redactor { open: vec!["9375973a-68c7-46aa".to_owned()], ..redactor() };
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
