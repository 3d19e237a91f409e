//! Shortens the bodies of an exchange to what a report can show.

use sha2::{Digest as _, Sha256};

use crate::http::Exchange;
use crate::limit;
use crate::redact::Redactor;
use crate::target::Executed;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// The bodies of an exchange, shortened.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) request: Option<Body>,
    pub(super) response: Option<Body>,
    /// What a program printed to standard error; `response` is its standard output, and `request` its input.
    pub(super) stderr: Option<Body>,
    /// For each redirect, the body of the response and of the request that followed it.
    pub(super) hops: Vec<(Body, Option<Body>)>,
    /// Name of the file that was sent as the request body.
    pub(super) file: Option<String>,
    /// Size and SHA-256 of a raw request that is too long for a command.
    pub(super) raw: Option<(usize, String)>,
}

/// A body, shortened to what a report can show.
#[derive(Debug)]
pub(super) struct Body {
    /// The text or its beginning. Bytes that are not UTF-8 are replaced.
    pub(super) text: String,
    /// Size and SHA-256 of the whole body if `text` is only its beginning. A body that was not read to its end has no
    /// digest.
    pub(super) whole: Option<(usize, Option<String>)>,
}

/// Truncates a text to the part that is needed to show `most` bytes.
pub(super) fn cut(text: &mut String, most: usize) {
    let end = text.floor_char_boundary(Redactor::needed(most));
    if end < text.len() {
        text.truncate(end);
        text.shrink_to_fit();
    }
}

impl Bodies {
    /// Moves the bodies out of an exchange. `is_shown` says whether reports show them.
    pub(super) fn of(exchange: &mut Exchange, is_shown: bool) -> Self {
        let Exchange { request, outcome, partial, hops, .. } = exchange;
        let responses = outcome.as_mut().ok().into_iter().chain(partial.as_mut());
        if !is_shown {
            responses
                .chain(hops.iter_mut().map(|hop| &mut hop.response))
                .for_each(|one| one.body = Vec::new());
            hops.iter_mut().map(|hop| &mut hop.next).chain([request]).for_each(|one| {
                (one.body, one.raw) = (None, None);
            });
            return Self::default();
        }
        let raw = request.raw.take_if(|raw| raw.len() > limit::BODY);
        let raw = raw.map(|raw| (raw.len(), digest(&raw)));
        let response = responses.map(Body::of_response).next();
        let hops = hops
            .iter_mut()
            .map(|hop| (Body::of_response(&mut hop.response), Body::of_request(&mut hop.next)));
        let hops = hops.collect();
        Self { raw, hops, file: None, request: Body::of_request(request), response, stderr: None }
    }

    /// Moves the input and the output out of an execution. `is_shown` says whether reports show them.
    pub(super) fn of_execution(executed: &mut Executed, is_shown: bool) -> Self {
        let input = executed.stdin.take().filter(|_| is_shown).map(|text| {
            let whole = (text.len() > limit::BODY).then(|| (text.len(), Some(digest(text.as_bytes()))));
            Body { text: beginning(&text), whole }
        });
        let [stdout, stderr] = [&mut executed.stdout, &mut executed.stderr].map(Body::of_response);
        if !is_shown {
            return Self::default();
        }
        Self { request: input, response: Some(stdout), stderr: Some(stderr), ..Self::default() }
    }
}

impl Body {
    fn of_response(response: &mut Response) -> Self {
        let body = {
            let text = response.text();
            let is_cut = text.len() > limit::BODY;
            let digest = || (!response.cut).then(|| digest(&response.body));
            let whole = is_cut.then(|| (response.body.len(), digest()));
            Self { text: beginning(&text), whole }
        };
        response.body = Vec::new();
        body
    }

    /// A short body also stays in the request, since the reproduce command needs its bytes.
    fn of_request(request: &mut Prepared) -> Option<Self> {
        let bytes = request.body.as_mut()?;
        let is_long = bytes.len() > limit::BODY;
        let whole = is_long.then(|| (bytes.len(), Some(digest(bytes))));
        let text = beginning(&String::from_utf8_lossy(bytes));
        if is_long {
            *bytes = Vec::new();
        }
        Some(Self { text, whole })
    }
}

fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(Redactor::needed(limit::BODY))].to_owned()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
