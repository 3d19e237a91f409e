//! How far a run has come, while it runs: a line that moves on a terminal, a line for each tenth elsewhere.
//!
//! It goes to the stream of messages, so that the report for people stays whole when it is kept.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Report;
use crate::event::Event;
use crate::verdict::Verdict;

/// Tells how far a run has come.
pub struct Progress<W> {
    place: Place<W>,
    steps: usize,
    done: usize,
    wrong: usize,
    unclear: usize,
}

enum Place<W> {
    Terminal(ProgressBar),
    Lines(W),
}

/// How many lines are told of a run where nothing can move.
const LINES: usize = 10;

impl<W: Write> Progress<W> {
    /// Returns one that moves on the terminal of standard error.
    #[must_use]
    pub fn on_terminal() -> Self {
        // A run that has begun draws at once; the length is known with the header.
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:32} {pos} of {len} steps, {msg}  {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::new(Place::Terminal(bar))
    }

    /// Returns one that writes lines.
    pub fn lines(out: W) -> Self {
        Self::new(Place::Lines(out))
    }

    fn new(place: Place<W>) -> Self {
        Self { place, steps: 0, done: 0, wrong: 0, unclear: 0 }
    }
}

impl<W: Write> Report for Progress<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.steps = header.steps,
            Event::Step(record) => {
                self.done += 1;
                self.wrong += usize::from(record.verdict > Verdict::Inconclusive);
                self.unclear += usize::from(record.verdict == Verdict::Inconclusive);
            }
            Event::Footer(_) => {}
        }
        let message = match (self.wrong, self.unclear) {
            (0, 0) => "all hold".to_owned(),
            (0, unclear) => format!("{unclear} unclear"),
            (1, _) => "1 does not hold".to_owned(),
            (wrong, _) => format!("{wrong} do not hold"),
        };
        match &mut self.place {
            Place::Terminal(bar) => {
                bar.set_length(self.steps as u64);
                bar.set_message(message);
                bar.set_position(self.done as u64);
                if matches!(event, Event::Footer(_)) {
                    bar.finish_and_clear();
                }
            }
            Place::Lines(out) if matches!(event, Event::Step(_)) => {
                let tenth = |done: usize| done * LINES / self.steps.max(1);
                if tenth(self.done) > tenth(self.done - 1) {
                    writeln!(out, "{} of {} steps, {message}", self.done, self.steps)?;
                    out.flush()?;
                }
            }
            Place::Lines(_) => {}
        }
        Ok(())
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
