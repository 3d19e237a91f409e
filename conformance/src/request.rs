//! What a step sends.
//!
//! A [`Request`] is compiled from a step, written as a curl command or as a mapping; both end here and mean the same
//! thing. [`Request::prepare`] evaluates its expressions and gives a [`Prepared`] one: the method, the request target, the
//! header fields and the body as they go out. Nothing here opens a socket or knows where the target is.

mod body;
mod content;
mod mapping;
mod raw;
mod target;

use std::borrow::Cow;

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::diagnostic::Diagnostic;
use crate::source::Place;
use crate::template::{Scope, TemplateError, Text};

pub(crate) use body::parted;
pub use body::{Body, Field, JsonText, Part};
pub(crate) use content::TAGS;
pub use mapping::compile as compile_mapping;
pub(crate) use mapping::json_text;
pub(crate) use target::without_dots;

/// Reads a file by its name beside the scenario.
pub type Files<'a> = &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// A request, before its expressions are evaluated.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, as it is sent.
    pub method: String,
    /// The path and the query behind the origin; begins with `/`.
    pub target: Text,
    /// More of the query, joined to it by `&`.
    pub query: Box<[Field]>,
    /// The header fields that were asked for. A field of the same name replaces a default one.
    pub headers: Box<[Header<Text>]>,
    /// The names of default header fields that are not to be sent.
    pub without: Box<[String]>,
    /// The pairs of the Cookie field, joined by `; `.
    pub cookies: Box<[Text]>,
    /// `user:password` of Basic authentication (RFC 7617).
    pub basic: Option<Box<Text>>,
    /// The body.
    pub body: Body,
    /// What is sent in place of all of it.
    pub raw: Option<Box<Field>>,
    /// How the sender names itself.
    pub agent: Agent,
    /// Whether the segments `.` and `..` of a curl command's path are sent.
    pub path_as_is: bool,
    /// Whether the method holds for every redirection that is followed (`-X`).
    pub method_stays: bool,
    /// How many redirections are followed.
    pub follow: u32,
    /// The jar whose cookies go along, and the one that keeps those of the answer.
    pub jar: Option<Box<JarUse>>,
}

/// Which jars a request uses; none, as with curl, unless it is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JarUse {
    /// Whose cookies are sent (`-b file`).
    pub reads: Option<String>,
    /// Where they are kept, with those of the answer (`-c file`).
    pub keeps: Option<String>,
}

/// How the sender of a request names itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// As curl does: for requests written as curl commands.
    Curl,
    /// As this program.
    Conformance,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<V = String> {
    /// Its name, in the letters in which it is sent.
    pub name: String,
    /// What stands between the colon and the value: one space unless a curl command says otherwise.
    pub gap: Cow<'static, str>,
    /// Its value.
    pub value: V,
}

/// A request as it goes out. Host and Content-Length are added on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The header fields, in order.
    pub headers: Vec<Header>,
    /// The names of fields that are not added.
    pub without: Vec<String>,
    /// The body; `None` where there is none at all, which differs from an empty one.
    pub body: Option<Vec<u8>>,
    /// How many redirections are followed.
    pub follow: u32,
    /// Whether the method holds for all of them.
    pub method_stays: bool,
    /// The names of fields that speak of the body, and go where it goes.
    pub of_body: Vec<&'static str>,
    /// What is sent in place of all of it, byte for byte.
    pub raw: Option<Vec<u8>>,
}

impl<V> Header<V> {
    /// Returns a field as it is commonly written.
    pub fn new(name: &str, value: impl Into<V>) -> Self {
        Self { name: name.to_owned(), gap: Cow::Borrowed(" "), value: value.into() }
    }

    /// Whether it has this name, without regard to case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Request {
    /// Returns a GET of a path with nothing else.
    #[must_use]
    pub fn get(target: Text, agent: Agent) -> Self {
        Self {
            method: "GET".to_owned(),
            target,
            query: Box::default(),
            headers: Box::default(),
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
        }
    }

    /// The strings in it, for checking the names that they use.
    #[must_use]
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts = vec![&self.target];
        texts.extend(self.query.iter().flat_map(Field::texts));
        texts.extend(self.headers.iter().map(|header| &header.value));
        texts.extend(&self.cookies);
        texts.extend(self.basic.as_deref());
        texts.extend(self.body.texts());
        texts.extend(self.raw.iter().flat_map(|raw| raw.texts()));
        texts
    }

    /// Returns the request as it goes out.
    ///
    /// # Errors
    /// An expression that has no value in this scope, or one that makes the path into none.
    pub fn prepare(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        match self.pathless(scope) {
            Some(error) => Err(error),
            None => self.sketch(scope),
        }
    }

    /// Says what is wrong with the path, where an expression at its head has a value in this scope that does not begin with `/`:
    /// it would run into the port of the address.
    pub(crate) fn pathless(&self, scope: &Scope) -> Option<TemplateError> {
        let head = self.target.head().filter(|_| self.raw.is_none())?;
        let path = self.target.render(scope).ok()?;
        // Behind a host curl puts a slash before a query, and where there is nothing.
        let whole = self.agent == Agent::Curl && (path.is_empty() || path.starts_with('?'));
        if whole || path.starts_with('/') {
            return None;
        }
        let remedy = if path.contains("://") {
            "a capture with a `pattern` keeps the part of an address from there on".to_owned()
        } else {
            format!("written `/{head}` it does")
        };
        Some(TemplateError::unfit(
            head,
            &format!("makes the path `{path}`, which does not begin with `/`: {remedy}"),
        ))
    }

    /// Returns the request as it would go out, whatever its path has become: for lists, in which values are still to come.
    ///
    /// # Errors
    /// An expression that has no value in this scope.
    pub(crate) fn sketch(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        let composed = self.compose(scope)?;
        if composed.raw.is_some() {
            return Ok(composed);
        }
        let target = match self.agent {
            Agent::Curl => target::of_curl(&composed.target, self.path_as_is),
            Agent::Conformance => target::of_mapping(&composed.target),
        };
        Ok(Prepared { target, ..composed })
    }

    /// Returns the request with its target as it is written: for a script, in which values are still to come.
    ///
    /// # Errors
    /// An expression that has no value in this scope.
    pub(crate) fn compose(&self, scope: &Scope) -> Result<Prepared, TemplateError> {
        if let Some(raw) = &self.raw {
            return raw::prepare(raw, scope);
        }
        let mut target = self.target.render(scope)?;
        for field in &self.query {
            target::append(&mut target, &String::from_utf8_lossy(&field.render(scope)?));
        }
        let body = self.body.render(scope)?;
        let (headers, of_body) = self.header_fields(scope, body.as_ref())?;
        Ok(Prepared {
            method: self.method.clone(),
            target,
            headers,
            body: body.map(|(_, bytes)| bytes),
            without: self.without.to_vec(),
            follow: self.follow,
            method_stays: self.method_stays,
            of_body,
            raw: None,
        })
    }

    /// The fields in curl's own order: what it adds by itself first, then what was asked for. Returns, too, the names of those that speak
    /// of the body.
    fn header_fields(
        &self,
        scope: &Scope,
        body: Option<&(Option<String>, Vec<u8>)>,
    ) -> Result<(Vec<Header>, Vec<&'static str>), TemplateError> {
        let mut fields = Vec::new();
        if let Some(basic) = &self.basic {
            let credentials = base64::prelude::BASE64_STANDARD.encode(basic.render(scope)?);
            fields.push(("Authorization", format!("Basic {credentials}")));
        }
        fields.push(("User-Agent", self.agent.name().to_owned()));
        fields.push(("Accept", "*/*".to_owned()));
        if !self.cookies.is_empty() {
            let cookies =
                self.cookies.iter().map(|cookie| cookie.render(scope)).collect::<Result<Vec<_>, _>>()?;
            // curl puts its `-b`s together without a space.
            let between = if self.agent == Agent::Curl { ";" } else { "; " };
            fields.push(("Cookie", cookies.join(between)));
        }
        let curl = self.agent == Agent::Curl;
        if let Some((content_type, bytes)) = body {
            fields.extend(content_type.clone().map(|content_type| ("Content-Type", content_type)));
            if curl && bytes.len() > MOST_UNASKED {
                fields.push(("Expect", "100-continue".to_owned()));
            }
        }
        let named = |name: &str| {
            self.headers.iter().any(|own| own.is(name))
                || self.without.iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        // With curl a Cookie field that was asked for takes the place of the one made of `-b`.
        fields.retain(|(name, _)| (!curl && *name == "Cookie") || !named(name));
        // What a curl command asks for by name it sends behind every redirection.
        let of_body = |name: &str| !curl || fields.iter().any(|(own, _)| *own == name);
        let of_body = ["Content-Type", "Expect"].into_iter().filter(|name| of_body(name)).collect();
        let mut headers: Vec<Header> =
            fields.into_iter().map(|(name, value)| Header::new(name, value)).collect();
        for Header { name, gap, value } in &self.headers {
            headers.push(Header { name: name.clone(), gap: gap.clone(), value: value.render(scope)? });
        }
        Ok((headers, of_body))
    }
}

/// The largest body, in bytes, that curl sends without asking first whether it is wanted (`EXPECT_100_THRESHOLD`).
const MOST_UNASKED: usize = 1024 * 1024;

/// Whether this is what a request calls its sender of itself, where it is not told what to say.
pub(crate) fn is_own_agent(name: &str) -> bool {
    [Agent::Curl, Agent::Conformance].iter().any(|agent| agent.name() == name)
}

impl Agent {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl/8.11.1",
            Self::Conformance => concat!("conformance/", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// Says whether a method can be sent.
///
/// # Errors
/// What is no token (RFC 9110, section 9.1).
pub(crate) fn check_method(method: &str, place: &Place) -> Result<(), Diagnostic> {
    if is_token(method) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{method}` is not a method of HTTP"))
        .help("a method is one word: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"))
}

/// Says whether a header field can be sent under a name.
///
/// # Errors
/// What is no token (RFC 9110, section 5.1).
pub(crate) fn check_field_name(name: &str, place: &Place) -> Result<(), Diagnostic> {
    if is_token(name) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{name}` is not the name of a header field"))
        .help("a name is letters, digits and `-`, without spaces: Content-Type"))
}

/// Whether a text is a token (RFC 9110, section 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(one))
}

/// The media type of JSON (RFC 8259, section 11).
const JSON: &str = "application/json";

/// What curl leaves as it is when it encodes: the unreserved characters of RFC 3986, section 2.3.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns bytes as `curl --data-urlencode` encodes them: a space becomes `+`.
pub(crate) fn form_encode(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, UNRESERVED).to_string().replace("%20", "+")
}

/// Returns the percent-encoded form of a text.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests;
