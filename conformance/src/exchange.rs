//! Sends a request to the target and reads the response.
//!
//! A [`Prepared`] request goes out byte for byte, over TCP, TLS or a proxy. The result is an [`Exchange`]: the request as it was sent
//! and the response, or why there is none and what came of it. Nothing is judged here. A request is sent a second time only if it
//! went out on a reused connection that the target closed before any byte of a response.

mod connection;
mod message;
mod redirect;
mod response_reader;
mod tls;
mod transport;

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio_rustls::rustls::{AlertDescription, Error as TlsError};
use url::Url;

use crate::jar::Jar;
use connection::{Connection, Route};
use message::Message;
use redirect::Destination;
#[cfg(not(fuzzing))]
use response_reader::Received;
use response_reader::Watch;
#[cfg(fuzzing)]
pub(crate) use response_reader::{LARGEST_HEAD, Received, read};
pub use transport::{Connections, Transport};

use crate::request::{Header, Prepared};
use crate::response::Response;

/// Sends requests to one target.
#[derive(Debug)]
pub struct Wire {
    base: Url,
    /// The base address without a final slash.
    address: String,
    route: Route,
    transport: Transport,
    /// Connections that were opened ahead of a race and have carried no request.
    ahead: Mutex<Vec<Connection>>,
    /// Connections that wait to be reused, and since when.
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// A request that was sent, and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// The request as it went out, with the fields and cookies that were added to it.
    pub request: Prepared,
    /// The last response, or why there is no complete one.
    pub outcome: Result<Response, Breakage>,
    /// What came of a response that is not complete: its head, and the body so far.
    pub partial: Option<Response>,
    /// The redirects that were followed, in order.
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the request asks for it.
    pub redirect_end: Option<String>,
    /// Whether the request was sent again, because the target had closed the reused connection.
    pub resent: bool,
    /// The bytes that came after the response and belong to none.
    pub surplus: Surplus,
}

/// A redirect that was followed.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The response that redirects.
    pub response: Response,
    /// The request that followed it, as it went out.
    pub next: Prepared,
}

/// Counts bytes that a target sends after a response. It can grow until the connection is closed.
#[derive(Debug, Clone, Default)]
pub struct Surplus(Arc<AtomicUsize>);

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakage {
    /// No connection could be made.
    NoConnection(String),
    /// The request went out, and no complete response came in time.
    Silence(Duration),
    /// The response broke off or was not HTTP.
    Broken(String),
    /// The body is larger than the limit, in bytes.
    TooLarge(usize),
    /// The request cannot be sent as it is written.
    Unsendable(String),
}

/// How much of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All of it, up to the limit beyond which there is no response but [`Breakage::TooLarge`].
    Whole,
    /// As much as a report may show: no expectation looks at the body, and the rest is not waited for.
    Beginning,
}

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };
/// How much is read of a body that no expectation looks at, in bytes.
const BEGINNING: usize = if cfg!(fuzzing) { 16 * 1024 } else { 1024 * 1024 };
/// How long a connection waits to be reused: servers commonly close an idle one after two to five seconds.
const IDLE: Duration = Duration::from_secs(1);
/// How long the rest of a request may take after its response is complete.
const REST_WAIT: Duration = Duration::from_secs(1);
/// How long a body is held back for `100 Continue`, as in curl (`--expect100-timeout`).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

impl Reading {
    fn most(self) -> usize {
        match self {
            Self::Whole => LARGEST_BODY,
            Self::Beginning => BEGINNING,
        }
    }

    /// Ends a response whose body is larger than what is read.
    ///
    /// # Errors
    /// [`Breakage::TooLarge`] if the body is needed whole.
    fn end(self, response: &mut Response) -> Result<(), Breakage> {
        match self {
            Self::Whole => Err(Breakage::TooLarge(LARGEST_BODY)),
            Self::Beginning => {
                response.body.truncate(BEGINNING);
                response.cut = true;
                Ok(())
            }
        }
    }
}

impl Exchange {
    /// Returns a request and its outcome, with nothing particular about it.
    #[must_use]
    pub fn new(request: Prepared, outcome: Result<Response, Breakage>) -> Self {
        let (hops, surplus) = (Vec::new(), Surplus::default());
        Self { request, outcome, partial: None, hops, redirect_end: None, resent: false, surplus }
    }

    /// Every request of it with what came of it, redirects first.
    pub fn pairs(&self) -> impl Iterator<Item = (&Prepared, Option<&Response>)> {
        let last = self.outcome.as_ref().ok().or(self.partial.as_ref());
        let requests = std::iter::once(&self.request).chain(self.hops.iter().map(|hop| &hop.next));
        let responses = self.hops.iter().map(|hop| Some(&hop.response)).chain(std::iter::once(last));
        requests.zip(responses)
    }
}

impl Breakage {
    /// Whether the target accepted the connection, so that the missing response is its doing and is judged.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Silence(_) | Self::Broken(_) | Self::TooLarge(_))
    }

    /// What an error while a response is read means; `any_byte` says whether any of it had come.
    fn reading(error: &io::Error, any_byte: bool) -> Self {
        if !any_byte && let Some(refused) = tls_refused(error) {
            return refused;
        }
        let when = if any_byte { "before the response was complete" } else { "without a response" };
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                Self::Broken(format!("the target reset the connection {when}"))
            }
            ErrorKind::UnexpectedEof => Self::Broken(format!("the target closed the connection {when}")),
            _ => Self::Broken(format!("the connection broke {when}: {error}")),
        }
    }
}

impl Display for Breakage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(cause) => write!(f, "no connection to the target: {cause}"),
            Self::Silence(limit) => write!(f, "no complete response within {limit:?}"),
            Self::Broken(cause) => f.write_str(cause),
            Self::TooLarge(limit) => write!(f, "the body is larger than {} MiB", limit / 1024 / 1024),
            Self::Unsendable(cause) => write!(f, "the request cannot be sent: {cause}"),
        }
    }
}

impl Surplus {
    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the number of bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One request and its response, without redirects.
struct Single {
    outcome: Result<Response, Breakage>,
    partial: Option<Response>,
    resent: bool,
    surplus: Surplus,
}

impl Single {
    fn none(breakage: Breakage) -> Self {
        Self { outcome: Err(breakage), partial: None, resent: false, surplus: Surplus::default() }
    }
}

impl Wire {
    /// Returns a wire to the target at `base`, an address with or without a path.
    ///
    /// # Errors
    /// A base that is not an address, in one sentence.
    pub fn new(base: &str, transport: &Transport) -> Result<Self, String> {
        let url = check_address(base)?;
        let route = transport.route(&url)?;
        Ok(Self {
            address: url.as_str().trim_end_matches('/').to_owned(),
            base: url,
            route,
            transport: transport.clone(),
            ahead: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    /// How the target is reached.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The target's base address, without a final slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.address
    }

    /// Sends a request and reads the response; follows redirects if the request asks for it. Cookies of the jar are sent, and those of
    /// the responses are kept in it.
    pub async fn send(&self, request: Prepared, mut jar: Option<&mut Jar>, reading: Reading) -> Exchange {
        // A redirected request gets the cookies of its own address.
        let mut plain = (request.follow > 0).then(|| request.clone());
        let request = self.dress(request, jar.as_deref());
        let mut left = self.transport.limit;
        let Single { outcome, partial, resent, surplus } = self.single(&request, reading, left).await;
        let mut exchange = Exchange { partial, resent, surplus, ..Exchange::new(request, outcome) };
        let mut elapsed = Duration::ZERO;
        let mut current = exchange.request.target.clone();
        loop {
            let Ok(response) = &mut exchange.outcome else { break };
            elapsed += response.elapsed;
            if let (Some(jar), Ok(url)) = (jar.as_deref_mut(), self.url(&current)) {
                jar.keep(&url, response);
            }
            let Some(plain) = plain.as_mut() else { break };
            let target = match self.next(&current, response) {
                Next::Final => break,
                Next::Stop(reason) => {
                    exchange.redirect_end = Some(reason);
                    break;
                }
                Next::Target(_) if plain.follow == 0 => {
                    let limit = exchange.hops.len();
                    exchange.redirect_end = Some(format!("the limit of {limit} redirects is reached"));
                    break;
                }
                Next::Target(target) => target,
            };
            redirect_request(plain, response.status, target);
            let next = self.dress(plain.clone(), jar.as_deref());
            left = left.saturating_sub(response.elapsed);
            let single = self.single(&next, reading, left).await;
            current.clone_from(&next.target);
            (exchange.partial, exchange.surplus) = (single.partial, single.surplus);
            exchange.resent |= single.resent;
            if single.outcome.is_err() {
                exchange.redirect_end =
                    Some(format!("`{} {}` got no complete response", next.method, next.target));
            }
            if let Ok(response) = std::mem::replace(&mut exchange.outcome, single.outcome) {
                exchange.hops.push(Hop { response, next });
            }
        }
        if let Ok(response) = &mut exchange.outcome {
            response.elapsed = elapsed;
        }
        exchange
    }

    /// Opens connections, so that this number of requests goes out at one moment. If one cannot be opened, the request that needs it
    /// reports why.
    pub async fn open(&self, requests: usize) {
        let opening = async {
            for _ in 0..requests {
                let Ok(connection) = self.route.open().await else { return };
                lock(&self.ahead).push(connection);
            }
        };
        tokio::time::timeout(self.transport.limit, opening).await.ok();
    }

    /// Closes all connections that wait: a target that is about to be stopped need not wait for them.
    pub fn close(&self) {
        lock(&self.ahead).clear();
        lock(&self.idle).clear();
    }

    fn dress(&self, request: Prepared, jar: Option<&Jar>) -> Prepared {
        let mut dressed = self.transport.dress(request);
        let pairs = jar.and_then(|jar| jar.pairs(&self.url(&dressed.target).ok()?));
        if let Some(pairs) = pairs {
            match dressed.headers.iter_mut().find(|header| header.is("cookie")) {
                Some(own) => own.value = format!("{pairs}; {}", own.value),
                None => dressed.headers.push(Header::new("Cookie", &pairs)),
            }
        }
        dressed
    }

    /// Where a response leads.
    fn next(&self, current: &str, response: &Response) -> Next {
        if !(300..400).contains(&response.status) {
            return Next::Final;
        }
        let Some(location) = response.header("location").filter(|location| !location.is_empty()) else {
            return match response.status {
                301..=303 | 307 | 308 => {
                    Next::Stop(format!("the {} response has no `Location`", response.status))
                }
                _ => Next::Final,
            };
        };
        let path = self.base.path().trim_end_matches('/');
        match redirect::resolve(&self.base, &format!("{path}{current}"), location) {
            Destination::SameOrigin(target) => match target.strip_prefix(path) {
                Some("") => Next::Target("/".to_owned()),
                Some(query) if query.starts_with('?') => Next::Target(format!("/{query}")),
                Some(target) if target.starts_with('/') => Next::Target(target.to_owned()),
                _ => Next::Stop(format!("`Location: {location}` leads outside of {}", self.address)),
            },
            Destination::Elsewhere => {
                Next::Stop(format!("`Location: {location}` leads to another origin than {}", self.address))
            }
            Destination::Malformed(why) => {
                Next::Stop(format!("`Location: {}` cannot be followed: {why}", location.escape_debug()))
            }
        }
    }

    /// Sends one request and reads its response; `limit` is the time for both.
    async fn single(&self, request: &Prepared, reading: Reading, limit: Duration) -> Single {
        let target = format!("{}{}", self.base.path().trim_end_matches('/'), request.target);
        let message = match Message::new(request, &target, &self.route) {
            Ok(message) => message,
            Err(breakage) => return Single::none(breakage),
        };
        let may_reuse = self.transport.connections == Connections::Reuse && request.raw.is_none();
        let ahead = lock(&self.ahead).pop().filter(|_| request.raw.is_none());
        if ahead.is_none()
            && may_reuse
            && let Some(connection) = self.idle_connection()
        {
            let (single, received) = self.over(connection, request, &message, reading, limit).await;
            // curl's rule (`Curl_retry_request` in its lib/multi.c): the connection was reused and closed before any byte.
            if received || !matches!(single.outcome, Err(Breakage::Broken(_))) {
                return single;
            }
            let connection = match self.connect().await {
                Ok(connection) => connection,
                // The target ended with this request.
                Err(_) => return single,
            };
            let (single, _) = self.over(connection, request, &message, reading, limit).await;
            return Single { resent: true, ..single };
        }
        let connection = match ahead {
            Some(connection) => connection,
            None => match self.connect().await {
                Ok(connection) => connection,
                Err(breakage) => return Single::none(breakage),
            },
        };
        self.over(connection, request, &message, reading, limit).await.0
    }

    async fn connect(&self) -> Result<Connection, Breakage> {
        let limit = self.transport.limit;
        match tokio::time::timeout(limit, self.route.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(Breakage::NoConnection(format!("none was accepted within {limit:?}"))),
        }
    }

    /// Returns a connection that the target has kept open since its last response.
    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain_mut(|(connection, since)| since.elapsed() < IDLE && connection.is_idle());
        let (mut connection, _) = idle.pop()?;
        connection.surplus = Surplus::default();
        Some(connection)
    }

    /// Sends a request over a connection. Says, too, whether any byte came back.
    async fn over(
        &self,
        mut connection: Connection,
        request: &Prepared,
        message: &Message<'_>,
        reading: Reading,
        limit: Duration,
    ) -> (Single, bool) {
        let mut received = Received::default();
        let began = Instant::now();
        let done = transfer(&mut connection, message, reading, limit, &mut received).await;
        let Received { response, any_byte, surplus: after, reusable } = received;
        let transferred = match done {
            Ok(transferred) => transferred,
            // The time of the whole step is what its author knows, not what earlier redirects have left of it.
            Err(Breakage::Silence(_)) => {
                let breakage = Breakage::Silence(self.transport.limit);
                return (Single { partial: response, ..Single::none(breakage) }, any_byte);
            }
            Err(breakage) => return (Single { partial: response, ..Single::none(breakage) }, any_byte),
        };
        let Some(response) = response else {
            let breakage = Breakage::Broken("the target sent no response".to_owned());
            return (Single::none(breakage), any_byte);
        };
        if response.status == 407 && self.route.is_forwarded() {
            return (Single::none(connection::proxy_demands_credentials()), any_byte);
        }
        // A raw request may be several, and after a switch of protocols the bytes are not HTTP.
        let counts = request.raw.is_none() && response.status != 101;
        let surplus = if counts { connection.surplus.clone() } else { Surplus::default() };
        surplus.add(after);
        let clean = reusable
            && transferred.written
            && after == 0
            && !message.is_head
            && !matches!(response.status, 204 | 304)
            && !(message.has_body && response.status >= 400);
        if self.transport.connections == Connections::Reuse && clean && request.raw.is_none() {
            lock(&self.idle).push((connection, Instant::now()));
        } else if !response.cut {
            connection.close();
        }
        let elapsed = transferred.last_byte.saturating_duration_since(began);
        let outcome = Ok(Response { elapsed, ..response });
        (Single { outcome, partial: None, resent: false, surplus }, any_byte)
    }

    fn url(&self, target: &str) -> Result<Url, Breakage> {
        let address = format!("{}{target}", self.address);
        Url::parse(&address).map_err(|error| Breakage::Unsendable(format!("`{address}`: {error}")))
    }
}

/// Where a response leads.
enum Next {
    /// It is not a redirect.
    Final,
    /// A path and query of the target.
    Target(String),
    /// It is not followed, for a reason.
    Stop(String),
}

/// Turns a request into the one that follows a redirect with this status.
fn redirect_request(request: &mut Prepared, status: u16, target: String) {
    request.target = target;
    request.follow -= 1;
    // RFC 9110, section 15.4: 303 asks for a GET, and 301 and 302 turn a POST into one. A method that a curl command names holds for
    // all of them, and only loses its body.
    let loses_its_body = match status {
        303 => request.method != "HEAD",
        301 | 302 => request.method == "POST" || (request.method_stays && request.body.is_some()),
        _ => false,
    };
    if loses_its_body {
        if !request.method_stays {
            request.method = "GET".to_owned();
        }
        request.body = None;
        request.headers.retain(|header| !request.of_body.iter().any(|name| header.is(name)));
    }
}

/// How a transfer ended.
struct Transferred {
    /// Whether the whole request was written.
    written: bool,
    /// When the last byte of the response came.
    last_byte: Instant,
}

/// Writes a request and reads its response at the same time.
///
/// # Errors
/// Why there is no complete response.
async fn transfer(
    connection: &mut Connection,
    message: &Message<'_>,
    reading: Reading,
    limit: Duration,
    received: &mut Received,
) -> Result<Transferred, Breakage> {
    let Connection { reader, writer, .. } = connection;
    let heads = Heads::default();
    let write = write(writer, message, &heads);
    let read = response_reader::read(reader, message.is_head, reading, &heads, received);
    tokio::pin!(write, read);
    let mut written = None;
    let both = async {
        loop {
            tokio::select! {
                result = &mut write, if written.is_none() => written = Some(result),
                outcome = &mut read => break outcome,
            }
        }
    };
    tokio::time::timeout(limit, both).await.unwrap_or(Err(Breakage::Silence(limit)))?;
    let last_byte = Instant::now();
    if written.is_none() && !heads.refuse() {
        // As curl does: the rest of a body is sent although a response below 300 is complete, if the target reads it.
        written = tokio::time::timeout(REST_WAIT, write).await.ok();
    }
    Ok(Transferred { written: written == Some(Written::Whole), last_byte })
}

/// The heads that have come while a request is written.
#[derive(Default)]
struct Heads {
    /// The status of the last one; 0 before it.
    status: AtomicUsize,
    seen: AtomicBool,
    changed: Notify,
}

impl Watch for Heads {
    fn head(&self, status: u16) {
        self.status.store(usize::from(status), Ordering::Relaxed);
        self.seen.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

impl Heads {
    /// Whether a final response has come that asks for something else than the rest of the request: curl stops sending then.
    fn refuse(&self) -> bool {
        self.status.load(Ordering::Relaxed) >= 300
    }
}

/// How much of a request was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Whole,
    /// The target refused the rest, or does not read it.
    Stopped,
}

/// Writes a request. A target that closes the connection may have sent its response before, so that an error here is not the end.
async fn write<W: AsyncWrite + Unpin>(writer: &mut W, message: &Message<'_>, heads: &Heads) -> Written {
    if write_all(writer, &message.first, heads).await == Written::Stopped {
        return Written::Stopped;
    }
    if message.expects_continue && !heads.seen.load(Ordering::Relaxed) {
        tokio::time::timeout(CONTINUE_WAIT, heads.changed.notified()).await.ok();
    }
    // A final response instead of `100 Continue`: the body is not wanted.
    if message.expects_continue && heads.status.load(Ordering::Relaxed) >= 200 {
        return Written::Stopped;
    }
    if write_all(writer, message.rest, heads).await == Written::Stopped {
        return Written::Stopped;
    }
    write_all(writer, message.end, heads).await
}

async fn write_all<W: AsyncWrite + Unpin>(writer: &mut W, mut bytes: &[u8], heads: &Heads) -> Written {
    while !bytes.is_empty() {
        if heads.refuse() {
            return Written::Stopped;
        }
        match writer.write(bytes).await {
            Ok(0) | Err(_) => return Written::Stopped,
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
        }
    }
    match writer.flush().await {
        Ok(()) => Written::Whole,
        Err(_) => Written::Stopped,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the address of a target.
///
/// # Errors
/// Anything but an address of HTTP, or one with what would go out in every request, in one sentence.
pub fn check_address(base: &str) -> Result<Url, String> {
    let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        return Err(format!("`{base}` is not an address of HTTP; it is written as http://host:port"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with credentials would send them in every request".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{base}` has something behind its path; it is written as http://host:port"));
    }
    Ok(url)
}

/// Why a TLS handshake failed.
fn explain_connecting(error: &io::Error) -> Breakage {
    if let Some(refused) = tls_refused(error) {
        return refused;
    }
    let cause = error.to_string();
    of_certificates(&cause).unwrap_or(Breakage::NoConnection(cause))
}

fn of_certificates(cause: &str) -> Option<Breakage> {
    if cause.contains("peer certificate") {
        let remedy = "--cacert FILE trusts the authority that it comes from, --insecure any";
        Some(Breakage::NoConnection(format!("{cause} ({remedy})")))
    } else if cause.contains("InvalidContentType") {
        let cause = "it does not speak TLS (is it http:// and not https://?)";
        Some(Breakage::NoConnection(cause.to_owned()))
    } else {
        None
    }
}

/// What a TLS alert of the target means. In TLS 1.3 it can come after the runner's part of the handshake.
fn tls_refused(error: &io::Error) -> Option<Breakage> {
    let alert = match error.get_ref()?.downcast_ref()? {
        TlsError::AlertReceived(alert) => alert,
        _ => return None,
    };
    let cause = match alert {
        AlertDescription::CertificateRequired => {
            "it requires a client certificate, which is not supported".to_owned()
        }
        alert => format!("the target refused the TLS connection with the alert {alert:?}"),
    };
    Some(Breakage::NoConnection(cause))
}

/// Decodes bytes of a head: as UTF-8 if they are, else as ISO 8859-1 (RFC 9110, section 5.5).
fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
