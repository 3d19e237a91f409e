//! Writes requests and responses in full, for `--trace`.

use std::io::{self, Write};

use crate::style::{BOLD, DIM};
use conformance_engine::event::{Execution, Received, Record, Sent};
use conformance_engine::limit;
use conformance_suite::amount::amount;

/// Writes a request and its response in full, in the style of `curl -v`.
pub(super) fn trace(record: &Record, out: &mut impl Write) -> io::Result<()> {
    if let Some(execution) = &record.execution {
        trace_execution(execution, out)?;
    }
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

fn trace_execution(execution: &Execution, out: &mut impl Write) -> io::Result<()> {
    let time = format!("{:.1} ms", execution.milliseconds);
    writeln!(out, "   {DIM}>{DIM:#} {BOLD}{}{BOLD:#}", execution.command)?;
    writeln!(out, "   {DIM}<{DIM:#} {BOLD}{}{BOLD:#} {DIM}after {time}{DIM:#}", execution.ended())?;
    for (name, stream) in execution.streams() {
        let mark = if name == "stdin" { ">" } else { "<" };
        message(&format!("{mark} {name}"), (&[], 0), stream.beginning(limit::BODY), out)?;
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
        writeln!(out, "     (the rest was not read: no expectation needs the body)")?;
    }
    if let Some(reason) = &received.incomplete {
        writeln!(out, "     … (incomplete: {reason})")?;
    }
    Ok(())
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
