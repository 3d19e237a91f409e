//! Converts a printed response to the expectation of a step.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::capture::Kept;
use super::printed::Head;
use super::{Body, Exchange, fresh, status};
use conformance_suite::cookie::SetCookie;
use conformance_suite::json::escape;
use conformance_suite::request::is_token;
use conformance_suite::yaml::page::{Yaml, quote, quoted};

/// Maps the values that are known at a step (earlier captures and fixtures) to their names.
pub(super) type Known = BTreeMap<String, String>;

/// Returns the expectation for a response.
pub(super) fn expectation(exchange: &Exchange, known: &Known, kept: &[Kept], origin: &str) -> Yaml {
    let body = match &exchange.body {
        Body::Text { text, .. } => text.as_str(),
        Body::Unknown => "",
    };
    let mut members = Vec::new();
    members.push((
        "status".to_owned(),
        match &exchange.head {
            Some(Head { status: status @ 100..=599, .. }) => Yaml::Scalar(status.to_string()),
            Some(Head { status, .. }) => {
                let class = Yaml::Scalar("[2xx, 4xx, 5xx]".to_owned());
                Yaml::unsure(format!("{status} is not an HTTP status code"), class)
            }
            None => status::infer(body),
        },
    ));
    if let Some(head) = &exchange.head {
        head_fields(&head.headers, known, kept, origin, &mut members);
    }
    if let Body::Text { text, sure } = &exchange.body {
        members.extend(body_of(text, *sure, known, kept, origin));
    }
    Yaml::Mapping(members)
}

fn head_fields(
    fields: &[(String, String)],
    known: &Known,
    kept: &[Kept],
    origin: &str,
    members: &mut Vec<(String, Yaml)>,
) {
    let mut headers = Vec::new();
    let mut cookies = Vec::new();
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        if name == "set-cookie" {
            let Some(cookie) = cookie(value, known, kept) else { continue };
            // Clients keep the last of several cookies with the same name.
            cookies.retain(|(name, _): &(String, Yaml)| *name != cookie.0);
            cookies.push(cookie);
        } else if is_token(&name) && !is_volatile(&name) && !headers.iter().any(|(own, _)| *own == name) {
            // The charset is a detail of the server.
            let media_type = value.split(';').next().unwrap_or_default().trim();
            let yaml = match media_type {
                _ if name == "content-type" && is_media_type(media_type) => {
                    Yaml::Scalar(format!("!starts_with {media_type}"))
                }
                // For the location of a new resource, expect only the path without its id.
                _ if kept.iter().any(|kept| value.ends_with(&format!("/{}", kept.value))) => {
                    let path = value.strip_prefix(origin).unwrap_or(value);
                    Yaml::Scalar(format!(
                        "!contains {}",
                        quote(&path[..=path.rfind('/').unwrap_or_default()])
                    ))
                }
                _ => text(value, known, origin),
            };
            headers.push((name, yaml));
        }
    }
    for (name, fields) in [("headers", headers), ("cookies", cookies)] {
        if !fields.is_empty() {
            members.push((name.to_owned(), Yaml::Mapping(fields)));
        }
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

fn cookie(written: &str, known: &Known, kept: &[Kept]) -> Option<(String, Yaml)> {
    let cookie = SetCookie::parse(written)?;
    let is_kept = kept.iter().any(|kept| kept.from.0 == "cookie" && kept.from.1 == cookie.name);
    let value = match text(cookie.value, known, "") {
        // Servers generate session ids, so any value is accepted.
        Yaml::Scalar(_) if (is_kept || cookie.value.len() >= 16) && fresh::text(cookie.value).is_none() => {
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

fn body_of(body: &str, sure: bool, known: &Known, kept: &[Kept], origin: &str) -> Option<(String, Yaml)> {
    let trimmed = body.trim();
    if trimmed.is_empty() {
        return sure.then(|| ("body".to_owned(), Yaml::Scalar("\"\"".to_owned())));
    }
    if let Ok(json) = serde_json::from_str::<Json>(trimmed.trim_end_matches('%'))
        && !json.is_string()
    {
        let yaml = value(&json, "", known, kept, origin);
        let yaml = match &json {
            Json::Array(items) if !items.is_empty() => {
                Yaml::unsure("the list must have exactly these elements; `!containing` allows more", yaml)
            }
            _ => yaml,
        };
        return Some(("json".to_owned(), yaml));
    }
    if trimmed.starts_with(['{', '[']) {
        let first = Yaml::unsure("the printed body is not complete JSON", Yaml::Scalar("!any".to_owned()));
        return Some(("text".to_owned(), first));
    }
    if trimmed.starts_with('<') {
        // HTML pages are for people, so only the title is checked.
        let title = trimmed.lines().find(|line| line.contains("<title>") && line.contains("</title>"));
        let marker = title.or_else(|| trimmed.lines().find(|line| line.starts_with("<h1>")));
        let yaml = match marker {
            Some(marker) => Yaml::Scalar(format!("!contains {}", quote(marker.trim()))),
            None => Yaml::Scalar("!any".to_owned()),
        };
        let yaml = Yaml::unsure("only this line of the page is checked", yaml);
        return Some(("text".to_owned(), yaml));
    }
    let yaml = if sure {
        Yaml::Scalar(quote_known(body, known))
    } else {
        let start = Yaml::Scalar(format!("!starts_with {}", quote_known(body.trim_end(), known)));
        Yaml::unsure("the document does not show whether a newline follows", start)
    };
    let printed = fresh::VALUE.find_iter(body).any(|value| !known.contains_key(value.as_str()));
    Some((
        "text".to_owned(),
        if printed { Yaml::unsure("this contains a value that may differ each time", yaml) } else { yaml },
    ))
}

/// Quotes a text and replaces known values by expressions.
fn quote_known(text: &str, known: &Known) -> String {
    let mut written = quoted(&text.replace("${", "${'${'}"));
    for (value, expression) in known.iter().filter(|(value, _)| fresh::VALUE.is_match(value)) {
        written = written.replace(value.as_str(), &format!("${{{expression}}}"));
    }
    written
}

fn text(value: &str, known: &Known, origin: &str) -> Yaml {
    if let Some(expression) = known.get(value) {
        return Yaml::Scalar(format!("\"${{{expression}}}\""));
    }
    fresh::text(value).unwrap_or_else(|| composed(value, known, origin))
}

/// Returns a matcher for a text that may contain a generated value or the origin of the document.
fn composed(value: &str, known: &Known, origin: &str) -> Yaml {
    let path = value.strip_prefix(origin).filter(|path| !origin.is_empty() && path.starts_with('/'));
    let shown = path.unwrap_or(value);
    let mut values = fresh::VALUE.find_iter(shown);
    let fresh = values.find(|found| !known.contains_key(found.as_str()));
    let before = fresh.map(|found| quote_known(&shown[..found.start()], known));
    match (path, before) {
        (_, Some(before)) if before == "\"\"" => {
            let sentence = "this begins with a value that may differ each time";
            Yaml::unsure(sentence, Yaml::Scalar("!string".to_owned()))
        }
        (Some(_), Some(before)) => Yaml::Scalar(format!("!contains {before}")),
        (None, Some(before)) => Yaml::Scalar(format!("!starts_with {before}")),
        (Some(path), None) => Yaml::Scalar(format!("!ends_with {}", quote_known(path, known))),
        (None, None) if fresh::VALUE.is_match(value) => Yaml::Scalar(quote_known(value, known)),
        (None, None) => Yaml::text(value),
    }
}

fn value(json: &Json, pointer: &str, known: &Known, kept: &[Kept], origin: &str) -> Yaml {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let is_kept = kept.iter().any(|kept| kept.from == ("json", pointer.to_owned()));
    match json {
        Json::Null => Yaml::Scalar("null".to_owned()),
        Json::Bool(value) => Yaml::Scalar(value.to_string()),
        Json::Number(number) => match known.get(&number.to_string()) {
            Some(expression) if name.to_ascii_lowercase().ends_with("id") => {
                Yaml::Scalar(format!("\"${{{expression}}}\""))
            }
            _ if is_kept || fresh::is_time(name, number) => Yaml::Scalar("!integer".to_owned()),
            _ => Yaml::Scalar(number.to_string()),
        },
        Json::String(string) => {
            let plain = fresh::text(string).is_none() && !known.contains_key(string);
            if is_kept && plain { Yaml::Scalar("!string".to_owned()) } else { text(string, known, origin) }
        }
        Json::Array(items) => Yaml::List(
            (items.iter().enumerate())
                .map(|(index, item)| value(item, &format!("{pointer}/{index}"), known, kept, origin))
                .collect(),
        ),
        Json::Object(members) => Yaml::Mapping(
            (members.iter())
                .map(|(name, member)| {
                    let step = escape(name);
                    (name.clone(), value(member, &format!("{pointer}/{step}"), known, kept, origin))
                })
                .collect(),
        ),
    }
}
