//! A whole run, for the reports that are written when it is over.

use std::io::{self, Write};
use std::path::Path;

use super::Report;
use super::whole::WholeFile;
use crate::event::{Event, Footer, Header, Record, Standing};

/// A run from its header to its footer.
#[derive(Debug, Clone)]
pub struct Account {
    /// What was run.
    pub header: Header,
    /// Every step, in the order of the plan.
    pub records: Vec<Record>,
    /// What it came to.
    pub footer: Footer,
}

/// Writes one kind of document.
pub type Writer = fn(&Account, &mut dyn Write) -> io::Result<()>;

/// Gathers the events of a run and writes a document when it is over.
pub struct Document {
    file: Option<WholeFile>,
    writer: Writer,
    header: Option<Header>,
    records: Vec<Record>,
}

impl Account {
    /// Returns the steps by scenario, both in the order of the plan.
    #[must_use]
    pub fn scenarios(&self) -> Vec<(&str, Vec<&Record>)> {
        let mut scenarios: Vec<(&str, Vec<&Record>)> = Vec::new();
        for record in &self.records {
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

impl Document {
    /// Returns a report that will stand at `path` as `writer` writes it.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn create(path: &Path, writer: Writer) -> io::Result<Self> {
        Ok(Self { file: Some(WholeFile::create(path)?), writer, header: None, records: Vec::new() })
    }
}

impl Report for Document {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => self.header = Some(header.clone()),
            Event::Step(record) => self.records.push((**record).clone()),
            Event::Load(_) => {}
            Event::Footer(footer) => {
                if let Some((header, mut file)) = self.header.take().zip(self.file.take()) {
                    let records = std::mem::take(&mut self.records);
                    (self.writer)(&Account { header, records, footer: footer.clone() }, &mut file)?;
                    file.finish()?;
                }
            }
        }
        Ok(())
    }
}
