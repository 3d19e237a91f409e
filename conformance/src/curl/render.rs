//! From a request as it went out to a curl command that sends it again.

use crate::request::{Header, Prepared};

/// Returns a command that, pasted into a shell, sends this very request to `base`, the target's origin.
#[must_use]
pub fn render(request: &Prepared, base: &str) -> String {
    let mut words =
        vec!["curl".to_owned(), quote(&format!("{}{}", base.trim_end_matches('/'), request.target))];
    let inferred = if request.body.is_some() { "POST" } else { "GET" };
    match request.method.as_str() {
        "HEAD" => words.push("-I".to_owned()),
        method if method != inferred => words.push(format!("-X {}", quote(method))),
        _ => {}
    }
    let mut content_type = None;
    for Header { name, value, .. } in &request.headers {
        match name.to_ascii_lowercase().as_str() {
            "user-agent" => {}
            "accept" if value == "*/*" => {}
            "content-type" if request.body.is_some() && value == FORM => content_type = Some(()),
            "cookie" => words.push(format!("--cookie {}", quote(value))),
            _ if value.is_empty() => words.push(format!("-H {}", quote(&format!("{name};")))),
            _ => {
                if name.eq_ignore_ascii_case("content-type") {
                    content_type = Some(());
                }
                words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
            }
        }
    }
    if let Some(body) = &request.body {
        if content_type.is_none() {
            // Without it curl would name the type of forms.
            words.push("-H 'Content-Type:'".to_owned());
        }
        match std::str::from_utf8(body) {
            Ok(text) => words.push(format!("--data-raw {}", quote(text))),
            Err(_) => words.push(format!("--data-binary @<(printf {})", quote(&escape(body)))),
        }
    }
    words.join(" ")
}

const FORM: &str = "application/x-www-form-urlencoded";

fn quote(word: &str) -> String {
    shell_words::quote(word).into_owned()
}

/// The bytes as `printf` takes them.
fn escape(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)], body: Option<&str>) -> Prepared {
        Prepared {
            method: method.to_owned(),
            target: "/x?a=1&b".to_owned(),
            headers: headers.iter().map(|(name, value)| Header::new(name, *value)).collect(),
            body: body.map(|text| text.as_bytes().to_vec()),
            ..Prepared::default()
        }
    }

    #[test]
    fn a_command_says_what_curl_would_not_say_by_itself() {
        assert_eq!(
            render(&request("GET", &[("Accept", "*/*")], None), "http://h:1/"),
            "curl 'http://h:1/x?a=1&b'"
        );
        assert_eq!(
            render(
                &request("POST", &[("Content-Type", FORM), ("Cookie", "s=C is")], Some("p=it's")),
                "http://h:1"
            ),
            r"curl 'http://h:1/x?a=1&b' --cookie 's=C is' --data-raw 'p=it'\''s'"
        );
        assert_eq!(
            render(&request("PUT", &[], Some("x")), "http://h:1"),
            "curl 'http://h:1/x?a=1&b' -X PUT -H 'Content-Type:' --data-raw x"
        );
    }
}
