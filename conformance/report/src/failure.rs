//! Prints one step: what was expected, the request, the response, and how to reproduce it.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;

use crate::printable;
use crate::reproduce::commands;
use crate::style::{BOLD, BOLD_RED, DIM, GREEN, YELLOW};
use conformance_engine::event::{Exchange, Execution, Header, Record, Sent};
use conformance_engine::limit;
use conformance_engine::outcome::Outcome;
use conformance_engine::verdict::{Finding, Verdict};
use conformance_suite::amount::{amount, grouped};
use conformance_suite::matcher::AGAINST_SCHEMA;
use conformance_suite::visible::around;

/// Maximum number of mismatches with a source snippet; the others are counted.
const DRAWN: usize = 3;
/// Maximum number of differences in a body to print; the others are counted.
const DIFFERENCES: usize = 12;
/// Width of the column of step ids.
const WIDTH: usize = 56;

/// Writes a line with the verdict, the id and the requirements of a step.
pub(crate) fn title_line(record: &Record, out: &mut impl Write) -> io::Result<()> {
    let (word, style) = word(record);
    let id = format!("{:WIDTH$}", record.id);
    // A failing step prints the number of tries below its title.
    let held = record.repetition().filter(|_| record.verdict == Verdict::Pass);
    let held = held.map(|repetition| format!("  {DIM}tried {repetition}{DIM:#}")).unwrap_or_default();
    writeln!(out, "{style}{word}{style:#} {BOLD}{id}{BOLD:#} {}{held}", covers(record))
}

/// Writes a failed step: its mismatches in the lines of its file, the exchange, and the command that reproduces it.
///
/// # Errors
/// Writing to `out` fails.
pub fn failure(record: &Record, out: &mut impl Write) -> io::Result<()> {
    write_failure(&printable::record(record), None, out)
}

/// Like [`failure`], for a record whose text is safe for a terminal. With the header of its run, also prints the environment
/// of its profile and the command that repeats the step.
pub(crate) fn write_failure(
    record: &Record,
    header: Option<&Header>,
    out: &mut impl Write,
) -> io::Result<()> {
    title_line(record, out)?;
    writeln!(out, "     {}", record.title)?;
    for place in &record.via {
        writeln!(out, "     via {place}")?;
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
        writeln!(out, "   {DIM}tried{DIM:#}     {repetition}, and it never passed")?;
    }
    if let Some(environment) = header.and_then(|header| header.environment(&record.profile)) {
        writeln!(out, "   {DIM}profile{DIM:#}   {}: {environment}", record.profile)?;
    }
    if let Some(exchange) = &record.exchange {
        summary(exchange, out)?;
    }
    if let Some(execution) = &record.execution {
        executed(execution, out)?;
    }
    reproduce(record, header, out)?;
    remarks(record, out)?;
    printed(&record.printed, out)?;
    writeln!(out)
}

/// Writes the remarks of a step.
pub(crate) fn remarks(record: &Record, out: &mut impl Write) -> io::Result<()> {
    for remark in &record.remarks {
        writeln!(out, "   {DIM}remark{DIM:#}    {remark}")?;
    }
    Ok(())
}

/// Writes the last lines of the output of the target.
pub(crate) fn printed(printed: &str, out: &mut impl Write) -> io::Result<()> {
    let lines: Vec<&str> = printed.lines().collect();
    for (index, line) in lines.iter().skip(lines.len().saturating_sub(20)).enumerate() {
        let head = if index == 0 { "printed " } else { "        " };
        writeln!(out, "   {DIM}{head}{DIM:#}  {line}")?;
    }
    Ok(())
}

/// Returns the requirements of a step with their levels.
pub(crate) fn covers(record: &Record) -> String {
    record.covers.iter().map(|(id, level)| format!("{id} ({level})")).collect::<Vec<_>>().join(" ")
}

fn word(record: &Record) -> (&'static str, Style) {
    match record.outcome() {
        Outcome::Passed => ("PASS", GREEN),
        Outcome::Error => ("ERROR", BOLD_RED),
        Outcome::Failed => ("FAIL", BOLD_RED),
        Outcome::OptionalFailed => ("FAIL (optional)", YELLOW),
        Outcome::Known => ("KNOWN", DIM),
        Outcome::Inconclusive | Outcome::OptionalInconclusive if record.waits_for.is_some() => {
            ("BLOCKED", YELLOW)
        }
        Outcome::Inconclusive | Outcome::OptionalInconclusive => ("INCONCLUSIVE", YELLOW),
        Outcome::Skipped => ("SKIP", DIM),
    }
}

fn drawing(record: &Record, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    // Prefer the lines in the record: secrets in them are redacted.
    let shown = finding.place.line().checked_sub(record.source.line);
    let shown = shown.and_then(|index| record.source.text.lines().nth(index));
    let line = shown.unwrap_or_else(|| finding.place.line_text());
    for line in finding.place.snippet(&finding.label).showing(line).to_string().lines() {
        let caret =
            line.trim_start().strip_prefix('|').is_some_and(|rest| rest.trim_start().starts_with('^'));
        match line.split_once('^').filter(|_| caret) {
            Some((begin, end)) => writeln!(out, " {begin}{BOLD_RED}^{end}{BOLD_RED:#}")?,
            None => writeln!(out, " {line}")?,
        }
    }
    // Print the expected value unless the source line contains it, as it does for a literal.
    let written = line.contains(finding.expected.trim_matches('"'));
    if !written && finding.expected.len() <= 200 {
        writeln!(out, "   {DIM}expected{DIM:#}  {}", finding.expected)?;
    }
    Ok(())
}

/// Writes the differences in a body, each with its JSON Pointer.
fn differences(findings: &[&Finding], more: usize, out: &mut impl Write) -> io::Result<()> {
    let at = |finding: &Finding| match finding.pointer.as_deref() {
        None | Some("") => "the body".to_owned(),
        Some(pointer) => pointer.to_owned(),
    };
    let width =
        findings.iter().take(DIFFERENCES).map(|finding| at(finding).chars().count()).max().unwrap_or(0);
    // The snippet above shows the first expected value.
    let mut previous = findings.first();
    for (index, finding) in findings.iter().take(DIFFERENCES).enumerate() {
        let head = if index == 0 { "differs " } else { "        " };
        let path = at(finding);
        write!(out, "   {DIM}{head}{DIM:#}  {path:width$}  ")?;
        let repeated = previous.is_some_and(|previous| previous.expects_the_same(finding));
        // For a schema, the reason of the mismatch is enough; do not repeat which schema was expected.
        if !(repeated && finding.received.starts_with(AGAINST_SCHEMA)) {
            let expected = value(&finding.expected, &finding.received);
            write!(out, "{DIM}expected{DIM:#} {GREEN}{expected}{GREEN:#}{DIM}, received{DIM:#} ")?;
        }
        writeln!(out, "{BOLD_RED}{}{BOLD_RED:#}", value(&finding.received, &finding.expected))?;
        previous = Some(finding);
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
    writeln!(out, "   {DIM}request{DIM:#}   {} {}{body}", sent.method, sent.target)?;
    for hop in &exchange.hops {
        let (status, Sent { method, target, .. }) = (hop.received.status, &hop.sent);
        match hop.received.header("location") {
            Some(location) => {
                let location = one_line(location);
                writeln!(out, "   {DIM}redirect{DIM:#}  {status} to {location}: {method} {target}")?;
            }
            // The target asked for credentials.
            None => writeln!(out, "   {DIM}repeated{DIM:#}  after {status}: {method} {target}")?,
        }
    }
    if let Some(received) = &exchange.received {
        let content_type = received.headers.iter().find(|(name, _)| name == "content-type");
        let content_type = content_type.map(|(_, value)| format!(" {value}")).unwrap_or_default();
        let body = body_line(&received.body, received.beginning(ONE_LINE).1);
        writeln!(out, "   {DIM}response{DIM:#}  {}{content_type} {body}", received.status)?;
        if let Some(reason) = &received.incomplete {
            let bytes = amount(received.bytes.unwrap_or(received.body.len()), "byte");
            writeln!(out, "             (incomplete: {bytes} of the body received; {reason})")?;
        }
    }
    if let Some(reason) = &exchange.redirect_end {
        writeln!(out, "             (the redirect was not followed: {reason})")?;
    }
    Ok(())
}

/// Writes what a program was given and what it printed.
fn executed(execution: &Execution, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "   {DIM}program{DIM:#}   {}   {}", execution.command, execution.ended())?;
    for (name, stream) in execution.streams() {
        let (text, rest) = stream.beginning(limit::SHORT_BODY);
        let lines: Vec<&str> = text.lines().collect();
        // The cause of a failure is at the end of standard error.
        let first = if name == "stderr" { lines.len().saturating_sub(PRINTED_LINES) } else { 0 };
        for (index, line) in lines.iter().skip(first).take(PRINTED_LINES).enumerate() {
            let head = if index == 0 { name } else { "" };
            writeln!(out, "   {DIM}{head:8}{DIM:#}  {line}")?;
        }
        match lines.len().saturating_sub(PRINTED_LINES) {
            0 => {}
            more => writeln!(out, "             ({more} more lines are not shown)")?,
        }
        if let Some(rest) = rest {
            writeln!(out, "             {rest}")?;
        }
    }
    Ok(())
}

/// Maximum number of lines of the output of a program.
const PRINTED_LINES: usize = 20;

/// Writes the commands that repeat a step.
fn reproduce(record: &Record, header: Option<&Header>, out: &mut impl Write) -> io::Result<()> {
    for (index, line) in commands(record, header).iter().enumerate() {
        let head = if index == 0 { "reproduce" } else { "         " };
        writeln!(out, "   {DIM}{head}{DIM:#} {line}")?;
    }
    Ok(())
}

/// Returns a value on one line, cut around its first difference from another one. Runs of spaces are kept because values may differ
/// only in them.
fn value(text: &str, other: &str) -> String {
    const LIMIT: usize = 300;
    let line = |text: &str| text.replace(['\r', '\n', '\t'], " ");
    let whole = line(text);
    match around(&whole, &line(other), LIMIT) {
        Cow::Owned(cut) => format!("{cut} ({} bytes)", text.len()),
        Cow::Borrowed(_) => whole,
    }
}

/// Returns a body on one line, followed by the size if the record has only its beginning.
fn body_line(body: &str, rest: Option<String>) -> String {
    let begin = &body[..body.floor_char_boundary(ONE_LINE)];
    match rest {
        Some(rest) => format!("{}{rest}", one_line(begin).trim_end_matches('…')),
        None => one_line(body),
    }
}

/// Maximum number of bytes of a body on one line.
const ONE_LINE: usize = 300;

/// Returns a text on one line: white space is collapsed and long text is cut.
fn one_line(text: &str) -> String {
    const LIMIT: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], text.len()),
        None => line,
    }
}
