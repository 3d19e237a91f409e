//! The evidence for a verdict and the identity of a suite as plain text, for the reports that programs read.

use crate::reproduce::commands;
use conformance_engine::event::{Header, Record};
use conformance_engine::limit;
use conformance_engine::verdict::Finding;
use conformance_suite::amount::grouped;

/// Returns the source location, the mismatches, the exchange, the output of the target and the commands that reproduce it, given the
/// header of its run.
#[must_use]
pub fn evidence(record: &Record, header: Option<&Header>) -> String {
    let mut text = format!("{}\n{}\n", record.title, record.place);
    for place in &record.via {
        text += &format!("via {place}\n");
    }
    for (index, finding) in record.findings.iter().enumerate() {
        // If consecutive mismatches expect the same, print it after the last of them.
        let is_shown_with =
            |other: Option<&Finding>| other.is_some_and(|other| other.expects_the_same(finding));
        if index == 0 || !is_shown_with(record.findings.get(index - 1)) {
            text += &format!("\n{}\n", finding.place);
        }
        text += &format!("  {}\n", finding.label);
        if !is_shown_with(record.findings.get(index + 1)) {
            text += &format!("  expected  {}\n", finding.expected);
        }
    }
    if record.more_findings > 0 {
        text += &format!("\nand {} more\n", grouped(record.more_findings));
    }
    for remark in &record.remarks {
        text += &format!("\nremark    {remark}\n");
    }
    if let Some(reason) = &record.reason {
        text += &format!("\n{reason}\n");
    }
    if let Some(restarted) = &record.restarted {
        text += &format!("\nnote      {restarted}\n");
    }
    if let Some(repetition) = record.repetition() {
        text += &format!("\ntried     {repetition}\n");
    }
    if let Some(exchange) = &record.exchange {
        let sent = &exchange.sent;
        text += &format!("\nrequest   {} {}\n", sent.method, sent.target);
        if sent.body.as_ref().is_some_and(|body| !body.is_empty()) {
            body(&mut text, sent.beginning(limit::SHORT_BODY));
        }
        if let Some(received) = &exchange.received {
            text += &format!("response  {}\n", received.status);
            body(&mut text, received.beginning(limit::SHORT_BODY));
        }
    }
    if let Some(execution) = &record.execution {
        text += &format!("\nprogram   {}\nended     {}\n", execution.command, execution.ended());
        for (name, stream) in execution.streams() {
            text += &format!("{name}\n");
            body(&mut text, stream.beginning(limit::SHORT_BODY));
        }
    }
    for (index, command) in commands(record, header).iter().enumerate() {
        let head = if index == 0 { "reproduce" } else { "         " };
        text += &format!("{head} {command}\n");
    }
    if !record.printed.is_empty() {
        text += &format!("printed   {}\n", record.printed.trim_end());
    }
    text
}

/// Writes the beginning of a body, and its size if the rest is left out.
fn body(text: &mut String, (begin, rest): (&str, Option<String>)) {
    *text += &format!("          {}\n", begin.trim_end());
    if let Some(rest) = rest {
        *text += &format!("          {rest}\n");
    }
}

/// Returns the title, the version and the SHA-256 of the suite in one line.
pub(super) fn identity(header: &Header) -> String {
    let version =
        header.suite_version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
    let digest = Some(&*header.suite_digest).filter(|digest| !digest.is_empty());
    let digest = digest.map(|digest| format!(", SHA-256 {digest}")).unwrap_or_default();
    format!("{}{version}{digest}", header.suite)
}

/// Returns the reason of a verdict in one line.
#[must_use]
pub fn summary(record: &Record) -> String {
    match (record.findings.as_slice(), &record.reason) {
        (_, Some(reason)) => reason.clone(),
        ([], None) => record.title.clone(),
        ([first, more @ ..], _) => match more.len() + record.more_findings {
            0 => first.label.clone(),
            more => format!("{} (and {} more)", first.label, grouped(more)),
        },
    }
}
