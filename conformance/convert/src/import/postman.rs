//! Reads Postman collections of format 2.0 and 2.1: folders, variables, authorization, bodies, and what test scripts check.

use std::sync::Arc;

use base64::Engine as _;
use form_urlencoded::Serializer;
use serde_json::Value as Json;

use super::collection::{Group, Request, Variables};
use super::har::text;
use super::{next, script};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::source::{Place, Source, Span};

/// Maximum depth of folders.
const DEEPEST: usize = 32;

/// Returns the requests of a collection by folder, with its variables.
pub(super) fn read(source: &Arc<Source>) -> Result<(Vec<Group>, Variables), Diagnostic> {
    let wrong = |why: &str| {
        Diagnostic::new(format!("{} is not a Postman collection: {why}", source.path()))
            .help("export it from Postman as Collection v2.1")
    };
    let collection: Json = serde_json::from_str(source.text()).map_err(|error| wrong(&error.to_string()))?;
    // An export of a workspace has the collection one level deeper.
    let collection = collection.get("collection").unwrap_or(&collection);
    let Some(items) = collection.get("item").and_then(Json::as_array) else {
        return Err(wrong("`item` is missing"));
    };
    let mut variables = Variables::default();
    for variable in collection.get("variable").and_then(Json::as_array).into_iter().flatten() {
        let name = [text(variable, "/key"), text(variable, "/id")].into_iter().find(|name| !name.is_empty());
        let value = variable.get("value").map(plain).unwrap_or_default();
        if let Some(name) = name.filter(|_| !value.is_empty()) {
            variables.values.insert(name.to_owned(), value);
        }
    }
    let title = text(collection, "/info/name");
    let mut groups = Vec::new();
    let title = if title.is_empty() { "a collection" } else { title };
    let mut place = source.place(Span::default());
    gather(items, title, collection.get("auth"), 0, &mut place, &mut groups);
    groups.retain(|(_, requests): &Group| !requests.is_empty());
    Ok((groups, variables))
}

fn gather(
    items: &[Json],
    title: &str,
    auth: Option<&Json>,
    depth: usize,
    place: &mut Place,
    groups: &mut Vec<Group>,
) {
    let at = groups.len();
    groups.push((title.to_owned(), Vec::new()));
    for item in items {
        let own = item.get("auth").or(auth);
        if let Some(items) = item.get("item").and_then(Json::as_array) {
            if depth < DEEPEST {
                gather(items, text(item, "/name"), own, depth + 1, place, groups);
            }
        } else if let Some(request) = item.get("request") {
            *place = next(place, &format!("\"{}\"", text(item, "/name")));
            let read = self::request(item, request, request.get("auth").or(own));
            if let Some((_, requests)) = groups.get_mut(at) {
                requests.push((read, place.clone()));
            }
        }
    }
}

fn request(item: &Json, request: &Json, auth: Option<&Json>) -> Request {
    let raw =
        request.get("url").map(|url| url.as_str().unwrap_or_else(|| text(url, "/raw"))).unwrap_or_default();
    let mut read = Request {
        title: text(item, "/name").to_owned(),
        method: Some(text(request, "/method"))
            .filter(|method| !method.is_empty())
            .unwrap_or("GET")
            .to_ascii_uppercase(),
        url: request.as_str().unwrap_or(raw).to_owned(),
        ..Request::default()
    };
    // `:name` in a path is a variable of the URL.
    for variable in request.pointer("/url/variable").and_then(Json::as_array).into_iter().flatten() {
        let (name, value) = (text(variable, "/key"), variable.get("value").map(plain).unwrap_or_default());
        let value = if value.is_empty() { format!("{{{{{name}}}}}") } else { value };
        let segments =
            read.url.split('/').map(|one| if one == format!(":{name}") { value.as_str() } else { one });
        read.url = segments.collect::<Vec<_>>().join("/");
    }
    for header in enabled(request.get("header")) {
        read.headers.push((text(header, "/key").to_owned(), text(header, "/value").to_owned()));
    }
    body(request, &mut read);
    authorize(auth, &mut read);
    for event in item.get("event").and_then(Json::as_array).into_iter().flatten() {
        let lines = event.pointer("/script/exec").and_then(Json::as_array).into_iter().flatten();
        let script = lines.filter_map(Json::as_str).collect::<Vec<_>>().join("\n");
        if text(event, "/listen") == "test" {
            read.add(script::read(&script), "test script");
        } else if !script.trim().is_empty() {
            read.remarks.push("the collection runs a script before this request".to_owned());
        }
    }
    read
}

fn body(request: &Json, read: &mut Request) {
    let Some(body) = request.get("body").filter(|body| !body.is_null()) else { return };
    let has_type = read.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let mut typed = |media_type: &str| {
        if !has_type {
            read.headers.push(("Content-Type".to_owned(), media_type.to_owned()));
        }
    };
    match text(body, "/mode") {
        "raw" => {
            if text(body, "/options/raw/language") == "json" {
                typed("application/json");
            }
            read.body = Some(text(body, "/raw").to_owned());
        }
        "urlencoded" => {
            typed("application/x-www-form-urlencoded");
            let mut form = Serializer::new(String::new());
            for field in enabled(body.get("urlencoded")) {
                form.append_pair(text(field, "/key"), text(field, "/value"));
            }
            // Variables stay as they are written.
            read.body = Some(form.finish().replace("%7B%7B", "{{").replace("%7D%7D", "}}"));
        }
        "graphql" => {
            typed("application/json");
            let query = serde_json::json!({ "query": text(body, "/graphql/query") });
            read.body = Some(query.to_string());
        }
        other => read.remarks.push(format!("the body of the kind `{other}` is left out")),
    }
}

fn authorize(auth: Option<&Json>, read: &mut Request) {
    let Some(auth) = auth else { return };
    let kind = text(auth, "/type");
    let of = |name: &str| {
        let all = auth.get(kind);
        let listed = all.and_then(Json::as_array).into_iter().flatten();
        let found = listed.into_iter().find(|one| text(one, "/key") == name).and_then(|one| one.get("value"));
        found.or_else(|| all?.get(name)).map(plain).unwrap_or_default()
    };
    match kind {
        "bearer" => read.headers.push(("Authorization".to_owned(), format!("Bearer {}", of("token")))),
        "basic" => {
            let pair = format!("{}:{}", of("username"), of("password"));
            if pair.contains("{{") {
                read.remarks
                    .push("the credentials of Basic authentication are variables, and left out".to_owned());
            } else {
                let token = base64::prelude::BASE64_STANDARD.encode(pair);
                read.headers.push(("Authorization".to_owned(), format!("Basic {token}")));
            }
        }
        "apikey" if of("in") == "query" => {
            let mark = if read.url.contains('?') { '&' } else { '?' };
            read.url.push_str(&format!("{mark}{}={}", of("key"), of("value")));
        }
        "apikey" => read.headers.push((of("key"), of("value"))),
        "noauth" | "" => {}
        other => read.remarks.push(format!("the authorization of the kind `{other}` is left out")),
    }
}

fn enabled(list: Option<&Json>) -> impl Iterator<Item = &Json> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.filter(|one| one.get("disabled").and_then(Json::as_bool) != Some(true))
}

/// Returns a scalar as text.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
