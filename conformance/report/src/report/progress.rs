//! Shows progress on standard error: a progress bar on a terminal, otherwise a line for each tenth of a slow run,
//! and every ten seconds.
//!
//! Other output to the same terminal goes through [`Above`], which keeps it from mixing with the bar.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Report;
use conformance_engine::event::Event;
use conformance_engine::outcome::Outcome;
use conformance_engine::run::Activity;
use conformance_suite::amount::amount;

/// Progress of a run.
pub struct Progress<W> {
    place: Place<W>,
    steps: usize,
    /// Number of steps that are done, and of those that were reported, in plan order.
    done: usize,
    reported: usize,
    /// Number of steps that the last line said were done.
    printed: usize,
    wrong: usize,
    inconclusive: usize,
    /// When the last line was printed.
    last_line: Option<Instant>,
    began: Instant,
}

enum Place<W> {
    Terminal(ProgressBar),
    Lines(W),
}

/// A stream that prints above the progress bar. Text appears when it is flushed, so flush after complete lines.
pub struct Above<W: Write> {
    bar: Option<ProgressBar>,
    out: W,
    written: Vec<u8>,
}

/// Maximum number of progress lines if there is no terminal, and the minimum time between two: short runs print no lines.
const LINES: usize = 10;
const APART: Duration = Duration::from_secs(1);
/// Time after which a line is printed although nothing more is done.
const STALLED: Duration = Duration::from_secs(10);
/// Maximum width of the bar.
const BAR: usize = 32;
/// Width of the counts, the time and the message next to the bar.
const WORDS: usize = 46;
/// How often the elapsed time is redrawn.
const TICK: Duration = Duration::from_millis(500);

impl<W: Write> Progress<W> {
    /// Creates a progress bar on standard error if it is a terminal with this `width`; otherwise writes lines to `out`.
    pub fn new(width: Option<usize>, out: W) -> Self {
        let place = match width.map(bar) {
            // A terminal without cursor movement is treated like a file.
            Some(bar) if !bar.is_hidden() => Place::Terminal(bar),
            _ => Place::Lines(out),
        };
        let (done, reported, printed, wrong, inconclusive, last_line) = Default::default();
        let began = Instant::now();
        Self { place, steps: 0, done, reported, printed, wrong, inconclusive, last_line, began }
    }

    /// Returns a stream that prints above the progress bar.
    pub fn above<O: Write>(&self, out: O) -> Above<O> {
        let bar = match &self.place {
            Place::Terminal(bar) => Some(bar.clone()),
            Place::Lines(_) => None,
        };
        Above { bar, ..Above::plain(out) }
    }

    /// Returns what the reported steps have shown. Steps that are done but not reported yet may fail.
    fn message(&self) -> Option<String> {
        match (self.wrong, self.inconclusive) {
            (0, 0) => (self.done > 0 && self.reported >= self.done).then(|| "all pass".to_owned()),
            (0, inconclusive) => Some(format!("{inconclusive} inconclusive")),
            (failed, _) => Some(format!("{failed} failed")),
        }
    }
}

impl<W: Write> Above<W> {
    /// Returns a stream for a run without a progress bar.
    pub fn plain(out: W) -> Self {
        Self { bar: None, out, written: Vec::new() }
    }
}

impl<W: Write> Report for Progress<W> {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.steps = header.steps,
            Event::Step(record) => {
                self.reported += 1;
                let outcome = record.outcome();
                let inconclusive = matches!(outcome, Outcome::Inconclusive | Outcome::OptionalInconclusive);
                self.inconclusive += usize::from(inconclusive);
                self.wrong += usize::from(outcome.needs_attention() && !inconclusive);
            }
            Event::Load(_) | Event::Footer(_) => {}
        }
        match (&self.place, event) {
            (Place::Terminal(bar), Event::Header(_)) => bar.enable_steady_tick(TICK),
            (Place::Terminal(bar), Event::Footer(_)) => {
                bar.finish_and_clear();
                return Ok(());
            }
            (Place::Lines(_), Event::Header(_) | Event::Load(_) | Event::Footer(_)) => return Ok(()),
            _ => {}
        }
        self.show(self.reported, None)
    }

    fn on_activity(&mut self, activity: &Activity) -> io::Result<()> {
        let running = activity.longest().filter(|(_, time)| *time >= APART);
        let running = running.map(|(name, time)| format!("running {name} for {}s", time.as_secs()));
        self.show(activity.done(), running)
    }
}

impl<W: Write> Progress<W> {
    /// Shows the number of steps that are done, and what is running.
    fn show(&mut self, done: usize, running: Option<String>) -> io::Result<()> {
        let before = self.done;
        // A load test reports a step again if its verdict changes.
        self.done = before.max(done).min(self.steps);
        let message = self.message().into_iter().chain(running).collect::<Vec<_>>().join("; ");
        match &mut self.place {
            Place::Terminal(bar) => {
                bar.set_length(self.steps as u64);
                bar.set_message(message);
                bar.set_position(self.done as u64);
            }
            Place::Lines(out) => {
                let tenth = |done: usize| done * LINES / self.steps.max(1);
                let since = self.last_line.unwrap_or(self.began).elapsed();
                let last = self.done == self.steps && before < self.steps && self.last_line.is_some();
                let moved = tenth(self.done) > tenth(self.printed) && since >= APART;
                let stalled = self.done < self.steps && since >= STALLED;
                if moved || last || stalled {
                    (self.last_line, self.printed) = (Some(Instant::now()), self.done);
                    // One write, so that the output of other programs cannot split the line.
                    let separator = if message.is_empty() { "" } else { ", " };
                    let line =
                        format!("{} of {}{separator}{message}\n", self.done, amount(self.steps, "step"));
                    out.write_all(line.as_bytes())?;
                    out.flush()?;
                }
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Above<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = std::mem::take(&mut self.written);
        if written.is_empty() {
            return Ok(());
        }
        let out = &mut self.out;
        let mut show = || out.write_all(&written).and_then(|()| out.flush());
        match &self.bar {
            Some(bar) => bar.suspend(show),
            None => show(),
        }
    }
}

impl<W> Drop for Progress<W> {
    fn drop(&mut self) {
        // Remove the bar of an interrupted run.
        if let Place::Terminal(bar) = &self.place {
            bar.finish_and_clear();
        }
    }
}

/// Creates a bar for a terminal of this width; the message is cut to fit on one line.
fn bar(width: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let drawn = match width.saturating_sub(WORDS).min(BAR) {
        0..8 => String::new(),
        columns => format!("{{bar:{columns}}} "),
    };
    let template = format!("{drawn}{{pos}} of {{len}} steps  {{elapsed}}  {{wide_msg}}");
    bar.with_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
