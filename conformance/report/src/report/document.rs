//! Writes report files.
//!
//! JSON Lines are written during the run. The head of any other document is known only at its end, so each document renders
//! the scenarios into a spool during the run and assembles the file at the end.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::Report;
use super::badge::Badge;
use super::deviating::Deviating;
use super::html::Html;
use super::jsonl::JsonLines;
use super::junit::Junit;
use super::spool::Spool;
use super::tap::Tap;
use super::whole::WholeFile;
use conformance_engine::event::{Event, Footer, Header, Record};

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
type Opening = fn(Spool) -> Box<dyn Document>;

/// A kind of report that is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JSON Lines: the event stream.
    Jsonl,
    /// An HTML page.
    Html,
    /// `JUnit` XML.
    Junit,
    /// The Test Anything Protocol.
    Tap,
    /// An SVG badge for a README.
    Badge,
}

impl ReportKind {
    /// Every kind with its name on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("html", Self::Html),
        ("jsonl", Self::Jsonl),
        ("junit", Self::Junit),
        ("tap", Self::Tap),
        ("badge", Self::Badge),
    ];

    /// Returns the function that opens the document; none for JSON Lines.
    fn opening(self) -> Option<Opening> {
        match self {
            Self::Jsonl => None,
            Self::Html => Some(Html::open),
            Self::Junit => Some(Junit::open),
            Self::Tap => Some(Tap::open),
            Self::Badge => Some(Badge::open),
        }
    }
}

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
    /// Adds a report that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn add(&mut self, kind: ReportKind, path: &Path) -> io::Result<()> {
        if let Some(open) = kind.opening() {
            self.open_document(path, open)
        } else {
            self.lines.push(JsonLines::create(path)?);
            Ok(())
        }
    }

    /// Adds the list of known failures, which `--write-deviations` writes to `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn add_deviations(&mut self, path: &Path) -> io::Result<()> {
        self.open_document(path, Deviating::open)
    }

    fn open_document(&mut self, path: &Path, open: Opening) -> io::Result<()> {
        let file = WholeFile::create(path)?;
        let document = open(Spool::within(&file.folder()));
        self.open.push((file, document));
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
