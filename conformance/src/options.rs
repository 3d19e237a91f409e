//! Defines the command line. No other module reads flags.

mod complete;
mod curl;
mod help;
mod manual;
mod meant;
mod openapi;
mod output;
mod run;
mod serve;
mod shard;

use std::path::PathBuf;
use std::time::Duration;

use conformance::environment::one_profile;
use include_dir::{Dir, include_dir};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::Selection;
use conformance_suite::suite::Folder;

pub(crate) use complete::answer as complete;
pub(crate) use curl::{Export, Import, Init, Record};
use help::{COMPLETION_EXAMPLES, EXAMPLES, EXIT_CODES, MERGE_EXAMPLES, RUN_EXAMPLES};
pub(crate) use openapi::OpenApiOptions;
pub(crate) use output::{Color, OutputOptions, ReportPlace, forces_color, github_summary, github_workspace};
pub(crate) use run::Run;
use run::parse_address;
pub(crate) use serve::Serve;
pub(crate) use shard::{Merge, ShardOptions};

/// Test any implementation of an HTTP API against its specification and report which requirements pass.
#[derive(Debug, Parser)]
#[command(name = "conformance", version = VERSION, max_term_width = 110)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), after_long_help = help::long(EXAMPLES, None))]
pub(crate) struct Options {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

impl Options {
    /// Reads the command line. A wrong one ends the program with a message that contains the command that was probably meant.
    ///
    /// # Errors
    /// The message, if the target is not given as a URL, a file or a command.
    pub(crate) fn read() -> Result<Self, String> {
        let words: Vec<String> =
            std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        let options = match Self::try_parse() {
            Ok(options) => options,
            Err(error) => {
                let message = error.use_stderr().then(|| meant::meant(&words)).flatten();
                let message = message.or_else(|| meant::without_credentials(&error.to_string()));
                return Err(message.unwrap_or_else(|| error.exit()));
            }
        };
        let quoted = match &options.command {
            Command::Run(options) => meant::quoted("run", &options.program),
            Command::Serve(options) => meant::quoted("serve", &options.program),
            _ => None,
        };
        quoted.map_or(Ok(options), Err)
    }
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the suite against a target and report which requirements pass.
    ///
    /// The target is a URL, a command that starts the server (after `--`), or a target file (--target).
    #[command(override_usage = RUN_USAGE, after_help = RUN_EXAMPLES)]
    #[command(after_long_help = help::long(RUN_EXAMPLES, Some("run")))]
    Run(Box<Run>),
    /// Start a target in one profile with its fixtures, and keep it running until Ctrl-C.
    ///
    /// The target starts as `conformance run` starts it. Use it to repeat the requests of a failure by hand.
    #[command(
        override_usage = SERVE_USAGE,
        after_help = "Examples:\n  conformance serve --profile session -- python3 -m api.v1.app\n  conformance serve --profile session --port 5000 --show-secrets -- ./server"
    )]
    Serve(Serve),
    /// List the steps and their requests without sending anything.
    ///
    /// Without --stage, the list contains the steps of every stage.
    #[command(
        after_help = "Examples:\n  conformance list --filter 'session/*'\n  conformance list --suite my-suite --format json"
    )]
    List(List),
    /// Validate the suite and report every error with its file and line.
    #[command(
        after_help = "Examples:\n  conformance check                       Validate the built-in suite\n  conformance check --suite my-suite\n  conformance check --har traffic.har --openapi openapi.yaml"
    )]
    Check(Check),
    /// Show which steps cover which requirements.
    ///
    /// With --spec, also list the curl examples of a document that no step covers.
    #[command(
        after_help = "Examples:\n  conformance coverage --suite my-suite --spec README.md\n  conformance coverage --suite my-suite --openapi openapi.yaml --fail-under operations=90%\n  conformance coverage --openapi openapi.yaml --from report.jsonl\n\nExit codes:\n  0   every example of the document is covered, and every share of --fail-under is reached\n  1   no step covers an example of the document, or a share is not reached\n  2   a file or a flag is invalid"
    )]
    Coverage(Coverage),
    /// Print the JSON Schema of a suite file or a report, or settings for an editor.
    Schema(Schema),
    /// Print a shell completion script.
    #[command(after_help = COMPLETION_EXAMPLES)]
    Completions(Completions),
    /// Print what is installed on this machine, which isolation works, and where files are kept.
    #[command(
        after_help = "Examples:\n  conformance doctor\n\nExit codes:\n  0   everything that a run needs works\n  1   something that a run needs does not work"
    )]
    Doctor(Doctor),
    /// Print the manual page of the program or of one of its commands.
    Man(Man),
    /// Compare the reports of several implementations.
    #[command(
        after_help = "Examples:\n  conformance compare flask.jsonl node.jsonl\n  conformance compare reports/*.jsonl --html table.html\n  conformance compare --before old.jsonl --after new.jsonl\n  conformance compare reports/*.jsonl --site public"
    )]
    Compare(Compare),
    /// Merge the reports of all shards of a run into one report, or write a report in other formats.
    #[command(after_help = format!("{MERGE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Merge(Merge),
    /// Print the fixtures that a running target needs, as files or curl commands.
    #[command(after_help = "Examples:\n  conformance seed --format curl > seed.sh")]
    Seed(Seed),
    /// Write a small suite that runs, as a start for your own.
    ///
    /// The files explain themselves in comments. With --from, the scenarios come from the curl examples of a document.
    #[command(
        after_help = "Examples:\n  conformance init my-suite\n  conformance init my-suite --from README.md"
    )]
    Init(Init),
    /// Generate scenarios from the curl examples of a document, a HAR file or an OpenAPI description.
    #[command(
        after_help = "Examples:\n  conformance import README.md --out my-suite\n  conformance import https://example.org/api.md --out my-suite\n  conformance import --har recording.har --out my-suite\n  conformance import --openapi openapi.yaml --out my-suite"
    )]
    Import(Import),
    /// Send a curl command and print a step that expects its response.
    #[command(
        after_help = "Examples:\n  conformance record http://127.0.0.1:8080 -- curl http://api.example/notes\n\nExit codes:\n  0   the step was printed\n  2   the command or the URL is invalid; nothing was sent\n  3   no complete response was received"
    )]
    Record(Record),
    /// Print scenarios as a shell script with curl or as a Hurl file.
    #[command(
        after_help = "Examples:\n  conformance export --curl > session.sh\n  conformance export --hurl --suite my-suite --filter 'session/*' > session.hurl"
    )]
    Export(Export),
}

/// `conformance list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Which steps to list.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Which shard to list.
    #[command(flatten)]
    pub shard: ShardOptions,
    /// Output format.
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

/// `conformance check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub suite: SuiteOption,
    /// Treat warnings as errors.
    #[arg(long)]
    pub strict: bool,
    /// Check the exchanges of a HAR recording against --openapi, not a suite.
    #[arg(long, value_name = "FILE", requires = "openapi", conflicts_with = "suite")]
    pub har: Option<PathBuf>,
    /// OpenAPI description for --har.
    #[arg(long, value_name = "FILE", requires = "har")]
    pub openapi: Option<PathBuf>,
}

/// `conformance coverage`.
#[derive(Debug, Args)]
pub(crate) struct Coverage {
    #[command(flatten)]
    pub suite: SuiteOption,
    /// Specification, as Markdown or plain text, whose curl examples the steps should cover.
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Show which parts of an OpenAPI description the steps use: operations, parameters, statuses, content types.
    #[arg(long, value_name = "FILE", conflicts_with = "spec")]
    pub openapi: Option<PathBuf>,
    /// Count what a run used, from its report as JSON Lines, instead of what the scenarios contain.
    #[arg(long, value_name = "FILE", requires = "openapi", conflicts_with = "suite")]
    pub from: Option<PathBuf>,
    /// Fail if less than a share is used: operations, parameters, statuses, content-types or branches (repeatable).
    #[arg(long, value_name = "KIND=PERCENT%", requires = "openapi", value_parser = parse_share)]
    pub fail_under: Vec<(String, usize)>,
    /// Output format.
    #[arg(long, default_value = "text")]
    pub format: CoverageFormat,
}

/// `conformance compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Reports as JSON Lines, written by `run --report jsonl=FILE`.
    #[arg(value_name = "FILE", required_unless_present = "before")]
    pub reports: Vec<PathBuf>,
    /// Also write the table as an HTML page that shows the exchange of each cell.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Also write the table as CSV: a row for each implementation, a column for each requirement.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Also write a report of each implementation, as `run --report` does; the path contains {name} (repeatable).
    #[arg(long, value_name = "KIND=FILE", value_parser = output::parse_report, add = complete::reports())]
    pub report: Vec<ReportPlace>,
    /// Also write a static site: the table, a page and a badge for each implementation, and what changed since the site was
    /// written last.
    #[arg(long, value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Show what broke and what was fixed since this report; exit code 1 if something broke.
    #[arg(long, value_name = "FILE", requires = "after", conflicts_with_all = ["reports", "html", "csv", "report", "site"])]
    pub before: Option<PathBuf>,
    /// The later report for --before.
    #[arg(long, value_name = "FILE", requires = "before")]
    pub after: Option<PathBuf>,
    /// Compare reports of different suites, stages, filters or profiles.
    #[arg(long)]
    pub force: bool,
    /// When to use colors.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// `conformance schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// What to describe.
    #[arg(default_value = "scenario")]
    pub of: SchemaOf,
}

/// The things that `conformance schema` describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A scenario file
    Scenario,
    /// A file below sequences/
    Sequence,
    /// suite.yaml
    Suite,
    /// requirements.yaml
    Requirements,
    /// A line of a JSON Lines report
    Report,
    /// Settings for VS Code: schemas and matchers (not a schema)
    Editor,
}

/// `conformance completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to complete commands in.
    pub shell: clap_complete::Shell,
}

/// `conformance doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub suite: SuiteOption,
}

/// `conformance man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Command [default: the program itself].
    pub command: Option<String>,
}

/// `conformance seed`.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Base URL of the curl commands [default: the origin that the suite declares].
    #[arg(value_name = "URL", value_parser = parse_address)]
    pub url: Option<String>,
    #[command(flatten)]
    pub suite: SuiteOption,
    /// Print only the fixtures that this profile needs.
    #[arg(long, value_name = "NAME", add = complete::profiles())]
    pub profile: Option<String>,
    /// Output format.
    #[arg(long, default_value = "files")]
    pub format: SeedFormat,
    /// Write the files into a folder; existing files are not overwritten.
    #[arg(long, value_name = "DIR", conflicts_with = "format")]
    pub into: Option<PathBuf>,
}

/// The flag that names a suite.
#[derive(Debug, Args)]
pub(crate) struct SuiteOption {
    /// Suite folder [default: the built-in suite].
    #[arg(long, value_name = "DIR")]
    pub suite: Option<PathBuf>,
}

/// Flags that select steps of a suite.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct SelectionOptions {
    /// Suite folder [default: the built-in suite].
    #[arg(long, value_name = "DIR", help_heading = "Suite")]
    pub suite: Option<PathBuf>,
    /// Run only these profiles; a running target (URL) has exactly one.
    #[arg(long, value_name = "NAME", value_delimiter = ',', add = complete::profiles())]
    pub profile: Vec<String>,
    /// Check only what is required up to this stage.
    #[arg(long, value_name = "NAME", add = complete::stages())]
    pub stage: Option<String>,
    /// Select only matching steps: part of an id, glob pattern, requirement, tag, or `FILE:LINE` (repeatable).
    #[arg(long, value_name = "PATTERN", add = complete::filters())]
    pub filter: Vec<String>,
}

/// Output formats of `conformance list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// One line for each step
    Text,
    /// One JSON array
    Json,
}

/// Output formats of `conformance coverage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoverageFormat {
    /// The requirements of each clause with their steps
    Text,
    /// A table for each clause
    Markdown,
    /// One JSON object
    Json,
}

/// Output formats of `conformance seed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeedFormat {
    /// The files that a started target receives
    Files,
    /// A shell script with curl commands that create the fixtures that the API can create
    Curl,
    /// One JSON object with both
    Json,
}

impl SuiteOption {
    /// Returns the folder of the suite.
    #[must_use]
    pub(crate) fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }
}

impl SelectionOptions {
    /// Returns the folder of the suite.
    #[must_use]
    pub(crate) fn folder(&self) -> Folder {
        folder(self.suite.as_ref())
    }

    /// Returns the selection for a run.
    #[must_use]
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            stage: self.stage.clone(),
            every_stage: false,
            filters: self.filter.clone(),
            profiles: self.profile.clone(),
            only: None,
        }
    }
}

impl List {
    /// Returns the selection: every step, or with `--stage` those that a run would execute.
    #[must_use]
    pub(crate) fn selection(&self) -> Selection {
        Selection { every_stage: true, ..self.selection.selection() }
    }
}

impl Completions {
    /// Returns the completion script.
    #[must_use]
    pub(crate) fn script(&self) -> String {
        complete::script(self.shell)
    }
}

impl Man {
    /// Returns the manual page.
    ///
    /// # Errors
    /// The command does not exist.
    pub(crate) fn page(&self) -> Result<String, Diagnostic> {
        let mut program = Options::command().disable_help_subcommand(true);
        program.build();
        let (title, command) = match &self.command {
            None => ("conformance".to_owned(), program),
            Some(name) => {
                let known: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                let command = program.find_subcommand(name).cloned();
                let command = command.ok_or_else(|| {
                    Diagnostic::new(format!("unknown command `{name}`")).suggest(name, known)
                })?;
                (format!("conformance-{name}"), command)
            }
        };
        Ok(manual::page(&title, self.command.as_deref(), command))
    }
}

/// The version of the program, with the commit if the build knows it.
pub(crate) const VERSION: &str = env!("CONFORMANCE_VERSION");

/// The suite inside this program.
static SUITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

fn folder(named: Option<&PathBuf>) -> Folder {
    named.map_or(Folder::Embedded(&SUITE), |path| Folder::Directory(path.clone()))
}

fn parse_duration(written: &str) -> Result<Duration, String> {
    let place =
        conformance_suite::source::Source::new("", "").place(conformance_suite::source::Span::default());
    conformance_suite::members::duration(written, &place)
        .map_err(|_| "expected a duration such as 200ms, 4s, 1.5s, 2m, 1h or 7d".to_owned())
}

fn parse_share(written: &str) -> Result<(String, usize), String> {
    let kinds = conformance_openapi::coverage::KINDS;
    let form =
        || format!("expected KIND=PERCENT%, such as operations=90%; the kinds are {}", kinds.join(", "));
    let (kind, share) = written.split_once('=').ok_or_else(form)?;
    let share = share.trim_end_matches('%').parse::<usize>().map_err(|_| form())?;
    if !kinds.contains(&kind) || share > 100 {
        return Err(form());
    }
    Ok((kind.to_owned(), share))
}

const SERVE_USAGE: &str = "conformance serve [OPTIONS] -- <COMMAND>...
       conformance serve [OPTIONS] --target <FILE>";

const RUN_USAGE: &str = "conformance run [OPTIONS] <URL>
       conformance run [OPTIONS] -- <COMMAND>...
       conformance run [OPTIONS] --target <FILE>";
