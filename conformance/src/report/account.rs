//! A whole run, for the reports that are written when it is over.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::Report;
use super::whole::WholeFile;
use crate::event::{Event, Footer, Header, Record, Standing};

/// A run from its header to its footer.
#[derive(Debug, Clone)]
pub struct Account {
    /// What was run.
    pub header: Header,
    /// Every step, in the order of the plan.
    pub records: Vec<Arc<Record>>,
    /// What it came to.
    pub footer: Footer,
}

/// Writes one kind of document.
pub type Writer = fn(&Account, &mut dyn Write) -> io::Result<()>;

/// Gathers the events of a run, once for all documents, and writes them when it is over.
#[derive(Default)]
pub struct Documents {
    files: Vec<(WholeFile, Writer)>,
    header: Option<Header>,
    records: Vec<Arc<Record>>,
}

impl Account {
    /// Every step, in the order of the plan.
    pub fn steps(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().map(|record| &**record)
    }

    /// Returns the steps by scenario, both in the order of the plan.
    #[must_use]
    pub fn scenarios(&self) -> Vec<(&str, Vec<&Record>)> {
        let mut scenarios: Vec<(&str, Vec<&Record>)> = Vec::new();
        for record in self.steps() {
            match scenarios.last_mut() {
                Some((scenario, records)) if *scenario == record.scenario => records.push(record),
                _ => scenarios.push((&record.scenario, vec![record])),
            }
        }
        scenarios
    }

    /// Returns the requirement of this id.
    #[must_use]
    pub fn requirement(&self, id: &str) -> Option<&Standing> {
        self.footer.requirements.iter().find(|standing| standing.id == id)
    }
}

impl Documents {
    /// Adds one that will stand at `path` as `writer` writes it.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn add(&mut self, path: &Path, writer: Writer) -> io::Result<()> {
        self.files.push((WholeFile::create(path)?, writer));
        Ok(())
    }

    /// Whether none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Report for Documents {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.header = Some(header.clone()),
            Event::Step(record) => self.records.push(Arc::clone(record)),
            Event::Load(_) => {}
            Event::Footer(footer) => {
                if let Some(header) = self.header.take() {
                    let records = std::mem::take(&mut self.records);
                    let account = Account { header, records, footer: footer.clone() };
                    return write(&account, std::mem::take(&mut self.files));
                }
            }
        }
        Ok(())
    }
}

/// Writes all documents at once, each on a thread of its own.
fn write(account: &Account, files: Vec<(WholeFile, Writer)>) -> io::Result<()> {
    let one = |(mut file, writer): (WholeFile, Writer)| {
        writer(account, &mut file)?;
        file.finish()
    };
    thread::scope(|scope| {
        let writing: Vec<_> = files.into_iter().map(|file| scope.spawn(move || one(file))).collect();
        let written = writing.into_iter().map(|one| match one.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // Each is waited for, whatever has become of the others.
        written.collect::<Vec<_>>().into_iter().collect()
    })
}
