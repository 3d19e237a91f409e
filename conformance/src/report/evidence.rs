//! What stands behind a verdict, as plain text: for reports that have one field for it.

use crate::amount::grouped;
use crate::event::Record;
use crate::limit;
use crate::verdict::Finding;

/// Returns where the step stands, what did not hold, the exchange, what the target printed and how to repeat it.
#[must_use]
pub fn evidence(record: &Record) -> String {
    let mut text = format!("{}\n{}\n", record.title, record.place);
    for place in &record.via {
        text += &format!("by way of {place}\n");
    }
    for (index, finding) in record.findings.iter().enumerate() {
        // What several parts of an answer were to be is told behind the last of them.
        let told = |other: Option<&Finding>| other.is_some_and(|other| other.expects_the_same(finding));
        if index == 0 || !told(record.findings.get(index - 1)) {
            text += &format!("\n{}\n", finding.place);
        }
        text += &format!("  {}\n", finding.label);
        if !told(record.findings.get(index + 1)) {
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
    if let Some(repetition) = record.repetition() {
        text += &format!("\ntried     {repetition}\n");
    }
    if let Some(exchange) = &record.exchange {
        let sent = &exchange.sent;
        text += &format!("\nsent      {} {}\n", sent.method, sent.target);
        if sent.body.as_ref().is_some_and(|body| !body.is_empty()) {
            body(&mut text, sent.beginning(limit::SHORT_BODY));
        }
        if let Some(received) = &exchange.received {
            text += &format!("received  {}\n", received.status);
            body(&mut text, received.beginning(limit::SHORT_BODY));
        }
        text += &format!("again     {}\n", exchange.again);
    }
    if !record.printed.is_empty() {
        text += &format!("printed   {}\n", record.printed.trim_end());
    }
    text
}

/// Writes the beginning of a body, and what is said of the rest.
fn body(text: &mut String, (begin, rest): (&str, Option<String>)) {
    *text += &format!("          {}\n", begin.trim_end());
    if let Some(rest) = rest {
        *text += &format!("          {rest}\n");
    }
}

/// Returns the verdict's reason in one line.
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
