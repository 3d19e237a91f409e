//! Checks recorded traffic (HTTP Archive 1.2) against an OpenAPI description.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::import::har::{self, calls_an_api, fields, origin_of, text};
use conformance_engine::redact::REDACTED;
use conformance_openapi::{Description, Violation};
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::{Header, Prepared};
use conformance_suite::response::Response;
use conformance_suite::source::Source;

/// The result of a check.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Number of exchanges that were checked.
    pub exchanges: usize,
    /// Number of exchanges with an operation of the description.
    pub matched: usize,
    /// The violations, each with its exchange.
    pub violations: Vec<(String, Violation)>,
    /// Schemas that cannot be used.
    pub remarks: Vec<String>,
}

impl Recorded {
    /// Describes each violation with its place in the description and its exchange in the recording, and a summary.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = String::new();
        for (exchange, violation) in &self.violations {
            let wrong =
                Diagnostic::at(violation.place.clone(), format!("{}: {}", violation.rule, violation.label));
            let help = format!("{exchange}; expected {}", violation.expected);
            page.push_str(&format!("{}\n\n", wrong.help(help)));
        }
        for remark in &self.remarks {
            page.push_str(&format!("note: {remark}\n"));
        }
        page + &format!(
            "{} checked, {} with a described operation, {}\n",
            amount(self.exchanges, "exchange"),
            self.matched,
            amount(self.violations.len(), "violation")
        )
    }
}

/// Checks the exchanges of a recording.
///
/// # Errors
/// The source is not a recording.
pub fn check(source: &Arc<Source>, description: &Description) -> Result<Recorded, Diagnostic> {
    let har = har::parse(source)?;
    let servers: Vec<&str> = description.servers.iter().filter_map(|server| origin_of(server)).collect();
    let is_of_server = |entry: &&Json| {
        origin_of(text(entry, "/request/url")).is_some_and(|origin| servers.contains(&origin))
    };
    // A recording of a browser has requests to other hosts too.
    let has_servers = har::entries(&har).any(|entry| is_of_server(&entry));
    let mut recorded = Recorded::default();
    for (at, entry) in har::entries(&har).enumerate() {
        if has_servers && !is_of_server(&entry) {
            continue;
        }
        let Some((request, response)) = exchange(entry).filter(|(_, response)| response.status > 0) else {
            continue;
        };
        // A refused request may be wrong on purpose.
        let checked = description.check(&request, &response, || response.status >= 400);
        // A path of parameters only, such as `/{id}`, also matches the pages and images of a site.
        let has_name =
            |path: &str| path.split('/').any(|segment| !segment.is_empty() && !segment.contains('{'));
        let operation = checked.operation.and_then(|at| description.operations.get(at));
        if !calls_an_api(entry) && !operation.is_some_and(|operation| has_name(&operation.path)) {
            continue;
        }
        recorded.exchanges += 1;
        recorded.matched += usize::from(checked.operation.is_some());
        let name = format!(
            "{}: entry {}, {} {} with status {}",
            source.path(),
            at + 1,
            request.method,
            text(entry, "/request/url"),
            response.status
        );
        // What a report redacted is not known.
        let known = checked
            .violations
            .into_iter()
            .filter(|one| ![&one.label, &one.received].into_iter().any(|text| text.contains(REDACTED)));
        recorded.violations.extend(known.map(|one| (name.clone(), one)));
        for remark in checked.remarks {
            if !recorded.remarks.contains(&remark) {
                recorded.remarks.push(remark);
            }
        }
    }
    Ok(recorded)
}

fn exchange(entry: &Json) -> Option<(Prepared, Response)> {
    let url = text(entry, "/request/url");
    let origin = origin_of(url)?;
    let target = url.strip_prefix(origin)?.split('#').next()?;
    let headers = fields(entry, "/request/headers").filter(|(name, _)| !name.starts_with(':'));
    let data = entry.pointer("/request/postData");
    let body = data.map(|data| text(data, "/text")).filter(|body| !body.is_empty());
    let request = Prepared {
        method: text(entry, "/request/method").to_owned(),
        target: har::with_slash(target),
        headers: headers.map(|(name, value)| Header::new(&name, value)).collect(),
        body: body.map(|body| body.as_bytes().to_vec()),
        ..Prepared::default()
    };
    let body_of_response = har::content_of(entry)?;
    let mut headers: Vec<(String, String)> = fields(entry, "/response/headers")
        // The text of a recording is decoded.
        .filter(|(name, _)| !name.eq_ignore_ascii_case("content-encoding") && !name.starts_with(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let media_type = text(entry, "/response/content/mimeType");
    if !headers.iter().any(|(name, _)| name == "content-type") && media_type.contains('/') {
        headers.push(("content-type".to_owned(), media_type.to_owned()));
    }
    let status = entry.pointer("/response/status").and_then(Json::as_u64)?;
    let response = Response {
        status: u16::try_from(status).ok()?,
        headers,
        // Browsers may save a recording without bodies, and reports save only the beginning of long ones.
        cut: (body_of_response.len() as u64) < har::size_of(entry),
        body: body_of_response,
        ..Response::default()
    };
    Some((request, response))
}
