//! One step for people: what it demands, what came, and how to see it again.

use std::io::{self, Write};

use anstyle::Style;

use super::{BOLD, DIM, green, red, yellow};
use crate::amount::{amount, grouped};
use crate::event::{Exchange, Received, Record, Sent};
use crate::limit;
use crate::matcher::AGAINST_SCHEMA;
use crate::outcome::Outcome;
use crate::verdict::{Finding, Verdict};

/// The findings of a step that are drawn; the others are counted.
const DRAWN: usize = 3;
/// The differences of a body that are told; the others are counted.
const DIFFERENCES: usize = 12;
/// The width to which the id of a step is filled before its requirements.
const WIDTH: usize = 56;

/// Writes the line that names a step, its verdict and its requirements.
pub(super) fn title_line(record: &Record, out: &mut impl Write) -> io::Result<()> {
    let (word, style) = word(record);
    let id = format!("{:WIDTH$}", record.id);
    // What did not hold says below its title how often it was tried.
    let held = record.repetition().filter(|_| record.verdict == Verdict::Pass);
    let held = held.map(|repetition| format!("  {DIM}tried {repetition}{DIM:#}")).unwrap_or_default();
    writeln!(out, "{style}{word}{style:#} {BOLD}{id}{BOLD:#} {}{held}", covers(record))
}

/// Writes a step that does not hold.
pub(super) fn failure(record: &Record, out: &mut impl Write) -> io::Result<()> {
    title_line(record, out)?;
    writeln!(out, "     {}", record.title)?;
    for place in &record.via {
        writeln!(out, "     by way of {place}")?;
    }
    let (parts, whole): (Vec<&Finding>, Vec<&Finding>) =
        record.findings.iter().partition(|finding| finding.pointer.is_some());
    for finding in whole.iter().take(DRAWN) {
        drawing(record, finding, out)?;
    }
    if let Some(more) = whole.len().checked_sub(DRAWN).filter(|more| *more > 0) {
        writeln!(out, "   and {more} more")?;
    }
    if let Some(first) = parts.first() {
        drawing(record, first, out)?;
    }
    if parts.len() > 1 {
        differences(&parts, record.more_findings, out)?;
    } else if record.more_findings > 0 {
        writeln!(out, "   and {} more", grouped(record.more_findings))?;
    }
    if let Some(reason) = &record.reason {
        writeln!(out, "   {reason}")?;
    }
    if let Some(restarted) = &record.restarted {
        writeln!(out, "   {DIM}note{DIM:#}      {restarted}")?;
    }
    if let Some(repetition) = record.repetition() {
        writeln!(out, "   {DIM}tried{DIM:#}     {repetition}, and it never held")?;
    }
    if let Some(exchange) = &record.exchange {
        summary(exchange, out)?;
    }
    remarks(record, out)?;
    printed(&record.printed, out)?;
    writeln!(out)
}

/// Writes what is worth knowing of a step whatever its verdict.
pub(super) fn remarks(record: &Record, out: &mut impl Write) -> io::Result<()> {
    for remark in &record.remarks {
        writeln!(out, "   {DIM}remark{DIM:#}    {remark}")?;
    }
    Ok(())
}

/// Writes an exchange whole, as curl traces one.
pub(super) fn trace(record: &Record, out: &mut impl Write) -> io::Result<()> {
    let Some(exchange) = &record.exchange else { return Ok(()) };
    let sent = &exchange.sent;
    trace_sent(sent, out)?;
    for hop in &exchange.hops {
        trace_received(&hop.received, out)?;
        trace_sent(&hop.sent, out)?;
    }
    match &exchange.received {
        Some(received) => trace_received(received, out)?,
        None => writeln!(out, "   {DIM}<{DIM:#} no response")?,
    }
    if let Some(reason) = &exchange.redirect_end {
        writeln!(out, "     (the redirect was not followed: {reason})")?;
    }
    writeln!(out)
}

fn trace_sent(sent: &Sent, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "   {DIM}>{DIM:#} {BOLD}{} {}{BOLD:#}", sent.method, sent.target)?;
    message(">", (&sent.headers, sent.more_headers), sent.beginning(limit::BODY), out)
}

fn trace_received(received: &Received, out: &mut impl Write) -> io::Result<()> {
    let time = format!("{:.1} ms", received.milliseconds);
    writeln!(out, "   {DIM}<{DIM:#} {BOLD}{}{BOLD:#} {DIM}after {time}{DIM:#}", received.status)?;
    message("<", (&received.headers, received.more_headers), received.beginning(limit::BODY), out)?;
    if received.cut {
        writeln!(out, "     (no expectation looks at the body: the rest was not read)")?;
    }
    if let Some(reason) = &received.incomplete {
        writeln!(out, "     … (incomplete: {reason})")?;
    }
    Ok(())
}

/// Writes the last lines that a target printed.
pub(super) fn printed(printed: &str, out: &mut impl Write) -> io::Result<()> {
    let lines: Vec<&str> = printed.lines().collect();
    for (index, line) in lines.iter().skip(lines.len().saturating_sub(20)).enumerate() {
        let head = if index == 0 { "printed " } else { "        " };
        writeln!(out, "   {DIM}{head}{DIM:#}  {line}")?;
    }
    Ok(())
}

/// The requirements of a step, with their levels.
pub(super) fn covers(record: &Record) -> String {
    record.covers.iter().map(|(id, level)| format!("{id} ({level})")).collect::<Vec<_>>().join(" ")
}

fn word(record: &Record) -> (&'static str, Style) {
    match record.outcome() {
        Outcome::Passed => ("PASS", green()),
        Outcome::Error => ("ERROR", red()),
        Outcome::Failed => ("FAIL", red()),
        Outcome::OptionalFailed => ("FAIL", yellow()),
        Outcome::Known => ("KNOWN", DIM),
        Outcome::Inconclusive | Outcome::OptionalInconclusive => ("UNCLEAR", yellow()),
        Outcome::Skipped => ("SKIP", DIM),
    }
}

fn drawing(record: &Record, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    // The step's own lines are without secrets; those of its file are not.
    let shown = finding.place.line().checked_sub(record.source.line);
    let shown = shown.and_then(|index| record.source.text.lines().nth(index));
    let line = shown.unwrap_or_else(|| finding.place.line_text());
    for line in finding.place.snippet(&finding.label).showing(line).to_string().lines() {
        writeln!(out, " {line}")?;
    }
    // What is drawn says what was expected where the line itself says it; a value from a capture or a matcher does not.
    let written = line.contains(finding.expected.trim_matches('"'));
    if !written && finding.expected.len() <= 200 {
        writeln!(out, "   {DIM}expected{DIM:#}  {}", finding.expected)?;
    }
    Ok(())
}

/// The members of a body that differ, each with its path.
fn differences(findings: &[&Finding], more: usize, out: &mut impl Write) -> io::Result<()> {
    let at = |finding: &Finding| match finding.pointer.as_deref() {
        None | Some("") => "the body".to_owned(),
        Some(pointer) => pointer.to_owned(),
    };
    let width =
        findings.iter().take(DIFFERENCES).map(|finding| at(finding).chars().count()).max().unwrap_or(0);
    // The first is drawn above, with what was expected.
    let mut told = findings.first();
    for (index, finding) in findings.iter().take(DIFFERENCES).enumerate() {
        let head = if index == 0 { "differs " } else { "        " };
        let (path, good, bad) = (at(finding), green(), red());
        write!(out, "   {DIM}{head}{DIM:#}  {path:width$}  ")?;
        let again = told.is_some_and(|told| told.expects_the_same(finding));
        // Why a value is against a schema says more than that it was to be what the schema describes.
        if !(again && finding.received.starts_with(AGAINST_SCHEMA)) {
            let expected = value(&finding.expected);
            write!(out, "{DIM}expected{DIM:#} {good}{expected}{good:#}{DIM}, received{DIM:#} ")?;
        }
        writeln!(out, "{bad}{}{bad:#}", value(&finding.received))?;
        told = Some(finding);
    }
    match findings.len().saturating_sub(DIFFERENCES) + more {
        0 => Ok(()),
        more => writeln!(out, "             and {} more", grouped(more)),
    }
}

fn summary(exchange: &Exchange, out: &mut impl Write) -> io::Result<()> {
    let sent = &exchange.sent;
    let body = sent.body.as_ref().filter(|body| !body.is_empty());
    let body =
        body.map(|body| format!("   {}", body_line(body, sent.beginning(ONE_LINE).1))).unwrap_or_default();
    writeln!(out, "   {DIM}sent{DIM:#}      {} {}{body}", sent.method, sent.target)?;
    for hop in &exchange.hops {
        let location = hop.received.header("location").unwrap_or_default();
        let (status, next) = (hop.received.status, &hop.sent);
        writeln!(
            out,
            "   {DIM}redirect{DIM:#}  {status} to {}: {} {}",
            one_line(location),
            next.method,
            next.target
        )?;
    }
    if let Some(received) = &exchange.received {
        let content_type = received.headers.iter().find(|(name, _)| name == "content-type");
        let content_type = content_type.map(|(_, value)| format!(" {value}")).unwrap_or_default();
        let body = body_line(&received.body, received.beginning(ONE_LINE).1);
        writeln!(out, "   {DIM}received{DIM:#}  {}{content_type} {body}", received.status)?;
        if let Some(reason) = &received.incomplete {
            let bytes = amount(received.bytes.unwrap_or(received.body.len()), "byte");
            writeln!(out, "             (incomplete: {bytes} of the body came; {reason})")?;
        }
    }
    if let Some(reason) = &exchange.redirect_end {
        writeln!(out, "             (the redirect was not followed: {reason})")?;
    }
    writeln!(out, "   {DIM}again{DIM:#}     {}", exchange.again)
}

fn message(
    mark: &str,
    (headers, more): (&[(String, String)], usize),
    (body, rest): (&str, Option<String>),
    out: &mut impl Write,
) -> io::Result<()> {
    for (name, value) in headers {
        writeln!(out, "   {DIM}{mark} {name}:{DIM:#} {value}")?;
    }
    if more > 0 {
        writeln!(out, "   {DIM}{mark} and {} more{DIM:#}", amount(more, "header field"))?;
    }
    writeln!(out, "   {DIM}{mark}{DIM:#}")?;
    for line in body.lines() {
        writeln!(out, "     {line}")?;
    }
    if let Some(rest) = rest {
        writeln!(out, "     {rest}")?;
    }
    Ok(())
}

/// A value on one line. Its white space stays: two values may differ in nothing else.
fn value(text: &str) -> String {
    const LIMIT: usize = 300;
    let line = text.replace(['\r', '\n', '\t'], " ");
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}… ({} bytes)", line.get(..end).unwrap_or(&line), text.len()),
        None => line,
    }
}

/// A body on one line, with what is said of the rest where the record has not all of it.
fn body_line(body: &str, rest: Option<String>) -> String {
    let begin = &body[..body.floor_char_boundary(ONE_LINE)];
    match rest {
        Some(rest) => format!("{}{rest}", one_line(begin).trim_end_matches('…')),
        None => one_line(body),
    }
}

/// The bytes of a body that are shown on one line.
const ONE_LINE: usize = 300;

/// A text on one line: white space runs together, and what is long is cut.
fn one_line(text: &str) -> String {
    const LIMIT: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], text.len()),
        None => line,
    }
}
