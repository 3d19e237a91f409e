//! The command line: the only room that reads flags and the environment.

mod curl;
mod output;
mod run;
mod shard;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::diagnostic::Diagnostic;
use crate::plan::Selection;
use crate::suite::{Folder, Suite};

pub use curl::{Export, Import, Record};
pub use output::{Color, OutputOptions, ReportKind, ReportPlace, github_summary, github_workspace};
use run::parse_address;
pub use run::{Run, TransportOptions};
pub use shard::{Merge, ShardOptions};

/// Replays an HTTP API's specification against any implementation of it, and says requirement by requirement what holds.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the suite against a target: a URL, a command that starts it (behind `--`), or a target file.
    Run(Box<Run>),
    /// Shows every step with its request, or with --stage those that a run would take, and sends nothing.
    List(List),
    /// Reads the suite and says everything that is wrong with it.
    Check(Check),
    /// Shows which steps cover which requirements, and with --spec which exchanges of a document no step encodes.
    #[command(after_help = "Exit code 1: an exchange of the document has no step.")]
    Coverage(Coverage),
    /// Prints the JSON Schema of a file of a suite or of a report, or an editor's settings.
    Schema(Schema),
    /// Prints what makes a shell complete this program's words.
    Completions(Completions),
    /// Prints the manual page of this program or of one of its commands.
    Man(Man),
    /// Sets the reports of several implementations beside each other.
    Compare(Compare),
    /// Joins the reports of all shards of a run into the report of one run.
    #[command(after_help = EXIT_CODES)]
    Merge(Merge),
    /// Prints what a target that is already running must hold, as files or as curl commands.
    Seed(Seed),
    /// Writes scenarios from the shell sessions that a document prints, or from a browser's recording.
    Import(Import),
    /// Sends a curl command and prints the step that its answer makes.
    Record(Record),
    /// Prints scenarios as a shell script with curl, or as a Hurl file.
    Export(Export),
}

/// `conformance list`.
#[derive(Debug, Args)]
pub struct List {
    /// What is shown of the suite.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Which part is shown, of several machines.
    #[command(flatten)]
    pub shard: ShardOptions,
    /// For people, or for programs.
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

/// `conformance check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder of the suite; the one inside this program unless it is given.
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
}

/// `conformance coverage`.
#[derive(Debug, Args)]
pub struct Coverage {
    /// The folder of the suite; the one inside this program unless it is given.
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
    /// A document, Markdown or plain text, whose curl transcripts the steps should encode.
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// For people, for a document, or for programs.
    #[arg(long, default_value = "text")]
    pub format: CoverageFormat,
}

/// `conformance compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// The reports: JSON Lines, as `run --report jsonl=FILE` writes them.
    #[arg(value_name = "FILE", required = true)]
    pub reports: Vec<PathBuf>,
    /// Writes the table as a page for a browser, in which a cell opens its exchange.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// When to write in colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// `conformance schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// What is described.
    #[arg(default_value = "scenario")]
    pub of: SchemaOf,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A scenario file.
    Scenario,
    /// A file below sequences/.
    Sequence,
    /// suite.yaml.
    Suite,
    /// requirements.yaml.
    Requirements,
    /// A line of a report as JSON Lines.
    Report,
    /// Not a schema: the settings with which VS Code knows the schemas and the matchers.
    Editor,
}

/// `conformance completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `conformance man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The command; the program itself unless it is given.
    pub command: Option<String>,
}

/// `conformance seed`.
#[derive(Debug, Args)]
pub struct Seed {
    /// Where the curl commands send their requests; the specification's own origin unless it is given.
    #[arg(value_name = "URL", value_parser = parse_address)]
    pub url: Option<String>,
    /// The folder of the suite; the one inside this program unless it is given.
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
    /// Only what the steps of this profile need.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// In which form.
    #[arg(long, default_value = "files")]
    pub format: SeedFormat,
    /// Writes the files into a folder; one that is there already is left as it is.
    #[arg(long, value_name = "DIR", conflicts_with = "format")]
    pub into: Option<PathBuf>,
}

/// What is taken of a suite.
#[derive(Debug, Args)]
pub struct SelectionOptions {
    /// The folder of the suite; the one inside this program unless it is given.
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
    /// The profile, or several of them; a running target has one.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub profile: Vec<String>,
    /// How far along the specification the implementation is.
    #[arg(long, value_name = "NAME")]
    pub stage: Option<String>,
    /// Only the steps whose id contains this or matches this pattern, that cover this requirement, have this tag, or are at `FILE:LINE`.
    #[arg(long, value_name = "PATTERN")]
    pub filter: Vec<String>,
}

/// For people, or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line for each step.
    Text,
    /// One JSON list.
    Json,
}

/// For people, for a document, or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// Lines under each clause.
    Text,
    /// A table for each clause.
    Markdown,
    /// One JSON object.
    Json,
}

/// How what a target must hold is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeedFormat {
    /// The files of the launch contract.
    Files,
    /// A shell script of curl commands that make what can be made through the API.
    Curl,
    /// One JSON object with both.
    Json,
}

impl SelectionOptions {
    /// The suite's files.
    #[must_use]
    pub fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }

    /// What is taken.
    #[must_use]
    pub fn selection(&self) -> Selection {
        Selection {
            stage: self.stage.clone(),
            every_stage: false,
            filters: self.filter.clone(),
            profiles: self.profile.clone(),
            only: None,
        }
    }
}

impl Seed {
    /// The suite's files.
    #[must_use]
    pub fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }
}

impl Check {
    /// The suite's files.
    #[must_use]
    pub fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }
}

impl Coverage {
    /// The suite's files.
    #[must_use]
    pub fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }
}

impl List {
    /// What is listed: every step, or with `--stage` those that a run would take.
    #[must_use]
    pub fn selection(&self) -> Selection {
        Selection { every_stage: true, ..self.selection.selection() }
    }
}

impl Completions {
    /// Returns the script that makes the shell complete this program's words.
    #[must_use]
    pub fn script(&self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Options::command(), "conformance", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}

impl Man {
    /// Returns the manual page.
    ///
    /// # Errors
    /// A command that there is not.
    pub fn page(&self) -> Result<String, Diagnostic> {
        let mut program = Options::command().disable_help_subcommand(true);
        program.build();
        let (title, command) = match &self.command {
            None => ("conformance".to_owned(), program),
            Some(name) => {
                let known: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                let command = program.find_subcommand(name).cloned();
                let command = command.ok_or_else(|| {
                    Diagnostic::new(format!("there is no command `{name}`")).suggest(name, known)
                })?;
                (format!("conformance-{name}"), command)
            }
        };
        let mut page = Vec::new();
        // Writing to memory cannot fail.
        clap_mangen::Man::new(command).title(title).render(&mut page).ok();
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

/// Returns the value of an environment variable, where it is one of text.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the address and the profile of a running target that the environment names, for tests.
///
/// # Errors
/// No profile, where the suite has several.
pub fn target_of_environment(suite: &Suite) -> Result<Option<(String, String)>, Diagnostic> {
    let Ok(url) = std::env::var("CONFORMANCE_TARGET") else { return Ok(None) };
    crate::http::check_address(&url)
        .map_err(|wrong| Diagnostic::new(format!("CONFORMANCE_TARGET: {wrong}")))?;
    let named: Vec<String> = std::env::var("CONFORMANCE_PROFILE").into_iter().collect();
    Ok(Some((url, one_profile(&named, suite, "CONFORMANCE_PROFILE")?)))
}

fn one_profile(named: &[String], suite: &Suite, by: &str) -> Result<String, Diagnostic> {
    match (named, suite.profiles.as_slice()) {
        ([one], _) => Ok(one.clone()),
        ([], [one]) => Ok(one.name.clone()),
        (_, profiles) => {
            let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
            let message =
                format!("a target that is already running runs in one profile, and `{by}` does not name it");
            Err(Diagnostic::new(message).help(format!("the suite's profiles: {known}")))
        }
    }
}

fn folder(named: Option<&PathBuf>) -> Folder {
    named.map_or(Folder::Embedded, |path| Folder::Directory(path.clone()))
}

fn parse_duration(written: &str) -> Result<Duration, String> {
    let place = crate::source::Source::new("", "").place(crate::source::Span::default());
    crate::members::duration(written, &place)
        .map_err(|_| "written as 200ms, 4s, 1.5s, 2m, 1h or 7d".to_owned())
}

const EXIT_CODES: &str = "Exit codes:
  0   the target conforms
  1   a requirement (must) does not hold
  2   a file or a flag is wrong; nothing was sent
  3   the target cannot be used, or the run stayed inconclusive, or this program failed in a scenario
  4   nothing was selected";
