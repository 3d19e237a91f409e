//! Sends a request to the target and reads the response.
//!
//! A [`Prepared`] request is sent byte for byte over TCP, TLS or a proxy. The result is an [`Exchange`]: the request
//! as it was sent, with the response or the transport error. This module judges nothing. A request is sent a second
//! time only if it went out on a reused connection that the target closed before the first byte of a response.

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

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio_rustls::rustls::{AlertDescription, Error as TlsError};
use url::Url;

use conformance_suite::jar::Jar;
use conformance_suite::suite::Connections;
use connection::{Connection, Route};
use message::Message;
use redirect::Destination;
#[cfg(not(fuzzing))]
use response_reader::Received;
use response_reader::Watch;
#[cfg(fuzzing)]
pub(crate) use response_reader::{LARGEST_HEAD, Received, read};
pub use transport::{Connecting, Dialer, Transport};

use conformance_suite::request::{Header, Prepared};
use conformance_suite::response::Response;

/// Sends requests to one target.
#[derive(Debug)]
pub struct HttpClient {
    base: Url,
    /// Base URL without a final slash.
    address: String,
    route: Route,
    transport: Transport,
    /// Connections that were opened in advance for a race.
    ahead: Mutex<Vec<Connection>>,
    /// Idle connections for reuse, with the time at which they became idle.
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// A request that was sent, with its outcome.
#[derive(Debug)]
pub struct Exchange {
    /// The request as it was sent, including added header fields and cookies.
    pub request: Prepared,
    /// The last response, or why there is no complete one.
    pub outcome: Result<Response, TransportError>,
    /// The received part of an incomplete response: its head and the beginning of its body.
    pub partial: Option<Response>,
    /// The redirects that were followed, in order.
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the request asks for it.
    pub redirect_end: Option<String>,
    /// Whether the request was sent again: the target had closed the reused connection, or had refused `Expect: 100-continue`.
    pub resent: bool,
    /// Number of bytes after the response that belong to no response.
    pub surplus: Surplus,
}

/// A redirect that was followed.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The redirect response.
    pub response: Response,
    /// The next request, as it was sent.
    pub next: Prepared,
}

/// Counts bytes that the target sends after a response. The count can grow until the connection is closed.
#[derive(Debug, Clone, Default)]
pub struct Surplus(Arc<AtomicUsize>);

/// Why no complete response was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The connection could not be established.
    NoConnection(String),
    /// No complete response was received in time.
    Timeout(Duration),
    /// The connection closed too early, or the response was not HTTP.
    Broken(String),
    /// The body exceeds the limit, in bytes.
    TooLarge(usize),
    /// The bodies of all responses of a race together exceed the limit, in bytes.
    RaceTooLarge(usize),
    /// The request cannot be sent.
    InvalidRequest(String),
}

/// How much of a body to read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// All of it. A body over the limit is the error [`TransportError::TooLarge`].
    Whole,
    /// All of it, as long as the bodies of all responses of a race stay within the budget.
    Shared(Budget),
    /// As much as a report can show. Used if no expectation needs the body; the rest is not awaited.
    Beginning,
}

/// Number of bytes that the bodies of several responses may still have together.
#[derive(Debug, Clone)]
pub struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Creates the budget of one race.
    #[must_use]
    pub fn of_race() -> Self {
        Self(Arc::new(AtomicUsize::new(MAX_RACE)))
    }

    /// Takes `bytes` from the budget. Returns whether there were enough left.
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Maximum size of the bodies of all responses of a race, in bytes.
const MAX_RACE: usize = 64 * 1024 * 1024;
/// Number of bytes that are kept of the body of a redirect.
const MAX_REDIRECT_BODY: usize = 64 * 1024;
/// Maximum size of a body, in bytes.
const MAX_BODY: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };
/// Number of bytes that are read of a body that no expectation needs.
const MAX_BEGINNING: usize = if cfg!(fuzzing) { 16 * 1024 } else { 1024 * 1024 };
/// How long an idle connection is kept for reuse. Servers commonly close idle connections after two to five seconds.
const IDLE: Duration = Duration::from_secs(1);
/// How long sending the rest of a request may take after its response is complete.
const REST_WAIT: Duration = Duration::from_secs(1);
/// How long to wait for `100 Continue` before sending the body, as in curl (`--expect100-timeout`).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

impl Reading {
    fn limit(&self) -> usize {
        match self {
            Self::Whole | Self::Shared(_) => MAX_BODY,
            Self::Beginning => MAX_BEGINNING,
        }
    }

    /// Counts bytes of a body.
    ///
    /// # Errors
    /// [`TransportError::RaceTooLarge`] if they exceed the budget of a race.
    fn count(&self, bytes: usize) -> Result<(), TransportError> {
        match self {
            Self::Shared(budget) if !budget.take(bytes) => Err(TransportError::RaceTooLarge(MAX_RACE)),
            _ => Ok(()),
        }
    }

    /// Whether the whole body is needed.
    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole | Self::Shared(_))
    }

    /// Ends a response whose body exceeds the limit.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] if the whole body is needed.
    fn end(&self, response: &mut Response) -> Result<(), TransportError> {
        match self {
            Self::Whole | Self::Shared(_) => Err(TransportError::TooLarge(MAX_BODY)),
            Self::Beginning => {
                response.body.truncate(MAX_BEGINNING);
                response.cut = true;
                Ok(())
            }
        }
    }
}

impl Exchange {
    /// Creates an exchange without redirects and other details.
    #[must_use]
    pub fn new(request: Prepared, outcome: Result<Response, TransportError>) -> Self {
        let (hops, surplus) = (Vec::new(), Surplus::default());
        Self { request, outcome, partial: None, hops, redirect_end: None, resent: false, surplus }
    }

    /// All requests with their responses, redirects first.
    pub fn pairs(&self) -> impl Iterator<Item = (&Prepared, Option<&Response>)> {
        let last = self.outcome.as_ref().ok().or(self.partial.as_ref());
        let requests = std::iter::once(&self.request).chain(self.hops.iter().map(|hop| &hop.next));
        let responses = self.hops.iter().map(|hop| Some(&hop.response)).chain(std::iter::once(last));
        requests.zip(responses)
    }
}

impl TransportError {
    /// Whether the target accepted the connection. If so, the missing response is its fault and is judged.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Broken(_) | Self::TooLarge(_))
    }

    /// Converts an error that occurred while a response was read. `any_byte` says whether part of it had been
    /// received.
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

impl Display for TransportError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(cause) => write!(f, "no connection to the target: {cause}"),
            Self::Timeout(limit) => write!(f, "no complete response within {limit:?}"),
            Self::Broken(cause) => f.write_str(cause),
            Self::TooLarge(limit) => write!(f, "the body is larger than {} MiB", limit / 1024 / 1024),
            Self::RaceTooLarge(limit) => {
                write!(f, "the responses of the race are larger than {} MiB in total", limit / 1024 / 1024)
            }
            Self::InvalidRequest(cause) => write!(f, "the request cannot be sent: {cause}"),
        }
    }
}

impl Surplus {
    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One request with its response, without redirects.
struct Single {
    outcome: Result<Response, TransportError>,
    partial: Option<Response>,
    resent: bool,
    surplus: Surplus,
    /// The connection, if another request of the same step may use it.
    connection: Option<Connection>,
    /// Whether later steps may use the connection too.
    keeps: bool,
    /// Value of the response's `Location` field.
    location: Option<Vec<u8>>,
    /// Whether the target responded while the body waited for `100 Continue`.
    held_back: bool,
}

impl Single {
    fn none(transport_error: TransportError) -> Self {
        Self {
            outcome: Err(transport_error),
            partial: None,
            resent: false,
            surplus: Surplus::default(),
            connection: None,
            keeps: false,
            location: None,
            held_back: false,
        }
    }
}

impl HttpClient {
    /// Creates a client for the target at `base`, a URL with or without a path.
    ///
    /// # Errors
    /// `base` is not a valid URL; the message is one sentence.
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

    /// Network settings.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Base URL of the target, without a final slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.address
    }

    /// Sends a request, reads the response, and follows redirects if the request asks for it. Sends the cookies of the
    /// jar and stores those of the responses in it.
    pub async fn send(&self, request: Prepared, mut jar: Option<&mut Jar>, reading: Reading) -> Exchange {
        // A redirected request gets the cookies for its own URL.
        let mut plain = (request.follow > 0).then(|| request.clone());
        let request = self.dress(request, jar.as_deref());
        let mut left = self.transport.limit;
        let mut single = self.single(&request, &reading, left, None).await;
        let mut exchange = Exchange::new(request, Err(TransportError::Timeout(left)));
        let mut elapsed = Duration::ZERO;
        let mut current = exchange.request.target.clone();
        loop {
            exchange.resent |= single.resent;
            let response = match single.outcome {
                Ok(response) => response,
                Err(transport_error) => {
                    (exchange.outcome, exchange.partial) = (Err(transport_error), single.partial);
                    exchange.surplus = single.surplus;
                    return exchange;
                }
            };
            elapsed += response.elapsed;
            if let (Some(jar), Ok(url)) = (jar.as_deref_mut(), self.url(&current)) {
                jar.keep(&url, &response);
            }
            let next = match (&mut plain, single.location) {
                (Some(plain), location) => self.next(plain, &current, response.status, location.as_deref()),
                (None, _) => Next::Final,
            };
            let (Next::Follow, Some(plain)) = (&next, &plain) else {
                if let Some(connection) = single.connection {
                    self.release(connection, single.keeps);
                }
                exchange.redirect_end = match next {
                    Next::Stop(reason) => Some(reason),
                    Next::Limit => Some(format!("the limit of {} redirects is reached", exchange.hops.len())),
                    Next::Final | Next::Follow => None,
                };
                exchange.outcome = Ok(Response { elapsed, ..response });
                exchange.surplus = single.surplus;
                return exchange;
            };
            let next = self.dress(plain.clone(), jar.as_deref());
            left = left.saturating_sub(response.elapsed);
            current.clone_from(&next.target);
            // Like curl, use one connection for all redirects of a request, if it is clean.
            single = self.single(&next, &reading, left, single.connection).await;
            if single.outcome.is_err() {
                exchange.redirect_end =
                    Some(format!("`{} {}` got no complete response", next.method, next.target));
            }
            exchange.hops.push(Hop { response: shortened(response), next });
        }
    }

    /// Opens connections in advance, so that the requests of a race are sent at the same time. If a connection cannot
    /// be opened, the request that needs it reports the error.
    pub async fn open(&self, requests: usize) {
        let opening = async {
            for _ in 0..requests {
                let Ok(connection) = self.route.open().await else { return };
                lock(&self.ahead).push(connection);
            }
        };
        tokio::time::timeout(self.transport.limit, opening).await.ok();
    }

    /// Closes all idle connections, so that a target that is about to be stopped does not wait for them.
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
                None => dressed.add_cookies(&pairs),
            }
        }
        dressed
    }

    /// Decides whether to follow a redirect, and if so turns `request` into the next request.
    fn next(&self, request: &mut Prepared, current: &str, status: u16, location: Option<&[u8]>) -> Next {
        if !(300..400).contains(&status) {
            return Next::Final;
        }
        let Some(location) = location.filter(|location| !location.is_empty()) else {
            return match status {
                301..=303 | 307 | 308 => Next::Stop(format!("the {status} response has no `Location`")),
                _ => Next::Final,
            };
        };
        let shown = latin1(location).escape_debug().to_string();
        let path = self.base.path().trim_end_matches('/');
        let resolved =
            redirect::resolve(&self.base, &format!("{path}{current}"), location, request.path_as_is);
        let (target, credentials) = match resolved {
            Destination::SameOrigin { target, credentials } => (target, credentials),
            Destination::Elsewhere => {
                return Next::Stop(format!(
                    "`Location: {shown}` leads to another origin than {}",
                    self.address
                ));
            }
            Destination::Malformed(why) => {
                return Next::Stop(format!("`Location: {shown}` cannot be followed: {why}"));
            }
        };
        let target = match target.strip_prefix(path) {
            Some("") => "/".to_owned(),
            Some(query) if query.starts_with('?') => format!("/{query}"),
            Some(target) if target.starts_with('/') => target.to_owned(),
            _ => return Next::Stop(format!("`Location: {shown}` leads outside of {}", self.address)),
        };
        if request.follow == 0 {
            return Next::Limit;
        }
        redirect_request(request, status, target, credentials);
        Next::Follow
    }

    /// Sends one request and reads its response within `limit`. `kept` is the connection of the previous redirect.
    async fn single(
        &self,
        request: &Prepared,
        reading: &Reading,
        limit: Duration,
        kept: Option<Connection>,
    ) -> Single {
        let target = format!("{}{}", self.base.path().trim_end_matches('/'), request.target);
        let message = match Message::new(request, &target, &self.route) {
            Ok(message) => message,
            Err(transport_error) => return Single::none(transport_error),
        };
        let may_reuse = request.raw.is_none();
        let ahead = lock(&self.ahead).pop().filter(|_| may_reuse);
        let idle = || (self.transport.connections == Connections::Reuse).then(|| self.idle_connection());
        let reused = match ahead {
            Some(_) => None,
            None => kept.and_then(Connection::reused).or_else(|| idle().flatten()).filter(|_| may_reuse),
        };
        let single = if let Some(connection) = reused {
            let (single, any_byte) = self.over(connection, request, &message, reading, limit).await;
            // Same condition as curl (`Curl_retry_request` in lib/multi.c): the reused connection was closed before
            // the first byte.
            if any_byte || !matches!(single.outcome, Err(TransportError::Broken(_))) {
                single
            } else {
                // If the target accepts no new connection, the request has crashed it.
                let Ok(connection) = self.connect().await else { return single };
                let (single, _) = self.over(connection, request, &message, reading, limit).await;
                Single { resent: true, ..single }
            }
        } else {
            let connection = match ahead {
                Some(connection) => connection,
                None => match self.connect().await {
                    Ok(connection) => connection,
                    Err(transport_error) => return Single::none(transport_error),
                },
            };
            self.over(connection, request, &message, reading, limit).await.0
        };
        match without_expectation(request, &message, &single) {
            Some(request) => self.after_417(request, &target, reading, limit, single.connection).await,
            None => single,
        }
    }

    /// After a 417 response, repeats the request without `Expect: 100-continue` (RFC 9110, section 10.1.1).
    async fn after_417(
        &self,
        request: Prepared,
        target: &str,
        reading: &Reading,
        limit: Duration,
        kept: Option<Connection>,
    ) -> Single {
        let message = match Message::new(&request, target, &self.route) {
            Ok(message) => Message { expects_continue: false, ..message },
            Err(transport_error) => return Single::none(transport_error),
        };
        let connection = match kept.and_then(Connection::reused) {
            Some(connection) => connection,
            None => match self.connect().await {
                Ok(connection) => connection,
                Err(transport_error) => return Single { resent: true, ..Single::none(transport_error) },
            },
        };
        let (single, _) = self.over(connection, &request, &message, reading, limit).await;
        Single { resent: true, ..single }
    }

    async fn connect(&self) -> Result<Connection, TransportError> {
        let limit = self.transport.limit;
        match tokio::time::timeout(limit, self.route.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(TransportError::NoConnection(format!("none was accepted within {limit:?}"))),
        }
    }

    /// Returns an idle connection that the target has kept open.
    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain_mut(|(connection, since)| since.elapsed() < IDLE && connection.is_idle());
        idle.pop().map(|(connection, _)| connection).and_then(Connection::reused)
    }

    /// Sends a request over a connection. Also returns whether any byte was received.
    async fn over(
        &self,
        mut connection: Connection,
        request: &Prepared,
        message: &Message<'_>,
        reading: &Reading,
        limit: Duration,
    ) -> (Single, bool) {
        let mut received = Received::default();
        let began = Instant::now();
        let done = transfer(&mut connection, message, reading, limit, &mut received).await;
        let Received { response, any_byte, surplus: after, reusable, location } = received;
        let transferred = match done {
            Ok(transferred) => transferred,
            // Report the timeout of the whole step, not what earlier redirects left of it.
            Err(TransportError::Timeout(_)) => {
                let transport_error = TransportError::Timeout(self.transport.limit);
                return (Single { partial: response, ..Single::none(transport_error) }, any_byte);
            }
            Err(transport_error) => {
                return (Single { partial: response, ..Single::none(transport_error) }, any_byte);
            }
        };
        let Some(response) = response else {
            let transport_error = TransportError::Broken("the target sent no response".to_owned());
            return (Single::none(transport_error), any_byte);
        };
        if response.status == 407 && self.route.is_forwarded() {
            return (Single::none(connection::proxy_demands_credentials()), any_byte);
        }
        // A raw request may contain several requests, and after a protocol switch the bytes are not HTTP.
        let counts = request.raw.is_none() && response.status != 101;
        let surplus = if counts { connection.surplus.clone() } else { Surplus::default() };
        surplus.add(after);
        let clean = reusable
            // After a 417 the target does not wait for a body that was held back.
            && (transferred.written == Written::Whole || transferred.held_back && response.status == 417)
            && after == 0
            && request.raw.is_none();
        // In these cases servers often send stray bytes, so the next step gets a new connection.
        let risky = message.is_head
            || matches!(response.status, 204 | 304)
            || message.has_body && response.status >= 400;
        let keeps = !risky;
        let connection = if clean {
            Some(connection)
        } else {
            if !response.cut {
                connection.close();
            }
            None
        };
        let elapsed = transferred.last_byte.saturating_duration_since(began);
        let outcome = Ok(Response { elapsed, ..response }.to(request));
        let held_back = transferred.held_back;
        (
            Single { outcome, partial: None, resent: false, surplus, connection, keeps, location, held_back },
            any_byte,
        )
    }

    /// Keeps a clean connection for later steps, or closes it.
    fn release(&self, connection: Connection, keeps: bool) {
        if keeps && self.transport.connections == Connections::Reuse {
            lock(&self.idle).push((connection, Instant::now()));
        } else {
            connection.close();
        }
    }

    fn url(&self, target: &str) -> Result<Url, TransportError> {
        let address = format!("{}{target}", self.address);
        Url::parse(&address).map_err(|error| TransportError::InvalidRequest(format!("`{address}`: {error}")))
    }
}

/// Truncates the body of a redirect, which no expectation needs.
fn shortened(mut response: Response) -> Response {
    if response.body.len() > MAX_REDIRECT_BODY {
        response.body.truncate(MAX_REDIRECT_BODY);
        response.body.shrink_to_fit();
        response.cut = true;
    }
    response
}

/// What to do with a response.
enum Next {
    /// The response is not a redirect.
    Final,
    /// Follow the redirect to another URL of the target.
    Follow,
    /// Do not follow the redirect, for this reason.
    Stop(String),
    /// Do not follow the redirect, since the redirect limit is reached.
    Limit,
}

/// Turns a request into the one that follows a redirect with this status.
fn redirect_request(request: &mut Prepared, status: u16, target: String, credentials: Option<String>) {
    request.target = target;
    request.follow = request.follow.saturating_sub(1);
    // RFC 9110, section 15.4: 303 requires GET, and 301 and 302 turn POST into GET. A method given explicitly (`curl
    // -X`) is kept, but the body is still dropped.
    let loses_its_body = match status {
        303 => request.method != "HEAD",
        301 | 302 => request.method == "POST" || (request.method_stays && request.body.is_some()),
        _ => false,
    };
    if loses_its_body {
        if !request.method_stays {
            request.method = "GET".to_owned();
        }
        request.remove_body();
    }
    if let Some(credentials) = credentials
        && !request.headers.iter().any(|header| header.is("authorization"))
    {
        let value = format!("Basic {}", BASE64_STANDARD.encode(credentials));
        request.headers.insert(0, Header::new("Authorization", value));
    }
}

/// Returns the request to send after a 417 that arrived while the body waited for `100 Continue`. An `Expect` field
/// of the step itself is kept.
fn without_expectation(request: &Prepared, message: &Message<'_>, single: &Single) -> Option<Prepared> {
    let refused = single.outcome.as_ref().is_ok_and(|response| response.status == 417);
    // Like curl: a response that closes the connection is final.
    if !(refused && message.expects_continue && single.held_back && single.connection.is_some()) {
        return None;
    }
    let mut request = request.clone();
    let first = request.headers.len().saturating_sub(request.after_length);
    let mut index = 0;
    let before = request.headers.len();
    request.headers.retain(|header| {
        index += 1;
        index <= first || !header.is("expect")
    });
    request.after_length -= before - request.headers.len();
    Some(request)
}

/// How a transfer ended.
struct Transferred {
    written: Written,
    /// When the last byte of the response arrived.
    last_byte: Instant,
    /// Whether the target responded while the body waited for `100 Continue`.
    held_back: bool,
}

/// Writes a request and reads its response concurrently.
///
/// # Errors
/// Why no complete response was received.
async fn transfer(
    connection: &mut Connection,
    message: &Message<'_>,
    reading: &Reading,
    limit: Duration,
    received: &mut Received,
) -> Result<Transferred, TransportError> {
    let Connection { reader, writer, .. } = connection;
    let heads = Heads::default();
    let write = write(writer, message, &heads);
    let read = response_reader::read(reader, message.is_head, reading, &heads, received);
    tokio::pin!(write, read);
    let mut written = None;
    let both = async {
        loop {
            tokio::select! {
                biased;
                outcome = &mut read => break outcome,
                result = &mut write, if written.is_none() => written = Some(result),
            }
        }
    };
    tokio::time::timeout(limit, both).await.unwrap_or(Err(TransportError::Timeout(limit)))?;
    let last_byte = Instant::now();
    if written.is_none() && !heads.refuse() && !heads.holds_back(message) {
        // Like curl: after a complete response below 300, send the rest of the body, if the target reads it.
        written = tokio::time::timeout(REST_WAIT, write).await.ok();
    }
    let held_back = heads.holds_back(message);
    Ok(Transferred { written: written.unwrap_or(Written::Stopped), last_byte, held_back })
}

/// Response heads received while the request is being written.
#[derive(Default)]
struct Heads {
    /// Status of the last head; 0 before the first.
    status: AtomicUsize,
    /// Whether the body may be sent, because `100 Continue` was received or the wait for it is over.
    continued: AtomicBool,
    changed: Notify,
}

impl Watch for Heads {
    fn head(&self, status: u16) {
        self.status.store(usize::from(status), Ordering::Relaxed);
        if status == 100 {
            self.continued.store(true, Ordering::Relaxed);
        }
        self.changed.notify_one();
    }
}

impl Heads {
    /// Whether a final response refuses the rest of the request, so that sending stops, as in curl.
    fn refuse(&self) -> bool {
        self.status.load(Ordering::Relaxed) >= 300
    }

    /// Whether a final response arrived while the body waited for `100 Continue`.
    fn holds_back(&self, message: &Message<'_>) -> bool {
        message.expects_continue
            && !self.continued.load(Ordering::Relaxed)
            && self.status.load(Ordering::Relaxed) >= 200
    }

    /// Waits until the body may be sent or a final response has arrived.
    async fn wait_for_continue(&self) {
        let wait = async {
            while !self.continued.load(Ordering::Relaxed) && self.status.load(Ordering::Relaxed) < 200 {
                self.changed.notified().await;
            }
        };
        if tokio::time::timeout(CONTINUE_WAIT, wait).await.is_err() {
            self.continued.store(true, Ordering::Relaxed);
        }
    }
}

/// How much of a request was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Whole,
    /// The target refused the rest, or does not read it.
    Stopped,
}

/// Writes a request. A write error does not end the exchange, because the target may have responded before it closed
/// the connection.
async fn write<W: AsyncWrite + Unpin>(writer: &mut W, message: &Message<'_>, heads: &Heads) -> Written {
    if write_all(writer, &message.first, heads).await == Written::Stopped {
        return Written::Stopped;
    }
    if message.expects_continue {
        heads.wait_for_continue().await;
        if heads.holds_back(message) {
            return Written::Stopped;
        }
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

/// Parses the URL of a target.
///
/// # Errors
/// It is not an HTTP URL, or it has credentials, a query or a fragment. The message is one sentence.
pub fn check_address(base: &str) -> Result<Url, String> {
    let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        return Err(format!("`{base}` is not an HTTP URL; write it as http://host:port"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with credentials would send them in every request".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{base}` has a query or fragment; write it as http://host:port"));
    }
    Ok(url)
}

/// Explains why a TLS handshake failed.
fn explain_connecting(error: &io::Error) -> TransportError {
    if let Some(refused) = tls_refused(error) {
        return refused;
    }
    let cause = error.to_string();
    of_certificates(&cause).unwrap_or(TransportError::NoConnection(cause))
}

fn of_certificates(cause: &str) -> Option<TransportError> {
    if cause.contains("peer certificate") {
        let remedy = "use --cacert FILE to trust its authority, or --insecure to trust any";
        Some(TransportError::NoConnection(format!("{cause} ({remedy})")))
    } else if cause.contains("InvalidContentType") {
        let cause = "it does not speak TLS (is it http:// and not https://?)";
        Some(TransportError::NoConnection(cause.to_owned()))
    } else {
        None
    }
}

/// Explains a TLS alert of the target. In TLS 1.3 it may arrive after the client's part of the handshake.
fn tls_refused(error: &io::Error) -> Option<TransportError> {
    let TlsError::AlertReceived(alert) = error.get_ref()?.downcast_ref()? else { return None };
    let cause = match alert {
        AlertDescription::CertificateRequired => {
            "it requires a client certificate, which is not supported".to_owned()
        }
        alert => format!("the target refused the TLS connection with the alert {alert:?}"),
    };
    Some(TransportError::NoConnection(cause))
}

/// Decodes bytes of a head as UTF-8, or else as ISO 8859-1 (RFC 9110, section 5.5).
fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
