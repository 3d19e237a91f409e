//! Extracts the exchanges of a browser recording (HTTP Archive 1.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value as Json;

use super::document::is_origin;
use super::{Body, Exchange, Story, Wanted, check_number, printed::Head};
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::{Agent, Header, Prepared};
use conformance_suite::source::{Source, Span};

/// Returns the origin of the recording and its stories, one for each page.
pub(super) fn stories(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<(String, Vec<Story>), Diagnostic> {
    let har: Json = serde_json::from_str(source.text()).map_err(|error| {
        Diagnostic::new(format!("{} is not a HAR recording: {error}", source.path()))
            .help("save one with the developer tools of a browser: Network, Save all as HAR")
    })?;
    let Some(entries) = har.pointer("/log/entries").and_then(Json::as_array) else {
        return Err(Diagnostic::new(format!(
            "{} is not a HAR recording: `log.entries` is missing",
            source.path()
        )));
    };
    let called: Vec<&Json> = entries.iter().filter(|entry| calls_an_api(entry)).collect();
    let known = wanted.suite.map(|suite| suite.origin.clone()).or_else(|| wanted.origin.clone());
    let Some(origin) = known.or_else(|| most_called(&called)) else {
        return Err(Diagnostic::new(format!("{} has no request to an API", source.path())));
    };
    check_number(called.len(), source)?;
    let mut stories: Vec<(String, Story)> = Vec::new();
    for entry in called {
        let page = text(entry, "/pageref").to_owned();
        if stories.last().is_none_or(|(last, _)| *last != page) {
            let title = title(&har, &page).unwrap_or_else(|| "a recording".to_owned());
            stories
                .push((page, Story { title, launched: None, exchanges: Vec::new(), left_out: Vec::new() }));
        }
        let Some((_, story)) = stories.last_mut() else { continue };
        match read(entry, &origin, source, wanted) {
            Some(Ok(exchange)) => story.exchanges.push(exchange),
            Some(Err(reason)) => story.left_out.push(reason),
            None => {}
        }
    }
    let stories: Vec<Story> = stories.into_iter().map(|(_, story)| story).collect();
    if stories.iter().all(|story| story.exchanges.is_empty()) {
        return Err(Diagnostic::new(format!("{} has no request to {origin}", source.path())));
    }
    Ok((origin, stories))
}

/// Whether an entry is a request to an API, not one for a page, an image, a script, a style sheet or a font.
fn calls_an_api(entry: &Json) -> bool {
    const STATIC: [&str; 7] = ["image/", "font/", "text/css", "javascript", "audio/", "video/", "wasm"];
    let media_type = text(entry, "/response/content/mimeType");
    let method = text(entry, "/request/method");
    !STATIC.iter().any(|other| media_type.contains(other))
        && method != "CONNECT"
        && entry.pointer("/response/status").and_then(Json::as_u64).is_some_and(|status| status > 0)
        && !(method == "GET" && media_type.starts_with("text/html"))
        && origin_of(text(entry, "/request/url")).is_some()
}

fn most_called(entries: &[&Json]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for origin in entries.iter().filter_map(|entry| origin_of(text(entry, "/request/url"))) {
        *counts.entry(origin).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(origin, _)| origin.to_owned())
}

fn origin_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&url[..url.len() - rest.len() + end]).filter(|origin| is_origin(origin))
}

fn read(
    entry: &Json,
    origin: &str,
    source: &Arc<Source>,
    wanted: &Wanted<'_>,
) -> Option<Result<Exchange, Diagnostic>> {
    let url = text(entry, "/request/url");
    let target = url.strip_prefix(origin)?.split('#').next()?;
    let headers = fields(entry, "/request/headers").filter(|(name, value)| !is_added_by_browser(name, value));
    let body =
        entry.pointer("/request/postData").map(|data| text(data, "/text")).filter(|body| !body.is_empty());
    let mut headers: Vec<Header> = headers.map(|(name, value)| Header::new(&name, value)).collect();
    // The scenario uses curl, which adds these fields itself.
    for (name, value) in [("User-Agent", Agent::Curl.name()), ("Accept", "*/*")] {
        if !headers.iter().any(|header| header.is(name)) {
            headers.push(Header::new(name, value));
        }
    }
    let request = Prepared {
        method: text(entry, "/request/method").to_owned(),
        target: if target.starts_with('/') { target.to_owned() } else { format!("/{target}") },
        headers,
        body: body.map(|body| body.as_bytes().to_vec()),
        ..Prepared::default()
    };
    let command = curl::command(&request, origin).replace("${", "$${");
    // A recording is often one long line, so diagnostics point at the URL.
    let place = source.place(Span::default()).find(url);
    if let Err(reason) = curl::parse(&command, origin, wanted.files, &place) {
        return Some(Err(reason));
    }
    let status = entry.pointer("/response/status").and_then(Json::as_u64).unwrap_or_default();
    let head = Head {
        status: u16::try_from(status).unwrap_or_default(),
        headers: fields(entry, "/response/headers").collect(),
    };
    let content = text(entry, "/response/content/text");
    let size = entry.pointer("/response/content/size").and_then(Json::as_i64).unwrap_or_default();
    let content = match text(entry, "/response/content/encoding") {
        "base64" => base64::prelude::BASE64_STANDARD
            .decode(content)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default(),
        _ => content.to_owned(),
    };
    // Browsers may save a recording without response bodies.
    let body =
        if content.is_empty() && size > 0 { Body::Unknown } else { Body::Text { text: content, sure: true } };
    Some(Ok(Exchange { command, place, comment: None, head: Some(head), body, remarks: Vec::new() }))
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
        || (name == "accept" && value.contains("*/*"))
}

fn fields<'a>(entry: &'a Json, pointer: &str) -> impl Iterator<Item = (String, String)> + use<'a> {
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

fn text<'a>(json: &'a Json, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}
