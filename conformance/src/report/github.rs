//! What GitHub Actions shows: an annotation at each line that does not hold, and a summary of the job.

use std::fs::File;
use std::io::{self, Write};

use super::Report;
use super::evidence::{evidence, summary};
use super::task::tasks;
use crate::event::{Event, Footer, Record};
use crate::suite::Level;
use crate::verdict::Verdict;

/// Writes workflow commands to `out` and Markdown to the summary's file.
pub struct Github<W> {
    out: W,
    page: Option<File>,
    title: String,
    /// How many steps were to be told.
    planned: usize,
    failures: Vec<Record>,
}

/// GitHub shows no more annotations than these of a step; the summary tells the others.
const ANNOTATIONS: usize = 10;
/// GitHub takes a mebibyte of summary: evidence beyond these is left to the other reports.
const DETAILS: usize = 50;

impl<W: Write> Github<W> {
    /// Returns a report that writes its annotations to `out` and appends its summary to `page`, where there is one.
    pub fn new(out: W, page: Option<File>) -> Self {
        Self { out, page, title: String::new(), planned: 0, failures: Vec::new() }
    }

    fn annotate(&mut self, record: &Record) -> io::Result<()> {
        let place = record.findings.first().map_or(&record.place, |finding| &finding.place);
        let level = if record.binds() { "error" } else { "warning" };
        let covers = record.covers.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        writeln!(
            self.out,
            "::{level} file={},line={},col={},title={}::{}",
            property(place.source().path()),
            place.line(),
            place.column(),
            property(&format!("{covers} {}", record.id)),
            data(&format!("{}: {}", record.title, summary(record))),
        )
    }

    fn summarise(&mut self, footer: &Footer) -> io::Result<()> {
        let Some(mut page) = self.page.take() else { return Ok(()) };
        let mut text = format!("## {}\n\n", self.title);
        if let Some(interruption) = footer.interruption(self.planned) {
            text += &format!("**{interruption}**\n\n");
        }
        text += "| task | must | should | may |\n|---|---|---|---|\n";
        for task in tasks(&footer.requirements) {
            let cells = Level::ALL.map(|level| standing(task.held(level)));
            if cells.iter().any(|cell| !cell.is_empty()) {
                text += &format!("| {} | {} |\n", cell(task.title), cells.join(" | "));
            }
        }
        let all = Level::ALL.map(|level| standing(footer.held(level)));
        text += &format!("| **all** | {} |\n\n", all.join(" | "));
        for record in self.failures.iter().take(DETAILS) {
            let covers = record.covers.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
            let evidence = evidence(record);
            // A fence is longer than any inside.
            let fence = "`".repeat(longest_run(&evidence, '`').max(2) + 1);
            text += &format!(
                "<details><summary>{} <code>{}</code> {}</summary>\n\n{fence}text\n{evidence}{fence}\n\n</details>\n",
                html(&covers),
                html(&record.id),
                html(&summary(record))
            );
        }
        if let Some(more) = self.failures.len().checked_sub(DETAILS).filter(|more| *more > 0) {
            text += &format!("\nand {more} more\n");
        }
        page.write_all(text.as_bytes())
    }
}

impl<W: Write> Report for Github<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => {
                self.title = format!("{}: {}", header.suite, header.target);
                self.planned = header.steps;
            }
            Event::Step(record) if record.verdict > Verdict::Inconclusive => {
                if self.failures.len() < ANNOTATIONS {
                    self.annotate(record)?;
                }
                self.failures.push((**record).clone());
            }
            Event::Step(_) | Event::Load(_) => {}
            Event::Footer(footer) => {
                if let Some(interruption) = footer.interruption(self.planned) {
                    writeln!(self.out, "::error title={}::{}", property(&self.title), data(&interruption))?;
                }
                self.summarise(footer)?;
            }
        }
        self.out.flush()
    }
}

fn standing((held, tried): (usize, usize)) -> String {
    match tried {
        0 => String::new(),
        _ if held == tried => format!("✅ {held} of {tried}"),
        _ => format!("❌ {held} of {tried}"),
    }
}

/// A text as the data of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    html(text).replace('|', "\\|")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|character| character != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_holds_no_second_command() {
        assert_eq!(data("50%\n::error::x"), "50%25%0A::error::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
        assert_eq!(longest_run("a ``` b ``", '`'), 3);
    }
}
