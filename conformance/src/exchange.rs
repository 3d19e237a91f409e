//! The one door to the network: sends a request, reads the response to its end.
//!
//! In goes a [`Prepared`] request and the target's base address, out comes a [`Response`] or the way in which there was
//! none. Nothing is judged here and nothing is retried but for a connection that was kept too long.

mod answer;
mod connection;
mod exact;
mod library;
mod tls;
mod transport;

use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use url::Url;

use crate::jar::Jar;
#[cfg(fuzzing)]
pub(crate) use answer::{LARGEST_HEAD, read};
use exact::Exact;
use library::Library;
pub use transport::Transport;

use crate::request::{Header, Prepared};
use crate::response::{Hop, Response};

/// Sends requests to one target, over connections that it keeps.
#[derive(Debug)]
pub struct Wire {
    base: String,
    /// The path of the base, without a final slash.
    path: String,
    exact: Exact,
    library: Library,
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
const LARGEST_BODY: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };
/// How much is read of a body that nobody looks at, in bytes.
const BEGINNING: usize = if cfg!(fuzzing) { 16 * 1024 } else { 1024 * 1024 };

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
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            path: url.path().trim_end_matches('/').to_owned(),
            exact: Exact::new(route),
            library: Library::default(),
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
    /// Returns the request as it went out, with the headers that all requests take along and the cookies that the jar had for its
    /// address, beside the response or the way in which there was none.
    pub async fn send(
        &self,
        request: Prepared,
        jar: Option<&mut Jar>,
        reading: Reading,
    ) -> (Prepared, Result<Response, Breakage>) {
        let started = Instant::now();
        let limit = self.transport.limit;
        // What a redirection leads to gets its own cookies.
        let plain = (request.follow > 0).then(|| request.clone());
        let sent = self.dress(request, jar.as_deref());
        let answer = tokio::time::timeout(limit, self.hops(&sent, plain, jar, reading)).await;
        let answer = answer.unwrap_or(Err(Breakage::Silence(limit)));
        (sent, answer.map(|response| Response { elapsed: started.elapsed(), ..response }))
    }

    /// Opens connections, so that so many requests go out at one moment. Whatever keeps one from being opened is told by the request
    /// that then opens its own.
    pub async fn open(&self, requests: usize) {
        // Only these are sent over connections of our own: the others would keep a target waiting for nothing.
        if self.exact.route().is_plain() && !self.closes.load(Ordering::Relaxed) {
            tokio::time::timeout(self.transport.limit, self.exact.open(requests)).await.ok();
        }
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

    /// Sends a request, and what its answers lead to: `plain` is the same request before it was dressed, where it follows at all.
    async fn hops(
        &self,
        sent: &Prepared,
        plain: Option<Prepared>,
        mut jar: Option<&mut Jar>,
        reading: Reading,
    ) -> Result<Response, Breakage> {
        let mut response = self.once(sent, reading).await?;
        self.keep(&mut jar, &sent.target, &response)?;
        let Some(mut request) = plain else { return Ok(response) };
        let mut hops = Vec::new();
        while request.follow > 0
            && let Some(target) = self.next(&request.target, &response)?
        {
            request.target = target;
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
            let next = self.dress(request.clone(), jar.as_deref());
            let answer = self.once(&next, reading).await?;
            self.keep(&mut jar, &next.target, &answer)?;
            hops.push(Hop { response: std::mem::replace(&mut response, answer), next });
        }
        Ok(Response { hops, ..response })
    }

    fn keep(&self, jar: &mut Option<&mut Jar>, target: &str, response: &Response) -> Result<(), Breakage> {
        if let Some(jar) = jar {
            jar.keep(&self.url(target)?, response);
        }
        Ok(())
    }

    /// Where on the target a response leads, if it does.
    fn next(&self, target: &str, response: &Response) -> Result<Option<String>, Breakage> {
        let location = response.header("location").filter(|_| (300..400).contains(&response.status));
        let Some(location) = location else { return Ok(None) };
        let next = (self.url(target)?.join(location))
            .map_err(|error| Breakage::Broken(format!("its Location: {error}")))?;
        let next = next[..url::Position::AfterQuery].strip_prefix(&self.base);
        Ok(next.filter(|target| target.starts_with('/')).map(str::to_owned))
    }

    async fn once(&self, request: &Prepared, reading: Reading) -> Result<Response, Breakage> {
        let began = Instant::now();
        let response = self.again(request, reading).await?;
        Ok(Response { elapsed: began.elapsed(), ..response })
    }

    async fn again(&self, request: &Prepared, reading: Reading) -> Result<Response, Breakage> {
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
        let target = format!("{}{}", self.path, request.target);
        let route = self.exact.route();
        if route.is_plain() || request.raw.is_some() {
            return self.exact.send(request, &target, kept, reading).await;
        }
        let url = self.url(&request.target)?;
        if library::alters(request, &target, &url) {
            return self.exact.send(request, &target, kept, reading).await;
        }
        let client = self.library.client(kept, &self.transport, route).map_err(Breakage::Unsendable)?;
        library::send(client, request, url, reading).await
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
