//! Flags of `import`, `record` and `export`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::SelectionOptions;
use super::run::TransportOptions;
use conformance_convert::import::folder::{From, Order};

/// `conformance import`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["document", "har", "openapi", "postman", "http"]))]
pub(crate) struct Import {
    /// Document with curl examples (Markdown, reStructuredText, `AsciiDoc`, HTML or plain text), or its URL.
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<String>,
    /// HAR file recorded by a browser, or its URL.
    #[arg(long, value_name = "FILE")]
    pub har: Option<String>,
    /// OpenAPI description (3.0, 3.1 or 3.2; YAML or JSON), or its URL.
    #[arg(long, value_name = "FILE")]
    pub openapi: Option<String>,
    /// Postman collection (format 2.1), or its URL.
    #[arg(long, value_name = "FILE")]
    pub postman: Option<String>,
    /// File of requests (`.http`, `.rest`) as VS Code and JetBrains write it, or its URL.
    #[arg(long, value_name = "FILE")]
    pub http: Option<String>,
    /// Output folder: a suite, a folder in a suite, or a new folder, which becomes a suite.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Origin of the API in the document [default: the one that most commands use]. For an OpenAPI description, the URL of the
    /// server, which may have a path [default: its first server].
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// Profile of the scenarios [default: detected from the environment variables in the document].
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Expect types and members instead of values, for documents whose data is not that of the target.
    #[arg(long)]
    pub shape: bool,
    /// Overwrite existing files.
    #[arg(long)]
    pub force: bool,
}

/// `conformance init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder for the suite, which must not exist or be empty.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Markdown or plain text file with curl examples, or its URL.
    #[arg(long, value_name = "DOCUMENT")]
    pub from: Option<String>,
}

/// `conformance record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// Target to send the command to, as http://host:port.
    #[arg(value_name = "URL")]
    pub url: String,
    /// Origin of the API in the command [default: the origin of its URL].
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// Network options.
    #[command(flatten)]
    pub transport: TransportOptions,
    /// The curl command to send.
    #[arg(last = true, value_name = "COMMAND", required = true)]
    pub command: Vec<String>,
}

/// `conformance export`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("as").required(true).args(["curl", "hurl"]))]
pub(crate) struct Export {
    /// Print a shell script that needs only sh, curl, sed and awk.
    #[arg(long)]
    pub curl: bool,
    /// Print a Hurl file.
    #[arg(long)]
    pub hurl: bool,
    /// Which steps to export.
    #[command(flatten)]
    pub selection: SelectionOptions,
}

impl Import {
    /// Returns the options that import a document into a new suite.
    #[must_use]
    pub(crate) fn of_document(document: &str, out: &Path) -> Self {
        let (har, origin, profile, force) = (None, None, None, false);
        Self {
            document: Some(document.to_owned()),
            har,
            openapi: None,
            postman: None,
            http: None,
            out: out.to_owned(),
            origin,
            profile,
            force,
            shape: false,
        }
    }

    /// Returns what to import and where to write it.
    #[must_use]
    pub(crate) fn order(&self) -> Order<'_> {
        let from = match self {
            Self { openapi: Some(description), .. } => From::OpenApi(description),
            Self { postman: Some(collection), .. } => From::Postman(collection),
            Self { http: Some(file), .. } => From::Rest(file),
            Self { har: Some(recording), .. } => From::Har(recording),
            Self { document, .. } => From::Document(document.as_deref().unwrap_or_default()),
        };
        Order {
            from,
            out: &self.out,
            origin: self.origin.as_deref(),
            profile: self.profile.as_deref(),
            shape: self.shape,
            force: self.force,
        }
    }
}
