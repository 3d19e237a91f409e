//! Sends a request byte for byte as it is written, which no client library does.
//!
//! Names of header fields keep their letters and targets their bytes, and nothing is added that was taken away; a raw request is the
//! bytes that were given and no more. In goes a [`Prepared`] request, out comes a [`Response`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use super::connection::{Connection, Route};
use super::{Breakage, Reading};
use crate::request::{Header, Prepared};
use crate::response::Response;

/// Sends requests to one target, over connections that it keeps.
#[derive(Debug)]
pub(super) struct Exact {
    route: Route,
    /// What the field `Host` says unless a request says it.
    host: String,
    /// Connections that wait, and since when.
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// How long a connection waits to be used again: servers commonly drop an idle one after two to five seconds.
pub(super) const IDLE: Duration = Duration::from_secs(1);

impl Exact {
    pub(super) fn new(route: Route) -> Self {
        Self { host: route.host(), route, idle: Mutex::default() }
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
        let read = connection.answer(request.method == "HEAD", reading).await;
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

    /// Opens connections until so many wait to be used, or one cannot be opened.
    pub(super) async fn open(&self, connections: usize) {
        let waiting = self.idle().len();
        for _ in waiting..connections {
            let Ok(connection) = self.route.open().await else { return };
            self.idle().push((connection, Instant::now()));
        }
    }

    fn waiting(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain_mut(|(connection, since)| since.elapsed() < IDLE && connection.is_open());
        idle.pop().map(|(connection, _)| connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a request (RFC 9112, section 2.1).
    fn message(&self, request: &Prepared, target: &str) -> Vec<u8> {
        let Prepared { method, headers, body, .. } = request;
        let mut message = Vec::with_capacity(512);
        let line = |message: &mut Vec<u8>, parts: &[&str]| {
            for part in parts {
                message.extend_from_slice(part.as_bytes());
            }
            message.extend_from_slice(b"\r\n");
        };
        line(&mut message, &[method, " ", &self.route.before_target(), target, " HTTP/1.1"]);
        let adds = |name: &str| {
            let without = request.without.iter().any(|own| own.eq_ignore_ascii_case(name));
            !without && !headers.iter().any(|header| header.is(name))
        };
        if adds("host") {
            line(&mut message, &["Host: ", &self.host]);
        }
        if let Some(credentials) = self.route.credentials() {
            line(&mut message, &["Proxy-Authorization: ", &credentials]);
        }
        for Header { name, gap, value } in headers {
            let gap = if value.is_empty() { "" } else { gap };
            line(&mut message, &[name, ":", gap, value]);
        }
        let chunked = headers.iter().any(|header| {
            header.is("transfer-encoding") && header.value.to_ascii_lowercase().contains("chunked")
        });
        match body {
            None => line(&mut message, &[]),
            Some(body) if chunked => {
                line(&mut message, &[]);
                if !body.is_empty() {
                    line(&mut message, &[&format!("{:x}", body.len())]);
                    message.extend_from_slice(body);
                    line(&mut message, &[]);
                }
                message.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => {
                if adds("content-length") {
                    line(&mut message, &["Content-Length: ", &body.len().to_string()]);
                }
                line(&mut message, &[]);
                message.extend_from_slice(body);
            }
        }
        message
    }
}

/// Says whether a request stays in its lines, whatever the values of its expressions hold.
fn check(request: &Prepared) -> Result<(), Breakage> {
    let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
    let Prepared { method, target, headers, .. } = request;
    let cause = if let Some(Header { name, .. }) = headers.iter().find(|header| breaks(&header.value)) {
        format!("the value of the header `{name}` has a control character")
    } else if let Some(Header { name, .. }) = headers.iter().find(|header| breaks(&header.name)) {
        format!("`{name}` is not the name of a header")
    } else if method.is_empty() || method.contains(|one: char| one.is_whitespace() || one.is_control()) {
        format!("`{method}` is not a method")
    } else if !target.starts_with('/') || breaks(target) || target.contains(' ') {
        format!("`{target}` is not a target: it begins with `/` and has no blank")
    } else {
        return Ok(());
    };
    Err(Breakage::Unsendable(cause))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::super::{Transport, Wire};
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    /// Returns the address of a target that answers so many requests on each connection, and then closes it without saying so.
    async fn closing_after(requests: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                for _ in 0..requests {
                    let read = stream.read(&mut [0; 1024]).await.unwrap();
                    assert!(read > 0, "a connection that was closed was used again");
                    stream.write_all(ANSWER).await.unwrap();
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_meanwhile_is_not_used_again() {
        let wire = Wire::new(&closing_after(2).await, &Transport::default()).unwrap();
        for _ in 0..6 {
            let request =
                Prepared { method: "POST".to_owned(), target: "/".to_owned(), ..Prepared::default() };
            wire.send(request, None, Reading::Whole).await.1.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!wire.closes.load(std::sync::atomic::Ordering::Relaxed), "a connection broke");
    }
}
