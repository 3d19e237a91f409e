//! Builds the records that reports receive, without secrets, from the results of steps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::bodies::{Bodies, Body};
use super::result::{ScenarioResult, StepResult};
use crate::event::{Exchange, Execution, Hop, OperationCheck, Printed, Received, Record, Sent, milliseconds};
use crate::http::{self, Resent};
use crate::judge::{excerpt, short};
use crate::limit;
use crate::redact::{REDACTED, Redactor};
use crate::run::context::{Context, Described};
use crate::target::Executed;
use crate::verdict::{Finding, Verdict};
use conformance_openapi::{Checked, Violation};
use conformance_suite::amount::{amount, grouped};
use conformance_suite::curl;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::request::{Header, Prepared};
use conformance_suite::response::Response;
use conformance_suite::shell;
use conformance_suite::source::Excerpt;
use conformance_suite::suite::{Level, Role, Step};

/// Builds the records of one scenario.
struct RecordBuilder<'a> {
    context: &'a Context,
    planned: &'a PlannedScenario,
    /// Scenario id.
    id: String,
    redactor: Redactor,
    base: String,
    unstarted: bool,
    restarted: Option<String>,
}

/// Returns the records of the steps that ran. Call it after the scenario is over, so that a secret that a late step captures is
/// also redacted in the earlier records.
pub(super) fn records(context: &Context, planned: &PlannedScenario, result: ScenarioResult) -> Vec<Record> {
    let ScenarioResult { steps, redactor, base, unstarted, restarted, .. } = result;
    let builder = RecordBuilder { context, planned, id: planned.id(), redactor, base, unstarted, restarted };
    let of_scenario = &planned.scenario.steps;
    steps
        .into_iter()
        .map(|(index, result)| {
            // Of an exchange that is only counted, no message is quoted.
            let quotes = result.is_shown(&context.options)
                || result.exchange.is_none()
                || result.checked.iter().any(|one| !one.remarks.is_empty())
                || !result.judgement.remarks.is_empty();
            let step = &of_scenario[index];
            if quotes {
                builder.redacting(&result).record(step, result)
            } else {
                builder.record(step, result)
            }
        })
        .collect()
}

impl RecordBuilder<'_> {
    /// Returns a builder that also redacts the secrets in the messages of an attempt wherever their text is shown.
    fn redacting(&self, result: &StepResult) -> Self {
        let pairs = result.exchange.iter().flat_map(http::Exchange::pairs);
        let (requests, responses): (Vec<_>, Vec<_>) = pairs.unzip();
        let sent = requests.iter().flat_map(|request| &request.headers);
        let sent = sent.map(|header| (header.name.as_str(), header.value.as_str()));
        let received = responses.iter().flatten().flat_map(|response| &response.headers);
        let received = received.map(|(name, value)| (name.as_str(), value.as_str()));
        let bodies = [&result.bodies.request, &result.bodies.response, &result.bodies.stderr];
        let bodies = bodies.into_iter().flatten();
        let hops =
            result.bodies.hops.iter().flat_map(|(response, request)| [Some(response), request.as_ref()]);
        let bodies = bodies.chain(hops.flatten()).map(|body| body.text.as_str());
        let targets = requests.iter().map(|request| request.target.as_str());
        Self {
            redactor: self.redactor.of_messages(sent.chain(received), bodies.chain(targets)),
            id: self.id.clone(),
            base: result.base.clone().unwrap_or_else(|| self.base.clone()),
            restarted: self.restarted.clone(),
            ..*self
        }
    }

    fn record(&self, step: &Step, result: StepResult) -> Record {
        let redactor = &self.redactor;
        let whole = result.is_shown(&self.context.options);
        let mut bodies = result.bodies;
        let requirements = &self.context.plan.suite.requirements;
        let blamed = |id: &&Arc<str>| !self.unstarted || self.context.plan.belongs(id, &self.planned.profile);
        let covers: BTreeMap<String, Level> = (step.covers.iter().filter(blamed))
            .filter_map(|id| requirements.iter().find(|requirement| Arc::ptr_eq(&requirement.id, id)))
            .map(|requirement| (requirement.id.to_string(), requirement.level))
            .collect();
        let blocked_by = result.judgement.waits_for.as_deref().and_then(|id| self.step(id));
        // A step blocked by a failed setup step is inconclusive, whether or not the target starts in another profile.
        let tried = covers.is_empty() || blocked_by.is_none_or(|step| step.role == Role::Precondition);
        let findings = result.judgement.findings.into_iter().map(|finding| self.finding(finding));
        let openapi = self.operations(result.checked);
        let execution = result.executed.map(|executed| self.execution(&executed, &mut bodies, whole));
        let remarks = result.judgement.remarks.into_iter().chain(result.exchange.iter().flat_map(remarks));
        let stages = &self.context.plan.suite.stages;
        let until = step.stages.until.and_then(|until| stages.get(until));
        let later = until.filter(|_| result.judgement.verdict == Verdict::Fail).map(|until| {
            format!("this step applies before stage `{until}`, which changes it; an implementation of that stage fails it")
        });
        let remarks = remarks.map(|remark| redactor.text(remark)).chain(later).collect();
        Record {
            id: self.planned.step_id(step),
            scenario: self.id.clone(),
            profile: self.planned.profile.clone(),
            // A password of this step may be a word of its title.
            title: self.context.options.redactor.text(&step.title),
            verdict: result.judgement.verdict,
            covers,
            source: if whole {
                self.source(step)
            } else {
                Excerpt { line: step.place.line(), text: String::new() }
            },
            place: step.place.clone(),
            via: step.provenance.via.clone(),
            tries: result.tries,
            flaky: result.tries > 1 && result.judgement.verdict == Verdict::Pass,
            milliseconds: milliseconds(result.took),
            findings: findings.collect(),
            more_findings: result.judgement.more + result.more_findings,
            reason: result.judgement.reason.map(|reason| self.short(&reason, limit::REASON)),
            waits_for: (result.judgement.waits_for).map(|step| format!("{}::{step}", self.id)),
            remarks,
            exchange: result.exchange.map(|exchange| self.show(step, exchange, bodies, whole)),
            execution,
            openapi,
            printed: self.end(&result.printed, limit::PRINTED),
            deviation: None,
            unstarted: self.unstarted && tried,
            restarted: self.restarted.clone(),
        }
    }

    /// Returns a finding without secrets.
    fn finding(&self, mut finding: Finding) -> Finding {
        let redactor = &self.redactor;
        if finding.pointer.as_ref().is_some_and(|pointer| redactor.hides(pointer)) {
            finding.label = finding.label.replace(&*excerpt(&finding.expected, &finding.received), REDACTED);
            for value in [&mut finding.expected, &mut finding.received] {
                if is_json(value) {
                    finding.label = finding.label.replace(&short(value), REDACTED);
                    REDACTED.clone_into(value);
                }
            }
        }
        let received = redactor.text(finding.received.as_str());
        // A label may contain a truncated secret.
        let mut label = finding.label;
        if received != finding.received {
            let expected = redactor.text(finding.expected.as_str());
            let cut = excerpt(&finding.expected, &finding.received);
            label = label.replace(&*cut, &excerpt(&expected, &received));
            label = label.replace(&short(&finding.received), &short(&received));
        }
        Finding {
            place: redactor.place(&finding.place),
            label: self.short(&label, limit::LABEL),
            expected: self.short(&finding.expected, limit::VALUE),
            received: self.short(&received, limit::VALUE),
            part: finding.part.map(|part| self.short(&part, limit::LABEL)),
            pointer: finding.pointer.map(|pointer| self.short(&pointer, limit::LABEL)),
        }
    }

    /// Returns what the description of the API says, without secrets.
    fn operations(&self, checked: Vec<Checked>) -> Vec<OperationCheck> {
        let Some(described) = &self.context.options.described else { return Vec::new() };
        let mut operations: Vec<OperationCheck> = Vec::new();
        for one in checked {
            let check = self.operation(described, one);
            match operations.iter_mut().find(|other| other.operation == check.operation) {
                Some(same) => {
                    same.violations.extend(check.violations);
                    same.remarks.extend(check.remarks);
                }
                None => operations.push(check),
            }
        }
        operations
    }

    fn operation(&self, described: &Described, checked: Checked) -> OperationCheck {
        let Checked { operation, violations, remarks } = checked;
        let description = &described.description;
        let operation = operation.and_then(|at| description.operations.get(at));
        let place = match (operation, violations.first()) {
            (Some(operation), _) => description.place(&operation.location),
            (None, Some(violation)) => violation.place.clone(),
            (None, None) => description.start(),
        };
        let violations = violations.into_iter().take(limit::FINDINGS).map(|violation| {
            let Violation { place, mut label, pointer, expected, mut received, .. } = violation;
            // The reason in a schema violation quotes the value, and the label ends with the reason, which `received` may cut.
            if pointer.as_ref().is_some_and(|pointer| self.redactor.hides(pointer)) {
                if let Some(at) = label.find(received.trim_end_matches('…')) {
                    label.truncate(at);
                    label.push_str(REDACTED);
                }
                REDACTED.clone_into(&mut received);
            }
            self.finding(Finding { place, label, part: None, pointer, expected, received })
        });
        OperationCheck {
            operation: operation.map(conformance_openapi::Operation::name),
            place,
            violations: violations.collect(),
            remarks: remarks.into_iter().map(|remark| self.redactor.text(remark)).collect(),
        }
    }

    fn step(&self, id: &str) -> Option<&Step> {
        self.planned.scenario.steps.iter().find(|step| *step.id == *id)
    }

    /// Returns the step as its file has it, without secrets such as a password in a curl command.
    fn source(&self, step: &Step) -> Excerpt {
        let block = step.lines.block();
        Excerpt { text: self.redactor.lines(block.text), ..block }
    }

    /// Truncates a text and marks the cut with an ellipsis.
    fn short(&self, text: &str, most: usize) -> String {
        let shown = self.redactor.beginning(text, most);
        if text.len() > most { shown + "…" } else { shown }
    }

    /// Returns the end of a text. An incomplete first line is dropped, since it could contain half of a secret.
    fn end(&self, text: &str, most: usize) -> String {
        let text = self.redactor.lines(text);
        if text.len() <= most {
            return text;
        }
        let end = &text[text.ceil_char_boundary(text.len() - most)..];
        end.split_once('\n').map_or("", |(_, lines)| lines).to_owned()
    }

    fn show(&self, step: &Step, exchange: http::Exchange, bodies: Bodies, whole: bool) -> Exchange {
        let http::Exchange { request, outcome, partial, hops, redirect_end, resent, .. } = exchange;
        if !whole {
            return Exchange {
                resent: resent.is_some(),
                ..outline(request, outcome.ok().as_ref(), &self.redactor)
            };
        }
        let is_stream = outcome.as_ref().is_ok_and(|response| response.stream.is_some());
        // A body that was held back until the target asked for credentials.
        let held =
            hops.first().filter(|hop| hop.response.status == 401).and_then(|hop| hop.next.body.clone());
        let held = held.filter(|_| request.body.as_ref().is_some_and(Vec::is_empty));
        let whole = held.map(|body| Prepared { body: Some(body), ..request.clone() });
        let again = self.again(step, whole.as_ref().unwrap_or(&request), &bodies, is_stream);
        let hops = hops.into_iter().zip(bodies.hops).map(|(hop, (response, next))| Hop {
            received: self.received(hop.response, Some(response)),
            sent: self.sent(hop.next, next),
        });
        let received = match outcome {
            Ok(response) => Some(self.received(response, bodies.response)),
            Err(transport_error) => partial.map(|response| Received {
                incomplete: Some(self.short(&transport_error.to_string(), limit::REASON)),
                ..self.received(response, bodies.response)
            }),
        };
        let redirect_end = redirect_end.map(|reason| self.short(&reason, limit::REASON));
        let sent = self.sent(request, bodies.request);
        Exchange { again, sent, hops: hops.collect(), redirect_end, resent: resent.is_some(), received }
    }

    /// Returns the program that a step has run, without its output if no report shows it.
    fn execution(&self, executed: &Executed, bodies: &mut Bodies, whole: bool) -> Execution {
        let printed = |body: Option<Body>, cut| {
            let (text, bytes, sha256) = self.body(body);
            Printed { text: text.unwrap_or_default(), bytes, sha256, cut }
        };
        let stdin = bodies.request.take();
        Execution {
            command: self.short(&executed.command, limit::TARGET),
            stdin: stdin.filter(|_| whole).map(|body| printed(Some(body), false)),
            exit: executed.end.code(),
            end: executed.end.code().is_none().then(|| executed.end.to_string()),
            stdout: printed(bodies.response.take(), executed.stdout.cut),
            stderr: printed(bodies.stderr.take(), executed.stderr.cut),
            milliseconds: milliseconds(executed.stdout.elapsed),
        }
    }

    /// Returns a command that repeats the request; for a stream, one that prints events at once. A body that does not fit into a command is described in a comment.
    fn again(&self, step: &Step, request: &Prepared, bodies: &Bodies, is_stream: bool) -> String {
        let id = self.planned.step_id(step);
        let id = shell::quote(&id);
        let head = request.headers.iter().map(|header| header.name.len() + header.value.len());
        let head = head.sum::<usize>() + request.target.len();
        if let Some((bytes, sha256)) = &bodies.raw {
            let size = grouped(*bytes);
            return format!("# raw request of {size} bytes, SHA-256 {sha256}: conformance run --filter {id}");
        }
        if head > limit::TARGET + limit::FIELDS {
            return format!("# the request is too long for a command: conformance run --filter {id}");
        }
        let mut options = self.context.options.transport.curl_options();
        if is_stream {
            options.push_str(" -N");
        }
        let shown = self.shown(request);
        let Some((bytes, sha256)) = bodies.request.as_ref().and_then(|body| body.whole.as_ref()) else {
            return curl::render(&shown, &self.base, &options);
        };
        if let Some(path) = bodies.file.as_ref().and_then(|name| body_file(step, name)) {
            return curl::render_with_file(&shown, &self.base, &options, &path, *bytes);
        }
        let command = curl::render_with_file(&shown, &self.base, &options, "BODY", *bytes);
        let (size, sha256) = (grouped(*bytes), sha256.as_deref().unwrap_or_default());
        format!(
            "{command}  # BODY is a file with the {size} bytes of the body, SHA-256 {sha256}; conformance run --filter {id} sends them"
        )
    }

    /// Returns the request without secrets and without a long body.
    fn shown(&self, request: &Prepared) -> Prepared {
        let redactor = &self.redactor;
        let body = request.body.clone().map(|body| redactor.bytes(body));
        let raw = request.raw.as_ref().map(|raw| redactor.message(raw));
        let headers = (request.headers.iter())
            .map(|header| Header { value: redactor.header(&header.name, &header.value), ..header.clone() })
            .collect();
        let target = redactor.text(&request.target);
        let query = request.query.clone().filter(|_| target == request.target);
        Prepared { target, query, headers, body, raw, ..request.clone() }
    }

    fn sent(&self, request: Prepared, body: Option<Body>) -> Sent {
        let headers = request.headers.into_iter().map(|header| (header.name, header.value));
        let (headers, more_headers) = self.headers(headers);
        let (body, bytes, sha256) = self.body(body);
        let target = self.short(&request.target, limit::TARGET);
        Sent { method: request.method, target, headers, more_headers, body, bytes, sha256 }
    }

    fn received(&self, response: Response, body: Option<Body>) -> Received {
        let (headers, more_headers) = self.headers(response.headers);
        let (body, bytes, sha256) = self.body(body);
        Received {
            status: response.status,
            headers,
            more_headers,
            body: body.unwrap_or_default(),
            bytes,
            sha256,
            cut: response.cut,
            incomplete: None,
            milliseconds: milliseconds(response.elapsed),
        }
    }

    /// Returns the beginning of a body. If the body is longer, also its size and SHA-256.
    fn body(&self, body: Option<Body>) -> (Option<String>, Option<usize>, Option<String>) {
        let Some(Body { text, whole }) = body else { return (None, None, None) };
        let text = self.redactor.beginning(&text, limit::BODY);
        let (bytes, sha256) = whole.unzip();
        (Some(text), bytes, sha256.flatten())
    }

    /// Returns the header fields that fit into a report, and the number of those that were left out.
    fn headers(&self, headers: impl IntoIterator<Item = (String, String)>) -> (Vec<(String, String)>, usize) {
        let (mut shown, mut more, mut left) = (Vec::new(), 0, limit::FIELDS);
        for (name, value) in headers {
            if name.len() >= left {
                more += 1;
                continue;
            }
            left -= name.len();
            let most = limit::FIELD.min(left);
            let mut text = self.redactor.header_beginning(&name, &value, most);
            left = left.saturating_sub(text.len());
            if value.len() > most {
                text.push('…');
            }
            shown.push((name, text));
        }
        (shown, more)
    }
}

/// Whether a description of a value is the value as JSON, which may be cut.
fn is_json(described: &str) -> bool {
    described.starts_with(|one: char| matches!(one, '"' | '[' | '{' | '-') || one.is_ascii_digit())
        || matches!(described, "true" | "false")
}

/// Returns the path of a body file relative to the working directory. None for the built-in suite.
fn body_file(step: &Step, name: &str) -> Option<String> {
    let path = Path::new(step.place.source().path()).parent()?.join(name);
    path.is_file().then(|| path.display().to_string())
}

/// Reduces an exchange that no report shows to the parts that are counted.
fn outline(request: Prepared, response: Option<&Response>, redactor: &Redactor) -> Exchange {
    let target = redactor.beginning(&request.target, limit::TARGET);
    let sent = Sent { method: request.method, target, ..Sent::default() };
    let received = response.map(|response| Received {
        status: response.status,
        cut: response.cut,
        milliseconds: milliseconds(response.elapsed),
        ..Received::default()
    });
    Exchange { sent, received, ..Exchange::default() }
}

/// Notes about an exchange that are shown whatever the verdict is.
fn remarks(exchange: &http::Exchange) -> Vec<String> {
    let mut remarks = Vec::new();
    let why = exchange.resent.map(|resent| match resent {
        Resent::Closed => "the target had closed the reused connection before any response",
        Resent::Refused => "the target had refused the field `Expect` with 417",
    });
    remarks.extend(why.map(|why| format!("the request was sent again: {why}")));
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
