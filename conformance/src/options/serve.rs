//! Flags of `conformance serve`.

use std::path::PathBuf;

use clap::Args;

use super::SelectionOptions;

/// `conformance serve`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["target", "program"]))]
pub(crate) struct Serve {
    /// Which profile to start the target in, and which steps need fixtures.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Read commands, ports and environment variables of the target from a file.
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub target: Option<PathBuf>,
    /// Command that starts the target in the current folder.
    #[arg(last = true, value_name = "COMMAND")]
    pub program: Vec<String>,
    /// Port on which the target listens [default: a free one].
    #[arg(long, value_name = "PORT", help_heading = "Target", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Show the passwords of the fixtures.
    #[arg(long)]
    pub show_secrets: bool,
}
