//! A connection to a target: over TCP, through a proxy, under TLS.

use std::fmt::{self, Formatter};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use super::{Breakage, Reading, answer, explain_connecting};
use crate::response::Response;

/// How a target is reached.
#[derive(Debug)]
pub(super) struct Route {
    target: Url,
    proxy: Option<Url>,
    /// Needed where the target or the proxy speaks TLS.
    tls: Option<Arc<ClientConfig>>,
}

/// A stream of bytes to the target and back.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// What answers are read into: the memory serves one after the other.
    bytes: Vec<u8>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How much memory a connection keeps for its answers, in bytes.
const MOST_KEPT: usize = 64 * 1024;

impl Route {
    pub(super) fn new(target: Url, proxy: Option<Url>, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { target, proxy, tls }
    }

    /// With what TLS is spoken, where it is.
    pub(super) fn tls(&self) -> Option<&ClientConfig> {
        self.tls.as_deref()
    }

    /// Whether nothing stands between the target and a socket: no proxy and no TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.proxy.is_none() && self.tls.is_none()
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn open(&self) -> Result<Connection, Breakage> {
        let first = self.proxy.as_ref().unwrap_or(&self.target);
        let mut connection = self.secured(dial(first).await?, first).await?;
        if self.proxy.is_some() && self.is_secure() {
            self.tunnel(&mut connection).await?;
            connection = self.secured(connection, &self.target).await?;
        }
        Ok(connection)
    }

    /// The target's authority, as the field `Host` names it.
    pub(super) fn host(&self) -> String {
        authority(&self.target, false)
    }

    /// What stands before the path in the first line: a proxy is told the whole address (RFC 9112, section 3.2.2).
    pub(super) fn before_target(&self) -> String {
        match &self.proxy {
            Some(_) if !self.is_secure() => format!("http://{}", self.host()),
            _ => String::new(),
        }
    }

    /// What a proxy without a tunnel is shown in each request.
    pub(super) fn credentials(&self) -> Option<String> {
        self.proxy.as_ref().filter(|_| !self.is_secure()).and_then(credentials)
    }

    fn is_secure(&self) -> bool {
        self.target.scheme() == "https"
    }

    /// Puts TLS over a connection, where an address asks for it.
    async fn secured(&self, connection: Connection, address: &Url) -> Result<Connection, Breakage> {
        let Some(tls) = self.tls.as_ref().filter(|_| address.scheme() == "https") else {
            return Ok(connection);
        };
        let name = ServerName::try_from(host(address).to_owned())
            .map_err(|error| Breakage::NoConnection(error.to_string()))?;
        let secured = TlsConnector::from(Arc::clone(tls)).connect(name, connection).await;
        secured.map(Connection::over).map_err(|error| explain_connecting(&error))
    }

    /// Asks a proxy for a tunnel to the target (RFC 9110, section 9.3.6).
    async fn tunnel(&self, connection: &mut Connection) -> Result<(), Breakage> {
        let authority = authority(&self.target, true);
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(credentials) = self.proxy.as_ref().and_then(credentials) {
            request.push_str(&format!("Proxy-Authorization: {credentials}\r\n"));
        }
        request.push_str("\r\n");
        connection
            .write_all(request.as_bytes())
            .await
            .map_err(|error| Breakage::NoConnection(format!("the proxy: {error}")))?;
        // The answer to CONNECT has no body, as that to HEAD.
        let (response, _) = connection.answer(true, Reading::Whole).await?;
        match response.status {
            200..300 => Ok(()),
            status => Err(Breakage::NoConnection(format!("the proxy answers {status}"))),
        }
    }
}

impl Connection {
    fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), bytes: Vec::new() }
    }

    /// Whether the target has neither closed the connection nor sent what nobody has asked for, as far as is known.
    pub(super) fn is_open(&mut self) -> bool {
        let mut byte = [0];
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    /// Reads one response; says whether the connection can be used again. `bodiless` is the answer to HEAD.
    ///
    /// # Errors
    /// The way in which there was none.
    pub(super) async fn answer(
        &mut self,
        bodiless: bool,
        reading: Reading,
    ) -> Result<(Response, bool), Breakage> {
        let read = answer::read(&mut self.stream, &mut self.bytes, bodiless, reading).await;
        if self.bytes.capacity() > MOST_KEPT {
            self.bytes = Vec::new();
        }
        read
    }
}

async fn dial(address: &Url) -> Result<Connection, Breakage> {
    let port = address.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host(address), port)).await;
    let stream = stream.map_err(|error| Breakage::NoConnection(error.to_string()))?;
    // A request is written at once and waits for nothing.
    stream.set_nodelay(true).ok();
    Ok(Connection::over(stream))
}

/// The host of an address, an IPv6 one without its brackets.
fn host(address: &Url) -> &str {
    address.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// The host and the port of an address; the port of its scheme is left out unless it is asked for.
fn authority(address: &Url, whole: bool) -> String {
    let host = address.host_str().unwrap_or_default();
    let port = if whole { address.port_or_known_default() } else { address.port() };
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The credentials in the address of a proxy, for Basic authentication.
fn credentials(proxy: &Url) -> Option<String> {
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!proxy.username().is_empty()).then(|| {
        let (user, password) = (plain(proxy.username()), plain(proxy.password().unwrap_or_default()));
        format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
    })
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
