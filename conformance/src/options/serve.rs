//! Flags of `conformance serve`.

use std::path::PathBuf;

use clap::Args;

use super::SelectionOptions;
use super::run::VariableOptions;
use conformance_engine::target::Target;
use conformance_engine::target::isolation::{Isolation, Limits, Mechanism};
use conformance_suite::diagnostic::Diagnostic;

/// `conformance serve`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["target", "program"]))]
pub(crate) struct Serve {
    /// Which profile to start the target in, and which steps need fixtures.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableOptions,
    /// Read commands, ports and environment variables of the target from a file.
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub target: Option<PathBuf>,
    /// Command that starts the target in the current folder.
    #[arg(last = true, value_name = "COMMAND")]
    pub program: Vec<String>,
    /// Port on which the target listens [default: a free one].
    #[arg(long, value_name = "PORT", help_heading = "Target", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Show the passwords of the fixtures, and what the target prints without redaction.
    #[arg(long)]
    pub show_secrets: bool,
    /// Isolate the commands of the target, with Landlock: the port of an isolated target cannot be reached otherwise
    /// [default: as the target file says].
    #[arg(long, help_heading = "Isolation")]
    pub isolate: bool,
    /// Do not isolate the commands of the target.
    #[arg(long, conflicts_with = "isolate", help_heading = "Isolation")]
    pub no_isolate: bool,
}

impl Serve {
    /// Isolates the programs of a target as these options and its target file say.
    ///
    /// # Errors
    /// Landlock does not work on this machine.
    pub(crate) fn isolate(&self, target: &mut Target) -> Result<(), Diagnostic> {
        let of_file = target.programs().find_map(|program| program.isolate);
        if self.isolate || !self.no_isolate && of_file == Some(true) {
            let isolation = Isolation::find(Some(Mechanism::Landlock), Limits::default(), &[]);
            let isolation = isolation.map_err(|error| {
                Diagnostic::new(error.to_string()).help(
                    "use Linux 6.12 or later; --no-isolate runs the program without isolation: it can then do whatever you can",
                )
            })?;
            target.isolate(&isolation);
        }
        Ok(())
    }
}
