//! Report for GitHub Actions: annotations at failing lines, and a job summary.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::Report;
use super::evidence::{evidence, identity, summary};
use super::task::tasks;
use conformance_engine::event::{Event, Footer, Header, Record, Stale, Standing};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::amount::amount;
use conformance_suite::safe::{
    markdown, markdown_block, markdown_element, workflow_message, workflow_property,
};
use conformance_suite::suite::Level;
use conformance_suite::visible::cut;

/// Writes workflow commands to `out` and Markdown to the file of the job summary.
pub struct Github<W> {
    out: W,
    page: Option<File>,
    workspace: Option<PathBuf>,
    title: String,
    /// Title, version and SHA-256 of the suite.
    suite: String,
    /// Number of steps in the plan.
    planned: usize,
    /// Number of annotations so far, by level.
    annotations: [(&'static str, usize); 3],
    /// Inconclusive steps and known failures. They are annotated last because GitHub limits the number of annotations.
    later: Vec<Arc<Record>>,
    /// The first failing steps; the summary shows their evidence.
    failures: Vec<Arc<Record>>,
    /// Number of failing steps.
    failed: usize,
    /// The first steps that passed only after a retry, with their tries.
    flaky: Vec<String>,
    seed: Option<u32>,
    header: Option<Header>,
}

/// Maximum number of annotations of a level that GitHub shows.
const ANNOTATIONS: usize = 10;
/// Maximum number of failures in the summary, and its maximum size in bytes: GitHub rejects more than 1 MiB. Other programs of the
/// same step may have written to the file.
const DETAILS: usize = 50;
const LARGEST_PAGE: usize = 1024 * 1024;
/// Bytes for the sentence about what was left out.
const RESERVE: usize = 1024;
/// Maximum number of characters of a title or a message in the summary.
const LONGEST: usize = 500;

impl<W: Write> Github<W> {
    /// Creates a report that writes annotations to `out` and appends the summary to `page`, if there is one.
    ///
    /// File paths in annotations are relative to `workspace`.
    pub fn new(out: W, page: Option<File>, workspace: Option<PathBuf>) -> Self {
        let (title, suite, later, failures, flaky, seed, header) = Default::default();
        let annotations = [("error", 0), ("warning", 0), ("notice", 0)];
        let (planned, failed) = (0, 0);
        Self {
            out,
            page,
            workspace,
            title,
            suite,
            planned,
            annotations,
            later,
            failures,
            failed,
            flaky,
            seed,
            header,
        }
    }

    fn step(&mut self, record: &Arc<Record>) -> io::Result<()> {
        match record.outcome() {
            Outcome::Passed if record.flaky && self.flaky.len() < DETAILS => {
                let repetition = record.repetition().unwrap_or_default();
                self.flaky.push(format!("{}: tried {repetition}", record.id));
                return Ok(());
            }
            Outcome::Passed | Outcome::Skipped => return Ok(()),
            Outcome::Known | Outcome::Inconclusive | Outcome::OptionalInconclusive => {
                if self.later.len() < 3 * ANNOTATIONS {
                    self.later.push(Arc::clone(record));
                }
                return Ok(());
            }
            Outcome::Failed | Outcome::OptionalFailed | Outcome::Error => {}
        }
        self.failed += 1;
        if self.failures.len() < DETAILS {
            self.failures.push(Arc::clone(record));
        }
        self.annotate(record)
    }

    fn annotate(&mut self, record: &Record) -> io::Result<()> {
        let outcome = record.outcome();
        let level = if outcome.fails_the_run() {
            "error"
        } else if outcome.needs_attention() {
            "warning"
        } else {
            "notice"
        };
        if !self.takes(level) {
            return Ok(());
        }
        let place = record.findings.first().map_or(&record.place, |finding| &finding.place);
        let covers = record.covers.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let known = record.deviation.as_ref().filter(|_| outcome == Outcome::Known);
        let known = known.map(|reason| format!(" (known: {reason})")).unwrap_or_default();
        writeln!(
            self.out,
            "::{level} file={},line={},col={},title={}::{}",
            workflow_property(&self.path(place.source().path())),
            place.line(),
            place.column(),
            workflow_property(format!("{covers} {}", record.id).trim_start()),
            workflow_message(&format!("{}: {}{known}", record.title, summary(record))),
        )
    }

    /// Counts an annotation of a level; false if the limit of GitHub is reached.
    fn takes(&mut self, level: &str) -> bool {
        self.annotations.iter_mut().find(|(own, _)| *own == level).is_some_and(|(_, count)| {
            *count += 1;
            *count <= ANNOTATIONS
        })
    }

    fn footer(&mut self, footer: &Footer) -> io::Result<()> {
        for record in std::mem::take(&mut self.later) {
            self.annotate(&record)?;
        }
        for Stale { at, message } in &footer.stale {
            let mut parts = at.rsplitn(3, ':');
            if let (Some(column), Some(line), Some(path)) = (parts.next(), parts.next(), parts.next()) {
                let path = workflow_property(&self.path(path));
                let message = workflow_message(&format!("{message}; remove the deviation"));
                writeln!(self.out, "::error file={path},line={line},col={column}::{message}")?;
            }
        }
        if let Some(interruption) = footer.interruption(self.planned) {
            writeln!(
                self.out,
                "::error title={}::{}",
                workflow_property(&self.title),
                workflow_message(&interruption)
            )?;
        }
        self.summarise(footer)
    }

    fn summarise(&mut self, footer: &Footer) -> io::Result<()> {
        let Some(mut file) = self.page.take() else { return Ok(()) };
        let written = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut page =
            Page { text: String::new(), bytes_left: LARGEST_PAGE.saturating_sub(written), left_out: 0 };
        let conclusion = match footer.interruption(self.planned) {
            Some(interruption) => short(&interruption),
            None => Conclusion::of(footer.exit).title().to_owned(),
        };
        page.add(&format!("## {}\n\n**{conclusion}**\n\n", short(&self.title)));
        page.add("| task | MUST | SHOULD | MAY |\n|---|---|---|---|\n");
        // The last row comes first, so that the table is complete if tasks are left out.
        let all = Level::ALL.map(|level| {
            let of_level = footer.requirements.iter().filter(|one| one.level == level);
            standing(footer.held(level), of_level.filter_map(Standing::outcome).max())
        });
        let last = format!("| **all** | {} |\n\n", all.join(" | "));
        page.bytes_left = page.bytes_left.saturating_sub(last.len());
        for task in tasks(&footer.requirements) {
            let cells = Level::ALL.map(|level| standing(task.held(level), task.outcome(level)));
            if cells.iter().any(|cell| !cell.is_empty()) {
                page.add(&format!("| {} | {} |\n", short(task.title), cells.join(" | ")));
            }
        }
        page.text += &last;
        for step in footer.uncovered.iter().take(DETAILS) {
            let (id, outcome) = (markdown_element(&step.id), step.outcome.title());
            page.add(&format!("- step <code>{id}</code>, which covers no requirement: {outcome}\n"));
        }
        for Stale { at, message } in footer.stale.iter().take(DETAILS) {
            page.add(&format!("- stale deviation {}: {}\n", short(at), short(message)));
        }
        for step in self.flaky.iter().take(DETAILS) {
            page.add(&format!("- flaky step {}\n", short(step)));
        }
        if let Some(seed) = self.seed {
            page.add(&format!("- seed {seed}\n"));
        }
        page.add(&format!("- suite {}\n", short(&self.suite)));
        page.add("\n");
        for record in &self.failures {
            let covers = record.covers.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
            page.add(&format!(
                "<details><summary>{} <code>{}</code> {}</summary>\n\n{}\n</details>\n",
                markdown_element(&covers),
                markdown_element(&record.id),
                markdown_element(&cut(&summary(record), LONGEST)),
                markdown_block(&evidence(record, self.header.as_ref()))
            ));
        }
        let more = self.failed.saturating_sub(self.failures.len());
        if more > 0 {
            page.add(&format!("\nand {more} more\n"));
        }
        if page.left_out > 0 {
            let parts = amount(page.left_out, "part");
            page.text += &format!(
                "\nLeft out: {parts} of this summary, because GitHub shows at most 1 MiB. The log has all failures.\n"
            );
        }
        // Without room for the sentence, other programs have filled the page.
        page.text.truncate(if page.text.len() > LARGEST_PAGE.saturating_sub(written) {
            0
        } else {
            page.text.len()
        });
        file.write_all(page.text.as_bytes())
    }

    /// Returns a path relative to the workspace; unchanged if the file is outside of it.
    fn path(&self, path: &str) -> String {
        let Some(workspace) = &self.workspace else { return path.to_owned() };
        let here = std::env::current_dir().unwrap_or_default();
        below(workspace, &here, Path::new(path)).unwrap_or_else(|| path.to_owned())
    }
}

impl<W: Write> Report for Github<W> {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Header(header) => {
                self.title = format!("{}: {}", header.suite, header.target);
                self.suite = identity(header);
                self.seed = header.seed;
                self.planned = header.steps;
                self.header = Some(header.clone());
            }
            Event::Step(record) => self.step(record)?,
            Event::Load(_) => {}
            Event::Footer(footer) => self.footer(footer)?,
        }
        self.out.flush()
    }
}

/// Returns `path`, which is relative to `here`, as a path relative to `workspace`; none if it is outside. Symbolic links are
/// resolved only if the names alone do not match.
fn below(workspace: &Path, here: &Path, path: &Path) -> Option<String> {
    let named = plain(&here.join(path));
    let strip = |path: &Path, workspace: &Path| {
        path.strip_prefix(workspace).ok().map(|below| below.display().to_string())
    };
    let real = workspace.canonicalize().ok();
    strip(&named, &plain(workspace))
        .or_else(|| strip(&named, real.as_deref()?))
        .or_else(|| strip(&named.canonicalize().ok()?, real.as_deref()?))
}

/// Returns a path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

fn standing((held, tried): (usize, usize), worst: Option<Outcome>) -> String {
    let mark = match worst {
        _ if tried == 0 => return String::new(),
        Some(Outcome::Failed | Outcome::Error) => "❌",
        Some(Outcome::Inconclusive) => "❓",
        Some(Outcome::Known | Outcome::OptionalFailed | Outcome::OptionalInconclusive) => "⚠️",
        Some(Outcome::Passed | Outcome::Skipped) | None => "✅",
    };
    format!("{mark} {held}/{tried}")
}

/// Returns a title or a message as Markdown on one line, cut to a readable length.
fn short(text: &str) -> String {
    markdown(&cut(text, LONGEST))
}

/// The text of the summary, which has a maximum size.
struct Page {
    text: String,
    bytes_left: usize,
    /// Number of parts that did not fit.
    left_out: usize,
}

impl Page {
    /// Adds a part if it fits.
    fn add(&mut self, part: &str) {
        if self.text.len() + part.len() + RESERVE <= self.bytes_left {
            self.text += part;
        } else {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotation_paths_are_relative_to_the_workspace() {
        let below = |workspace: &str, here: &str, path: &str| {
            below(Path::new(workspace), Path::new(here), Path::new(path))
        };
        let path = Some("api/s/t/a.yaml".to_owned());
        assert_eq!(below("/none/repo", "/none/repo/api", "s/t/a.yaml"), path);
        assert_eq!(below("/none/repo/", "/none/repo/api/x", "../s/./t/a.yaml"), path);
        assert_eq!(below("/none/repo", "/elsewhere", "/none/repo/api/s/t/a.yaml"), path);
        assert_eq!(below("/none/repo", "/elsewhere", "s/t/a.yaml"), None);
        assert_eq!(below("/none/repo", "/none/repository", "s/t/a.yaml"), None);
    }
}
