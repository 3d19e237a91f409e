//! The report for people: what does not hold, how to see it again, and what the run came to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Report;
use crate::event::{Event, Exchange, Footer, Header, Record, Standing};
use crate::suite::Level;
use crate::verdict::{Finding, Verdict};

/// Writes the report for people. Styles are always written; the stream takes them out where they are not wanted.
pub struct Human<W> {
    out: W,
    detail: Detail,
    /// Steps that were not judged, by their reason: told once.
    unjudged: BTreeMap<(Verdict, String), Unjudged>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only what the run came to.
    Quiet,
    /// What does not hold, and every requirement with its verdict.
    Normal,
    /// Every step too.
    Verbose,
}

#[derive(Default)]
struct Unjudged {
    steps: Vec<String>,
    profiles: BTreeSet<String>,
    printed: String,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The findings of a step that are drawn; the others are counted.
const DRAWN: usize = 3;
/// The width to which the id of a step is filled before its requirements.
const WIDTH: usize = 56;

impl<W: Write> Human<W> {
    /// Returns a report that writes to `out`.
    pub fn new(out: W, detail: Detail) -> Self {
        Self { out, detail, unjudged: BTreeMap::new() }
    }

    /// Returns the stream that it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
        if self.detail == Detail::Quiet {
            return Ok(());
        }
        let stage = header.stage.as_ref().map(|stage| format!(" at stage {stage}")).unwrap_or_default();
        writeln!(
            self.out,
            "{BOLD}{}{BOLD:#}: {} against {}{stage}\n",
            header.suite,
            count(header.steps, "step"),
            header.target
        )
    }

    fn step(&mut self, record: &Record) -> io::Result<()> {
        match record.verdict {
            Verdict::Pass if self.detail == Detail::Verbose => self.title_line(record, "PASS", green()),
            Verdict::Pass => Ok(()),
            Verdict::Fail | Verdict::Error => self.failure(record),
            Verdict::Skipped | Verdict::Inconclusive => {
                let reason = record.reason.clone().unwrap_or_default();
                let unjudged = self.unjudged.entry((record.verdict, reason)).or_default();
                unjudged.steps.push(record.id.clone());
                unjudged.profiles.insert(record.profile.clone());
                unjudged.printed.clone_from(&record.printed);
                Ok(())
            }
        }
    }

    fn failure(&mut self, record: &Record) -> io::Result<()> {
        if self.detail == Detail::Quiet {
            return Ok(());
        }
        let word = if record.verdict == Verdict::Error { "ERROR" } else { "FAIL" };
        self.title_line(record, word, if record.binds() { red() } else { yellow() })?;
        for finding in record.findings.iter().take(DRAWN) {
            self.finding(finding)?;
        }
        if let Some(more) = record.findings.len().checked_sub(DRAWN).filter(|more| *more > 0) {
            writeln!(self.out, "   and {more} more")?;
        }
        if let Some(reason) = &record.reason {
            writeln!(self.out, "   {reason}")?;
        }
        if let Some(exchange) = &record.exchange {
            self.exchange(exchange)?;
        }
        self.printed(&record.printed)?;
        writeln!(self.out)
    }

    fn title_line(&mut self, record: &Record, word: &str, style: Style) -> io::Result<()> {
        let covers =
            record.covers.iter().map(|(id, level)| format!("{id} ({level})")).collect::<Vec<_>>().join(" ");
        let id = format!("{:WIDTH$}", record.id);
        writeln!(self.out, "{style}{word}{style:#} {BOLD}{id}{BOLD:#} {covers}")?;
        if word != "PASS" {
            writeln!(self.out, "     {}", record.title)?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        for line in finding.place.snippet(&finding.label).to_string().lines() {
            writeln!(self.out, " {line}")?;
        }
        // What is drawn says what was expected where the line itself says it; a value from a capture or a matcher does not.
        let written = finding.place.line_text().contains(finding.expected.trim_matches('"'));
        if !written && finding.expected.len() <= 200 {
            writeln!(self.out, "   {DIM}expected{DIM:#}  {}", finding.expected)?;
        }
        Ok(())
    }

    fn exchange(&mut self, exchange: &Exchange) -> io::Result<()> {
        let sent = &exchange.sent;
        let body =
            sent.body.as_ref().filter(|body| !body.is_empty()).map(|body| format!("   {}", one_line(body)));
        writeln!(
            self.out,
            "   {DIM}sent{DIM:#}      {} {}{}",
            sent.method,
            sent.target,
            body.unwrap_or_default()
        )?;
        if let Some(received) = &exchange.received {
            let content_type = received.headers.iter().find(|(name, _)| name == "content-type");
            let content_type = content_type.map(|(_, value)| format!(" {value}")).unwrap_or_default();
            let body = one_line(&received.body);
            writeln!(self.out, "   {DIM}received{DIM:#}  {}{content_type} {body}", received.status)?;
        }
        writeln!(self.out, "   {DIM}again{DIM:#}     {}", exchange.again)
    }

    fn printed(&mut self, printed: &str) -> io::Result<()> {
        let lines: Vec<&str> = printed.lines().collect();
        for (index, line) in lines.iter().skip(lines.len().saturating_sub(20)).enumerate() {
            let head = if index == 0 { "printed " } else { "        " };
            writeln!(self.out, "   {DIM}{head}{DIM:#}  {line}")?;
        }
        Ok(())
    }

    fn footer(&mut self, footer: &Footer) -> io::Result<()> {
        let judged =
            footer.steps.keys().any(|verdict| !matches!(verdict, Verdict::Skipped | Verdict::Inconclusive));
        if self.detail != Detail::Quiet && judged {
            self.standings(&footer.requirements)?;
        }
        // Where nothing could be judged, the reason is all that there is to tell.
        if self.detail != Detail::Quiet || !judged {
            self.unjudged()?;
        }
        let steps = footer.steps.iter().map(|(verdict, count)| format!("{count} {verdict}"));
        writeln!(self.out, "steps: {}", steps.collect::<Vec<_>>().join(", "))?;
        let style = if footer.exit == 0 { green() } else { red() };
        let line = if judged { closing(footer) } else { "nothing could be judged".to_owned() };
        writeln!(self.out, "{style}{line}{style:#}")
    }

    /// Every reason for which steps were not judged, told once.
    fn unjudged(&mut self) -> io::Result<()> {
        for ((verdict, reason), unjudged) in std::mem::take(&mut self.unjudged) {
            let style = if verdict == Verdict::Inconclusive { yellow() } else { DIM };
            let steps = count(unjudged.steps.len(), "step");
            let profiles = unjudged.profiles.into_iter().collect::<Vec<_>>().join(", ");
            let word = verdict.to_string().to_uppercase();
            writeln!(self.out, "{style}{word}{style:#} {steps} in {profiles}: {reason}")?;
            if self.detail == Detail::Verbose || unjudged.steps.len() <= 3 {
                writeln!(self.out, "     {}", unjudged.steps.join(" "))?;
            }
            self.printed(&unjudged.printed)?;
        }
        Ok(())
    }

    /// Every requirement that was tried, with its verdict, under its clause.
    fn standings(&mut self, standings: &[Standing]) -> io::Result<()> {
        let mut clauses: Vec<(&str, Vec<&Standing>)> = Vec::new();
        for standing in standings.iter().filter(|standing| standing.verdict.is_some()) {
            match clauses.iter_mut().find(|(clause, _)| *clause == standing.clause) {
                Some((_, under)) => under.push(standing),
                None => clauses.push((&standing.clause, vec![standing])),
            }
        }
        for (clause, standings) in clauses {
            writeln!(self.out, "{BOLD}{clause}{BOLD:#}")?;
            for standing in standings {
                let (mark, style) = mark(standing);
                let id = format!("{:14} {:6}", standing.id, standing.level.to_string());
                writeln!(self.out, "  {style}{mark:7}{style:#} {id} {}", standing.text)?;
            }
        }
        writeln!(self.out)
    }
}

/// The word for what is said of a requirement; one that binds and does not hold stands out.
fn mark(standing: &Standing) -> (&'static str, Style) {
    match standing.verdict {
        Some(Verdict::Pass) => ("holds", green()),
        Some(Verdict::Fail) if standing.level == Level::Must => ("FAILS", red()),
        Some(Verdict::Fail) => ("fails", yellow()),
        Some(Verdict::Inconclusive) => ("unclear", yellow()),
        Some(Verdict::Skipped) | None => ("skipped", DIM),
        Some(Verdict::Error) => ("ERROR", red()),
    }
}

/// The last line: requirements by level, and what was not tried.
fn closing(footer: &Footer) -> String {
    let mut parts: Vec<String> = (Level::ALL.into_iter())
        .filter_map(|level| match footer.held(level) {
            (_, 0) => None,
            (held, tried) => Some(format!("{level} {held} of {tried} hold")),
        })
        .collect();
    let skipped = footer.requirements.iter().filter(|standing| standing.verdict == Some(Verdict::Skipped));
    let not_offered: Vec<&str> = skipped.map(|standing| standing.id.as_str()).collect();
    if !not_offered.is_empty() {
        parts.push(format!("not offered: {}", not_offered.join(" ")));
    }
    let untested =
        footer.requirements.iter().filter(|one| one.verdict.is_none() && one.reason.is_some()).count();
    if untested > 0 {
        parts.push(format!("{untested} not tested, each with its reason in the register"));
    }
    parts.join(" · ")
}

impl<W: Write> Report for Human<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.header(header),
            Event::Step(record) => self.step(record),
            Event::Footer(footer) => self.footer(footer),
        }?;
        self.out.flush()
    }
}

fn green() -> Style {
    AnsiColor::Green.on_default()
}

fn red() -> Style {
    AnsiColor::Red.on_default().bold()
}

fn yellow() -> Style {
    AnsiColor::Yellow.on_default()
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A body on one line: white space runs together, and what is long is cut.
fn one_line(body: &str) -> String {
    const LIMIT: usize = 300;
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], body.len()),
        None => line,
    }
}
