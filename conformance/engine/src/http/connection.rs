//! Connections to a target: over TCP, through a proxy, with TLS.

use std::fmt::{self, Formatter};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Url};

use super::dialer::Dialer;
use super::error::{TransportError, explain_connecting, refuses_protocols, speaks_no_http2};
use super::exchange::Surplus;
use super::reading::Reading;
use super::response_reader::{self, Received};

/// How to connect to a target.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) target: Url,
    pub(super) proxy: Option<Url>,
    /// Unix socket on which the target listens.
    pub(super) unix_socket: Option<PathBuf>,
    /// Required if the target or the proxy uses TLS.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Opens connections to a target that has a network of its own.
    pub(super) dialer: Option<Arc<dyn Dialer>>,
}

/// A connection to the target. Both directions can be used at the same time.
pub(super) struct Connection {
    pub(super) reader: ReadHalf<Box<dyn Stream>>,
    pub(super) writer: WriteHalf<Box<dyn Stream>>,
    /// Counts bytes after the last response.
    pub(super) surplus: Surplus,
    /// Whether another request went out on it before.
    pub(super) used: bool,
    /// Whether the target agreed to speak HTTP/2 on it, or is taken to.
    pub(super) speaks_http2: bool,
}

/// Versions of HTTP that are offered to the target: by ALPN (RFC 7301), or without TLS by the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// HTTP/1.1. As a curl without HTTP/2, the runner then offers nothing by ALPN.
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/2 or HTTP/1.1.
    Both,
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How long a closed connection is watched for stray bytes.
const LINGER: Duration = Duration::from_millis(250);
/// Maximum number of stray bytes that are counted.
const MOST_SURPLUS: usize = 64 * 1024;
/// Delay before another attempt if this machine has no free port for a connection.
const PORT_WAIT: Duration = Duration::from_millis(50);

impl Route {
    /// Returns a route without a proxy.
    pub(super) fn new(target: Url) -> Self {
        Self { target, proxy: None, unix_socket: None, tls: None, dialer: None }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`TransportError::NoConnection`] with the cause.
    pub(super) async fn open(&self, offer: Offer) -> Result<Connection, TransportError> {
        let stream = match &self.proxy {
            None => self.dial(&self.target).await?,
            Some(proxy) => {
                let named = |error| match error {
                    TransportError::NoConnection(cause) => {
                        let host = proxy.host_str().unwrap_or_default();
                        let port = proxy.port_or_known_default().unwrap_or_default();
                        TransportError::NoConnection(format!("the proxy {host}:{port}: {cause}"))
                    }
                    other => other,
                };
                let stream = self.dial(proxy).await.map_err(named)?;
                let stream = self.secure(stream, proxy, Offer::Http1).await.map_err(named)?.0;
                // HTTP/2 without TLS cannot be forwarded as HTTP/1.1, so it needs a tunnel too.
                if self.is_secure() || offer == Offer::Http2 { self.tunnel(stream).await? } else { stream }
            }
        };
        if !self.is_secure() {
            return Ok(Connection::over(stream, offer == Offer::Http2));
        }
        let (stream, chosen) = self.secure(stream, &self.target, offer).await?;
        let speaks_http2 = chosen.as_deref() == Some(b"h2");
        if offer == Offer::Http2 && !speaks_http2 {
            return Err(speaks_no_http2());
        }
        Ok(Connection::over(stream, speaks_http2))
    }

    /// Connects to the first address of a host that accepts.
    async fn dial(&self, address: &Url) -> Result<Box<dyn Stream>, TransportError> {
        if let Some(path) = &self.unix_socket {
            let connected = UnixStream::connect(path).await;
            let failed =
                |error| TransportError::NoConnection(format!("the unix socket {}: {error}", path.display()));
            return Ok(Box::new(connected.map_err(failed)?));
        }
        let port = address.port_or_known_default().unwrap_or(80);
        let connect = async || {
            if let Some(dialer) = &self.dialer {
                // A started target has a numeric address.
                match address.host() {
                    Some(Host::Ipv4(ip)) => return dialer.connect((ip, port).into()).await,
                    Some(Host::Ipv6(ip)) => return dialer.connect((ip, port).into()).await,
                    _ => {}
                }
            }
            match address.host() {
                // Names below `localhost` are loopback, whatever a resolver returns (RFC 6761, section 6.3).
                Some(Host::Domain(name)) if is_below_localhost(name) => {
                    let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                    TcpStream::connect(&loopback.map(|here| SocketAddr::new(here, port))[..]).await
                }
                _ => TcpStream::connect((host(address), port)).await,
            }
        };
        let stream = loop {
            match connect().await {
                // Recently closed connections may occupy all local ports. The connect timeout ends the retries.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable && is_loopback(address) => {
                    tokio::time::sleep(PORT_WAIT).await;
                }
                connected => {
                    break connected.map_err(|error| TransportError::NoConnection(error.to_string()))?;
                }
            }
        };
        // Disable Nagle's algorithm, so that no part of a request waits for an acknowledgement.
        stream.set_nodelay(true).ok();
        Ok(Box::new(stream))
    }

    /// Whether a proxy forwards the requests without a tunnel, so that a response may come from the proxy.
    pub(super) fn is_forwarded(&self) -> bool {
        self.proxy.is_some() && !self.is_secure()
    }

    /// Host and port of the target as in the field `Host`.
    pub(super) fn host(&self) -> String {
        authority(&self.target, false)
    }

    /// Prefix of the request target: a proxy needs the absolute form (RFC 9112, section 3.2.2).
    pub(super) fn before_target(&self) -> String {
        if self.is_forwarded() { format!("http://{}", self.host()) } else { String::new() }
    }

    /// Proxy credentials to send with each request, if there is no tunnel.
    pub(super) fn credentials(&self) -> Option<String> {
        self.proxy.as_ref().filter(|_| self.is_forwarded()).and_then(credentials)
    }

    pub(super) fn is_secure(&self) -> bool {
        self.target.scheme() == "https"
    }

    /// Wraps a stream in TLS if the URL requires it. Also returns the protocol that the peer chose.
    async fn secure(
        &self,
        stream: Box<dyn Stream>,
        address: &Url,
        offer: Offer,
    ) -> Result<(Box<dyn Stream>, Option<Vec<u8>>), TransportError> {
        let Some(tls) = self.tls.as_ref().filter(|_| address.scheme() == "https") else {
            return Ok((stream, None));
        };
        let protocols: &[&[u8]] = match offer {
            Offer::Http1 => &[],
            Offer::Http2 => &[b"h2"],
            Offer::Both => &[b"h2", b"http/1.1"],
        };
        let mut tls = Arc::clone(tls);
        if !protocols.is_empty() {
            Arc::make_mut(&mut tls).alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        }
        let name = ServerName::try_from(host(address).to_owned())
            .map_err(|error| TransportError::NoConnection(error.to_string()))?;
        match TlsConnector::from(tls).connect(name, stream).await {
            Ok(stream) => {
                let chosen = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                Ok((Box::new(stream), chosen))
            }
            Err(error) if offer == Offer::Http2 && refuses_protocols(&error) => Err(speaks_no_http2()),
            Err(error) => Err(explain_connecting(&error)),
        }
    }

    /// Opens a tunnel through a proxy with CONNECT (RFC 9110, section 9.3.6).
    async fn tunnel(&self, mut stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, TransportError> {
        let authority = authority(&self.target, true);
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(credentials) = self.proxy.as_ref().and_then(credentials) {
            request.push_str(&format!("Proxy-Authorization: {credentials}\r\n"));
        }
        request.push_str("\r\n");
        let failed = |cause: &dyn fmt::Display| TransportError::NoConnection(format!("the proxy: {cause}"));
        stream.write_all(request.as_bytes()).await.map_err(|error| failed(&error))?;
        let mut received = Received::default();
        // A successful response to CONNECT has no body, and the body of another response is not needed.
        response_reader::read(&mut stream, true, &Reading::Beginning, &(), &mut received)
            .await
            .map_err(|transport_error| failed(&transport_error))?;
        match received.response.map(|response| response.status) {
            Some(200..300) => Ok(stream),
            Some(407) => Err(proxy_demands_credentials()),
            status => Err(failed(&format!("it refused the tunnel ({})", status.unwrap_or_default()))),
        }
    }
}

/// Error for a 407 of the proxy, which is not a response of the target.
pub(super) fn proxy_demands_credentials() -> TransportError {
    let remedy = "it requires credentials; write them before the host in the URL of --proxy";
    TransportError::NoConnection(format!("the proxy refused the request (407); {remedy}"))
}

impl Connection {
    fn over(stream: Box<dyn Stream>, speaks_http2: bool) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader, writer, surplus: Surplus::default(), used: false, speaks_http2 }
    }

    /// Returns the stream of a connection on which nothing was sent yet.
    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.reader.unsplit(self.writer)
    }

    /// Whether the connection is open and nothing was received since the last response. Received bytes are counted as
    /// surplus of the previous exchange.
    pub(super) fn is_idle(&mut self) -> bool {
        let mut bytes = [0; 1024];
        let mut buffer = ReadBuf::new(&mut bytes);
        let mut context = Context::from_waker(Waker::noop());
        let idle = Pin::new(&mut self.reader).poll_read(&mut context, &mut buffer).is_pending();
        self.surplus.add(buffer.filled().len());
        idle
    }

    /// Prepares the connection for another request, if the target has kept it open.
    pub(super) fn still_open(mut self) -> Option<Self> {
        if self.used && !self.is_idle() {
            return None;
        }
        self.surplus = Surplus::default();
        Some(self)
    }

    /// Closes the connection in the background: first the sending side, then all of it once the target has closed its
    /// side or a timeout has passed. Bytes received meanwhile are surplus.
    pub(super) fn close(self) {
        let Self { mut reader, mut writer, surplus, .. } = self;
        tokio::spawn(tokio::time::timeout(LINGER, async move {
            writer.shutdown().await.ok();
            let (mut bytes, mut left) = ([0; 1024], MOST_SURPLUS);
            while let Ok(length @ 1..) = reader.read(&mut bytes).await {
                surplus.add(length);
                left = left.saturating_sub(length);
                if left == 0 {
                    break;
                }
            }
        }));
    }
}

fn is_below_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.ends_with(".localhost")
}

fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || is_below_localhost(name),
        None => false,
    }
}

/// Returns the host of a URL, IPv6 addresses without brackets.
fn host(address: &Url) -> &str {
    address.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// Returns host and port of a URL. The default port is left out unless `whole` is set.
fn authority(address: &Url, whole: bool) -> String {
    let host = address.host_str().unwrap_or_default();
    let port = if whole { address.port_or_known_default() } else { address.port() };
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns the credentials in a proxy URL for Basic authentication.
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
