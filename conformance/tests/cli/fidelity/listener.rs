//! A listening socket that records requests byte for byte.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request, normalized: sorted header fields, no version of the user agent, no form boundary.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) fields: Vec<String>,
    pub(crate) body: String,
}

/// Records requests until it is dropped. Responds with 200 and closes the connection; `/to/302` redirects, and so do the paths of
/// [`LOCATIONS`]; `/absolute` responds with a URL in `Location`; `/digest` and `/basic` ask for credentials.
pub(crate) struct Listener {
    pub(crate) url: String,
    receiver: Receiver<Sent>,
    _thread: JoinHandle<()>,
}

impl Listener {
    pub(crate) fn open() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || {
            for stream in socket.incoming() {
                if answer(stream.unwrap(), &sender).is_none() {
                    return;
                }
            }
        });
        Self { url, receiver, _thread: thread }
    }

    /// Returns the requests since the last call. A client that has its responses has sent all of its requests.
    pub(crate) fn heard(&self) -> Vec<Sent> {
        self.receiver.try_iter().collect()
    }
}

/// Reads a request and records it before responding.
fn answer(mut stream: TcpStream, sender: &Sender<Sent>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        let mut buffer = vec![0; 64 * 1024];
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            // An incomplete request is recorded as far as it was received.
            _ => break,
        }
    }
    let path = letters(&bytes).split(' ').nth(1).unwrap_or_default().to_owned();
    sender.send(Sent::of(&bytes)).ok()?;
    let has_credentials = field(&letters(&bytes), "authorization").is_some();
    let redirects = LOCATIONS.iter().find(|(name, _)| path.strip_prefix('/') == Some(name));
    let (status, fields) = match (path.as_str(), redirects) {
        (_, Some((_, location))) => ("302", format!("Location: {location}\r\n")),
        ("/digest" | "/basic", _) if has_credentials => ("200", String::new()),
        ("/digest", _) => {
            ("401", format!("WWW-Authenticate: Basic realm=\"r\"\r\nWWW-Authenticate: {DIGEST}\r\n"))
        }
        ("/absolute", _) => {
            let host = field(&letters(&bytes), "host").unwrap_or_default().to_owned();
            ("201", format!("Location: http://{host}/books/7?copy=2#there\r\n"))
        }
        ("/basic", _) => ("401", "WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned()),
        _ => match path.strip_prefix("/to/") {
            Some(status) => {
                (&status[..3], "Location: /there/../x y\r\nSet-Cookie: k=v; Path=/\r\n".to_owned())
            }
            None => ("200", String::new()),
        },
    };
    let answer = format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok();
    Some(())
}

/// Redirects by path.
const LOCATIONS: &[(&str, &str)] = &[
    ("blank", "/x?q=a b"),
    ("spaces", "    "),
    ("quotes", "/x?a=\"b\"<c>"),
    ("utf8", "/é"),
    ("backslashes", "\\x\\y"),
];

const DIGEST: &str = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256, opaque=\"o\"";

/// Decodes bytes one to one as characters.
fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find_map(|(own, value)| own.trim().eq_ignore_ascii_case(name).then(|| value.trim()))
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = letters(&bytes[..end]);
    if field(&head, "transfer-encoding").is_some() && !head.starts_with("GET") {
        // After the head, which may itself end in a boundary that ends in 0.
        let body = &bytes[end + 4..];
        return body == b"0\r\n\r\n" || body.ends_with(b"\r\n0\r\n\r\n");
    }
    let length = field(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    bytes.len() - end - 4 >= length
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.line, self.fields, self.body.chars().take(300).collect::<String>())
    }
}

impl Sent {
    fn of(bytes: &[u8]) -> Self {
        let text = letters(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        // Form boundaries of curl have had two lengths, which affects the length of forms.
        let boundary = field(head, "content-type").and_then(|value| value.split_once("boundary="));
        let plain = |text: &str| match boundary {
            Some((_, boundary)) => text.replace(boundary, "BOUNDARY"),
            None => text.to_owned(),
        };
        let whole = format!("Content-Length: {}", body.chars().count());
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let fields = lines.map(|line| match line {
            line if boundary.is_some() && line == whole => "Content-Length: all of it".to_owned(),
            line if line.starts_with("User-Agent: curl/") => "User-Agent: curl".to_owned(),
            line if line.starts_with("Authorization: Digest ") => without_nonce(line),
            line => plain(line),
        });
        let mut fields: Vec<String> = fields.collect();
        fields.sort();
        let in_chunks = boundary.is_some() && field(head, "transfer-encoding").is_some();
        let body = match body.split_once("\r\n").filter(|_| in_chunks) {
            Some((_length, rest)) => plain(rest),
            None => plain(body),
        };
        let body = plain_boundaries(&body);
        Self { line, fields, body }
    }

    /// Returns the request as curl would send it, with its own user agent.
    pub(crate) fn called_curl(mut self) -> Self {
        for field in &mut self.fields {
            if field.starts_with("User-Agent: conformance/") {
                *field = "User-Agent: curl".to_owned();
            }
        }
        self.fields.sort();
        self
    }

    /// Whether two requests are equal.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.line == other.line && self.fields == other.fields && self.body == other.body
    }
}

/// Removes what a client chooses at random from an answer to a challenge of Digest authentication.
fn without_nonce(line: &str) -> String {
    let is_random = |part: &&str| part.trim().starts_with("cnonce=") || part.trim().starts_with("response=");
    line.split(',').filter(|part| !is_random(part)).collect::<Vec<_>>().join(",")
}

/// Replaces the boundaries of the forms in a form.
fn plain_boundaries(body: &str) -> String {
    let mut plain = body.to_owned();
    for (number, piece) in body.split("boundary=").skip(1).enumerate() {
        let boundary: String =
            piece.chars().take_while(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
        if boundary.starts_with("--------") {
            plain = plain.replace(&boundary, &format!("INNER{number}"));
        }
    }
    plain
}
