//! Converts a command of `HTTPie` to a curl command that sends the same request.

use conformance_suite::shell::{self, quote};

/// Returns the curl command.
///
/// # Errors
/// What of the command cannot be converted.
pub(super) fn curl(command: &str) -> Result<String, String> {
    let words = shell::split(command).map_err(|error| error.to_string())?;
    let mut words = words.into_iter().map(|word| word.text);
    let scheme = if words.next().as_deref() == Some("https") { "https" } else { "http" };
    let (mut options, mut is_form) = (String::new(), false);
    let (mut method, mut url) = (None, None);
    let (mut members, mut fields, mut query): (Vec<String>, Vec<(String, String)>, Vec<String>) =
        Default::default();
    let mut raw = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "|" | ">" | ";" | "&&" => break,
            "-f" | "--form" => is_form = true,
            "-a" | "--auth" => {
                let user = words.next().unwrap_or_default();
                options.push_str(&format!(" -u {}", quote(&user)));
            }
            "-A" | "--auth-type" | "--print" | "-p" | "--pretty" | "--style" | "-s" | "--timeout"
            | "--verify" | "--session" => {
                words.next();
            }
            "--raw" => raw = words.next(),
            "-F" | "--follow" => options.push_str(" -L"),
            word if word.starts_with('-') => {
                if let Some(user) = word.strip_prefix("--auth=") {
                    options.push_str(&format!(" -u {}", quote(user)));
                } else if let Some(body) = word.strip_prefix("--raw=") {
                    raw = Some(body.to_owned());
                }
            }
            word if url.is_none() && method.is_none() && word.chars().all(|one| one.is_ascii_uppercase()) => {
                method = Some(word.to_owned());
            }
            word if url.is_none() => url = Some(address(word, scheme)),
            word => match item(word) {
                Some(Item::Header(name, value)) => {
                    options.push_str(&format!(" -H {}", quote(&format!("{name}: {value}"))));
                }
                Some(Item::Query(name, value)) => query.push(format!("{name}={value}")),
                Some(Item::Text(name, value)) => {
                    members.push(format!("{}: {}", json(name), json(value)));
                    fields.push((name.to_owned(), value.to_owned()));
                }
                Some(Item::Json(name, value)) => members.push(format!("{}: {value}", json(name))),
                None => return Err(format!("`{word}` is not an item of a request that can be converted")),
            },
        }
    }
    let url = url.ok_or("this command has no URL")?;
    let mut body = String::new();
    if let Some(raw) = raw {
        body = format!(" --json {}", quote(&raw));
    } else if is_form {
        for (name, value) in &fields {
            body.push_str(&format!(" --data-urlencode {}", quote(&format!("{name}={value}"))));
        }
    } else if !members.is_empty() {
        body = format!(" --json {}", quote(&format!("{{{}}}", members.join(", "))));
    }
    let implied = if body.is_empty() { "GET" } else { "POST" };
    let method = match method.as_deref() {
        Some("HEAD") => " -I".to_owned(),
        Some(method) if method != implied => format!(" -X {method}"),
        _ => String::new(),
    };
    let query: String = query.iter().map(|pair| format!(" --url-query {}", quote(pair))).collect();
    Ok(format!("curl{method} {}{query}{options}{body}", quote(&url)))
}

/// Completes a URL: `:8000/x` is on this machine.
fn address(word: &str, scheme: &str) -> String {
    match word.strip_prefix(':') {
        Some(rest) if rest.starts_with('/') || rest.is_empty() => format!("{scheme}://localhost{rest}"),
        Some(rest) => format!("{scheme}://localhost:{rest}"),
        None if word.contains("://") => word.to_owned(),
        None => format!("{scheme}://{word}"),
    }
}

/// An item after the URL.
enum Item<'a> {
    Header(&'a str, &'a str),
    Query(&'a str, &'a str),
    Text(&'a str, &'a str),
    Json(&'a str, &'a str),
}

/// Reads an item; the first separator counts, and the longest of several at the same place.
fn item(word: &str) -> Option<Item<'_>> {
    let at = word.find([':', '=', '@'])?;
    let (name, rest) = word.split_at(at);
    if let Some(value) = rest.strip_prefix(":=") {
        return (!value.starts_with('@')).then_some(Item::Json(name, value));
    }
    if let Some(value) = rest.strip_prefix("==") {
        return Some(Item::Query(name, value));
    }
    if let Some(value) = rest.strip_prefix(':') {
        return Some(Item::Header(name, value));
    }
    let value = rest.strip_prefix('=')?;
    (!value.starts_with('@')).then_some(Item::Text(name, value))
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_items_to_options() {
        let cases = [
            ("http :8000/x", "curl http://localhost:8000/x"),
            (
                "http POST :8000/x a=b c:=1 X-Y:z q==1",
                "curl http://localhost:8000/x --url-query 'q=1' -H 'X-Y: z' --json '{\"a\": \"b\", \"c\": 1}'",
            ),
            ("https -f h.test/x a='b c'", "curl https://h.test/x --data-urlencode 'a=b c'"),
            ("http -a ann:pw PUT h.test/x", "curl -X PUT http://h.test/x -u ann:pw"),
        ];
        for (command, expected) in cases {
            assert_eq!(curl(command).as_deref(), Ok(expected));
        }
        assert!(curl("http h.test/x file@a.txt").is_err());
    }
}
