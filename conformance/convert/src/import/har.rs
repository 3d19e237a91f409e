//! Extracts the exchanges of a browser recording (HTTP Archive 1.2).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::origin::is_origin;
use super::printed::Head;
use super::secret::{Found, Secrets};
use super::{Body, Exchange, Story, Wanted, command_of, next};
use conformance_suite::cookie::SetCookie;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::{Header, Prepared};
use conformance_suite::source::{Place, Source, Span};

/// What a recording contains.
pub(super) struct Recording {
    pub(super) origin: String,
    /// One for each page.
    pub(super) stories: Vec<Story>,
    /// The variables of the suite that hold secrets: their names, by environment variable.
    pub(super) variables: BTreeMap<String, String>,
    /// What was not taken, by reason.
    pub(super) notes: Vec<String>,
}

/// Reads a recording.
pub(super) fn read(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Recording, Diagnostic> {
    let har = parse(source)?;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut called: Vec<&Json> = Vec::new();
    for entry in entries(&har) {
        match why_not(entry) {
            Some(reason) => *reasons.entry(reason).or_default() += 1,
            None => called.push(entry),
        }
    }
    let known = wanted.known_origin();
    let is_chosen = known.is_none();
    let Some(origin) = known.or_else(|| most_called(&called)) else {
        return Err(Diagnostic::new(format!("{} has no request to an API", source.path())));
    };
    let mut recording = Recording {
        origin: origin.clone(),
        stories: Vec::new(),
        variables: BTreeMap::new(),
        notes: Vec::new(),
    };
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = None;
    // A recording is often one long line, so diagnostics point at the URL.
    let mut place = source.place(Span::default());
    let mut secrets = Secrets::default();
    let mut made = Made::default();
    for entry in &called {
        let url = text(entry, "/request/url");
        let Some(target) = target(url, &origin) else {
            *others.entry(origin_of(url).unwrap_or_default().to_owned()).or_default() += 1;
            continue;
        };
        let page = text(entry, "/pageref").to_owned();
        if last.as_ref() != Some(&page) {
            let title = title(&har, &page).unwrap_or_else(|| "a recording".to_owned());
            last = Some(page);
            recording.stories.push(Story::new(title));
        }
        place = next(&place, url);
        let is_made = |value: &str| made.has(value);
        let mut remarks = Vec::new();
        let found = Found { secrets: &mut secrets, is_made: &is_made, remarks: &mut remarks };
        let mut read = exchange(entry, target, &origin, place.clone(), wanted, found);
        if let Ok(exchange) = &mut read {
            exchange.remarks.splice(0..0, remarks);
        }
        made.add(entry);
        let Some(story) = recording.stories.last_mut() else { continue };
        story.add(read);
    }
    if recording.stories.iter().all(|story| story.exchanges.is_empty()) {
        return Err(Diagnostic::new(format!("{} has no request to {origin}", source.path())));
    }
    recording.variables = secrets.variables;
    let taken = called.len() - others.values().sum::<usize>();
    let all = |counts: &BTreeMap<String, usize>| -> Vec<String> {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect()
    };
    if !others.is_empty() {
        let choose = if is_chosen { "; choose with --origin" } else { "" };
        recording.notes.push(format!(
            "origin {origin} ({taken} of {}); not taken: {}{choose}",
            called.len(),
            all(&others).join(", ")
        ));
    }
    if !reasons.is_empty() {
        recording.notes.push(format!("not taken: {}", all(&reasons).join(", ")));
    }
    Ok(recording)
}

/// Parses a recording.
///
/// # Errors
/// The source is not JSON, or has no entries.
pub(crate) fn parse(source: &Source) -> Result<Json, Diagnostic> {
    let wrong = |why: &str| Diagnostic::new(format!("{} is not a HAR recording: {why}", source.path()));
    let har: Json = serde_json::from_str(source.text()).map_err(|error| {
        wrong(&error.to_string()).help(
            "save one with the developer tools of a browser (Network, Save all as HAR), or with `conformance run --report har=FILE`",
        )
    })?;
    match har.pointer("/log/entries") {
        Some(Json::Array(_)) => Ok(har),
        _ => Err(wrong("`log.entries` is missing")),
    }
}

/// The entries of a recording.
pub(crate) fn entries(har: &Json) -> impl Iterator<Item = &Json> {
    har.pointer("/log/entries").and_then(Json::as_array).into_iter().flatten()
}

/// Whether an entry is a request to an API.
pub(crate) fn calls_an_api(entry: &Json) -> bool {
    why_not(entry).is_none()
}

/// Returns why an entry is not a request to an API: it is one for a page, an image, a script, a style sheet or a font.
fn why_not(entry: &Json) -> Option<String> {
    const STATIC: [(&str, &str); 7] = [
        ("image/", "images"),
        ("font/", "fonts"),
        ("text/css", "style sheets"),
        ("javascript", "scripts"),
        ("audio/", "media"),
        ("video/", "media"),
        ("wasm", "scripts"),
    ];
    let media_type = text(entry, "/response/content/mimeType");
    let method = text(entry, "/request/method");
    if origin_of(text(entry, "/request/url")).is_none() || method == "CONNECT" {
        return Some("requests that are not HTTP".to_owned());
    }
    if entry.pointer("/response/status").and_then(Json::as_u64).is_none_or(|status| status == 0) {
        return Some("requests without a response".to_owned());
    }
    if method != "GET" && method != "HEAD" {
        return None;
    }
    let content = text(entry, "/response/content/text");
    let is_json =
        content.trim_start().starts_with(['{', '[']) && serde_json::from_str::<Json>(content).is_ok();
    if media_type.starts_with("text/html") && !is_json {
        return Some("pages".to_owned());
    }
    STATIC.iter().find(|(part, _)| media_type.contains(part)).map(|(_, name)| (*name).to_owned())
}

/// Returns the origin with the most entries, of those that serve JSON if there are any.
fn most_called(entries: &[&Json]) -> Option<String> {
    let mut counts: Vec<(&str, (usize, usize))> = Vec::new();
    for entry in entries {
        let Some(origin) = origin_of(text(entry, "/request/url")) else { continue };
        let known = counts.iter().position(|(own, _)| *own == origin);
        let index = known.unwrap_or(counts.len());
        if known.is_none() {
            counts.push((origin, (0, 0)));
        }
        let Some((_, (json, all))) = counts.get_mut(index) else { continue };
        *json += usize::from(text(entry, "/response/content/mimeType").contains("json"));
        *all += 1;
    }
    // The first of several that are equal.
    counts.into_iter().rev().max_by_key(|(_, counts)| *counts).map(|(origin, _)| origin.to_owned())
}

pub(crate) fn origin_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&url[..url.len() - rest.len() + end]).filter(|origin| is_origin(origin))
}

/// Returns a target with the slash that it begins with.
pub(crate) fn with_slash(target: &str) -> String {
    if target.starts_with('/') { target.to_owned() } else { format!("/{target}") }
}

/// Returns path and query of a URL of this origin.
fn target<'u>(url: &'u str, origin: &str) -> Option<&'u str> {
    let (own, wanted) = (Url::parse(url).ok()?, Url::parse(origin).ok()?);
    if own.origin() != wanted.origin() {
        return None;
    }
    url.get(origin_of(url)?.len()..)?.split('#').next()
}

fn exchange(
    entry: &Json,
    target: &str,
    origin: &str,
    place: Place,
    wanted: &Wanted<'_>,
    mut found: Found<'_>,
) -> Result<Exchange, Diagnostic> {
    let mut remarks = Vec::new();
    let answers: Vec<(String, String)> = fields(entry, "/response/headers").collect();
    let status = entry.pointer("/response/status").and_then(Json::as_u64).unwrap_or_default();
    // Fields without which the response would be another.
    let is_cors = answers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-"));
    let is_conditional = status == 304 || status == 412;
    let needed = |name: &str| {
        let name = name.to_ascii_lowercase();
        (is_cors && name == "origin") || (is_conditional && name.starts_with("if-"))
    };
    let kept = fields(entry, "/request/headers")
        .filter(|(name, value)| needed(name) || !is_added_by_browser(name, value));
    let mut headers: Vec<Header> = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, value) in kept {
        // Converters of the DevTools protocol write a field twice: as the page set it, and as it was sent.
        if !seen.insert((name.to_ascii_lowercase(), value.clone())) {
            continue;
        }
        headers.push(Header::new(&name, found.field(&name, &value)));
    }
    let data = entry.pointer("/request/postData");
    let length =
        fields(entry, "/request/headers").find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, length)| length.trim().parse().ok());
    let body = data.and_then(|data| body(data, length, &mut headers));
    let size = entry.pointer("/request/bodySize").and_then(Json::as_i64).unwrap_or(-1);
    let sent = |name: &str| fields(entry, "/request/headers").find(|(own, _)| own.eq_ignore_ascii_case(name));
    let is_saved = |data: &Json| {
        !text(data, "/text").is_empty()
            || data.pointer("/params").and_then(Json::as_array).is_some_and(|params| !params.is_empty())
    };
    let is_lost = size > 0
        || length.is_some_and(|length| length > 0)
        || data.is_some_and(is_saved)
        || sent("transfer-encoding").is_some();
    if body.is_none() && is_lost {
        return Err(Diagnostic::at(place, "the recording does not hold the body of this request"));
    }
    if body.is_none() && size < 0 && length.is_none() && (data.is_some() || sent("content-type").is_some()) {
        remarks.push("the recording holds no body of this request, and may have lost it".to_owned());
    }
    let sends_origin = headers.iter().any(|header| header.is("Origin"));
    let media_type = data.map_or("", |data| text(data, "/mimeType"));
    let plain = body.as_ref().and_then(|body| String::from_utf8(body.clone()).ok());
    let request = Prepared {
        method: text(entry, "/request/method").to_owned(),
        target: found.target(&with_slash(target).replace("${", "$${")),
        headers,
        body: plain.as_ref().map(|body| found.body(&body.replace("${", "$${"), media_type).into_bytes()),
        ..Prepared::default()
    };
    if body.is_some() && plain.is_none() {
        return Err(Diagnostic::at(
            place,
            "the body of this request is binary; write a step with `body: !base64`",
        ));
    }
    let command = command_of(request, origin, &place, wanted)?;
    let mut headers = answers;
    if is_cors && !sends_origin {
        headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("access-control-"));
    }
    let body = answer(entry);
    if matches!(body, Body::Unknown) {
        remarks.push("the recording does not hold the body of the response".to_owned());
    }
    let head = Some(Head { status: u16::try_from(status).ok(), headers });
    Ok(Exchange {
        command,
        origin: origin.to_owned(),
        place,
        comment: None,
        head,
        body,
        remarks,
        capture: None,
        checks: Vec::new(),
        sets: Vec::new(),
        section: 0,
    })
}

/// The words of the responses so far, which a step can capture.
#[derive(Default)]
struct Made<'a> {
    words: HashSet<&'a str>,
    cookies: HashSet<String>,
}

impl<'a> Made<'a> {
    fn add(&mut self, entry: &'a Json) {
        let words =
            text(entry, "/response/content/text").split(|one: char| one == '"' || one.is_whitespace());
        self.words.extend(words.filter(|word| word.len() > 3));
        let cookies =
            fields(entry, "/response/headers").filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        self.cookies
            .extend(cookies.filter_map(|(_, field)| Some(SetCookie::parse(&field)?.value.to_owned())));
    }

    fn has(&self, value: &str) -> bool {
        self.words.contains(value) || self.cookies.contains(value)
    }
}

/// The boundary of a multipart body that a recording has as fields.
const BOUNDARY: &str = "----conformance";

/// Returns the body of a request: as text, in base64, or as the fields of a form or the members of a JSON object. `length` is its
/// Content-Length.
fn body(data: &Json, length: Option<usize>, headers: &mut Vec<Header>) -> Option<Vec<u8>> {
    let written = text(data, "/text");
    if text(data, "/encoding") == "base64" {
        return base64::prelude::BASE64_STANDARD.decode(written).ok();
    }
    if !written.is_empty() {
        return bytes_of(written, length);
    }
    let params = data.pointer("/params").and_then(Json::as_array).filter(|params| !params.is_empty())?;
    let media_type = text(data, "/mimeType");
    if media_type.contains("json") {
        // A list is saved as several members with one name.
        let name = |param: &Json| text(param, "/name").to_owned();
        let member = |same: &[Json]| {
            let values: Vec<String> =
                same.iter().map(|param| param.pointer("/value").unwrap_or(&Json::Null).to_string()).collect();
            let value = values.join(",");
            let value = if values.len() > 1 { format!("[{value}]") } else { value };
            format!("{}:{value}", Json::from(same.first().map(name).unwrap_or_default()))
        };
        let members = params.chunk_by(|one, other| name(one) == name(other)).map(member);
        let object = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        // A list, or JSON with blanks, had another length.
        return length.is_none_or(|length| length == object.len()).then(|| object.into_bytes());
    }
    if !media_type.starts_with("multipart/") {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for param in params {
            form.append_pair(text(param, "/name"), text(param, "/value"));
        }
        return Some(form.finish().into_bytes());
    }
    let mut body = String::new();
    for param in params {
        let file = text(param, "/fileName");
        let (name, value, kind) = (text(param, "/name"), text(param, "/value"), text(param, "/contentType"));
        // The contents of files are not in a recording.
        if !file.is_empty() && value.is_empty() {
            return None;
        }
        body.push_str(&format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\""));
        if !file.is_empty() {
            body.push_str(&format!("; filename=\"{file}\"\r\nContent-Type: {kind}"));
        }
        body.push_str(&format!("\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    headers.retain(|header| !header.is("Content-Type"));
    headers.push(Header::new("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}")));
    Some(body.into_bytes())
}

/// Returns the bytes of a body that is saved as text; `None` if the text lost some of them. Browsers save the bytes of a binary body
/// as characters, so that the text has as many characters as the body has bytes.
fn bytes_of(written: &str, length: Option<usize>) -> Option<Vec<u8>> {
    let Some(length) = length.filter(|length| *length != written.len()) else {
        return Some(written.as_bytes().to_vec());
    };
    let is_binary = written.chars().count() == length;
    match written.chars().map(|one| u8::try_from(u32::from(one))).collect() {
        Ok(bytes) if is_binary => Some(bytes),
        _ if written.contains(char::REPLACEMENT_CHARACTER) => None,
        _ => Some(written.as_bytes().to_vec()),
    }
}

/// Returns the saved bytes of the body of a response; none if they are in invalid base64.
pub(crate) fn content_of(entry: &Json) -> Option<Vec<u8>> {
    let content = text(entry, "/response/content/text");
    match text(entry, "/response/content/encoding") {
        "base64" => base64::prelude::BASE64_STANDARD.decode(content).ok(),
        _ => Some(content.as_bytes().to_vec()),
    }
}

/// The size of the body of a response in bytes, as the recording states it.
pub(crate) fn size_of(entry: &Json) -> u64 {
    entry.pointer("/response/content/size").and_then(Json::as_u64).unwrap_or_default()
}

/// Returns the body of a response, or the digest of a binary one.
fn answer(entry: &Json) -> Body {
    if text(entry, "/response/content/text").is_empty() && size_of(entry) > 0 {
        // Browsers may save a recording without response bodies.
        return Body::Unknown;
    }
    let Some(bytes) = content_of(entry) else { return Body::Unknown };
    match String::from_utf8(bytes) {
        Ok(text) => Body::Text { text, sure: true },
        Err(error) => {
            let digest = Sha256::digest(error.as_bytes());
            Body::Digest(digest.iter().map(|byte| format!("{byte:02x}")).collect())
        }
    }
}

/// Whether a browser adds a header field by itself.
fn is_added_by_browser(name: &str, value: &str) -> bool {
    const NAMES: [&str; 16] = [
        "host",
        "content-length",
        "connection",
        "user-agent",
        "accept-encoding",
        "accept-language",
        "origin",
        "referer",
        "cache-control",
        "pragma",
        "dnt",
        "te",
        "priority",
        "upgrade-insecure-requests",
        "if-none-match",
        "if-modified-since",
    ];
    let name = name.to_ascii_lowercase();
    name.starts_with(':')
        || name.starts_with("sec-")
        || NAMES.contains(&name.as_str())
        || (name == "accept" && value.trim() == "*/*")
}

pub(crate) fn fields<'a>(entry: &'a Json, pointer: &str) -> impl Iterator<Item = (String, String)> + use<'a> {
    let fields = entry.pointer(pointer).and_then(Json::as_array).into_iter().flatten();
    fields.flat_map(|field| {
        let name = text(field, "/name").to_owned();
        // Firefox joins several cookies in one field, separated by newlines.
        let values: Vec<(String, String)> =
            text(field, "/value").lines().map(|value| (name.clone(), value.to_owned())).collect();
        values
    })
}

fn title(har: &Json, page: &str) -> Option<String> {
    let pages = har.pointer("/log/pages")?.as_array()?;
    let title = pages.iter().find(|own| text(own, "/id") == page).map(|own| text(own, "/title"))?;
    (!title.is_empty()).then(|| title.to_owned())
}

pub(crate) fn text<'a>(json: &'a Json, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}
