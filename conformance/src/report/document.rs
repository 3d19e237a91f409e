//! Files about a run: written while it is told, and whole when it is over.
//!
//! JSON Lines are written as they come. What stands at the head of a document is known when the run is over, and most of what stands below it long before. So each takes
//! the steps a scenario at a time, while others are played, keeps what it writes of them aside, and at the end only puts it together.

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
    /// Takes the steps of a scenario. Scenarios come in the order of the plan.
    ///
    /// # Errors
    /// Those of what is kept aside.
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()>;

    /// Writes the whole.
    ///
    /// # Errors
    /// Those of `out`, and of what is kept aside.
    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()>;
}

/// Opens a document that keeps what it has to keep in this place.
pub(super) type Opening = fn(Spool) -> Box<dyn Document>;

/// Tells a run to its documents, scenario by scenario, and to its JSON Lines, event by event.
#[derive(Default)]
pub struct Documents {
    lines: Vec<JsonLines>,
    open: Vec<(WholeFile, Box<dyn Document>)>,
    header: Option<Header>,
    /// The steps of the scenario that is being told.
    scenario: Vec<Arc<Record>>,
}

impl Documents {
    /// Adds one that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub(super) fn add(&mut self, path: &Path, open: Opening) -> io::Result<()> {
        let file = WholeFile::create(path)?;
        let document = open(Spool::within(&file.folder()));
        self.open.push((file, document));
        Ok(())
    }

    /// Adds JSON Lines that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub(super) fn add_lines(&mut self, path: &Path) -> io::Result<()> {
        self.lines.push(JsonLines::create(path)?);
        Ok(())
    }

    /// Whether none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.lines.is_empty()
    }

    /// Tells the scenario that has come to its end. A document that cannot take it never stands: an older one stays.
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

/// Finishes all files at once, each on a thread of its own: to put one in the place of an older one takes as long as to write it.
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
        // Each is waited for, whatever has become of the others.
        written.collect::<Vec<_>>().into_iter().collect()
    })
}
