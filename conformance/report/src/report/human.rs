//! The terminal report: failures, what to fix first, how to reproduce each failure, and the summary.
//!
//! Failures are collected and printed at the end, grouped by cause. During the run, [`Progress`](super::Progress) shows how far it is.

mod load;
mod summary;
mod trace;
mod wrap;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::Report;
use super::cause::{Cause, causes};
use crate::failure::{self, write_failure};
use crate::printable;
use crate::style::{BOLD, BOLD_RED, DIM, GREEN, YELLOW};
use conformance_engine::event::{Event, Footer, Header, Load, Record};
use conformance_engine::outcome::Outcome;
use conformance_engine::verdict::Verdict;
use conformance_suite::amount::amount;
use wrap::wrap;

/// The terminal report. It always writes styles; the output stream removes them if colors are off.
pub struct Human<W> {
    out: W,
    detail: Detail,
    /// Width of the terminal; none if the output is a file or a pipe.
    width: Option<usize>,
    /// Number of steps in the plan.
    planned: usize,
    header: Option<Header>,
    load: Option<Box<Load>>,
    /// Failing and blocked steps.
    wrong: Vec<Arc<Record>>,
    /// Known failures: step id and reason.
    known: Vec<(String, String)>,
    /// Steps that passed only after a retry, with their tries.
    flaky: Vec<(String, String)>,
    seed: Option<u32>,
    /// Remarks about responses, with the ids of their steps. They do not affect verdicts.
    remarks: BTreeMap<String, Vec<String>>,
    /// Steps without a verdict, grouped so that each reason is printed once.
    unjudged: BTreeMap<(Verdict, String), Unjudged>,
}

/// How much the report prints; each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only the summary.
    Quiet,
    /// Failures, and the counts of every task.
    Normal,
    /// Also the verdict of every requirement.
    Requirements,
    /// Also every step.
    Verbose,
    /// Also every request and response in full.
    Trace,
}

#[derive(Default)]
struct Unjudged {
    steps: Vec<String>,
    profiles: BTreeSet<String>,
    printed: String,
}

/// Maximum number of causes, of steps of a cause, of profiles and of remarks to print; the others are counted.
const NAMED: usize = 8;

impl<W: Write> Human<W> {
    /// Creates a report that writes to `out`.
    pub fn new(out: W, detail: Detail) -> Self {
        let (wrong, known, flaky, seed, remarks, unjudged) = Default::default();
        let (width, header, load) = (None, None, None);
        Self { out, detail, width, planned: 0, header, load, wrong, known, flaky, seed, remarks, unjudged }
    }

    /// Wraps sentences at this width, if there is one.
    #[must_use]
    pub fn within(self, width: Option<usize>) -> Self {
        Self { width, ..self }
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
        self.planned = header.steps;
        self.header = Some(header.clone());
        if self.detail == Detail::Quiet {
            return Ok(());
        }
        let stage = header.stage.as_ref().map(|stage| format!(" at stage {stage}")).unwrap_or_default();
        let shard = header.shard.as_ref().map(|shard| format!(", shard {} of {}", shard.index, shard.of));
        let shard = shard.unwrap_or_default();
        let isolation = header.isolation.map(|mechanism| format!(", isolated with {mechanism}"));
        let isolation = isolation.unwrap_or_default();
        self.seed = header.seed;
        let seed = header.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
        writeln!(
            self.out,
            "{BOLD}{}{BOLD:#}: {} against {}{stage}{shard}{isolation}{seed}\n",
            header.suite,
            amount(header.steps, "step"),
            header.target
        )
    }

    fn step(&mut self, record: &Arc<Record>) -> io::Result<()> {
        if self.detail >= Detail::Verbose && (record.exchange.is_some() || record.execution.is_some()) {
            failure::title_line(record, &mut self.out)?;
        }
        if self.detail == Detail::Trace {
            trace::trace(record, &mut self.out)?;
        }
        // A failing step is printed together with its remarks.
        if record.verdict == Verdict::Pass || record.deviation.is_some() {
            for remark in &record.remarks {
                self.remarks.entry(remark.clone()).or_default().push(record.id.clone());
            }
        }
        match record.outcome() {
            Outcome::Passed => {
                if let Some(repetition) = record.repetition() {
                    self.flaky.push((record.id.clone(), repetition));
                }
            }
            Outcome::Known => {
                self.known.push((record.id.clone(), record.deviation.clone().unwrap_or_default()));
            }
            Outcome::Failed | Outcome::OptionalFailed | Outcome::Error => self.wrong.push(Arc::clone(record)),
            Outcome::Inconclusive | Outcome::OptionalInconclusive if record.waits_for.is_some() => {
                self.wrong.push(Arc::clone(record));
            }
            Outcome::Skipped | Outcome::Inconclusive | Outcome::OptionalInconclusive => self.unjudge(record),
        }
        Ok(())
    }

    /// Writes the list of causes, then the failures grouped by cause.
    fn causes(&mut self, causes: &[Cause<'_>]) -> io::Result<()> {
        if self.detail >= Detail::Verbose && !causes.is_empty() {
            writeln!(self.out)?;
        }
        let wanted = if self.detail >= Detail::Verbose { causes.len() } else { NAMED };
        if !causes.is_empty() {
            writeln!(self.out, "{BOLD}Fix first{BOLD:#}")?;
            for (index, cause) in causes.iter().take(wanted).enumerate() {
                writeln!(self.out, "{:3}. {}", index + 1, wrap(&named(cause), 5, self.width))?;
                writeln!(self.out, "     {}", wrap(&cause.meaning(), 5, self.width))?;
            }
            if let Some(more @ 1..) = causes.len().checked_sub(wanted) {
                writeln!(self.out, "     and {more} more")?;
            }
            writeln!(self.out)?;
        }
        for cause in causes.iter().take(wanted) {
            self.cause(cause)?;
        }
        let mut others = causes.iter().skip(wanted).flat_map(|cause| &cause.records).peekable();
        if others.peek().is_some() {
            writeln!(self.out, "{BOLD}Other failures{BOLD:#} (--verbose shows all in full)")?;
            others.try_for_each(|record| failure::title_line(record, &mut self.out))?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn cause(&mut self, cause: &Cause<'_>) -> io::Result<()> {
        let Some((first, others)) = cause.records.split_first() else { return Ok(()) };
        write_failure(first, self.header.as_ref(), &mut self.out)?;
        if self.detail >= Detail::Verbose {
            return others
                .iter()
                .try_for_each(|record| write_failure(record, self.header.as_ref(), &mut self.out));
        }
        if others.is_empty() {
            return Ok(());
        }
        let fail = if others.len() == 1 { "fails" } else { "fail" };
        writeln!(self.out, "   {} probably {fail} for the same reason:", amount(others.len(), "other step"))?;
        for record in others.iter().take(NAMED) {
            writeln!(self.out, "     {:54} {}", record.id, failure::covers(record))?;
        }
        if let Some(more @ 1..) = others.len().checked_sub(NAMED) {
            writeln!(self.out, "     and {more} more; --verbose shows each")?;
        }
        writeln!(self.out)
    }

    fn footer(&mut self, footer: &Footer) -> io::Result<()> {
        let judged =
            footer.steps.keys().any(|verdict| !matches!(verdict, Verdict::Skipped | Verdict::Inconclusive));
        let wrong = std::mem::take(&mut self.wrong);
        let causes = causes(wrong.iter().map(|record| &**record), &footer.requirements);
        let waiting: HashSet<&str> =
            causes.iter().flat_map(|cause| &cause.waiting).map(|record| record.id.as_str()).collect();
        for record in &wrong {
            if record.verdict == Verdict::Inconclusive && !waiting.contains(record.id.as_str()) {
                self.unjudge(record);
            }
        }
        if self.detail != Detail::Quiet {
            self.causes(&causes)?;
        }
        if self.detail != Detail::Quiet && judged {
            let all = self.detail >= Detail::Requirements;
            summary::standings(footer, all, self.width, &mut self.out)?;
        }
        // If no step was judged, the reasons are the result of the run.
        if self.detail != Detail::Quiet || !judged {
            self.unjudged(Verdict::Inconclusive)?;
        }
        if self.detail != Detail::Quiet && !waiting.is_empty() {
            let steps = amount(waiting.len(), "step");
            let pronoun = if waiting.len() == 1 { "it depends" } else { "they depend" };
            writeln!(self.out, "{YELLOW}BLOCKED{YELLOW:#} {steps} not run: a step that {pronoun} on failed")?;
        }
        if self.detail != Detail::Quiet {
            for (step, reason) in &self.known {
                let line = wrap(&format!("{step}: {reason}"), 6, self.width);
                writeln!(self.out, "{DIM}KNOWN{DIM:#} {line}")?;
            }
            self.write_flaky()?;
            self.write_remarks()?;
        }
        summary::stale_and_next(footer, self.width, &mut self.out)?;
        if let Some(progress) = summary::progress(footer).filter(|_| judged) {
            writeln!(self.out, "{}", wrap(&progress, 0, self.width))?;
        }
        if let Some(first) = causes.first().filter(|_| causes.len() > 1 && self.detail != Detail::Quiet) {
            writeln!(self.out, "fix first: {}", wrap(&named(first), 11, self.width))?;
        }
        if let Some(load) = self.load.take() {
            load::write(&load, self.detail >= Detail::Verbose, &mut self.out)?;
        }
        if self.detail != Detail::Quiet || !judged {
            self.unjudged(Verdict::Skipped)?;
        }
        for note in footer.notes.iter().filter(|_| self.detail != Detail::Quiet) {
            writeln!(self.out, "{YELLOW}note{YELLOW:#}: {}", wrap(note, 6, self.width))?;
        }
        if let Some(interruption) = footer.interruption(self.planned) {
            writeln!(self.out, "{YELLOW}{interruption}{YELLOW:#}; the other steps were not run")?;
        }
        let steps = step_counts(footer, waiting.len());
        let flaky = self.flaky.len();
        let flaky = if flaky > 0 { format!(" ({flaky} flaky)") } else { String::new() };
        let steps = steps.join(", ").replacen(" pass", &format!(" pass{flaky}"), 1);
        writeln!(self.out, "steps: {steps}")?;
        if let Some(seed) = self.seed.filter(|_| footer.exit != 0 && self.detail != Detail::Quiet) {
            writeln!(self.out, "`--seed {seed}` repeats the random values of this run")?;
        }
        let style = if footer.exit == 0 { GREEN } else { BOLD_RED };
        let line = match (judged, self.planned) {
            (true, _) => summary::closing(footer),
            (false, 0) => "no scenario is in this shard".to_owned(),
            (false, _) => "inconclusive: no step could be judged".to_owned(),
        };
        writeln!(self.out, "{style}{}{style:#}", wrap(&line, 0, self.width))
    }

    /// Writes the steps that passed only after a retry.
    fn write_flaky(&mut self) -> io::Result<()> {
        let wanted = if self.detail >= Detail::Verbose { usize::MAX } else { NAMED };
        for (step, repetition) in self.flaky.iter().take(wanted) {
            let repetition = repetition.trim_end_matches(", flaky");
            let line = wrap(&format!("{step}: passed after a retry, tried {repetition}"), 6, self.width);
            writeln!(self.out, "{YELLOW}FLAKY{YELLOW:#} {line}")?;
        }
        if let Some(more @ 1..) = self.flaky.len().checked_sub(wanted) {
            writeln!(self.out, "      and {}; --verbose shows each", amount(more, "other flaky step"))?;
        }
        Ok(())
    }

    /// Writes each remark once, with the first step that has it.
    fn write_remarks(&mut self) -> io::Result<()> {
        let wanted = if self.detail >= Detail::Verbose { usize::MAX } else { NAMED };
        for (remark, steps) in self.remarks.iter().take(wanted) {
            let first = steps.first().map_or("", String::as_str);
            let others = match steps.len() {
                0 | 1 => String::new(),
                many => format!(" (and {})", amount(many - 1, "other step")),
            };
            let line = wrap(&format!("{first}{others}: {remark}"), 7, self.width);
            writeln!(self.out, "{DIM}REMARK{DIM:#} {line}")?;
        }
        if let Some(more @ 1..) = self.remarks.len().checked_sub(wanted) {
            writeln!(self.out, "       and {}; --verbose shows each", amount(more, "other remark"))?;
        }
        Ok(())
    }

    fn unjudge(&mut self, record: &Record) {
        let reason = record.reason.clone().unwrap_or_default();
        let unjudged = self.unjudged.entry((record.verdict, reason)).or_default();
        unjudged.steps.push(record.id.clone());
        unjudged.profiles.insert(record.profile.clone());
        unjudged.printed.clone_from(&record.printed);
    }

    /// Writes each reason why steps have this verdict, with the number of these steps, the most common reason first.
    fn unjudged(&mut self, verdict: Verdict) -> io::Result<()> {
        let mut all: Vec<_> = self.unjudged.extract_if(.., |(own, _), _| *own == verdict).collect();
        all.sort_by_key(|(_, unjudged)| Reverse(unjudged.steps.len()));
        for ((_, reason), unjudged) in all {
            let style = if verdict == Verdict::Inconclusive { YELLOW } else { DIM };
            let steps = amount(unjudged.steps.len(), "step");
            let profiles = match unjudged.profiles.len() {
                many if many > NAMED => format!("{many} profiles"),
                _ => unjudged.profiles.into_iter().collect::<Vec<_>>().join(", "),
            };
            let word = verdict.to_string().to_uppercase();
            let column = word.chars().count() + 1;
            let line = wrap(&format!("{steps} in {profiles}: {reason}"), column, self.width);
            writeln!(self.out, "{style}{word}{style:#} {line}")?;
            if self.detail >= Detail::Verbose || unjudged.steps.len() <= 3 {
                writeln!(self.out, "     {}", wrap(&unjudged.steps.join(" "), 5, self.width))?;
            }
            failure::printed(&unjudged.printed, &mut self.out)?;
        }
        Ok(())
    }
}

impl<W: Write> Report for Human<W> {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match &printable::event(event) {
            Event::Header(header) => self.header(header),
            Event::Step(record) => self.step(record),
            Event::Load(load) => {
                self.load = Some(load.clone());
                Ok(())
            }
            Event::Footer(footer) => self.footer(footer),
        }?;
        self.out.flush()
    }
}

/// Returns the number of steps with each verdict; blocked steps are counted separately from inconclusive ones.
fn step_counts(footer: &Footer, blocked: usize) -> Vec<String> {
    let counts = footer.steps.iter().flat_map(|(verdict, count)| {
        let blocked = if *verdict == Verdict::Inconclusive { blocked.min(*count) } else { 0 };
        let others = (*count > blocked).then(|| format!("{} {verdict}", count - blocked));
        others.into_iter().chain((blocked > 0).then(|| format!("{blocked} blocked")))
    });
    counts.collect()
}

/// Returns the title of a cause and its cost.
fn named(cause: &Cause<'_>) -> String {
    format!("{} ({})", cause.title, cause.cost())
}
