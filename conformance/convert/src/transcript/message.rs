//! Reads HTTP messages that a document prints (` ```http `), and makes curl commands of the requests.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::block::{Block, Line};
use super::{Command, Kind, output};
use crate::pattern;
use conformance_suite::shell::quote;
use conformance_suite::source::{Source, Span};

/// The origin of a request that names no host. The domain `invalid` exists nowhere (RFC 2606, section 2).
pub const UNNAMED: &str = "http://origin.invalid";

/// Returns the exchanges of a block of messages; `None` if it is something else.
///
/// A response before the first request belongs to `last`, the command before the block.
pub(super) fn exchanges(
    block: &Block,
    last: Option<&mut Command>,
    source: &Arc<Source>,
) -> Option<Vec<Command>> {
    let is_named = ["http", "rest", "httprequest", "http-request"].contains(&block.language.as_str());
    let block = &plain(block, is_named);
    // A line such as `GET /users` alone names an operation: a request has a version, or header fields.
    let is_request = |at: usize| {
        let found = block.lines.get(at).and_then(|line| REQUEST.captures(&line.text));
        let has_fields = || block.lines.get(at + 1).is_some_and(|line| FIELD.is_match(&line.text));
        found.is_some_and(|found| is_named || found.get(3).is_some() || has_fields())
    };
    let requests: Vec<usize> = (0..block.lines.len()).filter(|at| is_request(*at)).collect();
    let first = *requests.first()?;
    let before = block.lines.get(..first)?;
    let answers = output::starts_with_head(before);
    if !answers
        && !before
            .iter()
            .all(|line| line.text.trim().is_empty() || line.text.trim_start().starts_with(['#', '/', '@']))
    {
        return None;
    }
    if let Some(last) = last.filter(|_| answers) {
        (last.output, last.output_place) = output::read(before, true, source);
    }
    let ends = requests.iter().copied().skip(1).chain([block.lines.len()]);
    let messages = requests.iter().zip(ends).filter_map(|(begin, end)| block.lines.get(*begin..end));
    Some(messages.filter_map(|message| exchange(message, block, source)).collect())
}

/// Returns a block without the signs with which `curl -v` prints messages.
fn plain(block: &Block, is_named: bool) -> Block {
    let mut block = block.clone();
    let begins = |line: &Line| {
        let found = line.text.strip_prefix("> ").and_then(|text| REQUEST.captures(text));
        found.is_some_and(|found| is_named || found.get(3).is_some())
    };
    let is_message = |line: &Line| line.text.trim().is_empty() || line.text.starts_with(['>', '<', '*']);
    // The output of a command is another matter.
    let first = block.lines.iter().find(|line| !line.text.trim().is_empty());
    if !first.is_some_and(is_message) || !block.lines.iter().any(begins) {
        return block;
    }
    block.lines.retain(|line| !line.text.starts_with("* "));
    for line in &mut block.lines {
        let rest = line.text.strip_prefix(['>', '<']).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        if let Some(rest) = rest.map(str::to_owned) {
            line.start += line.text.len() - rest.len();
            line.text = rest;
        }
    }
    block
}

/// Reads a request and, if it follows, its response.
fn exchange(lines: &[Line], block: &Block, source: &Arc<Source>) -> Option<Command> {
    let status = |line: &Line| output::starts_with_head(std::slice::from_ref(line));
    let end = lines.iter().skip(1).position(status).map_or(lines.len(), |at| at + 1);
    let (request, response) = lines.split_at(end);
    let (first, rest) = request.split_first()?;
    let found = REQUEST.captures(&first.text)?;
    let (method, target) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    // Some documents print a JSON body right after the header.
    let ends_head = |line: &Line| matches!(line.text.trim_start().chars().next(), None | Some('{' | '['));
    let (head, body) = rest.split_at(rest.iter().position(ends_head).unwrap_or(rest.len()));
    let mut host = None;
    let mut options = String::new();
    for line in head {
        let text = line.text.trim();
        if let Some(more) = text.strip_prefix(['?', '&']).filter(|_| options.is_empty()) {
            // REST clients allow the query on lines of its own.
            options.push_str(&format!(" --url-query {}", quote(&format!("+{more}"))));
            continue;
        }
        let Some((name, value)) = text.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "host" => {
                host = Some(value.trim().to_owned()).filter(|host| !host.contains(['<', '{', '$', ' ']));
            }
            "content-length" | "connection" | "transfer-encoding" => {}
            _ => options.push_str(&format!(" -H {}", quote(&format!("{}: {}", name.trim(), value.trim())))),
        }
    }
    let body: Vec<&str> = body.iter().map(|line| line.text.as_str()).collect();
    let body = body.join("\n");
    let body = body.trim();
    // Angle brackets describe a body.
    if !body.is_empty() && !body.starts_with('<') {
        if !options.to_ascii_lowercase().contains("content-type:") {
            options.push_str(" -H 'Content-Type:'");
        }
        options.push_str(&format!(" --data-raw {}", quote(body)));
    }
    let url = if target.contains("://") {
        target.to_owned()
    } else {
        let origin = host
            .map_or_else(|| UNNAMED.to_owned(), |host| format!("{}://{host}", scheme(&host, source.text())));
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{origin}{slash}{target}")
    };
    let implied = if options.contains("--data-raw") { "POST" } else { "GET" };
    let method = match method {
        "HEAD" => " -I".to_owned(),
        method if method == implied => String::new(),
        method => format!(" -X {method}"),
    };
    let last = request.iter().rfind(|line| !line.text.trim().is_empty()).unwrap_or(first);
    let (output, output_place) = output::read(response, true, source);
    Some(Command {
        heading: block.heading.clone(),
        kind: Kind::Message,
        prompted: true,
        doubtful: false,
        text: format!("curl{method} {}{options}", quote(&url)),
        comment: None,
        place: source.place(Span::new(first.start, (last.start + last.text.len()).max(first.start))),
        output,
        apart: false,
        output_place,
    })
}

/// Maximum size in bytes of a document that is searched for the host of each message.
const LONGEST: usize = 256 * 1024;

/// The scheme that a host in a printed request probably has: the one that the document writes elsewhere.
fn scheme(host: &str, document: &str) -> &'static str {
    let names = |scheme: &str| {
        let origin = format!("{scheme}://{host}");
        let is_end = |(at, _): (usize, &str)| {
            let after = document.get(at + origin.len()..).unwrap_or_default();
            !after.starts_with(|one: char| one.is_alphanumeric() || "-.:_".contains(one))
        };
        document.match_indices(&origin).any(is_end)
    };
    if document.len() <= LONGEST && names("http") && !names("https") {
        return "http";
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    if port == "443" && name != "localhost" && !name.starts_with("127.") { "https" } else { "http" }
}

static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|QUERY)[ \t]+(\S+)(?:[ \t]+(HTTP/\d(?:\.\d)?))?[ \t]*$")
});

static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z][\w-]*:[ \t]"));
