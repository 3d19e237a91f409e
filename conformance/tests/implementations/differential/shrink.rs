//! Minimizes a sequence of requests that ends in a difference, with few attempts.

use super::story::Request;

/// The maximum number of attempts; each one starts a pair of servers.
const ATTEMPTS: usize = 24;

/// Returns the requests that are needed for `differs` to be true of the last one.
pub(crate) fn shrink(requests: Vec<Request>, differs: impl Fn(&[Request]) -> bool) -> Vec<Request> {
    // Usually these suffice: the last request and those that created what it refers to.
    let named = named(&requests);
    if differs(&named) {
        return named;
    }
    let mut needed = requests;
    let mut attempts = ATTEMPTS;
    let mut length = needed.len() / 2;
    while length > 0 {
        let mut from = 0;
        while from + length < needed.len() {
            if attempts == 0 {
                return needed;
            }
            attempts -= 1;
            let mut fewer = needed.clone();
            fewer.drain(from..from + length);
            if differs(&fewer) {
                needed = fewer;
            } else {
                from += length;
            }
        }
        length /= 2;
    }
    needed
}

/// Returns the last request and, transitively, those that created what it refers to.
fn named(requests: &[Request]) -> Vec<Request> {
    let mut needed: Vec<Request> = Vec::new();
    for request in requests.iter().rev() {
        if needed.is_empty() || needed.iter().any(|later| later.names(request.number)) {
            needed.insert(0, request.clone());
        }
    }
    needed
}
