//! Compiles a request mapping: `method`, `origin`, `path`, `query`, `headers`, `cookies`, `basic`, `follow`, `http_version` and one kind of body; or `raw`.

use std::sync::Arc;

use super::content::{field, parts};
use super::{
    Agent, Body, Field, Files, Header, HttpVersion, JsonText, Request, check_field_name, check_method,
    percent_encode,
};
use crate::diagnostic::Diagnostic;
use crate::json::is_container;
use crate::members::{Members, json, parse_text, parse_value, string, text, texts, texts_or_lists};
use crate::source::Source;
use crate::template::Text;
use crate::yaml::{Located, Node, Value};

/// Compiles a request mapping; `files` reads a file that it names.
///
/// # Errors
/// An invalid key or value, with its location.
pub fn compile(node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Request, Diagnostic> {
    let mut members = Members::of(node, source, "a request")?;
    let mut request = Request::get(Text::literal("/"), Agent::Conformance);
    if let Some(raw) = members.take("raw") {
        if let Some(other) = members.next() {
            let message = format!("`{}` is not allowed with `raw`, which is sent unchanged", other.value);
            return Err(Diagnostic::at(other.place(source), message));
        }
        request.raw = Some(Box::new(field(raw, source, files, "a raw request")?));
        return Ok(request);
    }
    if let Value::Mapping(entries) = &node.value {
        let texts = entries.iter().filter(|(key, _)| BRACES_WARN.contains(&&*key.value));
        let mut remarks = Vec::new();
        texts.for_each(|(_, value)| add_foreign(value, source, &mut remarks));
        let json = entries.iter().find(|(key, _)| key.value == "json").map(|(_, node)| node);
        if let Some(Node { tag: None, value: Value::String(text), .. }) = json
            && is_container(text)
        {
            let place = json.map_or_else(|| members.place().clone(), |node| node.place(source));
            let message = "the request sends a JSON string, not the object or list in it";
            remarks
                .push(Diagnostic::at(place, message).help(format!("write it without quotes: json: {text}")));
        }
        request.remarks = remarks.into();
    }
    if let Some(origin) = members.take("origin") {
        request.at = Some(string(origin, source, "the name of an origin")?.into());
    }
    let path = members.take("path");
    if let Some(method) = members.take("method") {
        request.method = text(method, source, "a method")?;
        check_method(&request.method, &method.place(source))?;
    }
    if let Some(query) = members.take("query") {
        request.query = fields(query, source, "a query")?.into();
    }
    if let Some(headers) = members.take("headers") {
        let header = |(name, value): (&Located<String>, Text)| {
            check_field_name(&name.value, &name.place(source))?;
            Ok(Header::new(&name.value, value))
        };
        let fields = texts_or_lists(headers, source, "headers")?.into_iter().map(header);
        request.headers = fields.collect::<Result<_, Diagnostic>>()?;
    }
    if let Some(cookies) = members.take("cookies") {
        let pair = |(name, value): (String, Text)| {
            parse_text(&format!("{name}={}", value.written()), &cookies.place(source))
        };
        let pairs = texts(cookies, source, "cookies")?.into_iter().map(pair);
        request.cookies = pairs.collect::<Result<_, _>>()?;
    }
    if let Some(basic) = members.take("basic") {
        request.basic = Some(Box::new(credentials(basic, source)?));
    }
    if let Some(follow) = members.take("follow") {
        let written = string(follow, source, "`follow`")?;
        request.follow = written.parse().map_err(|_| {
            Diagnostic::at(follow.place(source), "`follow` must be a number, the maximum of redirects")
        })?;
    }
    if let Some(version) = members.take("http_version") {
        request.version = match &*string(version, source, "`http_version`")? {
            "1.1" => HttpVersion::Http1,
            "2" => HttpVersion::Http2,
            _ => return Err(Diagnostic::at(version.place(source), "`http_version` must be 1.1 or 2")),
        };
    }
    request.body = body(&mut members, source, files)?;
    let whole = members.place().clone();
    members.finish()?;
    let path = path.ok_or_else(|| Diagnostic::at(whole, "this request has no `path`"))?;
    request.target = text(path, source, "a path")?;
    let written = request.target.written();
    if !written.starts_with('/') && !written.starts_with("${") {
        let after =
            written.split_once("://").map(|(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        return Err(Diagnostic::at(path.place(source), "a path must begin with `/`").help(format!(
            "write /{}; the runner adds the address of the target",
            after.unwrap_or(written)
        )));
    }
    Ok(request)
}

/// Keys in whose values `{{name}}` is probably a variable of another tool.
const BRACES_WARN: [&str; 5] = ["path", "query", "headers", "cookies", "basic"];

/// Adds a warning for each text of a node with a variable as other tools write it: `{{name}}`.
fn add_foreign(node: &Node, source: &Arc<Source>, remarks: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::String(text) => {
            let Some((name, _)) = text.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")) else {
                return;
            };
            let is_name = |one: char| one.is_alphanumeric() || "_-. ".contains(one);
            if !name.trim().is_empty() && name.chars().all(is_name) {
                let written = format!("{{{{{name}}}}}");
                let message = format!("`{written}` is sent as it is written");
                let place = node.place(source).find(&written);
                remarks.push(
                    Diagnostic::at(place, message).help(format!("write ${{{}}} for a value", name.trim())),
                );
            }
        }
        Value::List(list) => list.iter().for_each(|node| add_foreign(node, source, remarks)),
        Value::Mapping(entries) => entries.iter().for_each(|(_, node)| add_foreign(node, source, remarks)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn body(members: &mut Members<'_>, source: &Arc<Source>, files: Files<'_>) -> Result<Body, Diagnostic> {
    let given: Vec<(&str, &Node)> = ["form", "json", "multipart", "body"]
        .into_iter()
        .filter_map(|name| members.take(name).map(|node| (name, node)))
        .collect();
    match given.as_slice() {
        [] => Ok(Body::None),
        [("form", node)] => fields(node, source, "a form").map(Body::form),
        [("json", node)] => json_text(node, source).map(Body::Json),
        [("multipart", node)] => Ok(Body::Multipart(parts(node, source, files)?.into(), None)),
        [(_, node)] => field(node, source, files, "a body").map(Body::Raw),
        [(first, other), (second, node), ..] => {
            let message = format!("a request has only one body, but `{first}` and `{second}` are given");
            let other = other.place(source);
            Err(Diagnostic::at(node.place(source), message)
                .help(format!("remove `{second}`, or `{first}` at {other}")))
        }
    }
}

fn fields(node: &Node, source: &Arc<Source>, what: &str) -> Result<Vec<Field>, Diagnostic> {
    let field = |(name, value): (&Located<String>, Text)| Field::Encoded {
        name: Some(percent_encode(&name.value)),
        value,
    };
    Ok(texts_or_lists(node, source, what)?.into_iter().map(field).collect())
}

fn credentials(node: &Node, source: &Arc<Source>) -> Result<Text, Diagnostic> {
    let mut members = Members::of(node, source, "`basic`")?;
    let (user, password) = (members.take("user"), members.take("password"));
    let whole = members.place().clone();
    members.finish()?;
    let (Some(user), Some(password)) = (user, password) else {
        return Err(Diagnostic::at(whole, "`basic` needs a `user` and a `password`"));
    };
    let user = text(user, source, "a user")?;
    let password = text(password, source, "a password")?;
    parse_text(&format!("{}:{}", user.written(), password.written()), &node.place(source))
}

/// Compiles JSON data with templates as its strings.
///
/// # Errors
/// A tag or an invalid expression.
pub(crate) fn json_text(node: &Node, source: &Arc<Source>) -> Result<JsonText, Diagnostic> {
    Ok(match (&node.tag, &node.value) {
        (None, Value::String(written)) => JsonText::Text(parse_value(written, &node.place(source))?),
        (None, Value::List(list)) => {
            JsonText::List(list.iter().map(|item| json_text(item, source)).collect::<Result<_, _>>()?)
        }
        (None, Value::Mapping(entries)) => {
            let member =
                |(key, value): &(Located<String>, Node)| Ok((key.value.clone(), json_text(value, source)?));
            JsonText::Object(entries.iter().map(member).collect::<Result<_, Diagnostic>>()?)
        }
        _ => JsonText::Literal(json(node, source)?),
    })
}
