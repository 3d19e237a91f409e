//! Sends one request over HTTP/2 (RFC 9113), with hyper's client, on a connection of its own.
//!
//! Bytes are not exact here: field names are in lower case, and fields that are about a connection of HTTP/1.1 are left out, as curl does.

use std::error::Error;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::Builder;
use hyper::header::CONTENT_LENGTH;
use hyper::http::uri::{Authority, Parts};
use hyper::http::{HeaderName, HeaderValue, Method, Uri};
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::connection::Connection;
use super::error::TransportError;
use super::reading::Reading;
use super::response_reader::latin1;
use super::single::Single;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// Fields about a connection, which HTTP/2 does not have (RFC 9113, section 8.2.2), and `Host`, which becomes `:authority`.
const LEFT_OUT: [&str; 6] =
    ["host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Sends a request to `address`, an absolute URL, and reads its response within `limit`.
pub(super) async fn send(
    connection: Connection,
    request: &Prepared,
    address: &str,
    reading: &Reading,
    limit: Duration,
) -> Single {
    let message = match message(request, address) {
        Ok(message) => message,
        Err(cause) => return Single::none(TransportError::InvalidRequest(cause)),
    };
    let mut partial = None;
    reading.sending(request);
    let exchange = exchange(connection, message, reading, &mut partial);
    let done = tokio::select! {
        biased;
        done = exchange => done,
        () = reading.overdue(limit) => Err(TransportError::Timeout(limit)),
    };
    match (done, partial) {
        (Ok(location), Some(response)) => Single { location, ..Single::of(Ok(response.to(request))) },
        (Ok(_), None) => Single::none(TransportError::Broken("the target sent no response".to_owned())),
        (Err(transport_error), partial) => Single { partial, ..Single::none(transport_error) },
    }
}

/// Replaces a 101 response to the offer of HTTP/2 that curl makes with `--http2` on a connection without TLS: after it, the target would
/// speak HTTP/2 on the same connection, which RFC 9113 has removed.
pub(super) fn refuse_switch(single: Single) -> Single {
    if single.outcome.as_ref().is_ok_and(|response| response.status == 101) {
        let remedy = "the target switched to HTTP/2; write --http2-prior-knowledge in place of --http2";
        return Single::none(TransportError::InvalidRequest(remedy.to_owned()));
    }
    single
}

/// Converts a request.
///
/// # Errors
/// What in it HTTP/2 cannot express.
fn message(request: &Prepared, address: &str) -> Result<Request<Full<Bytes>>, String> {
    let uri: Uri = address.parse().map_err(|error| format!("`{address}` over HTTP/2: {error}"))?;
    let own_host = request.headers.iter().find(|header| header.is("host"));
    let uri = match own_host {
        None => uri,
        Some(host) => {
            let mut parts: Parts = uri.into_parts();
            let authority: Authority = host
                .value
                .parse()
                .map_err(|error| format!("`Host: {}` is no authority for HTTP/2: {error}", host.value))?;
            parts.authority = Some(authority);
            Uri::from_parts(parts).map_err(|error| error.to_string())?
        }
    };
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is not a valid method", request.method))?;
    let mut message = Request::new(Full::from(request.body.clone().unwrap_or_default()));
    *message.method_mut() = method;
    *message.uri_mut() = uri;
    let first_about_body = request.headers.len().saturating_sub(request.after_length);
    let length = request.body.as_ref().filter(|_| {
        let without = request.without.iter().any(|name| name.eq_ignore_ascii_case("content-length"));
        !without && !request.headers.iter().any(|header| header.is("content-length"))
    });
    let length = length.map(|body| HeaderValue::from(body.len()));
    for (index, header) in request.headers.iter().enumerate() {
        if index == first_about_body
            && let Some(length) = &length
        {
            message.headers_mut().insert(CONTENT_LENGTH, length.clone());
        }
        // curl waits for `100 Continue` only with HTTP/1.1.
        let waits = index >= first_about_body && header.is("expect");
        if waits || LEFT_OUT.iter().any(|name| header.is(name)) {
            continue;
        }
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("`{}` is not a header name", header.name))?;
        let value = HeaderValue::from_bytes(header.value.as_bytes())
            .map_err(|_| format!("the value of the header `{}` contains a control character", header.name))?;
        message.headers_mut().append(name, value);
    }
    if let Some(length) = length {
        message.headers_mut().entry(CONTENT_LENGTH).or_insert(length);
    }
    Ok(message)
}

/// Sends a message. Puts the response, as far as it was received, into `received`, and returns the value of its `Location` field.
async fn exchange(
    connection: Connection,
    message: Request<Full<Bytes>>,
    reading: &Reading,
    received: &mut Option<Response>,
) -> Result<Option<Vec<u8>>, TransportError> {
    let (mut sender, driver) = Builder::new(TokioExecutor::new())
        .handshake(TokioIo::new(connection.into_stream()))
        .await
        .map_err(|error| broken(&error))?;
    // Ends with the sender. Its error is also the error of the request.
    tokio::spawn(driver);
    let began = Instant::now();
    let response = sender.send_request(message).await.map_err(|error| broken(&error))?;
    let location = response.headers().get("location").map(|value| value.as_bytes().to_vec());
    let (head, body) = response.into_parts();
    let response = received.insert(Response {
        status: head.status.as_u16(),
        headers: fields(&head.headers),
        elapsed: began.elapsed(),
        ..Response::default()
    });
    reading.head(response).await?;
    read_body(body, reading, response).await?;
    response.elapsed = began.elapsed();
    Ok(location)
}

async fn read_body(
    mut body: Incoming,
    reading: &Reading,
    response: &mut Response,
) -> Result<(), TransportError> {
    while let Some(frame) = body.frame().await {
        // Trailer fields are not part of the response's fields, as with HTTP/1.1.
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        reading.keep(&data, response).await?;
        if response.body.len() > reading.limit() {
            return reading.end(response);
        }
    }
    Ok(())
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), latin1(value.as_bytes()))).collect()
}

/// Converts an error of hyper, with its causes.
fn broken(error: &hyper::Error) -> TransportError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    TransportError::Broken(format!("no complete HTTP/2 response was received: {text}"))
}
