//! The report for people: what does not hold, what to mend first, how to see it again, and what the run came to.
//!
//! Failures are gathered and told at the end, those with one cause together; what a reader sees meanwhile is progress, which
//! is a report of its own.

mod failure;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::cause::{Cause, causes};
use super::{Report, outlook};
use crate::event::{Event, Footer, Header, Record};
use crate::suite::Level;
use crate::verdict::Verdict;

/// Writes the report for people. Styles are always written; the stream takes them out where they are not wanted.
pub struct Human<W> {
    out: W,
    detail: Detail,
    /// How many steps were to be told.
    planned: usize,
    failures: Vec<Record>,
    /// The failures that are known, with their reasons.
    known: Vec<(String, String)>,
    /// Steps that were not judged, by their reason: told once.
    unjudged: BTreeMap<(Verdict, String), Unjudged>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only what the run came to.
    Quiet,
    /// What does not hold, and every task with its counts.
    Normal,
    /// Every requirement with its verdict too.
    Requirements,
    /// Every step too.
    Verbose,
    /// Every exchange too, whole.
    Trace,
}

#[derive(Default)]
struct Unjudged {
    steps: Vec<String>,
    profiles: BTreeSet<String>,
    printed: String,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The steps of one cause that are named; the others are counted.
const NAMED: usize = 8;

impl<W: Write> Human<W> {
    /// Returns a report that writes to `out`.
    pub fn new(out: W, detail: Detail) -> Self {
        let (failures, known, unjudged) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { out, detail, planned: 0, failures, known, unjudged }
    }

    /// Returns the stream that it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
        self.planned = header.steps;
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
        if self.detail >= Detail::Verbose && record.exchange.is_some() {
            failure::title_line(record, &mut self.out)?;
        }
        if self.detail == Detail::Trace {
            failure::trace(record, &mut self.out)?;
        }
        match record.verdict {
            Verdict::Pass => {}
            Verdict::Fail | Verdict::Inconclusive if record.deviation.is_some() => {
                self.known.push((record.id.clone(), record.deviation.clone().unwrap_or_default()));
            }
            Verdict::Fail | Verdict::Error => self.failures.push(record.clone()),
            Verdict::Skipped | Verdict::Inconclusive => {
                let reason = record.reason.clone().unwrap_or_default();
                let unjudged = self.unjudged.entry((record.verdict, reason)).or_default();
                unjudged.steps.push(record.id.clone());
                unjudged.profiles.insert(record.profile.clone());
                unjudged.printed.clone_from(&record.printed);
            }
        }
        Ok(())
    }

    /// The failures, those with one cause together, what to mend first at the head.
    fn causes(&mut self) -> io::Result<()> {
        let failures = std::mem::take(&mut self.failures);
        let causes = causes(&failures);
        if self.detail >= Detail::Verbose && !causes.is_empty() {
            writeln!(self.out)?;
        }
        for cause in &causes {
            self.cause(cause)?;
        }
        if causes.len() > 1 {
            writeln!(self.out, "{BOLD}What to mend first{BOLD:#}")?;
            for (index, cause) in causes.iter().take(NAMED).enumerate() {
                let musts = cause.requirements(Level::Must).len();
                let cost = format!("{}, {musts} must", count(cause.records.len(), "step"));
                writeln!(self.out, "{:3}. {} {DIM}({cost}){DIM:#}", index + 1, cause.title)?;
            }
            if let Some(more @ 1..) = causes.len().checked_sub(NAMED) {
                writeln!(self.out, "     and {more} more")?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn cause(&mut self, cause: &Cause<'_>) -> io::Result<()> {
        let Some((first, others)) = cause.records.split_first() else { return Ok(()) };
        failure::failure(first, &mut self.out)?;
        if self.detail >= Detail::Verbose {
            return others.iter().try_for_each(|record| failure::failure(record, &mut self.out));
        }
        if others.is_empty() {
            return Ok(());
        }
        let others_are = if others.len() == 1 {
            "1 other step fails"
        } else {
            &format!("{} other steps fail", others.len())
        };
        writeln!(self.out, "   {others_are} likewise ({}):", cause.title)?;
        for record in others.iter().take(NAMED) {
            writeln!(self.out, "     {:54} {}", record.id, failure::covers(record))?;
        }
        if let Some(more @ 1..) = others.len().checked_sub(NAMED) {
            writeln!(self.out, "     and {more} more; --verbose tells each")?;
        }
        writeln!(self.out)
    }

    fn footer(&mut self, footer: &Footer) -> io::Result<()> {
        let judged =
            footer.steps.keys().any(|verdict| !matches!(verdict, Verdict::Skipped | Verdict::Inconclusive));
        if self.detail != Detail::Quiet {
            self.causes()?;
        }
        if self.detail != Detail::Quiet && judged {
            standing::standings(footer, self.detail >= Detail::Requirements, &mut self.out)?;
        }
        // Where nothing could be judged, the reason is all that there is to tell.
        if self.detail != Detail::Quiet || !judged {
            self.unjudged()?;
        }
        if self.detail != Detail::Quiet {
            for (step, reason) in &self.known {
                writeln!(self.out, "{DIM}KNOWN{DIM:#} {step}: {reason}")?;
            }
        }
        outlook::write(footer, &mut self.out)?;
        if let Some(progress) = standing::progress(footer).filter(|_| judged) {
            writeln!(self.out, "{progress}")?;
        }
        if let Some(interruption) = footer.interruption(self.planned) {
            let style = yellow();
            writeln!(self.out, "{style}{interruption}{style:#}; nothing is said of the others")?;
        }
        let steps = footer.steps.iter().map(|(verdict, count)| format!("{count} {verdict}"));
        writeln!(self.out, "steps: {}", steps.collect::<Vec<_>>().join(", "))?;
        let style = if footer.exit == 0 { green() } else { red() };
        let line = if judged { standing::closing(footer) } else { "nothing could be judged".to_owned() };
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
            if self.detail >= Detail::Verbose || unjudged.steps.len() <= 3 {
                writeln!(self.out, "     {}", unjudged.steps.join(" "))?;
            }
            failure::printed(&unjudged.printed, &mut self.out)?;
        }
        Ok(())
    }
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
