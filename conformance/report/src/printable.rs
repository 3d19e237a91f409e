//! Makes events safe for a terminal: text of a target, a suite or another report is shown, and cannot move the cursor or forge a line.
//!
//! Every field is named, so that a new one is not forgotten. Places and source lines are made safe where they are printed.

#[cfg(feature = "writers")]
mod event;
#[cfg(feature = "writers")]
mod plain;

use conformance_engine::event::{Exchange, Execution, Hop, Printed, Received, Record, Sent};
use conformance_engine::verdict::Finding;
use conformance_suite::safe::{line, terminal};
#[cfg(feature = "writers")]
pub(crate) use event::event;
#[cfg(feature = "writers")]
pub(crate) use plain::plain;

fn lines(text: &str) -> String {
    terminal(text).into_owned()
}

fn optional(text: Option<&String>) -> Option<String> {
    text.map(|text| lines(text))
}

/// Returns a record with text that is safe for a terminal.
pub(crate) fn record(record: &Record) -> Record {
    let Record { id, scenario, profile, title, verdict, covers, place, source, via, .. } = record;
    let Record { tries, milliseconds, findings, more_findings, reason, waits_for, exchange, .. } = record;
    let Record { remarks, printed, deviation, unstarted, restarted, .. } = record;
    Record {
        id: line(id),
        scenario: line(scenario),
        profile: line(profile),
        title: line(title),
        verdict: *verdict,
        covers: covers.iter().map(|(id, level)| (line(id), *level)).collect(),
        place: place.clone(),
        source: source.clone(),
        via: via.clone(),
        tries: *tries,
        flaky: record.flaky,
        milliseconds: *milliseconds,
        findings: findings.iter().map(finding).collect(),
        more_findings: *more_findings,
        reason: optional(reason.as_ref()),
        waits_for: waits_for.as_ref().map(|step| line(step)),
        exchange: exchange.as_ref().map(self::exchange),
        execution: record.execution.as_ref().map(execution),
        remarks: remarks.iter().map(|remark| lines(remark)).collect(),
        // The records about operations show it.
        openapi: Vec::new(),
        printed: lines(printed),
        deviation: optional(deviation.as_ref()),
        unstarted: *unstarted,
        restarted: optional(restarted.as_ref()),
    }
}

fn finding(finding: &Finding) -> Finding {
    let Finding { place, label, pointer, part, expected, received } = finding;
    Finding {
        place: place.clone(),
        label: lines(label),
        pointer: pointer.as_ref().map(|pointer| line(pointer)),
        part: part.as_ref().map(|part| line(part)),
        expected: lines(expected),
        received: lines(received),
    }
}

fn exchange(exchange: &Exchange) -> Exchange {
    let Exchange { sent: request, hops, redirect_end, resent, received: response, again } = exchange;
    let hop = |hop: &Hop| Hop { received: received(&hop.received), sent: sent(&hop.sent) };
    Exchange {
        sent: sent(request),
        hops: hops.iter().map(hop).collect(),
        redirect_end: optional(redirect_end.as_ref()),
        resent: *resent,
        received: response.as_ref().map(received),
        again: lines(again),
    }
}

fn execution(execution: &Execution) -> Execution {
    let Execution { command, stdin, exit, end, stdout, stderr, milliseconds } = execution;
    let printed = |one: &Printed| Printed {
        text: lines(&plain(&one.text)),
        bytes: one.bytes,
        sha256: one.sha256.as_ref().map(|sha256| line(sha256)),
        cut: one.cut,
    };
    Execution {
        command: line(command),
        stdin: stdin.as_ref().map(printed),
        exit: *exit,
        end: optional(end.as_ref()),
        stdout: printed(stdout),
        stderr: printed(stderr),
        milliseconds: *milliseconds,
    }
}

fn sent(sent: &Sent) -> Sent {
    let Sent { method, target, headers, more_headers, body, bytes, sha256 } = sent;
    Sent {
        method: line(method),
        target: line(target),
        headers: fields(headers),
        more_headers: *more_headers,
        body: optional(body.as_ref()),
        bytes: *bytes,
        sha256: sha256.as_ref().map(|sha256| line(sha256)),
    }
}

fn received(received: &Received) -> Received {
    let Received { status, headers, more_headers, body, bytes, sha256, cut, incomplete, milliseconds } =
        received;
    Received {
        status: *status,
        headers: fields(headers),
        more_headers: *more_headers,
        body: lines(body),
        bytes: *bytes,
        sha256: sha256.as_ref().map(|sha256| line(sha256)),
        cut: *cut,
        incomplete: optional(incomplete.as_ref()),
        milliseconds: *milliseconds,
    }
}

fn fields(fields: &[(String, String)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (line(name), line(value))).collect()
}
