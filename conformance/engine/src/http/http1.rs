//! Sends one request over HTTP/1.1 and reads its response: which connection it uses, and when it is sent again.

use std::time::{Duration, Instant};

use super::connection::{self, Connection, Offer};
use super::error::TransportError;
use super::exchange::{Resent, Surplus};
use super::message::Message;
use super::pool::ConnectionPool;
use super::reading::Reading;
use super::response_reader::Received;
use super::single::Single;
use super::transfer::{Written, transfer};
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// Sends a request and reads its response within `limit`. `target` is its path and query on the wire; `connection` is
/// the one to use, if it is still open.
pub(super) async fn send(
    pool: &ConnectionPool,
    request: &Prepared,
    target: &str,
    reading: &Reading,
    limit: Duration,
    connection: Option<Connection>,
) -> Single {
    let single = attempt(pool, request, target, reading, limit, connection, true).await;
    let Some(request) = without_expectation(request, &single) else { return single };
    let single = attempt(pool, &request, target, reading, limit, single.connection, false).await;
    Single { resent: Some(Resent::Refused), ..single }
}

/// Sends a request; a second time if it went out on a used connection that closed before any byte came. `waits` is
/// whether `Expect: 100-continue` holds the body back.
async fn attempt(
    pool: &ConnectionPool,
    request: &Prepared,
    target: &str,
    reading: &Reading,
    limit: Duration,
    connection: Option<Connection>,
    waits: bool,
) -> Single {
    let message = match Message::new(request, target, &pool.route) {
        Ok(message) => Message { expects_continue: message.expects_continue && waits, ..message },
        Err(transport_error) => return Single::none(transport_error),
    };
    let open = connection.and_then(Connection::still_open);
    let connection = match open.or_else(|| pool.prepared(request)) {
        Some(connection) => connection,
        None => match pool.connect(Offer::Http1, request).await {
            Ok(connection) => connection,
            Err(transport_error) => return Single::none(transport_error),
        },
    };
    let used = connection.used;
    let (single, any_byte) = over(pool, connection, request, &message, reading, limit).await;
    // Same condition as curl (`Curl_retry_request` in lib/multi.c).
    if !used || any_byte || !matches!(single.outcome, Err(TransportError::Broken(_))) {
        return single;
    }
    // If the target accepts no new connection, the request has crashed it.
    let Ok(connection) = pool.connect(Offer::Http1, request).await else { return single };
    let (single, _) = over(pool, connection, request, &message, reading, limit).await;
    Single { resent: Some(Resent::Closed), ..single }
}

/// Sends a request over a connection. Also returns whether any byte was received.
async fn over(
    pool: &ConnectionPool,
    mut connection: Connection,
    request: &Prepared,
    message: &Message<'_>,
    reading: &Reading,
    limit: Duration,
) -> (Single, bool) {
    let mut received = Received::default();
    reading.sending(request);
    let began = Instant::now();
    let done = transfer(&mut connection, message, reading, limit, &mut received).await;
    let Received { response, any_byte, surplus: after, reusable, location } = received;
    let transferred = match done {
        Ok(transferred) => transferred,
        Err(transport_error) => {
            return (Single { partial: response, ..Single::none(transport_error) }, any_byte);
        }
    };
    let Some(response) = response else {
        let transport_error = TransportError::Broken("the target sent no response".to_owned());
        return (Single::none(transport_error), any_byte);
    };
    if response.status == 407 && pool.route.is_forwarded() {
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
    let risky =
        message.is_head || matches!(response.status, 204 | 304) || message.has_body && response.status >= 400;
    let keeps = !risky;
    let connection = if clean {
        Some(Connection { used: true, ..connection })
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
        Single { outcome, partial: None, resent: None, surplus, connection, keeps, location, held_back },
        any_byte,
    )
}

/// Returns the request to send after a 417 that arrived while the body waited for `100 Continue`. An `Expect` field
/// of the step itself is kept.
fn without_expectation(request: &Prepared, single: &Single) -> Option<Prepared> {
    let refused = single.outcome.as_ref().is_ok_and(|response| response.status == 417);
    // Like curl: a response that closes the connection is final.
    if !(refused && single.held_back && single.connection.is_some()) {
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
