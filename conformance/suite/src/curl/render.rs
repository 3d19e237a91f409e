//! Writes a shell command that repeats a request.

use std::borrow::Cow;

use super::parse::COMPRESSED;
use crate::request::{Authentication, Header, HttpVersion, Prepared, is_own_agent};
use crate::safe::is_unsafe;
use crate::shell::{quote, quote_raw, quoted};

/// Quotes a word.
type Quote = fn(&str) -> Cow<'_, str>;

/// Returns a shell command that sends this request to `base`, the origin of the target; only the User-Agent may differ. `options`
/// are additional options of curl, each preceded by a blank.
#[must_use]
pub fn render(request: &Prepared, base: &str, options: &str) -> String {
    match (&request.raw, &request.body) {
        (Some(raw), _) => raw_command(raw, base),
        (None, Some(body)) if !is_plain(body) => {
            let words = words(request, base, body.len(), quote);
            format!("printf {} | {words} --data-binary @-{options}", printable(body))
        }
        _ => whole(request, base, quote) + options,
    }
}

/// Returns one curl command for this request, as a scenario would have it.
#[must_use]
pub fn command(request: &Prepared, base: &str) -> String {
    whole(request, base, quote_raw)
}

fn whole(request: &Prepared, base: &str, quote: Quote) -> String {
    let mut words = words(request, base, request.body.as_ref().map_or(0, Vec::len), quote);
    if let Some(body) = &request.body {
        word(&mut words, " --data-raw ", &String::from_utf8_lossy(body), quote);
    }
    words
}

/// Returns a command that sends a request with a body from a file of this `length`. The request must have a body, whose bytes are
/// not used.
#[must_use]
pub fn render_with_file(request: &Prepared, base: &str, options: &str, file: &str, length: usize) -> String {
    let mut words = words(request, base, length, quote);
    word(&mut words, " --data-binary ", &format!("@{file}"), quote);
    words + options
}

/// Returns the words of a command except those of the body, which has this length.
fn words(request: &Prepared, base: &str, length: usize, quote: Quote) -> String {
    let mut words = String::with_capacity(USUAL);
    words.push_str("curl");
    if request.any_target() {
        word(&mut words, " ", base, quote);
        word(&mut words, " --request-target ", &request.target, quote);
    } else {
        word(&mut words, " ", &[base.trim_end_matches('/'), &request.target].concat(), quote);
    }
    if request.target.contains(['[', ']', '{', '}']) {
        words.push_str(" -g");
    }
    let path = request.target.split('?').next().unwrap_or_default();
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        words.push_str(" --path-as-is");
    }
    let inferred = if request.body.is_some() { "POST" } else { "GET" };
    match request.method.as_str() {
        "HEAD" if request.body.is_none() => words.push_str(" -I"),
        method if method != inferred => word(&mut words, " -X ", method, quote),
        _ => {}
    }
    words.push_str(match request.version {
        HttpVersion::Http1 => "",
        HttpVersion::Http10 => " --http1.0",
        HttpVersion::Negotiated => " --http2",
        HttpVersion::Http2 => " --http2-prior-knowledge",
    });
    if request.follow > 0 {
        words.push_str(" -L");
        if request.follow == u32::MAX {
            words.push_str(" --max-redirs -1");
        } else if request.follow != CURLS_REDIRECTS {
            words.push_str(&format!(" --max-redirs {}", request.follow));
        }
    }
    if let Some(transfer) = &request.transfer {
        if let Some(timeout) = transfer.timeout {
            words.push_str(&format!(" -m {}", timeout.as_secs_f64()));
        }
        if let Some(timeout) = transfer.connect_timeout {
            words.push_str(&format!(" --connect-timeout {}", timeout.as_secs_f64()));
        }
        if let Some(client_certificate) = &transfer.client_certificate {
            word(&mut words, " --cert ", &client_certificate.certificate, quote);
            if let Some(key) = &client_certificate.key {
                word(&mut words, " --key ", key, quote);
            }
        }
        // The user alone, so that no report has the password.
        let user = transfer.credentials.as_deref().and_then(|both| both.split(':').next());
        if let Some(user) = user {
            words.push_str(if transfer.authentication == Authentication::Any {
                " --anyauth"
            } else {
                " --digest"
            });
            word(&mut words, " -u ", user, quote);
        }
    }
    let large = request.body.is_some() && length > LARGE;
    for header in &request.headers {
        field(&mut words, header, request, large, quote);
    }
    // Remove the fields that curl would add by itself.
    let has = |name: &str| request.headers.iter().any(|header| header.is(name));
    let own = ["User-Agent", "Accept"].into_iter().filter(|name| !has(name));
    let of_body = ["Content-Type"].into_iter().filter(|name| request.body.is_some() && !has(name));
    let asks = ["Expect"].into_iter().filter(|name| large && !has(name));
    let without = request.without.iter().map(String::as_str).filter(|name| of_message(name) && !has(name));
    for name in own.chain(of_body).chain(asks).chain(without) {
        words.push_str(" -H ");
        words.push_str(&quoted(&format!("{name}:")));
    }
    words
}

/// Maximum number of redirects that curl follows by default.
const CURLS_REDIRECTS: u32 = 50;

/// Initial capacity in bytes; most commands are shorter.
const USUAL: usize = 128;

/// Maximum size in bytes of a body that is written as a word, and of one that curl sends without `Expect: 100-continue`.
const LONG: usize = 100_000;
const LARGE: usize = 1024 * 1024;

/// Writes the option for a field, unless curl sends it by default.
fn field(out: &mut String, header: &Header, request: &Prepared, large: bool, quote: Quote) {
    let Header { name, gap, value } = header;
    let alone = || request.headers.iter().filter(|other| other.is(name)).count() == 1;
    let spelt = |own: &str| name == own && gap == " " && alone();
    if is_own_agent(value) && spelt("User-Agent")
        || value == "*/*" && spelt("Accept")
        || value == FORM && spelt("Content-Type") && request.body.is_some()
        || value == "100-continue" && spelt("Expect") && large
    {
        return;
    }
    if value == COMPRESSED && spelt("Accept-Encoding") {
        return out.push_str(" --compressed");
    }
    if spelt("Cookie") && value.contains('=') {
        return word(out, " --cookie ", value, quote);
    }
    // After `-H`, curl treats a blank value as empty.
    let blank = !value.is_empty() && value.trim().is_empty();
    if let Some((_, option)) = BLANK.iter().find(|(name, _)| blank && spelt(name)) {
        return word(out, option, value, quote);
    }
    match value.as_str() {
        "" => word(out, " -H ", &format!("{name};"), quote),
        _ => word(out, " -H ", &format!("{name}:{gap}{value}"), quote),
    }
}

/// Options that accept a blank value, by field.
const BLANK: [(&str, &str); 2] = [("User-Agent", " -A "), ("Referer", " -e ")];

/// Writes a quoted word after a prefix.
fn word(out: &mut String, before: &str, word: &str, quote: Quote) {
    out.push_str(before);
    out.push_str(&quote(word));
}

/// Whether curl adds a field by default.
fn of_message(name: &str) -> bool {
    ["host", "content-length"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Returns a command that sends raw bytes and prints the response. curl's telnet doubles the byte 255, so bash sends such bytes.
fn raw_command(bytes: &[u8], base: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (authority, if scheme == "https" { "443" } else { "80" }),
    };
    let text = printable(bytes);
    if scheme == "https" {
        format!("(printf {text}; sleep 2) | openssl s_client -quiet -connect {host}:{port}")
    } else if bytes.contains(&255) {
        let script = format!("exec 3<>/dev/tcp/{host}/{port}; printf {text} >&3; timeout 2 cat <&3");
        format!("bash -c {}", quote(&script))
    } else {
        format!("printf {text} | curl -m 2 telnet://{host}:{port}")
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a body can be written in a command and pasted into a terminal.
fn is_plain(body: &[u8]) -> bool {
    let plain = |text: &str| !text.contains(|one: char| is_unsafe(one) || one == '\t');
    body.len() <= LONG && std::str::from_utf8(body).is_ok_and(plain)
}

/// Returns bytes as an argument that `printf` of every shell accepts.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::from("'");
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            // It would be taken for an option.
            b'-' if index == 0 => text.push_str("\\055"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'%' => text.push_str("%%"),
            b'\\' => text.push_str("\\\\"),
            // In the log of a CI system, `##[name]` is a command.
            b'#' if bytes.get(index + 1) == Some(&b'#') => text.push_str("\\043"),
            b' '..=b'~' if *byte != b'\'' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Agent;

    fn request(method: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Prepared {
        let own = [("User-Agent", Agent::Curl.name()), ("Accept", "*/*")];
        Prepared {
            method: method.to_owned(),
            target: "/x?a=1&b".to_owned(),
            headers: own.iter().chain(headers).map(|(name, value)| Header::new(name, *value)).collect(),
            body: body.map(<[u8]>::to_vec),
            ..Prepared::default()
        }
    }

    #[test]
    fn writes_only_what_curl_does_not_send_by_default() {
        for (request, command) in [
            (request("GET", &[], None), "curl 'http://h:1/x?a=1&b'"),
            (
                Prepared {
                    headers: vec![Header::new("User-Agent", " "), Header::new("Accept", "*/*")],
                    ..request("GET", &[], None)
                },
                "curl 'http://h:1/x?a=1&b' -A ' '",
            ),
            (
                request("GET", &[("Referer", "\r ")], None),
                r#"curl 'http://h:1/x?a=1&b' -e "$(printf '\015')"' '"#,
            ),
            (
                request("GET", &[("X-T", "x\u{15}touch PWNED\u{f}")], None),
                r#"curl 'http://h:1/x?a=1&b' -H 'X-T: x'"$(printf '\025')"'touch PWNED'"$(printf '\017')""#,
            ),
            (
                Prepared {
                    headers: vec![Header::new("User-Agent", "curl/7.0"), Header::new("Accept", "*/*")],
                    ..request("GET", &[], None)
                },
                "curl 'http://h:1/x?a=1&b' -H 'User-Agent: curl/7.0'",
            ),
            (
                request("POST", &[("Content-Type", FORM), ("Cookie", "s=C is")], Some(b"p=it's")),
                r"curl 'http://h:1/x?a=1&b' --cookie 's=C is' --data-raw 'p=it'\''s'",
            ),
            (
                request("PUT", &[], Some(b"x")),
                "curl 'http://h:1/x?a=1&b' -X PUT -H 'Content-Type:' --data-raw x",
            ),
            (
                request("POST", &[("Content-Type", FORM)], Some(b"a\0%'\xff")),
                r"printf 'a\000%%\047\377' | curl 'http://h:1/x?a=1&b' --data-binary @-",
            ),
            (
                Prepared { headers: Vec::new(), ..request("GET", &[], None) },
                "curl 'http://h:1/x?a=1&b' -H 'User-Agent:' -H 'Accept:'",
            ),
        ] {
            assert_eq!(render(&request, "http://h:1/", ""), command);
        }
    }

    #[test]
    fn sends_raw_bytes_unchanged() {
        let raw = |bytes: &[u8]| Prepared { raw: Some(bytes.to_vec()), ..Prepared::default() };
        assert_eq!(
            render(&raw(b"GET / HTTP/1.1\r\n\r\n"), "http://h", ""),
            r"printf 'GET / HTTP/1.1\r\n\r\n' | curl -m 2 telnet://h:80"
        );
        assert!(render(&raw(b"\xff"), "http://h:1/b", "").contains("/dev/tcp/h/1"));
        assert!(render(&raw(b"x"), "https://h", "").contains("-connect h:443"));
    }
}
