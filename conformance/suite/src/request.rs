//! Requests: what a step sends.
//!
//! A [`Request`] is compiled from a curl command or a mapping. [`Request::prepare`] evaluates its expressions and returns a
//! [`Prepared`] request: the method, request target, header fields and body as they are sent. Nothing here opens a socket or
//! knows the address of the target.

mod body;
mod client_certificate;
mod content;
mod mapping;
mod raw;
mod target;

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::diagnostic::Diagnostic;
use crate::source::Place;
use crate::template::{Scope, TemplateError, Text};

pub(crate) use body::parted;
pub use body::{Body, Encoder, Field, JsonText, Part};
pub use client_certificate::ClientCertificate;
pub use content::TAGS;
pub use mapping::compile as compile_mapping;
pub(crate) use mapping::json_text;
pub(crate) use target::is_host;
pub use target::without_dots;

/// Reads a file by its path relative to the scenario.
pub type Files<'a> = &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// A request before its expressions are evaluated.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Text,
    /// The path and the query after the origin; begins with `/`.
    pub target: Text,
    /// Query parameters to add, joined by `&`.
    pub query: Box<[Field]>,
    /// The requested header fields. A field replaces the default field with the same name.
    pub headers: Box<[Header<Text>]>,
    /// Header fields set by options of a curl command other than `-H`; curl sends them first.
    pub own: Box<[Header<Text>]>,
    /// Names of default header fields to leave out.
    pub without: Box<[String]>,
    /// The pairs of the Cookie field, joined by `; `.
    pub cookies: Box<[Text]>,
    /// `user:password` of Basic authentication (RFC 7617).
    pub basic: Option<Box<Text>>,
    /// The body.
    pub body: Body,
    /// The bytes to send instead of everything else.
    pub raw: Option<Box<Field>>,
    /// The value of the User-Agent field.
    pub agent: Agent,
    /// Whether the segments `.` and `..` in the path of a curl command are kept.
    pub path_as_is: bool,
    /// Whether every redirected request keeps the method (`-X`).
    pub method_stays: bool,
    /// Maximum number of redirects to follow.
    pub follow: u32,
    /// The cookie jars to read from and to write to.
    pub jar: Option<Box<JarUse>>,
    /// The version of HTTP.
    pub version: HttpVersion,
    /// What is sent as the target instead of the path and the query (`--request-target`).
    pub request_target: Option<Text>,
    /// How the request is sent, if the step or options of a curl command say it.
    pub transfer: Option<Box<Transfer>>,
    /// The origin of the suite, if the target begins with an expression: its value may be a URL below it.
    pub origin: Option<Box<str>>,
    /// Name of the origin that it is sent to; `None` for that of the target itself.
    pub at: Option<Box<str>>,
    /// Options that have no effect, for warnings.
    pub remarks: Box<[Diagnostic]>,
}

/// How a request is sent and repeated, as the step or options of curl say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Timeout of the whole exchange (`timeout` of the step, or `-m`), instead of that of the run.
    pub timeout: Option<Duration>,
    /// Timeout for opening the connection (`--connect-timeout`).
    pub connect_timeout: Option<Duration>,
    /// The client certificate (`--cert`, `--key`), if the target asks for one over TLS.
    pub client_certificate: Option<ClientCertificate>,
    /// The cookies of the files of `-b`, joined by `; `.
    pub cookies: Option<String>,
    /// Whether a redirected request names the URL before it in its Referer field (`-e ;auto`).
    pub referer_follows: bool,
    /// Whether the target is sent as written, whatever it is (`--request-target`).
    pub any_target: bool,
    /// How the request proves who sends it.
    pub authentication: Authentication,
    /// `user:password` for a challenge; set by [`Request::prepare`].
    pub credentials: Option<String>,
}

/// How credentials are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authentication {
    /// With the first request, as Basic authentication.
    #[default]
    Basic,
    /// After a challenge of Digest authentication (RFC 7616); the first request has no body.
    Digest,
    /// After any challenge (`--anyauth`).
    Any,
    /// Not at all, as when curl may choose between Basic and a bearer token.
    OnDemand,
}

/// The version of HTTP that a request is sent with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/1.0.
    Http10,
    /// HTTP/2 if the target agrees, as with `curl --http2`.
    Negotiated,
    /// HTTP/2, as with `curl --http2-prior-knowledge`.
    Http2,
}

/// The cookie jars of a request. The default is none, as in curl.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JarUse {
    /// The jar whose cookies are sent (`-b file`).
    pub reads: Option<String>,
    /// The jar that stores these and the cookies of the response (`-c file`).
    pub keeps: Option<String>,
}

/// The program that a request claims to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// curl, for requests written as curl commands.
    Curl,
    /// This program.
    Conformance,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<V = String> {
    /// The name, in the case in which it is sent.
    pub name: String,
    /// The white space between the colon and the value: one space, unless a curl command has something else.
    pub gap: Cow<'static, str>,
    /// The value.
    pub value: V,
}

/// A request as it is sent. Host and Content-Length are added when it is written to the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The bytes of the query if they are not UTF-8; the target has the others percent-encoded.
    pub query: Option<Vec<u8>>,
    /// The header fields, in order.
    pub headers: Vec<Header>,
    /// Number of trailing fields about the body, which are written after Content-Length, as in curl.
    pub after_length: usize,
    /// Names of fields that are not added.
    pub without: Vec<String>,
    /// The body; `None` means no body, which differs from an empty one.
    pub body: Option<Vec<u8>>,
    /// Maximum number of redirects to follow.
    pub follow: u32,
    /// Whether every redirected request keeps the method.
    pub method_stays: bool,
    /// Whether the segments `.` and `..` of a path are kept, also in redirects.
    pub path_as_is: bool,
    /// Names of fields about the body, which are dropped together with it.
    pub of_body: Vec<&'static str>,
    /// The exact bytes to send instead of everything else.
    pub raw: Option<Vec<u8>>,
    /// The version of HTTP.
    pub version: HttpVersion,
    /// Whether the cookies of a jar have a field of their own, since `-H` sets another one.
    pub separate_cookies: bool,
    /// How it is sent, if options of curl say it.
    pub transfer: Option<Box<Transfer>>,
}

impl<V> Header<V> {
    /// Creates a field with one space after the colon.
    pub fn new(name: &str, value: impl Into<V>) -> Self {
        Self { name: name.to_owned(), gap: Cow::Borrowed(" "), value: value.into() }
    }

    /// Whether it has this name, ignoring case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Request {
    /// Whether its method is safe, so that it should change nothing on the target (RFC 9110, section 9.2.1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.raw.is_none() && matches!(self.method.written(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    /// Creates a GET request for a path.
    #[must_use]
    pub fn get(target: Text, agent: Agent) -> Self {
        Self {
            method: Text::literal("GET"),
            target,
            query: Box::default(),
            headers: Box::default(),
            own: Box::default(),
            without: Box::default(),
            cookies: Box::default(),
            basic: None,
            body: Body::None,
            raw: None,
            agent,
            path_as_is: false,
            method_stays: false,
            follow: 0,
            jar: None,
            version: HttpVersion::Http1,
            request_target: None,
            transfer: None,
            origin: None,
            at: None,
            remarks: Box::default(),
        }
    }

    /// Returns the templates, to check the names in them.
    #[must_use]
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts = vec![&self.method, &self.target];
        texts.extend(self.query.iter().flat_map(Field::texts));
        texts.extend(self.own.iter().chain(&self.headers).map(|header| &header.value));
        texts.extend(&self.cookies);
        texts.extend(self.basic.as_deref());
        texts.extend(&self.request_target);
        texts.extend(self.body.texts());
        texts.extend(self.raw.iter().flat_map(|raw| raw.texts()));
        texts
    }

    /// Evaluates the expressions.
    ///
    /// # Errors
    /// An expression without a value in this scope, or one that makes the path invalid.
    pub fn prepare(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        match self.pathless(scope) {
            Some(error) => Err(error),
            None => self.sketch(scope),
        }
    }

    /// Returns an error if the path begins with an expression whose value does not begin with `/`: it would be appended to the
    /// port.
    #[must_use]
    pub fn pathless(&self, scope: &Scope) -> Option<TemplateError> {
        let head = self.target.head().filter(|_| self.raw.is_none())?;
        let path = self.path(scope).ok()?;
        // After a host, curl inserts a slash before a query or an empty path.
        let whole = self.agent == Agent::Curl && (path.is_empty() || path.starts_with('?'));
        if whole || path.starts_with('/') {
            return None;
        }
        if !is_url(&path) {
            let fault = format!("makes the path `{path}`, which does not begin with `/`: write `/{head}`");
            return Some(TemplateError::unfit(head, &fault));
        }
        // While loading, the address of the target is unknown.
        let target = origin_of_target(scope)?;
        let suite = self.origin.as_deref().filter(|origin| *origin != target);
        let suite = suite.map_or(String::new(), |origin| format!(" or the origin of the suite, {origin}"));
        let fault = format!("makes the URL `{path}`, which is not under the target, {target}{suite}");
        Some(TemplateError::unfit(head, &fault))
    }

    /// Returns the method.
    ///
    /// # Errors
    /// An expression without a value in this scope, or one whose value is not a token.
    pub(crate) fn method(&self, scope: &Scope) -> Result<String, TemplateError> {
        let method = self.method.render(scope)?;
        if is_token(&method) {
            return Ok(method);
        }
        let fault = format!("makes the method `{method}`, which is not one word, such as GET");
        Err(TemplateError::unfit(self.method.written(), &fault))
    }

    /// Returns the path and the query. A value that is a URL under the target or the origin of the suite becomes its path.
    fn path(&self, scope: &Scope) -> Result<String, TemplateError> {
        let path = self.target.render(scope)?;
        if self.target.head().is_none() || !is_url(&path) {
            return Ok(path);
        }
        let target = origin_of_target(scope);
        let origins = target.as_deref().into_iter().chain(self.origin.as_deref());
        let below = origins.into_iter().find_map(|origin| target::below(&path, origin));
        Ok(below.unwrap_or(path))
    }

    /// Returns the cookie jars. A value of `-b` with an expression may turn out to be the name of a jar.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn jars(&self, scope: &Scope) -> Result<Option<JarUse>, TemplateError> {
        let mut jars = self.jar.as_deref().cloned();
        if self.agent == Agent::Curl {
            for cookie in &self.cookies {
                let cookie = cookie.render(scope)?;
                if names_a_file(&cookie) {
                    jars.get_or_insert_default().reads.get_or_insert(cookie);
                }
            }
        }
        Ok(jars)
    }

    /// Like [`prepare`](Self::prepare) without the check of the path: for lists, in which some values are unknown.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn sketch(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        let composed = self.composed(scope)?;
        if composed.raw.is_some() {
            return Ok(composed);
        }
        let target = match self.agent {
            Agent::Curl if self.request_target.is_some() => composed.target.clone(),
            Agent::Curl => target::of_curl(&composed.target, self.path_as_is),
            Agent::Conformance => target::of_mapping(&composed.target),
        };
        Ok(Prepared { target, ..composed }.with_bytes())
    }

    /// Returns the request with its target as written: for a script, in which some values are unknown.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn compose(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        self.composed(scope).map(Prepared::with_bytes)
    }

    /// Like [`compose`](Self::compose), with characters that stand for the bytes of the query if they are not UTF-8.
    fn composed(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        if let Some(raw) = &self.raw {
            let transfer = self.transfer(scope)?.map(Box::new);
            return Ok(Prepared { transfer, ..raw::prepare(raw, scope)? });
        }
        let mut target = self.path(scope)?;
        let pieces = self.query.iter().map(|field| field.render(scope)).collect::<Result<Vec<_>, _>>()?;
        let is_text = pieces.iter().all(|piece| std::str::from_utf8(piece).is_ok());
        match self.agent {
            // curl joins its options first, so that empty ones matter.
            Agent::Curl => {
                let piece = target::with_stand_ins(&pieces.join(&b'&'));
                target::append(&mut target, &target::lower_escapes(&piece));
            }
            Agent::Conformance => {
                for piece in &pieces {
                    target::append(&mut target, &String::from_utf8_lossy(piece));
                }
            }
        }
        if let Some(written) = &self.request_target {
            target = written.render(scope)?;
        }
        let body = self.body.render(scope)?;
        let (headers, after_length, of_body) = self.header_fields(scope, body.as_ref())?;
        Ok(Prepared {
            method: self.method(scope)?,
            target,
            query: (!is_text && self.agent == Agent::Curl).then(Vec::new),
            headers,
            body: body.map(|(_, bytes)| bytes),
            without: self.without.to_vec(),
            follow: self.follow,
            method_stays: self.method_stays,
            path_as_is: self.path_as_is,
            version: self.version,
            after_length,
            of_body,
            raw: None,
            separate_cookies: self.agent == Agent::Curl
                && self.headers.iter().any(|header| header.is("cookie")),
            transfer: self.transfer(scope)?.map(Box::new),
        })
    }

    /// Returns how the request is sent, with the credentials for a challenge.
    fn transfer(&self, scope: &Scope) -> Result<Option<Transfer>, TemplateError> {
        let Some(transfer) = self.transfer.as_deref() else { return Ok(None) };
        let is_asked = matches!(transfer.authentication, Authentication::Digest | Authentication::Any);
        let basic = self.basic.as_deref().filter(|_| is_asked);
        let credentials = basic.map(|basic| basic.render(scope).map(with_colon)).transpose()?;
        Ok(Some(Transfer { credentials, ..transfer.clone() }))
    }

    /// Returns the header fields in curl's order: its own, those of the step, then those about the body. Also returns the number
    /// of the latter, and the names of the fields that are dropped together with the body.
    fn header_fields(
        &self,
        scope: &Scope,
        body: Option<&(Option<String>, Vec<u8>)>,
    ) -> Result<(Vec<Header>, usize, Vec<&'static str>), TemplateError> {
        let mut fields = Vec::new();
        let is_asked = self.transfer.as_ref().is_some_and(|own| own.authentication != Authentication::Basic);
        if let Some(basic) = self.basic.as_deref().filter(|_| !is_asked) {
            let credentials = base64::prelude::BASE64_STANDARD.encode(with_colon(basic.render(scope)?));
            fields.push(("Authorization", format!("Basic {credentials}")));
        }
        fields.push(("User-Agent", self.agent.name().to_owned()));
        fields.push(("Accept", "*/*".to_owned()));
        for Header { name, value, .. } in &self.own {
            fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            fields.push((name.as_str(), value.render(scope)?));
        }
        fields.sort_by_key(|(name, _)| OWN_ORDER.iter().position(|own| own.eq_ignore_ascii_case(name)));
        let curl = self.agent == Agent::Curl;
        let cookies =
            self.cookies.iter().map(|cookie| cookie.render(scope)).collect::<Result<Vec<_>, _>>()?;
        let cookies: Vec<String> =
            cookies.into_iter().filter(|cookie| !curl || !names_a_file(cookie)).collect();
        let cookies = cookies.join(if curl { ";" } else { "; " });
        if !cookies.is_empty() && (!curl || cookies.len() < TOO_MANY_COOKIES) {
            // curl joins the values of several `-b` without a space.
            fields.push(("Cookie", cookies));
        }
        let mut last = Vec::new();
        if let Some((content_type, bytes)) = body {
            last.extend(content_type.clone().map(|content_type| ("Content-Type", content_type)));
            if curl && bytes.len() > MOST_UNASKED {
                last.push(("Expect", "100-continue".to_owned()));
            }
        }
        let named = |name: &str| {
            self.headers.iter().any(|own| own.is(name))
                || self.without.iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        // In curl, a Cookie field of `-H` replaces the one made from `-b`.
        fields.retain(|(name, _)| (!curl && *name == "Cookie") || !named(name));
        last.retain(|(name, _)| !named(name));
        // curl keeps fields of `-H` in redirected requests.
        let of_body = |name: &str| !curl || last.iter().any(|(own, _)| *own == name);
        let of_body = ["Content-Type", "Expect"].into_iter().filter(|name| of_body(name)).collect();
        let mut headers: Vec<Header> =
            fields.into_iter().map(|(name, value)| Header::new(name, value)).collect();
        for Header { name, gap, value } in &self.headers {
            headers.push(Header { name: name.clone(), gap: gap.clone(), value: value.render(scope)? });
        }
        let after_length = last.len();
        headers.extend(last.into_iter().map(|(name, value)| Header::new(name, value)));
        Ok((headers, after_length, of_body))
    }
}

impl Prepared {
    /// Replaces the characters that stand for bytes of the query.
    fn with_bytes(mut self) -> Self {
        if self.query.is_some() {
            let (target, query) = target::without_stand_ins(&self.target);
            (self.target, self.query) = (target, Some(query));
        }
        self
    }

    /// Whether its target is sent as written, whatever it is.
    #[must_use]
    pub fn any_target(&self) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.any_target)
    }

    /// Adds a field before those about the body.
    pub fn add(&mut self, header: Header) {
        let end = self.headers.len().saturating_sub(self.after_length);
        self.headers.insert(end, header);
    }

    /// Adds a Cookie field where curl writes it: after its own first fields.
    pub fn add_cookies(&mut self, pairs: &str) {
        let is_own = |header: &&Header| OWN_ORDER.iter().any(|name| header.is(name));
        let end = self.headers.iter().take_while(is_own).count();
        self.headers.insert(end, Header::new("Cookie", pairs));
    }

    /// Adds a Referer field where curl writes it.
    pub fn add_referer(&mut self, url: &str) {
        let is_own = |header: &&Header| OWN_ORDER.iter().any(|name| header.is(name));
        let end = self.headers.iter().take_while(is_own).count();
        self.headers.insert(end, Header::new("Referer", url));
    }

    /// Adds the fields with which `curl --http2` offers HTTP/2 on a connection without TLS, where curl writes them
    /// (`Curl_http2_request_upgrade` in its lib/http2.c).
    pub fn offer_http2(&mut self) {
        let is_own = |header: &&Header| OWN_ORDER.iter().any(|name| header.is(name));
        let end = self.headers.iter().take_while(is_own).count();
        let fields = [
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", "h2c"),
            // 100 concurrent streams, a window of 10 MiB, no push.
            ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"),
        ];
        self.headers.splice(end..end, fields.map(|(name, value)| Header::new(name, value)));
    }

    /// Removes the body and the fields about it.
    pub fn remove_body(&mut self) {
        let Self { headers, of_body, .. } = self;
        headers.retain(|header| !of_body.iter().any(|name| header.is(name)));
        self.body = None;
        self.after_length = 0;
    }
}

fn is_url(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|own| own.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Returns the address of the target, once it is known.
fn origin_of_target(scope: &Scope) -> Option<String> {
    Text::parse("${target.origin}").ok()?.render(scope).ok()
}

/// Adds the colon before a password. Without it curl would ask for the password on the terminal; here it is empty.
fn with_colon(mut credentials: String) -> String {
    if !credentials.contains(':') {
        credentials.push(':');
    }
    credentials
}

/// The length from which curl 8.11.1 does not send the cookies of `-b` (`MAX_COOKIE_LINE` in its `src/tool_operate.c`).
const TOO_MANY_COOKIES: usize = 8200;

/// Whether curl takes a value of `-b` as the name of a cookie file.
fn names_a_file(cookie: &str) -> bool {
    !cookie.contains('=')
}

/// The order in which curl sends its own first fields (`http_add_hd` in its lib/http.c).
const OWN_ORDER: [&str; 6] = ["Authorization", "Range", "User-Agent", "Accept", "Accept-Encoding", "Referer"];

/// Maximum size of a body, in bytes, that curl sends without `Expect: 100-continue` (`EXPECT_100_THRESHOLD`).
const MOST_UNASKED: usize = 1024 * 1024;

/// Whether a User-Agent is the default of a request.
#[must_use]
pub fn is_own_agent(name: &str) -> bool {
    [Agent::Curl, Agent::Conformance].iter().any(|agent| agent.name() == name)
}

impl Agent {
    /// The value of its field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl/8.11.1",
            Self::Conformance => concat!("conformance/", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// Checks that a method without expressions is a token (RFC 9110, section 9.1).
///
/// # Errors
/// An invalid method.
pub(crate) fn check_method(method: &Text, place: &Place) -> Result<(), Diagnostic> {
    if !method.is_literal() || is_token(method.written()) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("invalid HTTP method `{}`", method.written()))
        .help("a method is one word, such as GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS"))
}

/// Checks that the name of a header field is a token (RFC 9110, section 5.1).
///
/// # Errors
/// An invalid name.
pub(crate) fn check_field_name(name: &str, place: &Place) -> Result<(), Diagnostic> {
    if is_token(name) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("invalid header field name `{name}`"))
        .help("a name consists of letters, digits and `-`, without spaces, such as Content-Type"))
}

/// Whether a text is a token (RFC 9110, section 5.6.2).
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(one))
}

/// The media type of JSON (RFC 8259, section 11).
const JSON: &str = "application/json";

/// Characters that curl does not encode: the unreserved characters of RFC 3986, section 2.3.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes bytes as `curl --data-urlencode` does: a space becomes `+`.
pub(crate) fn form_encode(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, UNRESERVED).to_string().replace("%20", "+")
}

/// Percent-encodes a text.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests;
