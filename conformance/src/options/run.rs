//! What `conformance run` takes: the target, how it is reached, what is run of the suite, and where it is reported.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::{
    OutputOptions, ReportPlace, SelectionOptions, ShardOptions, github_summary, one_profile, parse_duration,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::http::{Connections, Transport};
use crate::suite::{Given, Suite};

/// `conformance run`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["url", "target", "program"]))]
pub struct Run {
    /// A target that is already running, as http://host:port.
    #[arg(value_name = "URL", value_parser = parse_address)]
    pub url: Option<String>,
    /// A file that names a command for each profile.
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// A command that starts the target in the current folder; it is started anew for each profile.
    #[arg(last = true, value_name = "COMMAND")]
    pub program: Vec<String>,
    /// Runs the command, or the target file, in every subfolder of this folder, or in every folder that a pattern matches.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["url", "report", "watch", "shard"])]
    pub each: Option<PathBuf>,
    /// Where the reports of --each are kept, one for each implementation.
    #[arg(long, value_name = "DIR", default_value = "conformance-reports", requires = "each")]
    pub keep: PathBuf,
    /// What is run of the suite.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Gives a variable of the suite its value.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub var: Vec<Given>,
    /// A YAML file that gives variables their values; --var is stronger.
    #[arg(long, value_name = "FILE")]
    pub vars: Vec<PathBuf>,
    /// Number of scenarios that send requests at the same time, each to a process of its own; a URL is one process, so it gets one
    /// scenario at a time unless the suite says `concurrency: shared`.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Plays what can be repeated again and again for so long, and tells how many exchanges kept their verdict, and how fast.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["each", "watch", "shard", "write_deviations"])]
    pub load: Option<Duration>,
    /// How the target is reached.
    #[command(flatten)]
    pub transport: TransportOptions,
    /// What is told, and where.
    #[command(flatten)]
    pub telling: OutputOptions,
    /// Which part is run, of several machines.
    #[command(flatten)]
    pub shard: ShardOptions,
    /// A file of known failures, each with its reason: they fail nothing, and one that has gone does.
    #[arg(long, value_name = "FILE", conflicts_with = "each")]
    pub deviations: Option<PathBuf>,
    /// Begins a file of known failures with what fails in this run.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["each", "deviations", "watch"])]
    pub write_deviations: Option<PathBuf>,
    /// Rewrites what the steps that --filter names expect with what was answered, once the difference has been shown.
    #[arg(long, conflicts_with_all = ["each", "watch", "load", "shard", "deviations", "write_deviations"])]
    pub bless: bool,
    /// Shows passwords, credentials and cookies in the reports.
    #[arg(long)]
    pub show_secrets: bool,
    /// Runs again what did not hold whenever a file of the suite or of the implementation changes.
    #[arg(long, conflicts_with = "shard")]
    pub watch: bool,
}

/// How a target is reached.
#[derive(Debug, Args)]
pub struct TransportOptions {
    /// How long the target may take for one whole answer.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// A header field for every request, such as a gateway's key; no report shows its value.
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    pub header: Vec<(String, String)>,
    /// Takes the certificate of an HTTPS target as it is.
    #[arg(long, requires = "url")]
    pub insecure: bool,
    /// Trusts the authorities in a file of PEM certificates, beside those of the system.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub cacert: Option<PathBuf>,
    /// Sends every request through a proxy, as http://host:port.
    #[arg(long, value_name = "URL", requires = "url", value_parser = parse_proxy)]
    pub proxy: Option<Url>,
}

impl Run {
    /// The files that the run writes.
    #[must_use]
    pub fn written(&self) -> Vec<PathBuf> {
        let files = self.telling.report.iter().filter_map(|place| match place {
            ReportPlace::File(_, path) => Some(path.clone()),
            ReportPlace::Github => github_summary(),
        });
        files.collect()
    }

    /// Returns what is given to the variables, the weakest first.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn variables(&self) -> Result<Vec<Given>, Diagnostics> {
        let mut given = Vec::new();
        for path in &self.vars {
            given.extend(Given::read(path)?);
        }
        given.extend(self.var.iter().cloned());
        Ok(given)
    }

    /// Returns the one profile in which a running target runs.
    ///
    /// # Errors
    /// None or several, where the suite has several.
    pub fn profile_of_url(&self, suite: &Suite) -> Result<String, Diagnostic> {
        one_profile(&self.selection.profile, suite, "--profile")
    }
}

impl TransportOptions {
    /// How the target is reached.
    ///
    /// # Errors
    /// A file of certificates that cannot be read.
    pub fn transport(&self) -> Result<Transport, Diagnostic> {
        let mut transport = Transport {
            limit: self.timeout,
            connections: Connections::default(),
            headers: self.header.clone(),
            insecure: self.insecure,
            authorities: None,
            proxy: self.proxy.clone(),
        };
        if let Some(path) = &self.cacert {
            transport.trust(path).map_err(Diagnostic::new)?;
        }
        Ok(transport)
    }
}

pub(super) fn parse_address(written: &str) -> Result<String, String> {
    crate::http::check_address(written).map(|_| written.to_owned())
}

fn parse_header(written: &str) -> Result<(String, String), String> {
    let form = || "written as 'Name: value'".to_owned();
    let (name, value) = written.split_once(':').ok_or_else(form)?;
    let name_is_token = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !name_is_token || value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(form());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn parse_proxy(written: &str) -> Result<Url, String> {
    let url = Url::parse(written).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("written as http://host:port".to_owned()),
    }
}

fn parse_variable(written: &str) -> Result<Given, String> {
    match written.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(Given { name: name.to_owned(), value: value.into() }),
        _ => Err("written as name=value".to_owned()),
    }
}
