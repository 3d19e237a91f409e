//! What a run tells: how much of it to people, and the reports that go elsewhere.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is told, and where.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct OutputOptions {
    /// Writes a report beside the one for people: html, jsonl, junit, tap or badge, each =FILE, where `-` is standard output; github,
    /// which needs no file. With a report on standard output the one for people goes to standard error.
    #[arg(long, value_name = "KIND=FILE", value_parser = parse_report)]
    pub report: Vec<ReportPlace>,
    /// Tells only what the run came to.
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tells every requirement with its verdict, those that hold too.
    #[arg(long, conflicts_with = "quiet")]
    pub requirements: bool,
    /// Tells every step and every requirement.
    #[arg(long, short)]
    pub verbose: bool,
    /// Tells every exchange whole.
    #[arg(long, conflicts_with = "quiet")]
    pub trace: bool,
    /// When to write in colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl OutputOptions {
    /// Whether anything shows what went over the wire where a step holds.
    #[must_use]
    pub fn shows_passes(&self) -> bool {
        let shows =
            |place: &ReportPlace| matches!(place, ReportPlace::File(ReportKind::Jsonl | ReportKind::Html, _));
        self.trace || self.report.iter().any(shows)
    }
}

/// A report and where it goes.
#[derive(Debug, Clone)]
pub enum ReportPlace {
    /// A file.
    File(ReportKind, PathBuf),
    /// The log of a job on GitHub, and the summary that it shows of the job.
    Github,
}

/// A kind of report that is a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JSON Lines: the event stream.
    Jsonl,
    /// A page for a browser.
    Html,
    /// `JUnit` XML.
    Junit,
    /// The Test Anything Protocol.
    Tap,
    /// A picture for a README, as SVG.
    Badge,
}

impl ReportKind {
    /// Every kind, with the word that asks for it.
    pub const ALL: [(&'static str, Self); 5] = [
        ("html", Self::Html),
        ("jsonl", Self::Jsonl),
        ("junit", Self::Junit),
        ("tap", Self::Tap),
        ("badge", Self::Badge),
    ];
}

/// When to write in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn parse_report(written: &str) -> Result<ReportPlace, String> {
    if written == "github" {
        return Ok(ReportPlace::Github);
    }
    let kind = |name: &str| ReportKind::ALL.into_iter().find(|(own, _)| *own == name);
    match written.split_once('=') {
        Some((name, path)) if !path.is_empty() => match kind(name) {
            Some((_, kind)) => Ok(ReportPlace::File(kind, path.into())),
            None => Err(format!("`{name}` is no kind of report; known are {}", kinds())),
        },
        _ => Err(format!("written as jsonl=FILE; known are {}", kinds())),
    }
}

fn kinds() -> String {
    let kinds = ReportKind::ALL.into_iter().map(|(name, _)| format!("{name}=FILE"));
    kinds.chain(["github".to_owned()]).collect::<Vec<_>>().join(", ")
}

/// Returns the file that GitHub shows as the summary of a job, where this is one.
#[must_use]
pub fn github_summary() -> Option<PathBuf> {
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Returns the folder below which GitHub looks for the files of annotations, where this is one of its jobs.
#[must_use]
pub fn github_workspace() -> Option<PathBuf> {
    std::env::var_os("GITHUB_WORKSPACE").filter(|path| !path.is_empty()).map(PathBuf::from)
}
