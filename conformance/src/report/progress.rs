//! How far a run has come, while it runs: a line that moves on a terminal; elsewhere a line for each tenth that takes its time.
//!
//! It goes to the stream of messages, so that the report for people stays whole when it is kept. On a terminal the two share a
//! screen: what is written [`Above`] the line moves it down, and never into the middle of it.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Report;
use crate::amount::amount;
use crate::event::Event;
use crate::outcome::Outcome;

/// Tells how far a run has come.
pub struct Progress<W> {
    place: Place<W>,
    steps: usize,
    done: usize,
    wrong: usize,
    unclear: usize,
    /// When the last line was told, where one was.
    told: Option<Instant>,
    began: Instant,
}

enum Place<W> {
    Terminal(ProgressBar),
    Lines(W),
}

/// A stream whose text stands above the line of progress. What is written is seen when it is flushed, so it is flushed at the end
/// of a line.
pub struct Above<W: Write> {
    bar: Option<ProgressBar>,
    out: W,
    written: Vec<u8>,
}

/// How many lines are told of a run where nothing can move, and how long it is since the last one at least: a run that is over at
/// once tells none.
const LINES: usize = 10;
const APART: Duration = Duration::from_secs(1);
/// The width of the bar where there is room.
const BAR: usize = 32;
/// What the counts, the time and some words take beside the bar.
const WORDS: usize = 46;
/// How often the time is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(500);

impl<W: Write> Progress<W> {
    /// Returns one that moves on the terminal of standard error, which is so wide; or that writes lines to `out` where nothing
    /// can move.
    pub fn new(width: Option<usize>, out: W) -> Self {
        let place = match width.map(bar) {
            // A terminal that cannot move its cursor is as good as a file.
            Some(bar) if !bar.is_hidden() => Place::Terminal(bar),
            _ => Place::Lines(out),
        };
        Self { place, steps: 0, done: 0, wrong: 0, unclear: 0, told: None, began: Instant::now() }
    }

    /// Returns a stream whose text does not run into the line of progress.
    pub fn above<O: Write>(&self, out: O) -> Above<O> {
        let bar = match &self.place {
            Place::Terminal(bar) => Some(bar.clone()),
            Place::Lines(_) => None,
        };
        Above { bar, ..Above::plain(out) }
    }

    fn message(&self) -> String {
        match (self.wrong, self.unclear) {
            (0, 0) => "all hold".to_owned(),
            (0, unclear) => format!("{unclear} inconclusive"),
            (1, _) => "1 does not hold".to_owned(),
            (wrong, _) => format!("{wrong} do not hold"),
        }
    }
}

impl<W: Write> Above<W> {
    /// Returns a stream beside which no line moves.
    pub fn plain(out: W) -> Self {
        Self { bar: None, out, written: Vec::new() }
    }
}

impl<W: Write> Report for Progress<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        let before = self.done;
        match event {
            Event::Header(header) => self.steps = header.steps,
            Event::Step(record) => {
                // Under load a step is told once more where it does not keep its verdict.
                self.done = (before + 1).min(self.steps);
                let outcome = record.outcome();
                let unclear = matches!(outcome, Outcome::Inconclusive | Outcome::OptionalInconclusive);
                self.unclear += usize::from(unclear);
                self.wrong += usize::from(outcome.needs_attention() && !unclear);
            }
            Event::Load(_) | Event::Footer(_) => {}
        }
        let message = self.message();
        match &mut self.place {
            Place::Terminal(bar) => {
                bar.set_length(self.steps as u64);
                bar.set_message(message);
                bar.set_position(self.done as u64);
                match event {
                    Event::Header(_) => bar.enable_steady_tick(TICK),
                    Event::Step(_) | Event::Load(_) => {}
                    Event::Footer(_) => bar.finish_and_clear(),
                }
            }
            Place::Lines(out) if matches!(event, Event::Step(_)) => {
                let tenth = |done: usize| done * LINES / self.steps.max(1);
                let due = self.told.unwrap_or(self.began).elapsed() >= APART;
                let last = self.done == self.steps && self.told.is_some();
                if tenth(self.done) > tenth(before) && (due || last) {
                    self.told = Some(Instant::now());
                    // Written at once: beside other programs a line stays whole.
                    let line = format!("{} of {}, {message}\n", self.done, amount(self.steps, "step"));
                    out.write_all(line.as_bytes())?;
                    out.flush()?;
                }
            }
            Place::Lines(_) => {}
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
        // An interrupted run leaves no half-drawn line.
        if let Place::Terminal(bar) = &self.place {
            bar.finish_and_clear();
        }
    }
}

/// A line for a terminal of this width. What does not fit at its end is cut, so that it stays one line.
fn bar(width: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let drawn = match width.saturating_sub(WORDS).min(BAR) {
        0..8 => String::new(),
        room => format!("{{bar:{room}}} "),
    };
    let template = format!("{drawn}{{pos}} of {{len}} steps  {{elapsed}}  {{wide_msg}}");
    bar.with_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
