//! The client library: sends what has to go under TLS or through a proxy, where it would send it as it stands.
//!
//! In goes a [`Prepared`] request, out comes a [`Response`] or a [`Breakage`]. No other room knows which library it is. What it would
//! alter, and whatever goes straight to a target over TCP, is sent by `exact.rs`.

use std::sync::OnceLock;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Proxy};
use tokio_rustls::rustls::ClientConfig;
use url::{Position, Url};

use super::answer::MOST_FIELDS;
use super::connection::Route;
use super::transport::Transport;
use super::{Breakage, Reading, exact, latin1, of_certificates};
use crate::request::{Header, Prepared};
use crate::response::Response;

/// The clients for one target: made when they are needed, which is for few.
#[derive(Debug, Default)]
pub(super) struct Library {
    keeping: OnceLock<Result<Client, String>>,
    fresh: OnceLock<Result<Client, String>>,
}

impl Library {
    /// Returns the client that keeps its connections, or the one that does not.
    ///
    /// # Errors
    /// Why there is none, in one sentence.
    pub(super) fn client(
        &self,
        keeps: bool,
        transport: &Transport,
        route: &Route,
    ) -> Result<&Client, String> {
        let cell = if keeps { &self.keeping } else { &self.fresh };
        cell.get_or_init(|| client(keeps, transport.proxy.as_ref(), route.tls()))
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// Sends a request and reads the response.
///
/// # Errors
/// The way in which there was no response.
pub(super) async fn send(
    client: &Client,
    request: &Prepared,
    url: Url,
    reading: Reading,
) -> Result<Response, Breakage> {
    let unsendable = |cause: String| Breakage::Unsendable(cause);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| unsendable(format!("`{}` is not a method", request.method)))?;
    let mut message = client.request(method, url);
    for Header { name, value, .. } in &request.headers {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unsendable(format!("`{name}` is not the name of a header")))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| unsendable(format!("the value of the header `{name}` has a control character")))?;
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

/// Whether the client library would send a request in other bytes than those that are written. `target` is what stands in its first
/// line, and `url` what the library makes of it.
pub(super) fn alters(request: &Prepared, target: &str, url: &Url) -> bool {
    let sent_as_it_stands = |header: &Header| {
        header.gap == " "
            && header.value.trim() == header.value
            && !header.value.is_empty()
            && title_case(&header.name)
            && !of_the_message(&header.name)
    };
    request.raw.is_some()
        || !request.without.is_empty()
        || !request.headers.iter().any(|header| header.is("accept"))
        || !request.headers.iter().all(sent_as_it_stands)
        || url[Position::BeforePath..] != *target
}

/// Whether the library has a mind of its own about a field.
fn of_the_message(name: &str) -> bool {
    let fields = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect"];
    fields.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// Whether each word of a name begins with a capital letter and has no other.
fn title_case(name: &str) -> bool {
    let mut first = true;
    name.chars().all(|letter| {
        let right = if first { !letter.is_ascii_lowercase() } else { !letter.is_ascii_uppercase() };
        first = letter == '-';
        right
    })
}

fn client(keeps: bool, proxy: Option<&Url>, tls: Option<&ClientConfig>) -> Result<Client, String> {
    let builder = Client::builder();
    let builder =
        if keeps { builder.pool_idle_timeout(exact::IDLE) } else { builder.pool_max_idle_per_host(0) };
    // An earlier call has done the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    // What a user asked for is what goes out: no proxy of the environment, no redirection of its own.
    let builder = (builder.no_proxy())
        .redirect(reqwest::redirect::Policy::none())
        .http1_title_case_headers()
        .http1_max_headers(MOST_FIELDS);
    let mut builder = match tls {
        Some(tls) => builder.tls_backend_preconfigured(tls.clone()),
        None => builder.tls_certs_only([]),
    };
    if let Some(proxy) = proxy {
        let proxy = Proxy::all(proxy.clone()).map_err(|error| format!("the proxy {proxy}: {error}"))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| format!("the HTTP client does not start: {error}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn altered(target: &str, header: (&str, &str)) -> bool {
        let headers = vec![Header::new("Accept", "*/*"), Header::new(header.0, header.1)];
        let request = Prepared { target: target.to_owned(), headers, ..Prepared::default() };
        alters(&request, target, &Url::parse(&format!("http://h{target}")).unwrap())
    }

    #[test]
    fn what_the_library_sends_as_it_stands_is_left_to_it() {
        assert!(!altered("/a?b=%2f;c", ("X-One", "1")));
        assert!(!altered("/a", ("Content-Type", "text/plain")));
    }

    #[test]
    fn what_the_library_would_alter_is_not() {
        for target in ["/ü", "/a/../b", "/a?'b'", "/a\\b"] {
            assert!(altered(target, ("X-One", "1")), "{target}");
        }
        for header in [("x-one", "1"), ("X-ONE", "1"), ("X-One", ""), ("Host", "h"), ("X-One", "1 ")] {
            assert!(altered("/", header), "{header:?}");
        }
    }
}
