//! Raw requests: the exact bytes to send, which may be invalid HTTP.
//!
//! In text, the line ends up to the empty line after the header fields become CRLF. The empty line is added if it is missing,
//! since YAML drops empty lines at the end of a block. Text that contains a carriage return, files and base64 are sent unchanged.

use super::{Field, Header, Prepared};
use crate::template::{Scope, TemplateError};

/// Returns the request to send: its bytes, and what can be parsed of them for reports.
///
/// # Errors
/// An expression without a value in this scope.
pub(super) fn prepare(raw: &Field, scope: &Scope) -> Result<Prepared, TemplateError> {
    let bytes = match raw {
        Field::Text(text) if !text.written().contains('\r') => lines(&text.render(scope)?).into_bytes(),
        other => other.render(scope)?,
    };
    Ok(shown(bytes))
}

fn lines(text: &str) -> String {
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, body),
        None => (text.strip_suffix('\n').unwrap_or(text), ""),
    };
    format!("{}\r\n\r\n{body}", head.replace("\r\n", "\n").replace('\n', "\r\n"))
}

/// Parses as much of a message as possible.
fn shown(bytes: Vec<u8>) -> Prepared {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((&text, ""));
    let mut head = head.lines();
    let mut first = head.next().unwrap_or_default().split_whitespace();
    let headers = head.filter_map(|line| line.split_once(':'));
    Prepared {
        method: first.next().unwrap_or_default().to_owned(),
        target: first.next().unwrap_or_default().to_owned(),
        headers: headers.map(|(name, value)| Header::new(name, value.trim())).collect(),
        body: (!body.is_empty()).then(|| body.as_bytes().to_vec()),
        raw: Some(bytes),
        ..Prepared::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Text;

    fn sent(text: &str) -> Prepared {
        prepare(&Field::Text(Text::literal(text)), &Scope::default()).unwrap()
    }

    #[test]
    fn converts_line_ends_of_the_head_only() {
        for (written, sent_as) in [
            ("GET / HTTP/1.1\nHost: h\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("GET / HTTP/1.1\nHost: h", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("POST / HTTP/1.1\nHost: h\n\na\nb\n\n", "POST / HTTP/1.1\r\nHost: h\r\n\r\na\nb\n\n"),
            ("GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost"),
        ] {
            assert_eq!(sent(written).raw.unwrap(), sent_as.as_bytes(), "{written}");
        }
    }

    #[test]
    fn parses_what_it_can() {
        let request = sent("PUT /a HTTP/1.1\nHost : h\nX\n\nbody");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("PUT", "/a"));
        assert_eq!(request.headers, [Header::new("Host ", "h")]);
        assert_eq!(request.body.as_deref(), Some(&b"body"[..]));
        assert_eq!(sent("\n").method, "");
    }
}
