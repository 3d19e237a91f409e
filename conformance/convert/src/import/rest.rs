//! Reads files of requests (`.http`, `.rest`), as the REST client of VS Code and JetBrains IDEs write them.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::collection::{Group, Request, Variables};
use super::script;
use crate::pattern;
use conformance_suite::source::{Place, Source, Span};

static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE|CONNECT)\s+)?((?:https?://|/|\{\{)\S.*?)(?:\s+HTTP/[0-9.]+)?$",
    )
});
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^@([^\s=]+)\s*=\s*(.*)$"));
static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:#|//)\s*@name[\s=]+(\S.*)$"));

/// Returns the requests of a file as one group, with its variables.
pub(super) fn read(source: &Arc<Source>) -> (Vec<Group>, Variables) {
    let mut variables = Variables::default();
    let mut requests = Vec::new();
    let mut block: Vec<(usize, &str)> = Vec::new();
    let mut has_request = false;
    let mut offset = 0;
    let mut title = String::new();
    for line in source.text().split_inclusive('\n') {
        let (at, text) = (offset, line.trim_end_matches(['\n', '\r']));
        offset += line.len();
        if let Some(next) = text.strip_prefix("###") {
            requests.extend(request(&block, &title, source));
            block.clear();
            has_request = false;
            title = next.trim_matches(['#', ' ']).to_owned();
        } else if let Some(found) = VARIABLE.captures(text).filter(|_| !has_request || after_blank(&block)) {
            variables.values.insert(found[1].to_owned(), found[2].trim().to_owned());
        } else {
            has_request |= is_request(text);
            block.push((at, text));
        }
    }
    requests.extend(request(&block, &title, source));
    let name = source.path().rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().filter(|name| !name.is_empty()).unwrap_or("requests");
    (vec![(name.to_owned(), requests)], variables)
}

/// Whether the last line is blank: a body may have a variable after it.
fn after_blank(block: &[(usize, &str)]) -> bool {
    block.last().is_some_and(|(_, line)| line.trim().is_empty())
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//")
}

fn is_request(line: &str) -> bool {
    !is_comment(line) && REQUEST.is_match(line.trim())
}

fn request(block: &[(usize, &str)], title: &str, source: &Arc<Source>) -> Option<(Request, Place)> {
    let start = block.iter().position(|(_, line)| is_request(line))?;
    let (before, rest) = block.split_at(start);
    let (first, rest) = rest.split_first()?;
    let found = REQUEST.captures(first.1.trim())?;
    let mut request = Request {
        title: title.to_owned(),
        method: found.get(1).map_or("GET", |method| method.as_str()).to_owned(),
        url: found[2].to_owned(),
        ..Request::default()
    };
    if let Some(name) = before.iter().find_map(|(_, line)| Some(NAME.captures(line.trim())?[1].to_owned())) {
        request.title = name;
    }
    let mut lines = rest.iter().map(|(_, line)| *line).peekable();
    // A long query may go on in indented lines.
    while let Some(more) =
        lines.next_if(|line| line.starts_with([' ', '\t']) && line.trim().starts_with(['?', '&']))
    {
        request.url.push_str(more.trim());
    }
    while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
        if is_comment(line) {
            continue;
        }
        if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let mut body: Vec<&str> = Vec::new();
    let mut script: Option<String> = None;
    for line in lines {
        if let Some(script) = &mut script {
            script.push_str(line);
            script.push('\n');
            continue;
        }
        if line.starts_with("> {%") {
            script = Some(format!("{line}\n"));
        } else if line.starts_with('>') || line.starts_with("<>") {
            request.remarks.push(format!("`{line}` is left out"));
        } else if line.starts_with("< ") {
            request.remarks.push(format!("the body `{line}` is left out; write `body: !file NAME`"));
        } else {
            body.push(line);
        }
    }
    if let Some(script) = script {
        request.add(script::read(&script), "response handler");
    }
    // The comment of the next section.
    while body.pop_if(|line| is_comment(line) || line.trim().is_empty()).is_some() {}
    let body = body.join("\n");
    let body = body.trim_start_matches('\n').trim_end();
    request.body = (!body.is_empty()).then(|| body.to_owned());
    let end = first.0 + first.1.len();
    Some((request, source.place(Span::new(first.0, end))))
}
