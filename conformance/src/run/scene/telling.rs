//! From a step that was tried to the record that reports see: without its secrets.

use std::sync::Arc;

use super::super::milliseconds;
use super::super::session::Session;
use super::{Attempt, Played};
use crate::amount::amount;
use crate::curl;
use crate::event::{Exchange, Hop, Received, Record, Sent};
use crate::exchange;
use crate::plan::Trial;
use crate::redact::Redactor;
use crate::request::{Header, Prepared};
use crate::response::Response;
use crate::source::Excerpt;
use crate::suite::Step;
use crate::verdict::{Finding, Verdict};

/// What the records of one scenario are made with.
struct Teller<'a> {
    session: &'a Session,
    trial: &'a Trial,
    /// The id of the scenario.
    scenario: String,
    redactor: Redactor,
    base: String,
    unstarted: bool,
}

impl Played {
    /// Returns the records of the steps that were tried. They are made when the scenario is over: a secret that a late step
    /// captures is kept out of the early ones too.
    pub(in crate::run) fn records(self, session: &Session, trial: &Trial) -> Vec<Record> {
        let Self { told, redactor, base, unstarted } = self;
        let teller = Teller { session, trial, scenario: trial.id(), redactor, base, unstarted };
        let steps = &trial.scenario.steps;
        told.into_iter().map(|(index, attempt)| teller.record(&steps[index], attempt)).collect()
    }
}

impl Teller<'_> {
    fn record(&self, step: &Step, attempt: Attempt) -> Record {
        let redactor = &self.redactor;
        let whole = self.session.options.shows_passes || attempt.judgement.verdict > Verdict::Pass;
        let requirements = &self.session.plan().suite.requirements;
        let covers = (step.covers.iter())
            .filter_map(|id| requirements.iter().find(|requirement| Arc::ptr_eq(&requirement.id, id)))
            .map(|requirement| (requirement.id.to_string(), requirement.level))
            .collect();
        let findings = attempt.judgement.findings.into_iter().map(|finding| Finding {
            place: finding.place.masked(|text| redactor.mask(text)),
            label: redactor.text(finding.label),
            expected: redactor.text(finding.expected),
            received: redactor.text(finding.received),
            pointer: finding.pointer,
        });
        Record {
            id: self.trial.step_id(step),
            scenario: self.scenario.clone(),
            profile: self.trial.profile.clone(),
            title: step.title.to_string(),
            verdict: attempt.judgement.verdict,
            covers,
            source: if whole {
                self.source(step)
            } else {
                Excerpt { line: step.place.line(), text: String::new() }
            },
            place: step.place.clone(),
            via: step.spots.via.clone(),
            tries: attempt.tries,
            milliseconds: milliseconds(attempt.took),
            findings: findings.collect(),
            reason: attempt.judgement.reason.map(|reason| redactor.text(reason)),
            waits_for: (attempt.judgement.waits_for).map(|step| format!("{}::{step}", self.scenario)),
            remarks: attempt.exchange.as_ref().map(remarks).unwrap_or_default(),
            exchange: attempt.exchange.map(|exchange| self.show(exchange, whole)),
            printed: redactor.text(attempt.printed),
            deviation: None,
            unstarted: self.unstarted,
        }
    }

    /// The step in the words of its file. A file too can say a secret: a password in a curl command.
    fn source(&self, step: &Step) -> Excerpt {
        let block = step.lines.block();
        Excerpt { text: self.redactor.text(block.text), ..block }
    }

    fn show(&self, exchange: exchange::Exchange, whole: bool) -> Exchange {
        let exchange::Exchange { request, outcome, partial, hops, redirect_end, resent, .. } = exchange;
        if !whole {
            return Exchange { resent, ..outline(request, outcome.ok().as_ref(), &self.redactor) };
        }
        let shown = self.shown(request);
        let again = curl::render(&shown, &self.base, &self.session.options.transport.curl_options());
        let hops = hops
            .into_iter()
            .map(|hop| Hop { received: self.received(hop.response), sent: sent(self.shown(hop.next)) });
        let received = match outcome {
            Ok(response) => Some(self.received(response)),
            Err(breakage) => partial.map(|response| Received {
                incomplete: Some(self.redactor.text(breakage.to_string())),
                ..self.received(response)
            }),
        };
        let redirect_end = redirect_end.map(|reason| self.redactor.text(reason));
        Exchange { again, sent: sent(shown), hops: hops.collect(), redirect_end, resent, received }
    }

    fn shown(&self, request: Prepared) -> Prepared {
        let redactor = &self.redactor;
        let body = request.body.map(|body| redactor.bytes(body));
        let raw = request.raw.map(|raw| redactor.message(&raw));
        let headers = (request.headers.into_iter())
            .map(|header| Header { value: redactor.header(&header.name, header.value), ..header })
            .collect();
        Prepared { target: redactor.text(request.target), headers, body, raw, ..request }
    }

    fn received(&self, response: Response) -> Received {
        Received {
            status: response.status,
            body: self.redactor.text(as_text(response.body)),
            headers: self.headers(response.headers),
            cut: response.cut,
            incomplete: None,
            milliseconds: milliseconds(response.elapsed),
        }
    }

    fn headers(&self, headers: Vec<(String, String)>) -> Vec<(String, String)> {
        let redactor = &self.redactor;
        let shown = headers.into_iter().map(|(name, value)| {
            let value = redactor.header(&name, value);
            (name, value)
        });
        shown.collect()
    }
}

/// An exchange that no report shows: what is counted of it.
fn outline(request: Prepared, response: Option<&Response>, redactor: &Redactor) -> Exchange {
    let sent = Sent {
        method: request.method,
        target: redactor.text(request.target),
        headers: Vec::new(),
        body: None,
    };
    let received = response.map(|response| Received {
        status: response.status,
        headers: Vec::new(),
        body: String::new(),
        cut: response.cut,
        incomplete: None,
        milliseconds: milliseconds(response.elapsed),
    });
    Exchange { sent, hops: Vec::new(), redirect_end: None, resent: false, received, again: String::new() }
}

/// What is worth knowing of an exchange whatever its verdict.
fn remarks(exchange: &exchange::Exchange) -> Vec<String> {
    let mut remarks = Vec::new();
    if exchange.resent {
        remarks.push(
            "the request was sent again: the target had closed the reused connection before any byte of a response".to_owned(),
        );
    }
    let surplus = exchange.surplus.bytes();
    if surplus > 0 {
        remarks.push(format!(
            "after the response the target sent {} that {} to no response",
            amount(surplus, "byte"),
            if surplus == 1 { "belongs" } else { "belong" }
        ));
    }
    remarks
}

/// A body as text; what is not UTF-8 is replaced.
fn as_text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn sent(shown: Prepared) -> Sent {
    let headers = shown.headers.into_iter().map(|header| (header.name, header.value)).collect();
    let body = shown.body.map(as_text);
    Sent { method: shown.method, target: shown.target, headers, body }
}
