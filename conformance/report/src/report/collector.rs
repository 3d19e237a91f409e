//! Collects the events of a run and writes the reports that need all of them, such as HTML and `JUnit`, at its end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

use super::output_file::OutputFile;
use super::{Document, Report};
use conformance_engine::event::{Event, FinishedRun, Footer, Header, Record};
use conformance_engine::verdict::Verdict;

/// The reports that are written at the end of a run.
#[derive(Default)]
pub struct Collector {
    documents: Vec<(PathBuf, OutputFile, Document)>,
    header: Option<Header>,
    records: Vec<Arc<Record>>,
}

impl Collector {
    /// Adds a report that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn add(&mut self, path: &Path, document: Document) -> io::Result<()> {
        self.documents.push((path.to_owned(), OutputFile::create(path)?, document));
        Ok(())
    }

    /// Whether it has no reports to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }
}

impl Report for Collector {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.header = Some(header.clone()),
            Event::Step(record) => self.records.push(Arc::clone(record)),
            Event::Load(_) => {}
            Event::Footer(footer) => {
                let Some(header) = self.header.take() else { return Ok(()) };
                let (records, footer) = (std::mem::take(&mut self.records), footer.clone());
                let run = Arc::new(FinishedRun { header, records, footer });
                let documents = std::mem::take(&mut self.documents);
                return thread::scope(|scope| {
                    let write = |(path, mut file, document): (PathBuf, OutputFile, Document)| {
                        let run = &run;
                        let named = move |error: io::Error| {
                            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                        };
                        scope.spawn(move || {
                            document(run, &mut file).and_then(|()| file.finish()).map_err(named)
                        })
                    };
                    let writing: Vec<_> = documents.into_iter().map(write).collect();
                    let join = |one: ScopedJoinHandle<'_, io::Result<()>>| match one.join() {
                        Ok(written) => written,
                        Err(panic) => std::panic::resume_unwind(panic),
                    };
                    // If one report cannot be written, the others are.
                    writing.into_iter().map(join).collect::<Vec<_>>().into_iter().collect()
                });
            }
        }
        Ok(())
    }
}

/// Collects what a comparison needs of a run.
#[derive(Default)]
pub struct Observed {
    header: Option<Header>,
    records: Vec<Arc<Record>>,
    footer: Option<Footer>,
}

impl Observed {
    /// Returns the run; none if it did not end.
    #[must_use]
    pub fn run(self) -> Option<FinishedRun> {
        Some(FinishedRun { header: self.header?, records: self.records, footer: self.footer? })
    }
}

impl Report for Observed {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.header = Some(header.clone()),
            Event::Step(record) if record.verdict > Verdict::Pass => self.records.push(Arc::clone(record)),
            Event::Step(_) | Event::Load(_) => {}
            Event::Footer(footer) => self.footer = Some(footer.clone()),
        }
        Ok(())
    }
}
