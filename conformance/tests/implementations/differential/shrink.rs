//! Makes a row of requests that ends in a difference as short as a few attempts can.

use super::story::Request;

/// How often it is tried: each attempt starts a pair of servers.
const ATTEMPTS: usize = 24;

/// The requests that are needed for `differs` to hold of the last of them.
pub(crate) fn shrink(requests: Vec<Request>, differs: impl Fn(&[Request]) -> bool) -> Vec<Request> {
    // Nearly always: the last one, with those that made what it names.
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

/// The last request, and those that made what it names, and so on.
fn named(requests: &[Request]) -> Vec<Request> {
    let mut needed: Vec<Request> = Vec::new();
    for request in requests.iter().rev() {
        if needed.is_empty() || needed.iter().any(|later| later.names(request.number)) {
            needed.insert(0, request.clone());
        }
    }
    needed
}
