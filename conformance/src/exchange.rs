//! The one door to the network: sends a request, reads the response to its end.
//!
//! In goes a [`Prepared`] request and the target's base address, out comes a [`Response`] or the way in which there was
//! none. Nothing is judged here and nothing is retried but for a connection that was kept too long.

mod answer;
mod connection;
mod exact;
mod tls;
mod transport;

use std::fmt::{self, Display, Formatter};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};

use crate::jar::Jar;
use exact::Exact;
pub use transport::Transport;

use crate::request::{Header, Prepared};
use crate::response::{Hop, Response};

/// Sends requests to one target, over connections that it keeps.
#[derive(Debug)]
pub struct Wire {
    base: String,
    /// The path of the base, without a final slash.
    path: String,
    kept: Client,
    /// Needed by few targets, and not made for the others.
    fresh: OnceLock<Result<Client, String>>,
    exact: Exact,
    transport: Transport,
    /// Set once a kept connection has broken: this target closes connections without saying so.
    closes: AtomicBool,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakage {
    /// No connection could be made.
    NoConnection(String),
    /// A connection was made, and no whole answer came in time.
    Silence(Duration),
    /// The answer broke off or was not HTTP.
    Broken(String),
    /// The body went on beyond the limit, in bytes.
    TooLarge(usize),
    /// The request cannot be sent as it is written.
    Unsendable(String),
}

/// How much of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All of it, up to the limit beyond which an answer is [`Breakage::TooLarge`].
    Whole,
    /// What a report shows of it: nobody looks at the rest, which is neither waited for nor held.
    Beginning,
}

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// How much is read of a body that nobody looks at, in bytes.
const BEGINNING: usize = 1024 * 1024;

impl Reading {
    fn most(self) -> usize {
        match self {
            Self::Whole => LARGEST_BODY,
            Self::Beginning => BEGINNING,
        }
    }

    /// Ends a response whose body goes on beyond what is read.
    ///
    /// # Errors
    /// One that is needed whole.
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

impl Breakage {
    /// Whether the target took the connection, so that what it did is an answer and is judged.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Silence(_) | Self::Broken(_) | Self::TooLarge(_))
    }
}

impl Display for Breakage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(cause) => write!(f, "no connection to the target: {cause}"),
            Self::Silence(limit) => write!(f, "the target gave no whole answer within {limit:?}"),
            Self::Broken(cause) => write!(f, "the target's answer broke: {cause}"),
            Self::TooLarge(limit) => write!(f, "the body is larger than {} MiB", limit / 1024 / 1024),
            Self::Unsendable(cause) => write!(f, "the request cannot be sent: {cause}"),
        }
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
        let kept = transport.client(true, route.tls())?;
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            path: url.path().trim_end_matches('/').to_owned(),
            kept,
            fresh: OnceLock::new(),
            exact: Exact::new(route),
            transport: transport.clone(),
            closes: AtomicBool::new(false),
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
        &self.base
    }

    /// Sends a request and reads the response, following redirections as far as the request asks for it. The cookies of the jar
    /// go along, and it keeps those of the answers.
    ///
    /// # Errors
    /// The way in which there was no response.
    pub async fn send(
        &self,
        request: &Prepared,
        jar: Option<&mut Jar>,
        reading: Reading,
    ) -> Result<Response, Breakage> {
        let started = Instant::now();
        let limit = self.transport.limit;
        let answer = tokio::time::timeout(limit, self.hops(request, jar, reading)).await;
        let mut response = answer.unwrap_or(Err(Breakage::Silence(limit)))?;
        response.elapsed = started.elapsed();
        Ok(response)
    }

    /// Returns a request as it goes out: with the headers that all requests take along, and the cookies that a jar has for its
    /// address.
    #[must_use]
    pub fn dress(&self, request: &Prepared, jar: Option<&Jar>) -> Prepared {
        let mut dressed = self.transport.dress(request.clone());
        let pairs = jar.and_then(|jar| jar.pairs(&self.url(&request.target).ok()?));
        if let Some(pairs) = pairs {
            match dressed.headers.iter_mut().find(|header| header.is("cookie")) {
                Some(own) => own.value = format!("{pairs}; {}", own.value),
                None => dressed.headers.push(Header::new("Cookie", &pairs)),
            }
        }
        dressed
    }

    async fn hops(
        &self,
        request: &Prepared,
        mut jar: Option<&mut Jar>,
        reading: Reading,
    ) -> Result<Response, Breakage> {
        let mut request = request.clone();
        let mut hops = Vec::new();
        loop {
            let began = Instant::now();
            let mut response = self.once(&self.dress(&request, jar.as_deref()), reading).await?;
            response.elapsed = began.elapsed();
            if let Some(jar) = &mut jar {
                jar.keep(&self.url(&request.target)?, &response);
            }
            let location = response.header("location").filter(|_| (300..400).contains(&response.status));
            let Some(location) = location.filter(|_| request.follow > 0) else {
                return Ok(Response { hops, ..response });
            };
            let here = self.url(&request.target)?;
            let next =
                here.join(location).map_err(|error| Breakage::Broken(format!("its Location: {error}")))?;
            let next = &next[..url::Position::AfterQuery];
            let Some(target) = next.strip_prefix(&self.base).filter(|target| target.starts_with('/')) else {
                return Ok(Response { hops, ..response });
            };
            request.target = target.to_owned();
            request.follow -= 1;
            // RFC 9110, section 15.4: 303 asks for a GET, and 301 and 302 turn a POST into one. A method that a curl command names
            // holds for all of them, and only loses its body.
            let loses_its_body = match response.status {
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
            hops.push(Hop { response, next: self.dress(&request, jar.as_deref()) });
        }
    }

    async fn once(&self, request: &Prepared, reading: Reading) -> Result<Response, Breakage> {
        if self.closes.load(Ordering::Relaxed) {
            return self.over(false, request, reading).await;
        }
        match self.over(true, request, reading).await {
            // The target may have closed a kept connection at the moment when it was used again: no word on this request. One try
            // over a connection of its own tells, as curl does it; from then on none is kept.
            Err(broken @ Breakage::Broken(_)) if request.raw.is_none() => {
                self.closes.store(true, Ordering::Relaxed);
                match self.over(false, request, reading).await {
                    Err(Breakage::NoConnection(_)) => Err(broken),
                    other => other,
                }
            }
            other => other,
        }
    }

    /// Sends a request over a connection that was kept, or over one of its own.
    async fn over(&self, kept: bool, request: &Prepared, reading: Reading) -> Result<Response, Breakage> {
        let (url, target) = (self.url(&request.target)?, format!("{}{}", self.path, request.target));
        if exact::alters(request, &target, &url) {
            return self.exact.send(request, &target, kept, reading).await;
        }
        let unsendable = |cause: String| Breakage::Unsendable(cause);
        let client = if kept {
            &self.kept
        } else {
            let fresh = self.fresh.get_or_init(|| self.transport.client(false, self.exact.route().tls()));
            fresh.as_ref().map_err(|cause| unsendable(cause.clone()))?
        };
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| unsendable(format!("`{}` is not a method", request.method)))?;
        let mut message = client.request(method, url);
        for Header { name, value, .. } in &request.headers {
            let field = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| unsendable(format!("`{name}` is not the name of a header")))?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                unsendable(format!("the value of the header `{name}` has a control character"))
            })?;
            message = message.header(field, value);
        }
        if let Some(body) = &request.body {
            if body.is_empty() {
                // An empty body is not none at all.
                message = message.header("Content-Length", "0");
            }
            message = message.body(body.clone());
        }
        let mut answer = message.send().await.map_err(|error| explain(&error))?;
        let headers = (answer.headers().iter())
            .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())))
            .collect();
        let mut response = Response { status: answer.status().as_u16(), headers, ..Response::default() };
        while let Some(chunk) = answer.chunk().await.map_err(|error| explain(&error))? {
            response.body.extend_from_slice(&chunk);
            if response.body.len() > reading.most() {
                reading.end(&mut response)?;
                break;
            }
        }
        Ok(response)
    }

    fn url(&self, target: &str) -> Result<Url, Breakage> {
        let address = format!("{}{target}", self.base);
        Url::parse(&address).map_err(|error| Breakage::Unsendable(format!("`{address}`: {error}")))
    }
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

fn explain(error: &reqwest::Error) -> Breakage {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = cause.to_string();
    match of_certificates(&cause) {
        Some(breakage) => breakage,
        None if error.is_connect() => Breakage::NoConnection(cause),
        None => Breakage::Broken(cause),
    }
}

/// What keeps TLS from being spoken.
fn explain_connecting(error: &std::io::Error) -> Breakage {
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

fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
