//! Sends a request to the target and reads the response.
//!
//! An HTTP/1.1 request is sent byte for byte over TCP, TLS or a proxy (`http1`). A request that asks for HTTP/2 is sent
//! by hyper over the same connections (`http2`). The result is an [`Exchange`]: the request as it was sent, with the
//! response or the transport error. This module follows redirects and judges nothing.

mod connection;
mod dialer;
mod digest;
mod error;
mod exchange;
mod feed;
mod http1;
mod http2;
mod message;
mod pool;
mod reading;
mod redirect;
mod response_reader;
mod single;
mod tls;
mod transfer;
mod transport;

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use connection::{Connection, Offer};
use digest::Credentials;
use pool::ConnectionPool;
use redirect::Destination;
use response_reader::latin1;
use single::Single;

use conformance_suite::jar::Jar;
use conformance_suite::request::{Header, HttpVersion, Prepared};
use conformance_suite::response::Response;
use conformance_suite::suite::Connections;

pub use dialer::{Connecting, Dialer};
pub use error::TransportError;
pub use exchange::{Exchange, Hop, Resent, Surplus};
pub use feed::{Feed, ResponseStream, StreamHead};
pub(crate) use reading::MAX_BODY;
pub use reading::{Budget, Reading};
#[cfg(fuzzing)]
pub(crate) use response_reader::{LARGEST_HEAD, Received, read};
pub use transport::Transport;

/// Sends requests to one target.
#[derive(Debug)]
pub struct HttpClient {
    base: Url,
    /// Base URL without a final slash.
    address: String,
    transport: Transport,
    pool: ConnectionPool,
}

impl HttpClient {
    /// Creates a client for the target at `base`, a URL with or without a path.
    ///
    /// # Errors
    /// `base` is not a valid URL; the message is one sentence.
    pub fn new(base: &str, transport: &Transport) -> Result<Self, String> {
        let url = check_address(base)?;
        let reuses = transport.connections == Connections::Reuse;
        let pool = ConnectionPool::new(transport.route(&url)?, transport.limit, reuses);
        Ok(Self {
            address: url.as_str().trim_end_matches('/').to_owned(),
            base: url,
            transport: transport.clone(),
            pool,
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
        if let Some(client) = self.with_identity_of(&request) {
            return match client {
                Ok(client) => Box::pin(client.send(request, jar, reading)).await,
                Err(cause) => Exchange::new(request, Err(TransportError::InvalidRequest(cause))),
            };
        }
        // A redirected request gets the cookies for its own URL.
        let mut credentials = Credentials::of(&request);
        let follows = request.follow > 0;
        let mut plain = (follows || credentials.is_some()).then(|| request.clone());
        let mut request = self.dress(request, jar.as_deref());
        // Like curl, keep the body back until the target has asked for credentials.
        let mut held_body = credentials.as_ref().is_some_and(|credentials| credentials.holds_body(&request));
        if held_body {
            request = Credentials::without_body(&request);
        }
        let own = request.transfer.as_ref().and_then(|transfer| transfer.timeout);
        let limit = own.unwrap_or(self.transport.limit);
        let mut left = limit;
        let mut single = self.single(&request, &reading, left, None).await;
        let mut exchange = Exchange::new(request, Err(TransportError::Timeout(left)));
        let mut elapsed = Duration::ZERO;
        let mut current = exchange.request.target.clone();
        loop {
            exchange.resent = exchange.resent.or(single.resent);
            let response = match single.outcome {
                Ok(response) => response,
                Err(transport_error) => {
                    let transport_error = match transport_error {
                        // The timeout of the whole step, not what earlier redirects left of it.
                        TransportError::Timeout(_) => TransportError::Timeout(limit),
                        other => other,
                    };
                    (exchange.outcome, exchange.partial) = (Err(transport_error), single.partial);
                    exchange.surplus = single.surplus;
                    return exchange;
                }
            };
            elapsed += response.elapsed;
            if let Some(jar) = jar.as_deref_mut() {
                self.keep_cookies(jar, &current, &response);
            }
            let asked = credentials.as_mut().is_some_and(|credentials| credentials.take(&response));
            let next = match (&mut plain, single.location) {
                (Some(_), _) if asked || (held_body && response.status < 300) => Next::Follow,
                (Some(plain), location) if follows => {
                    self.next(plain, &current, response.status, location.as_deref())
                }
                _ => Next::Final,
            };
            held_body = false;
            let (Next::Follow, Some(plain)) = (&next, &plain) else {
                if let Some(connection) = single.connection {
                    self.pool.release(connection, single.keeps);
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
            let mut next = self.dress(plain.clone(), jar.as_deref());
            if let Some(credentials) = &mut credentials {
                let target = format!("{}{}", self.base.path().trim_end_matches('/'), next.target);
                credentials.add(&mut next, &target);
            }
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

    /// Returns a client for a request with a client certificate of its own.
    fn with_identity_of(&self, request: &Prepared) -> Option<Result<Self, String>> {
        let client_certificate = request.transfer.as_ref()?.client_certificate.as_ref()?;
        if !self.pool.route.is_secure()
            || self.transport.client_certificate.as_ref() == Some(client_certificate)
        {
            return None;
        }
        let transport =
            Transport { client_certificate: Some(client_certificate.clone()), ..self.transport.clone() };
        Some(Self::new(&self.address, &transport))
    }

    /// Stores the cookies of the response to a request for `target` in a jar.
    pub fn keep_cookies(&self, jar: &mut Jar, target: &str, response: &Response) {
        if let Ok(url) = self.url(target) {
            jar.keep(&url, response);
        }
    }

    /// Opens connections in advance, so that the requests of a race are sent at the same time. If a connection cannot
    /// be opened, the request that needs it reports the error.
    pub async fn open(&self, requests: usize) {
        self.pool.open_ahead(requests).await;
    }

    /// Closes all idle connections, so that a target that is about to be stopped does not wait for them.
    pub fn close(&self) {
        self.pool.close();
    }

    fn dress(&self, request: Prepared, jar: Option<&Jar>) -> Prepared {
        let mut dressed = self.transport.dress(request);
        if dressed.version == HttpVersion::Negotiated && !self.pool.route.is_secure() {
            dressed.offer_http2();
        }
        let of_files = dressed.transfer.as_ref().and_then(|transfer| transfer.cookies.clone());
        let of_jar = jar.and_then(|jar| jar.pairs(&self.url(&dressed.target).ok()?));
        let pairs: Vec<String> = of_files.into_iter().chain(of_jar).collect();
        if !pairs.is_empty() {
            let pairs = pairs.join("; ");
            let is_own = |header: &&mut Header| header.is("cookie");
            match dressed.headers.iter_mut().find(is_own).filter(|_| !dressed.separate_cookies) {
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
        if request.transfer.as_ref().is_some_and(|transfer| transfer.referer_follows) {
            request.headers.retain(|header| !header.is("referer"));
            request.add_referer(&format!("{}{current}", self.address));
        }
        Next::Follow
    }

    /// Sends one request and reads its response within `limit`. `connection` is the one of the previous redirect.
    async fn single(
        &self,
        request: &Prepared,
        reading: &Reading,
        limit: Duration,
        connection: Option<Connection>,
    ) -> Single {
        let names_host = request.raw.is_some() || request.any_target() && !request.target.starts_with('/');
        if names_host && self.pool.route.is_forwarded() {
            let cause = "a proxy could send raw bytes, or a request target that does not begin with `/`, to another host than \
                the target: run without --proxy";
            return Single::none(TransportError::InvalidRequest(cause.to_owned()));
        }
        let target = if request.any_target() {
            request.target.clone()
        } else {
            format!("{}{}", self.base.path().trim_end_matches('/'), request.target)
        };
        let offer = match request.version {
            HttpVersion::Negotiated | HttpVersion::Http2 if request.query.is_some() => {
                let cause =
                    "its query has bytes that are not UTF-8, which only HTTP/1.1 can carry".to_owned();
                return Single::none(TransportError::InvalidRequest(cause));
            }
            HttpVersion::Http1 | HttpVersion::Http10 => {
                return http1::send(&self.pool, request, &target, reading, limit, connection).await;
            }
            // Without TLS there is nothing to negotiate with.
            HttpVersion::Negotiated if !self.pool.route.is_secure() => {
                let single = http1::send(&self.pool, request, &target, reading, limit, connection).await;
                return http2::refuse_switch(single);
            }
            HttpVersion::Negotiated => Offer::Both,
            HttpVersion::Http2 => Offer::Http2,
        };
        match self.pool.connect(offer, request).await {
            Ok(opened) if opened.speaks_http2 => {
                http2::send(
                    opened,
                    request,
                    &format!("{}{}", self.base.origin().ascii_serialization(), target),
                    reading,
                    limit,
                )
                .await
            }
            Ok(opened) => http1::send(&self.pool, request, &target, reading, limit, Some(opened)).await,
            Err(transport_error) => Single::none(transport_error),
        }
    }

    fn url(&self, target: &str) -> Result<Url, TransportError> {
        let address = format!("{}{target}", self.address);
        Url::parse(&address).map_err(|error| TransportError::InvalidRequest(format!("`{address}`: {error}")))
    }
}

/// Number of bytes that are kept of the body of a redirect.
const MAX_REDIRECT_BODY: usize = 64 * 1024;

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
    request.query = None;
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
