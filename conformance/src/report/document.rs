//! Writes report files.
//!
//! JSON Lines are written during the run. The head of any other document is known only at its end, so each document renders
//! the scenarios into a spool during the run and assembles the file at the end.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::Report;
use super::jsonl::JsonLines;
use super::spool::Spool;
use super::whole::WholeFile;
use crate::event::{Event, Footer, Header, Record};

/// One kind of document.
pub trait Document: Send {
    /// Adds the steps of a scenario. Scenarios arrive in plan order.
    ///
    /// # Errors
    /// Writing the spool fails.
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()>;

    /// Writes the document.
    ///
    /// # Errors
    /// Reading the spool or writing to `out` fails.
    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()>;
}

/// Function that creates a document with its spool.
pub(super) type Opening = fn(Spool) -> Box<dyn Document>;

/// All report files of a run.
#[derive(Default)]
pub struct Documents {
    lines: Vec<JsonLines>,
    open: Vec<(WholeFile, Box<dyn Document>)>,
    header: Option<Header>,
    /// Steps of the current scenario.
    scenario: Vec<Arc<Record>>,
}

impl Documents {
    /// Adds a document that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub(super) fn add(&mut self, path: &Path, open: Opening) -> io::Result<()> {
        let file = WholeFile::create(path)?;
        let document = open(Spool::within(&file.folder()));
        self.open.push((file, document));
        Ok(())
    }

    /// Adds a JSON Lines report that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub(super) fn add_lines(&mut self, path: &Path) -> io::Result<()> {
        self.lines.push(JsonLines::create(path)?);
        Ok(())
    }

    /// Whether there is no report file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.lines.is_empty()
    }

    /// Passes a finished scenario to every document. A document that fails is dropped, and an older file is kept.
    fn end_scenario(&mut self) -> io::Result<()> {
        let records = std::mem::take(&mut self.scenario);
        let mut told = Ok(());
        if !records.is_empty() {
            self.open.retain_mut(|(_, document)| {
                let taken = document.scenario(&records);
                let stays = taken.is_ok();
                told = std::mem::replace(&mut told, Ok(())).and(taken);
                stays
            });
        }
        told
    }
}

impl Report for Documents {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        let mut told = Ok(());
        for lines in &mut self.lines {
            told = told.and(lines.line(event));
        }
        match event {
            Event::Header(header) => self.header = Some(header.clone()),
            Event::Step(record) => {
                if self.scenario.last().is_some_and(|last| last.scenario != record.scenario) {
                    told = told.and(self.end_scenario());
                }
                self.scenario.push(Arc::clone(record));
            }
            Event::Load(_) => {}
            Event::Footer(footer) => {
                told = told.and(self.end_scenario());
                let (lines, open) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.open));
                if let Some(header) = &self.header {
                    told = told.and(finish(lines, open, header, footer));
                }
            }
        }
        told
    }
}

/// Finishes all files in parallel, because replacing an older file takes as long as writing it.
fn finish(
    lines: Vec<JsonLines>,
    open: Vec<(WholeFile, Box<dyn Document>)>,
    header: &Header,
    footer: &Footer,
) -> io::Result<()> {
    let document = |mut file: WholeFile, document: Box<dyn Document>| {
        document.finish(header, footer, &mut file)?;
        file.finish()
    };
    thread::scope(|scope| {
        let lines = lines.into_iter().map(|mut lines| scope.spawn(move || lines.finish()));
        let mut writing: Vec<_> = lines.collect();
        writing.extend(open.into_iter().map(|(file, one)| scope.spawn(move || document(file, one))));
        let written = writing.into_iter().map(|one| match one.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // Wait for every thread, even if one failed.
        written.collect::<Vec<_>>().into_iter().collect()
    })
}
