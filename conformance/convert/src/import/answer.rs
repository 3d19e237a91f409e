//! Converts a printed response to the expectation of a step.

use std::collections::BTreeMap;

use super::capture::{self, Kept};
use super::printed::Head;
use super::{Body, Exchange, fresh, placeholder, shape, status};
use crate::loose::{self, Value};
use conformance_suite::cookie::SetCookie;
use conformance_suite::json::escape;
use conformance_suite::request::is_token;
use conformance_suite::yaml::page::{Yaml, quote, quoted};

/// Maps the values that are known at a step (earlier captures and fixtures) to their names.
pub(super) type Known = BTreeMap<String, String>;

/// What an expectation depends on besides the response.
pub(super) struct Answer<'a> {
    /// The request, which may have chosen values of the response.
    pub(super) command: &'a str,
    pub(super) known: &'a Known,
    pub(super) kept: &'a [Kept],
    pub(super) origin: &'a str,
    /// Whether types and members are expected in the place of values.
    pub(super) shape: bool,
}

impl Answer<'_> {
    /// Returns the expectation for a response.
    pub(super) fn expectation(&self, exchange: &Exchange) -> Yaml {
        let body = match &exchange.body {
            Body::Text { text, .. } => text.as_str(),
            Body::Unknown | Body::Digest(_) => "",
        };
        let status = exchange.head.as_ref().and_then(|head| head.status);
        let mut members = vec![(
            "status".to_owned(),
            match status {
                Some(status @ 100..=599) => Yaml::Scalar(status.to_string()),
                Some(status) => {
                    let class = Yaml::Scalar("[2xx, 4xx, 5xx]".to_owned());
                    Yaml::unsure(format!("{status} is not an HTTP status code"), class)
                }
                None => status::infer(body),
            },
        )];
        if let Some(head) = &exchange.head {
            self.head_fields(head, &mut members);
        }
        match &exchange.body {
            Body::Text { text, sure } => members.extend(self.body(text, *sure)),
            Body::Digest(digest) => {
                members.push(("body".to_owned(), Yaml::Scalar(format!("!sha256 {digest}"))));
            }
            Body::Unknown => {}
        }
        Yaml::Mapping(members)
    }

    fn head_fields(&self, head: &Head, members: &mut Vec<(String, Yaml)>) {
        let mut headers: Vec<(String, Vec<Yaml>)> = Vec::new();
        let mut cookies = Vec::new();
        for (name, value) in &head.headers {
            let name = name.to_ascii_lowercase();
            if name == "set-cookie" {
                let Some(cookie) = self.cookie(value) else { continue };
                // Clients keep the last of several cookies with the same name.
                cookies.retain(|(name, _): &(String, Yaml)| *name != cookie.0);
                cookies.push(cookie);
            } else if is_token(&name) && !is_volatile(&name) {
                let yaml = self.field(&name, value);
                match headers.iter_mut().find(|(own, _)| *own == name) {
                    Some((_, values)) => values.push(yaml),
                    None => headers.push((name, vec![yaml])),
                }
            }
        }
        let field = |(name, mut values): (String, Vec<Yaml>)| {
            // A server may send further fields with the same name.
            let value = if values.len() > 1 {
                Yaml::tagged("!containing", Yaml::List(values))
            } else {
                values.remove(0)
            };
            (name, value)
        };
        for (name, fields) in [("headers", headers.into_iter().map(field).collect()), ("cookies", cookies)] {
            if !fields.is_empty() {
                members.push((name.to_owned(), Yaml::Mapping(fields)));
            }
        }
    }

    fn field(&self, name: &str, value: &str) -> Yaml {
        // The charset is a detail of the server.
        let media_type = value.split(';').next().unwrap_or_default().trim();
        if name == "content-type" && is_media_type(media_type) {
            return Yaml::Scalar(format!("!starts_with {media_type}"));
        }
        if placeholder::ELISION.find(value).is_some_and(|found| found.start() == 0) {
            return Yaml::unsure("the document does not show this value", Yaml::Scalar("!any".to_owned()));
        }
        if self.shape {
            return Yaml::Scalar("!any".to_owned());
        }
        if fresh::is_counter(name) && value.parse::<u64>().is_ok() {
            return Yaml::unsure(
                "this number may differ each time",
                Yaml::Scalar(r"!regex '^\d+$'".to_owned()),
            );
        }
        if let Some(version) = self.version(name, value) {
            return version;
        }
        // For the location of a new resource, expect only the path without its id.
        let ends = |kept: &&Kept| !kept.value.is_empty() && value.ends_with(&format!("/{}", kept.value));
        if self.kept.iter().any(|kept| ends(&kept)) {
            let path = value.strip_prefix(self.origin).unwrap_or(value);
            let before = path.get(..=path.rfind('/').unwrap_or_default()).unwrap_or_default();
            return Yaml::Scalar(format!("!contains {}", quote(before)));
        }
        self.text(value)
    }

    /// Returns the matcher for the version of a program.
    fn version(&self, name: &str, value: &str) -> Option<Yaml> {
        let is_version = fresh::is_version(name, value) && !capture::sends(self.command, value);
        is_version
            .then(|| Yaml::unsure("another version may differ here", Yaml::Scalar("!string".to_owned())))
    }

    fn cookie(&self, written: &str) -> Option<(String, Yaml)> {
        let cookie = SetCookie::parse(written)?;
        let is_kept = self.kept.iter().any(|kept| kept.from.0 == "cookie" && kept.from.1 == cookie.name);
        let value = match self.text(cookie.value) {
            // Servers generate session ids, so any value is accepted.
            Yaml::Scalar(_)
                if (is_kept || cookie.value.len() >= 16) && fresh::text(cookie.value).is_none() =>
            {
                Yaml::Scalar("!any".to_owned())
            }
            value => value,
        };
        let mut attributes = vec![("value".to_owned(), value)];
        if let Some(path) = cookie.attribute("path") {
            attributes.push(("path".to_owned(), Yaml::text(path)));
        }
        for (name, sent) in [("http-only", "httponly"), ("secure", "secure")] {
            if cookie.has(sent) {
                attributes.push((name.to_owned(), Yaml::Scalar("true".to_owned())));
            }
        }
        for (name, sent) in [("same-site", "samesite"), ("max-age", "max-age")] {
            if let Some(value) = cookie.attribute(sent) {
                attributes.push((name.to_owned(), Yaml::text(value)));
            }
        }
        Some((cookie.name.to_owned(), Yaml::Mapping(attributes)))
    }

    fn body(&self, body: &str, sure: bool) -> Option<(String, Yaml)> {
        let trimmed = body.trim();
        if trimmed.is_empty() {
            return sure.then(|| ("body".to_owned(), Yaml::Scalar("\"\"".to_owned())));
        }
        if let Some((json, length)) = loose::read(trimmed)
            && !matches!(json, Value::String(_) | Value::Elided)
        {
            if let Some(lines) = lines(trimmed) {
                return Some(("json".to_owned(), self.lines(lines)));
            }
            let after = trimmed.get(length..).unwrap_or_default().trim().trim_matches(['%', ';', '$', ' ']);
            if loose::read(after).is_some() {
                let first = trimmed.lines().next().unwrap_or_default();
                let start = Yaml::Scalar(format!("!starts_with {}", self.quote_known(first)));
                return Some((
                    "text".to_owned(),
                    Yaml::unsure(
                        "the body has several lines of JSON, of which only the first is checked",
                        start,
                    ),
                ));
            }
            if let Some(rest) = after.strip_prefix(',')
                && loose::read(rest).is_some()
            {
                let sentence = "the document prints several values, which are no JSON together";
                return Some(("text".to_owned(), Yaml::unsure(sentence, Yaml::Scalar("!any".to_owned()))));
            }
            let is_nested = matches!(json, Value::Object(..) | Value::Array(..));
            let is_comment = ["#", "//", "/*", "<-"].iter().any(|sign| after.starts_with(sign));
            if after.is_empty() || (is_nested && (is_comment || placeholder::is_left_out(after))) {
                return Some(("json".to_owned(), self.json(&json)));
            }
            if is_nested {
                let sentence = "the text after the JSON is not checked";
                return Some(("json".to_owned(), Yaml::unsure(sentence, self.json(&json))));
            }
        }
        if trimmed.starts_with('{') || (trimmed.starts_with('[') && !trimmed.starts_with("[...")) {
            let first =
                Yaml::unsure("the printed body is not complete JSON", Yaml::Scalar("!any".to_owned()));
            return Some(("text".to_owned(), first));
        }
        if trimmed.starts_with('<') {
            return Some(("text".to_owned(), page(trimmed)));
        }
        Some(("text".to_owned(), self.plain(body, sure)))
    }

    fn json(&self, json: &Value) -> Yaml {
        if self.shape {
            return shape::of(json);
        }
        let yaml = self.value(json, "");
        match json {
            Value::Array(items, false) if !items.is_empty() => {
                Yaml::unsure("the list must have exactly these elements; `!containing` allows more", yaml)
            }
            _ => yaml,
        }
    }

    /// Returns the matcher of a body with one JSON value for each line.
    fn lines(&self, lines: Vec<Value>) -> Yaml {
        if self.shape {
            let each = shape::of(&Value::Array(lines, false));
            return Yaml::tagged("!lines", Yaml::Mapping(vec![("of".to_owned(), each)]));
        }
        let each = lines.iter().enumerate().map(|(index, line)| self.value(line, &format!("/{index}")));
        Yaml::tagged("!lines", Yaml::List(each.collect()))
    }

    /// Returns the matcher of a plain text.
    fn plain(&self, body: &str, sure: bool) -> Yaml {
        if self.shape {
            return Yaml::Scalar("!string".to_owned());
        }
        let cut = placeholder::ELISION.find(body).map(|cut| cut.start());
        if let Some(cut) = cut.or_else(|| placeholder::find(body)) {
            let before = body.get(..cut).unwrap_or_default();
            let shown = if before.trim().is_empty() {
                "!any".to_owned()
            } else {
                format!("!starts_with {}", self.quote_known(before))
            };
            return Yaml::unsure("the document shows only a part of this", Yaml::Scalar(shown));
        }
        let yaml = if sure {
            Yaml::Scalar(self.quote_known(body))
        } else if body.trim_end().contains('\n') {
            let lines = body.trim_end().lines().map(|line| Yaml::Scalar(self.quote_known(line)));
            let lines = Yaml::tagged("!lines", Yaml::List(lines.collect()));
            Yaml::unsure("the document does not show how lines end", lines)
        } else {
            let start = Yaml::Scalar(format!("!starts_with {}", self.quote_known(body.trim_end())));
            Yaml::unsure("the document does not show whether a newline follows", start)
        };
        let mut values = fresh::VALUE.find_iter(body);
        if values.any(|value| !self.is_settled(value.as_str())) {
            Yaml::unsure("this contains a value that may differ each time", yaml)
        } else {
            yaml
        }
    }

    /// Whether a value is known or chosen by the request.
    fn is_settled(&self, value: &str) -> bool {
        self.known.contains_key(value) || capture::sends(self.command, value)
    }

    /// Quotes a text and replaces known values by expressions.
    fn quote_known(&self, text: &str) -> String {
        let mut written = quoted(&text.replace("${", "${'${'}"));
        for (value, expression) in self.known.iter().filter(|(value, _)| fresh::VALUE.is_match(value)) {
            written = written.replace(value.as_str(), &format!("${{{expression}}}"));
        }
        written
    }

    fn text(&self, value: &str) -> Yaml {
        if let Some(expression) = self.known.get(value) {
            return Yaml::Scalar(format!("\"${{{expression}}}\""));
        }
        let is_whole = !fresh::hides_address(value) && !placeholder::ELISION.is_match(value);
        if value.len() > 3 && is_whole && capture::sends(self.command, value) {
            return Yaml::text(value);
        }
        fresh::text(value).unwrap_or_else(|| self.composed(value))
    }

    /// Returns a matcher for a text that may contain a generated value or the origin of the document.
    fn composed(&self, value: &str) -> Yaml {
        if value == self.origin && self.command.contains(TARGET_ORIGIN) {
            return Yaml::Scalar(format!("\"{TARGET_ORIGIN}\""));
        }
        let path =
            value.strip_prefix(self.origin).filter(|path| !self.origin.is_empty() && path.starts_with('/'));
        let shown = path.unwrap_or(value);
        let fresh = fresh::VALUE.find_iter(shown).find(|found| !self.is_settled(found.as_str()));
        let before = fresh.map(|found| self.quote_known(shown.get(..found.start()).unwrap_or_default()));
        match (path, before) {
            (_, Some(before)) if before == "\"\"" => {
                let sentence = "this begins with a value that may differ each time";
                Yaml::unsure(sentence, Yaml::Scalar("!string".to_owned()))
            }
            (Some(_), Some(before)) => Yaml::Scalar(format!("!contains {before}")),
            (None, Some(before)) => Yaml::Scalar(format!("!starts_with {before}")),
            (Some(path), None) => Yaml::Scalar(format!("!ends_with {}", self.quote_known(path))),
            (None, None) if fresh::VALUE.is_match(value) => Yaml::Scalar(self.quote_known(value)),
            (None, None) => Yaml::text(value),
        }
    }

    fn value(&self, json: &Value, pointer: &str) -> Yaml {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let is_kept = self.kept.iter().any(|kept| kept.from == ("json", pointer.to_owned()));
        let left_out =
            || Yaml::unsure("the document does not show this value", Yaml::Scalar("!any".to_owned()));
        let open = |tag: &str, yaml: Yaml| {
            Yaml::unsure("the document shows only a part of this", Yaml::tagged(tag, yaml))
        };
        match json {
            Value::Null => Yaml::Scalar("null".to_owned()),
            Value::Bool(value) => Yaml::Scalar(value.to_string()),
            Value::Number(number) => match self.known.get(number) {
                Some(expression) if name.to_ascii_lowercase().ends_with("id") => {
                    Yaml::Scalar(format!("\"${{{expression}}}\""))
                }
                _ if fresh::is_time(name, number) && number.contains('.') => {
                    Yaml::Scalar("!number".to_owned())
                }
                _ if is_kept || fresh::is_time(name, number) => Yaml::Scalar("!integer".to_owned()),
                _ if fresh::is_counter(name) && !capture::sends(self.command, number) => {
                    let tag = if number.contains('.') { "!number" } else { "!integer" };
                    Yaml::unsure("this number may differ each time", Yaml::Scalar(tag.to_owned()))
                }
                _ => Yaml::Scalar(number.clone()),
            },
            Value::String(string) => {
                if fresh::is_counter(name)
                    && string.starts_with(|first: char| first.is_ascii_digit())
                    && !self.is_settled(string)
                {
                    return Yaml::unsure(
                        "this value may differ each time",
                        Yaml::Scalar("!string".to_owned()),
                    );
                }
                let plain = fresh::text(string).is_none() && !self.known.contains_key(string);
                if is_kept && plain {
                    Yaml::Scalar("!string".to_owned())
                } else {
                    self.version(name, string).unwrap_or_else(|| self.text(string))
                }
            }
            Value::Elided => left_out(),
            Value::Array(items, is_open) if items.is_empty() && *is_open => left_out(),
            Value::Object(members, is_open) if members.is_empty() && *is_open => left_out(),
            Value::Array(items, is_open) => {
                let item = |(index, item)| self.value(item, &format!("{pointer}/{index}"));
                let items = Yaml::List(items.iter().enumerate().map(item).collect());
                if *is_open { open("!containing", items) } else { items }
            }
            Value::Object(members, is_open) => {
                let mut written: Vec<(String, Yaml)> = Vec::new();
                for (name, member) in members {
                    let member = self.value(member, &format!("{pointer}/{}", escape(name)));
                    // The last of several members with one name counts.
                    written.retain(|(own, _)| own != name);
                    written.push((name.clone(), member));
                }
                let members = Yaml::Mapping(written);
                if *is_open { open("!subset", members) } else { members }
            }
        }
    }
}

/// The origin of the target, which a request may send.
const TARGET_ORIGIN: &str = "${target.origin}";

/// Returns the values of a text that has one JSON object or array on each of several lines.
fn lines(text: &str) -> Option<Vec<Value>> {
    let values: Option<Vec<Value>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match loose::read(line.trim())? {
            (value @ (Value::Object(..) | Value::Array(..)), length) if length == line.trim().len() => {
                Some(value)
            }
            _ => None,
        })
        .collect();
    values.filter(|values| values.len() > 1)
}

/// Returns the matcher of an HTML page: pages are for people, so only the title is checked.
fn page(text: &str) -> Yaml {
    let title = text.lines().find(|line| line.contains("<title>") && line.contains("</title>"));
    let marker = title.or_else(|| text.lines().find(|line| line.starts_with("<h1>")));
    match marker {
        Some(marker) => {
            let line = Yaml::Scalar(format!("!contains {}", quote(marker.trim())));
            Yaml::unsure("only this line of the page is checked", line)
        }
        None => Yaml::unsure("the page is not checked", Yaml::Scalar("!any".to_owned())),
    }
}

/// Whether a text is a media type (RFC 6838, section 4.2), which needs no quotes in YAML.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.chars().all(|one| one.is_ascii_alphanumeric() || "!#$&-^_.+".contains(one))
    };
    text.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

/// Whether a header field is hop-by-hop, volatile or specific to the server software.
fn is_volatile(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "date",
        "server",
        "content-length",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "via",
        "age",
        "etag",
        "last-modified",
        "expires",
        "x-powered-by",
        "x-runtime",
        "x-request-id",
        "x-served-by",
        "x-cache",
        "alt-svc",
        "strict-transport-security",
        "report-to",
        "nel",
        "content-encoding",
        "vary",
    ];
    NAMES.contains(&name)
        || name.starts_with("cf-")
        || name.starts_with("x-ratelimit")
        || name.starts_with("x-amz")
}
