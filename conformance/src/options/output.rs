//! Output options: the detail of the terminal report, and the other reports.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use conformance_report::report::{FORMATS, Format};

/// Output options.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct OutputOptions {
    /// Also write a report: html, jsonl, junit, tap, ctrf, csv, gradescope, classroom50, codegrade, badge, har or github (repeatable).
    ///
    /// Each kind except github needs a file, for example html=report.html. Missing folders are created. The file `-` is standard
    /// output; the terminal report then goes to standard error. With --each, a file has {name} in its path, for example
    /// 'html=pages/{name}.html'. With classroom50 the exit code is 0 if the run ended, whatever its result.
    #[arg(long, value_name = "KIND=FILE", value_parser = parse_report)]
    pub report: Vec<ReportPlace>,
    /// Print only the summary.
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print the verdict of every requirement, including those that pass.
    #[arg(long, conflicts_with = "quiet")]
    pub requirements: bool,
    /// Print every step and every requirement.
    #[arg(long, short)]
    pub verbose: bool,
    /// Print every request and response in full.
    #[arg(long, conflicts_with = "quiet")]
    pub trace: bool,
    /// When to use colors.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl OutputOptions {
    /// Whether a report makes the run exit with 0 if it ended.
    #[must_use]
    pub(crate) fn exits_with_0(&self) -> bool {
        self.report.iter().any(|place| matches!(place, ReportPlace::File(format, _) if format.exits_with_0))
    }

    /// Whether a report shows the exchanges of passing steps.
    #[must_use]
    pub(crate) fn shows_passes(&self) -> bool {
        let shows =
            |place: &ReportPlace| matches!(place, ReportPlace::File(format, _) if format.shows_passes);
        self.trace || self.report.iter().any(shows)
    }
}

/// A report and its destination.
#[derive(Debug, Clone)]
pub(crate) enum ReportPlace {
    /// A file.
    File(&'static Format, PathBuf),
    /// The log and the job summary of a GitHub Actions job.
    Github,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// If the output is a terminal and `NO_COLOR` is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whether `FORCE_COLOR` asks for colors in a file or a pipe, and `NO_COLOR` does not forbid them.
#[must_use]
pub(crate) fn forces_color() -> bool {
    let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    value("FORCE_COLOR").is_some_and(|value| value != "0") && value("NO_COLOR").is_none()
}

pub(super) fn parse_report(written: &str) -> Result<ReportPlace, String> {
    if written == "github" {
        return Ok(ReportPlace::Github);
    }
    match written.split_once('=') {
        Some((name, path)) if !path.is_empty() => match FORMATS.iter().find(|format| format.name == name) {
            Some(format) => Ok(ReportPlace::File(format, path.into())),
            None => Err(format!("unknown kind of report `{name}`; expected one of {}", kinds())),
        },
        _ => Err(format!("expected KIND=FILE, one of {}", kinds())),
    }
}

fn kinds() -> String {
    let kinds = FORMATS.iter().map(|format| format!("{}=FILE", format.name));
    kinds.chain(["github".to_owned()]).collect::<Vec<_>>().join(", ")
}

/// Returns the file of the job summary, if this is a GitHub Actions job.
#[must_use]
pub(crate) fn github_summary() -> Option<PathBuf> {
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Returns the folder to which file paths of annotations are relative: that of the GitHub Actions job, or else the repository.
#[must_use]
pub(crate) fn github_workspace() -> Option<PathBuf> {
    let named = std::env::var_os("GITHUB_WORKSPACE").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| {
        let here = std::env::current_dir().ok()?;
        here.ancestors().find(|folder| folder.join(".git").exists()).map(PathBuf::from)
    })
}
