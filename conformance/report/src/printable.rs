//! Makes events safe for a terminal: text of a target, a suite or another report is shown, and cannot move the cursor or forge a line.
//!
//! Every field is named, so that a new one is not forgotten. Places and source lines are made safe where they are printed.

#[cfg(feature = "writers")]
use conformance_engine::event::{
    Demand, Event, Footer, Header, LeftOut, Load, Next, Pace, Stale, Standing, Uncovered,
};
#[cfg(feature = "writers")]
use std::borrow::Cow;
#[cfg(feature = "writers")]
use std::sync::LazyLock;

use conformance_engine::event::{Exchange, Hop, Received, Record, Sent};
use conformance_engine::verdict::Finding;
use conformance_suite::safe::{line, terminal};
#[cfg(feature = "writers")]
use regex::Regex;

#[cfg(feature = "writers")]
/// Escape sequences of a terminal: CSI, OSC and other strings, and the two-character ones (ECMA-48, section 5).
static SEQUENCE: LazyLock<Regex> = LazyLock::new(|| {
    let sequence = r"(?:\x1b\[|\x{9b})[\x20-\x3f]*[\x40-\x7e]?|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})?|\x1b[\x20-\x2f]*[\x30-\x7e]?";
    #[expect(clippy::expect_used, reason = "the pattern is constant and every test of a report reads it")]
    Regex::new(sequence).expect("a valid pattern")
});

#[cfg(feature = "writers")]
/// Removes the escape sequences of a terminal, such as colours.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    SEQUENCE.replace_all(text, "")
}

fn lines(text: &str) -> String {
    terminal(text).into_owned()
}

fn optional(text: Option<&String>) -> Option<String> {
    text.map(|text| lines(text))
}

/// Returns an event with text that is safe for a terminal.
#[cfg(feature = "writers")]
pub(crate) fn event(event: &Event) -> Event {
    match event {
        Event::Header(one) => Event::Header(header(one)),
        Event::Step(one) => Event::Step(record(one).into()),
        Event::Load(one) => Event::Load(Box::new(load(one))),
        Event::Footer(one) => Event::Footer(footer(one)),
    }
}

#[cfg(feature = "writers")]
fn header(header: &Header) -> Header {
    let Header { version, conformance, started, suite, target, stage, steps, shard, isolation } = header;
    Header {
        version: *version,
        conformance: line(conformance),
        started: line(started),
        suite: line(suite),
        target: line(target),
        stage: stage.as_ref().map(|stage| line(stage)),
        steps: *steps,
        shard: shard.clone(),
        isolation: *isolation,
    }
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
        milliseconds: *milliseconds,
        findings: findings.iter().map(finding).collect(),
        more_findings: *more_findings,
        reason: optional(reason.as_ref()),
        waits_for: waits_for.as_ref().map(|step| line(step)),
        exchange: exchange.as_ref().map(self::exchange),
        remarks: remarks.iter().map(|remark| lines(remark)).collect(),
        printed: lines(printed),
        deviation: optional(deviation.as_ref()),
        unstarted: *unstarted,
        restarted: optional(restarted.as_ref()),
    }
}

fn finding(finding: &Finding) -> Finding {
    let Finding { place, label, pointer, expected, received } = finding;
    Finding {
        place: place.clone(),
        label: lines(label),
        pointer: pointer.as_ref().map(|pointer| line(pointer)),
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

#[cfg(feature = "writers")]
fn load(load: &Load) -> Load {
    let left_out = |one: &LeftOut| LeftOut { scenario: line(&one.scenario), reason: line(&one.reason) };
    Load {
        ended: optional(load.ended.as_ref()),
        left_out: load.left_out.iter().map(left_out).collect(),
        steps: load.steps.iter().map(|pace| Pace { id: line(&pace.id), ..pace.clone() }).collect(),
        ..load.clone()
    }
}

#[cfg(feature = "writers")]
fn footer(footer: &Footer) -> Footer {
    let Footer { steps, requirements, uncovered, stale, next, notes, interrupted, exit, milliseconds } =
        footer;
    let uncovered = uncovered.iter().map(|one| Uncovered { id: line(&one.id), outcome: one.outcome });
    let stale = stale.iter().map(|one| Stale { at: line(&one.at), message: line(&one.message) });
    Footer {
        steps: steps.clone(),
        requirements: requirements.iter().map(standing).collect(),
        uncovered: uncovered.collect(),
        stale: stale.collect(),
        next: next.as_ref().map(self::next),
        notes: notes.iter().map(|note| lines(note)).collect(),
        interrupted: *interrupted,
        exit: *exit,
        milliseconds: *milliseconds,
    }
}

#[cfg(feature = "writers")]
fn standing(standing: &Standing) -> Standing {
    let Standing { id, level, clause, text, verdict, deviates, outcome, reason } = standing;
    Standing {
        id: line(id),
        level: *level,
        clause: line(clause),
        text: line(text),
        verdict: *verdict,
        deviates: *deviates,
        outcome: *outcome,
        reason: optional(reason.as_ref()),
    }
}

#[cfg(feature = "writers")]
fn next(next: &Next) -> Next {
    let demand = |one: &Demand| Demand { id: line(&one.id), level: one.level, text: line(&one.text) };
    Next { stage: line(&next.stage), requirements: next.requirements.iter().map(demand).collect() }
}
