//! HTTP archive (HAR 1.2): every exchange of a run, for the developer tools of a browser and for other programs.
//!
//! The exchanges are those of the events, so secrets are redacted and long bodies are cut; a comment says so. Records have no time of
//! their own, so entries follow one another from the start of the run.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::evidence::identity;
use conformance_engine::event::{Exchange, FinishedRun, OPERATIONS, Received, Record, Sent};
use conformance_suite::request::percent_encode;
use conformance_suite::safe;

/// Writes the archive.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let started = OffsetDateTime::parse(&run.header.started, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut now = started;
    let (mut pages, mut entries) = (Vec::new(), Vec::new());
    for records in run.scenarios() {
        let Some(first) = records.first().filter(|record| record.scenario != OPERATIONS) else { continue };
        pages.push(json!({
            "id": first.scenario, "startedDateTime": written(now), "title": first.scenario, "pageTimings": {},
        }));
        for record in records {
            for entry in of_step(record, now) {
                entries.push(entry);
            }
            now += Duration::seconds_f64(record.milliseconds / 1000.0);
        }
    }
    let creator = json!({ "name": "conformance", "version": run.header.conformance });
    let log = json!({ "log": {
        "version": "1.2", "creator": creator, "pages": pages, "entries": entries, "comment": identity(&run.header),
    } });
    let text = format!("{log:#}\n");
    out.write_all(safe::json(&text).as_bytes())
}

fn written(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

/// Returns the exchanges of a step, redirects first.
fn of_step(record: &Record, now: OffsetDateTime) -> Vec<Value> {
    let Some(exchange) = &record.exchange else { return Vec::new() };
    let sent = std::iter::once(&exchange.sent).chain(exchange.hops.iter().map(|hop| &hop.sent));
    let received = exchange.hops.iter().map(|hop| Some(&hop.received)).chain([exchange.received.as_ref()]);
    let entry = |(sent, received): (&Sent, Option<&Received>)| {
        let time = received.map_or(0.0, |received| received.milliseconds);
        json!({
            "pageref": record.scenario,
            "startedDateTime": written(now),
            "time": time,
            "request": request(sent, exchange),
            "response": received.map_or_else(no_response, response),
            "cache": {},
            "timings": { "send": 0, "wait": time, "receive": 0 },
            "comment": format!("{}: {} ({})", record.id, record.title, record.verdict),
        })
    };
    sent.zip(received).map(entry).collect()
}

fn request(sent: &Sent, exchange: &Exchange) -> Value {
    let origin = origin(exchange).map(str::to_owned);
    let host = || field(&sent.headers, "host").unwrap_or("unknown.invalid");
    let origin = origin.unwrap_or_else(|| format!("http://{}", host()));
    let target = if sent.target.starts_with('/') { sent.target.clone() } else { format!("/{}", sent.target) };
    let query = sent.target.split_once('?').map_or("", |(_, query)| query);
    let query: Vec<Value> = (query.split('&').filter(|pair| !pair.is_empty()))
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({ "name": name, "value": value })
        })
        .collect();
    let cookies = field(&sent.headers, "cookie").unwrap_or_default().split(';');
    let cookies: Vec<Value> = cookies
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let mut request = json!({
        "method": sent.method,
        "url": origin + &uri(&target),
        "httpVersion": "HTTP/1.1",
        "cookies": cookies,
        "headers": fields(&sent.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": sent.bytes.or(sent.body.as_ref().map(String::len)).unwrap_or_default(),
    });
    if let (Some(body), Some(members)) = (&sent.body, request.as_object_mut()) {
        let mut data =
            json!({ "mimeType": field(&sent.headers, "content-type").unwrap_or_default(), "text": body });
        comment(&mut data, sent.bytes);
        members.insert("postData".to_owned(), data);
    }
    request
}

/// Percent-encodes what a URI cannot contain (RFC 3986, appendix A). A raw request and a redacted one may have such characters.
fn uri(target: &str) -> String {
    let is_escape = |rest: &str| rest.bytes().skip(1).take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let encoded = |(at, one): (usize, char)| match one {
        '%' if target.get(at..).is_some_and(is_escape) => one.to_string(),
        one if one.is_ascii_alphanumeric() || "-._~:/?@!$&'()*+,;=".contains(one) => one.to_string(),
        one => percent_encode(one.encode_utf8(&mut [0; 4])),
    };
    target.char_indices().map(encoded).collect()
}

/// Returns the origin in the command that repeats a request: no other part of a record names it.
fn origin(exchange: &Exchange) -> Option<&str> {
    let path = exchange.sent.target.split('?').next().unwrap_or_default();
    let starts = ["http://", "https://"]
        .into_iter()
        .flat_map(|scheme| exchange.again.match_indices(scheme).map(move |(at, _)| (at, at + scheme.len())));
    let origins = starts.filter_map(|(start, host)| {
        let rest = exchange.again.get(host..)?;
        let end = rest.find(|one: char| one.is_whitespace() || "/?'\"".contains(one)).unwrap_or(rest.len());
        (rest.get(end..)?.starts_with(path)).then(|| exchange.again.get(start..host + end))?
    });
    origins.min_by_key(|origin| origin.len())
}

fn response(received: &Received) -> Value {
    let size = received.bytes.unwrap_or(received.body.len());
    let mut content = json!({
        "size": size,
        "mimeType": received.header("content-type").unwrap_or("x-unknown"),
        "text": received.body,
    });
    comment(&mut content, received.bytes);
    let cookies = received.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookies: Vec<Value> = cookies
        .filter_map(|(_, value)| value.split(';').next().and_then(|pair| pair.split_once('=')))
        .map(|(name, value)| json!({ "name": name.trim(), "value": value.trim() }))
        .collect();
    json!({
        "status": received.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": cookies,
        "headers": fields(&received.headers),
        "content": content,
        "redirectURL": received.header("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": size,
    })
}

/// Returns the response of a request that got none, as browsers write it.
fn no_response() -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
        "content": { "size": 0, "mimeType": "x-unknown" },
        "redirectURL": "", "headersSize": -1, "bodySize": -1,
    })
}

/// Says that a text is only the beginning of a body of this size.
fn comment(of: &mut Value, bytes: Option<usize>) {
    if let (Some(bytes), Some(members)) = (bytes, of.as_object_mut()) {
        members.insert("comment".to_owned(), format!("the beginning of {bytes} bytes").into());
    }
}

fn field<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn fields(headers: &[(String, String)]) -> Vec<Value> {
    let field = |(name, value): &(String, String)| {
        Value::Object(Map::from_iter([
            ("name".to_owned(), Value::from(name.as_str())),
            ("value".to_owned(), Value::from(value.as_str())),
        ]))
    };
    headers.iter().map(field).collect()
}
