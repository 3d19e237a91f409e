//! Sends a request byte for byte as it is written, which no client library does.
//!
//! Names of header fields keep their letters and targets their bytes, and nothing is added that was taken away; a raw request is the
//! bytes that were given and no more. In goes a [`Prepared`] request, out comes a [`Response`]. What the library would send as it
//! stands need not come here: [`alters`] says what must.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use url::{Position, Url};

use super::connection::{Connection, Route};
use super::{Breakage, Reading, answer};
use crate::request::{Header, Prepared};
use crate::response::Response;

/// Sends requests to one target, over connections that it keeps.
#[derive(Debug)]
pub(super) struct Exact {
    route: Route,
    /// Connections that wait, and since when.
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// How long a connection waits to be used again: servers commonly drop an idle one after two to five seconds.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// Whether the client library would send a request in other bytes than those that are written. `target` is what stands in its first
/// line, and `url` what the library makes of it.
pub(super) fn alters(request: &Prepared, target: &str, url: &Url) -> bool {
    let sent_as_it_stands = |header: &Header| {
        header.gap == " "
            && header.value.trim() == header.value
            && !header.value.is_empty()
            && title_case(&header.name)
            && !of_the_message(&header.name)
    };
    request.raw.is_some()
        || !request.without.is_empty()
        || !request.headers.iter().any(|header| header.is("accept"))
        || !request.headers.iter().all(sent_as_it_stands)
        || url[Position::BeforePath..] != *target
}

/// Whether the library has a mind of its own about a field.
fn of_the_message(name: &str) -> bool {
    let fields = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect"];
    fields.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// Whether each word of a name begins with a capital letter and has no other.
fn title_case(name: &str) -> bool {
    let mut first = true;
    name.chars().all(|letter| {
        let right = if first { !letter.is_ascii_lowercase() } else { !letter.is_ascii_uppercase() };
        first = letter == '-';
        right
    })
}

impl Exact {
    pub(super) fn new(route: Route) -> Self {
        Self { route, idle: Mutex::default() }
    }

    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// Sends a request and reads the response. A raw one has a connection of its own, which is closed behind it; any other may be
    /// sent over one that was `kept`.
    ///
    /// # Errors
    /// The way in which there was no response.
    pub(super) async fn send(
        &self,
        request: &Prepared,
        target: &str,
        kept: bool,
        reading: Reading,
    ) -> Result<Response, Breakage> {
        let message = if let Some(raw) = &request.raw {
            raw.clone()
        } else {
            check(request)?;
            self.message(request, target)
        };
        let kept = kept && request.raw.is_none();
        let mut connection = match kept.then(|| self.waiting()).flatten() {
            Some(connection) => connection,
            None => self.route.open().await?,
        };
        // A target may answer what it has not read to its end, and close: what it says counts.
        let written = connection.write_all(&message).await;
        let read = answer::read(&mut connection, request.method == "HEAD", reading).await;
        let (response, stays) = match (read, written) {
            (Err(Breakage::Broken(_)), Err(error)) => return Err(Breakage::Broken(error.to_string())),
            (read, written) => {
                let (response, stays) = read?;
                (response, stays && written.is_ok())
            }
        };
        if kept && stays {
            self.idle().push((connection, Instant::now()));
        }
        Ok(response)
    }

    fn waiting(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a request (RFC 9112, section 2.1).
    fn message(&self, request: &Prepared, target: &str) -> Vec<u8> {
        let Prepared { method, headers, body, .. } = request;
        let mut message =
            format!("{method} {}{target} HTTP/1.1\r\n", self.route.before_target()).into_bytes();
        let mut line = |line: &str| message.extend_from_slice(format!("{line}\r\n").as_bytes());
        let adds = |name: &str| {
            let without = request.without.iter().any(|own| own.eq_ignore_ascii_case(name));
            !without && !headers.iter().any(|header| header.is(name))
        };
        if adds("host") {
            line(&format!("Host: {}", self.route.host()));
        }
        if let Some(credentials) = self.route.credentials() {
            line(&format!("Proxy-Authorization: {credentials}"));
        }
        for Header { name, gap, value } in headers {
            let gap = if value.is_empty() { "" } else { gap };
            line(&format!("{name}:{gap}{value}"));
        }
        let chunked = headers.iter().any(|header| {
            header.is("transfer-encoding") && header.value.to_ascii_lowercase().contains("chunked")
        });
        match body {
            None => line(""),
            Some(body) if chunked => {
                line("");
                if !body.is_empty() {
                    line(&format!("{:x}", body.len()));
                    message.extend_from_slice(body);
                    message.extend_from_slice(b"\r\n");
                }
                message.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => {
                if adds("content-length") {
                    line(&format!("Content-Length: {}", body.len()));
                }
                line("");
                message.extend_from_slice(body);
            }
        }
        message
    }
}

/// Says whether a request stays in its lines, whatever the values of its expressions hold.
fn check(request: &Prepared) -> Result<(), Breakage> {
    let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
    match request.headers.iter().find(|header| breaks(&header.value)) {
        Some(Header { name, .. }) => {
            Err(Breakage::Unsendable(format!("the value of the header `{name}` has a control character")))
        }
        None if breaks(&request.target) || request.target.contains(' ') => {
            Err(Breakage::Unsendable(format!("`{}` is not a target", request.target)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn altered(target: &str, header: (&str, &str)) -> bool {
        let headers = vec![Header::new("Accept", "*/*"), Header::new(header.0, header.1)];
        let request = Prepared { target: target.to_owned(), headers, ..Prepared::default() };
        alters(&request, target, &Url::parse(&format!("http://h{target}")).unwrap())
    }

    #[test]
    fn what_the_library_sends_as_it_stands_is_left_to_it() {
        assert!(!altered("/a?b=%2f;c", ("X-One", "1")));
        assert!(!altered("/a", ("Content-Type", "text/plain")));
    }

    #[test]
    fn what_the_library_would_alter_is_not() {
        for target in ["/ü", "/a/../b", "/a?'b'", "/a\\b"] {
            assert!(altered(target, ("X-One", "1")), "{target}");
        }
        for header in [("x-one", "1"), ("X-ONE", "1"), ("X-One", ""), ("Host", "h"), ("X-One", "1 ")] {
            assert!(altered("/", header), "{header:?}");
        }
    }
}
