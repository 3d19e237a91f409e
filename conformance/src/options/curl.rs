//! The flags of the commands that turn sessions into scenarios and back.

use std::path::{Path, PathBuf};

use clap::Args;

use super::SelectionOptions;
use crate::import::folder::{From, Order};

/// `conformance import`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["document", "har"]))]
pub struct Import {
    /// A document, Markdown or plain text, that prints shell sessions with curl.
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<PathBuf>,
    /// A browser's recording.
    #[arg(long, value_name = "FILE")]
    pub har: Option<PathBuf>,
    /// The folder that the scenarios are written into: a suite, a folder inside of one, or a new one, which becomes a suite.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The specification's own origin; the one that most commands name unless it is given.
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// The profile of every scenario; found by the environment that the document prints unless it is given.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Writes over files that are there.
    #[arg(long)]
    pub force: bool,
}

/// `conformance record`.
#[derive(Debug, Args)]
pub struct Record {
    /// The target that the command is sent to, as http://host:port.
    #[arg(value_name = "URL")]
    pub url: String,
    /// The origin under which the command's address is; the one that it names unless it is given.
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// The curl command.
    #[arg(last = true, value_name = "COMMAND", required = true)]
    pub command: Vec<String>,
}

/// `conformance export`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("as").required(true).args(["curl", "hurl"]))]
pub struct Export {
    /// As a shell script with nothing but curl, sed and sh.
    #[arg(long)]
    pub curl: bool,
    /// As a file of Hurl.
    #[arg(long)]
    pub hurl: bool,
    /// What is exported of the suite.
    #[command(flatten)]
    pub selection: SelectionOptions,
}

impl Import {
    /// What is imported, and where it goes.
    #[must_use]
    pub fn order(&self) -> Order<'_> {
        let from = match (&self.document, &self.har) {
            (_, Some(recording)) => From::Har(recording),
            (document, None) => From::Document(document.as_deref().unwrap_or(Path::new(""))),
        };
        Order {
            from,
            out: &self.out,
            origin: self.origin.as_deref(),
            profile: self.profile.as_deref(),
            force: self.force,
        }
    }
}
