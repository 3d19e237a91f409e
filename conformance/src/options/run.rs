//! Flags of `conformance run`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use super::{
    OpenApiOptions, OutputOptions, ReportPlace, SelectionOptions, ShardOptions, github_summary, one_profile,
    parse_duration,
};
use conformance_engine::http::Transport;
use conformance_engine::target::Target;
use conformance_engine::target::isolation::{Isolation, Limits, Mechanism};
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::request::ClientCertificate;
use conformance_suite::shell::quote;
use conformance_suite::suite::Connections;
use conformance_suite::suite::folder::read_file;
use conformance_suite::suite::{Given, Suite};

/// `conformance run`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["url", "target", "program"]))]
pub(crate) struct Run {
    /// URL of a running target, as http://host:port.
    #[arg(value_name = "URL", value_parser = parse_address)]
    pub url: Option<String>,
    /// Read commands, ports and environment variables of the target from a file.
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub target: Option<PathBuf>,
    /// Command that starts the target in the current folder, once for each profile.
    #[arg(last = true, value_name = "COMMAND")]
    pub program: Vec<String>,
    /// Test every subfolder and zip file in DIR, or everything that matches a glob pattern, and compare the results.
    #[arg(long, value_name = "DIR", help_heading = "Target", conflicts_with_all = ["url", "watch", "shard"])]
    pub each: Option<PathBuf>,
    /// Folder for the results of --each: JSON Lines for each implementation, index.html, results.csv and grades.csv.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "conformance-reports",
        requires = "each",
        help_heading = "Target"
    )]
    pub keep: PathBuf,
    /// Replace the reports of an earlier run of --each.
    #[arg(long, requires = "each", help_heading = "Target")]
    pub force: bool,
    /// Points of requirements for grading, and which ones are hidden until the deadline.
    #[arg(long, value_name = "FILE", help_heading = "Suite")]
    pub points: Option<PathBuf>,
    /// Which steps to run.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// Values of variables.
    #[command(flatten)]
    pub variables: VariableOptions,
    /// Number of scenarios to run at the same time.
    ///
    /// Each scenario gets its own process of the target. A URL is a single process and runs one scenario at a time, unless the suite
    /// declares `concurrency: shared`.
    #[arg(long, value_name = "N", help_heading = "Run", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Load test: repeat repeatable scenarios for TIME; report throughput, latency and changed verdicts.
    #[arg(long = "for", help_heading = "Run", value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["each", "watch", "shard", "write_deviations"])]
    pub load: Option<Duration>,
    /// Repeat the random values of an earlier run: `uuid()` and `random()` are computed from this number, which every report shows.
    #[arg(long, value_name = "N", help_heading = "Run", conflicts_with = "load")]
    pub seed: Option<u32>,
    /// End the run at the first failure: no further step starts, the remaining steps are inconclusive, and cleanup steps run.
    #[arg(long, help_heading = "Run", conflicts_with_all = ["load", "watch"])]
    pub fail_fast: bool,
    /// End the run after TIME: no further step starts, the remaining steps are inconclusive, and all reports are written.
    #[arg(long, value_name = "TIME", help_heading = "Run", value_parser = parse_duration, conflicts_with = "load")]
    pub deadline: Option<Duration>,
    /// The same for each target of --each.
    #[arg(long, value_name = "TIME", help_heading = "Run", value_parser = parse_duration, requires = "each")]
    pub target_deadline: Option<Duration>,
    /// How started programs are isolated.
    #[command(flatten)]
    pub isolation: IsolationOptions,
    /// Network options.
    #[command(flatten)]
    pub transport: TransportOptions,
    /// Address for one of the `origins` of the suite (repeatable).
    #[arg(long, value_name = "NAME=URL", requires = "url", help_heading = "Network", value_parser = parse_origin)]
    pub origin: Vec<(String, String)>,
    /// Output options.
    #[command(flatten)]
    pub output: OutputOptions,
    /// The description of the API.
    #[command(flatten)]
    pub openapi: OpenApiOptions,
    /// Which shard to run.
    #[command(flatten)]
    pub shard: ShardOptions,
    /// Known failures, with reasons. They do not fail the run; a listed failure that now passes does.
    #[arg(long, value_name = "FILE", help_heading = "Run", conflicts_with = "each")]
    pub deviations: Option<PathBuf>,
    /// Write the failures of this run as a file for --deviations.
    #[arg(long, value_name = "FILE", help_heading = "Run", conflicts_with_all = ["each", "deviations", "watch"])]
    pub write_deviations: Option<PathBuf>,
    /// Update the expectations of the steps selected by --filter to match the responses, and show a diff.
    #[arg(long, help_heading = "Suite", conflicts_with_all = ["each", "watch", "load", "shard", "deviations", "write_deviations"])]
    pub bless: bool,
    /// Show passwords, credentials and cookies in reports; they are redacted by default.
    #[arg(long, help_heading = "Reports")]
    pub show_secrets: bool,
    /// Re-run failed steps whenever a file of the suite or of the target changes.
    #[arg(long, help_heading = "Run", conflicts_with = "shard")]
    pub watch: bool,
}

/// Values of the variables of the suite.
#[derive(Debug, Args)]
#[command(next_help_heading = "Suite")]
pub(crate) struct VariableOptions {
    /// Set a variable of the suite (repeatable).
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub var: Vec<Given>,
    /// Read values of variables from a YAML file; --var takes precedence.
    #[arg(long, value_name = "FILE")]
    pub vars: Vec<PathBuf>,
}

/// How started programs are isolated.
#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation")]
pub(crate) struct IsolationOptions {
    /// Isolate the commands of the target: they write only to their scratch folder, see no other files of yours, and
    /// have no network [default with --each].
    #[arg(long, value_name = "MECHANISM", num_args = 0..=1, require_equals = true, default_missing_value = "auto", conflicts_with = "url")]
    pub isolate: Option<IsolationMechanism>,
    /// Do not isolate the commands of the target.
    #[arg(long, conflicts_with_all = ["url", "isolate"])]
    pub no_isolate: bool,
    /// Let isolated commands read a file or folder (repeatable).
    #[arg(long, value_name = "PATH", conflicts_with_all = ["url", "no_isolate"])]
    pub expose: Vec<PathBuf>,
    /// Limit for isolated commands: memory=512MiB, processes=50, files=100, file-size=1GiB or cpu=30s (repeatable)
    /// [default: 1GiB, 256, 1024, 256MiB, 600s].
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_limit, conflicts_with_all = ["url", "no_isolate"])]
    pub limit: Vec<String>,
}

/// What isolates commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationMechanism {
    /// Bubblewrap if it works, otherwise Landlock
    Auto,
    /// Namespaces, set up by bubblewrap
    Bubblewrap,
    /// Landlock rules and a seccomp filter
    Landlock,
}

/// Network options.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct TransportOptions {
    /// Maximum time for one response.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Add a header field to every request, such as an API key; reports redact its value (repeatable).
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    pub header: Vec<(String, String)>,
    /// Do not verify the TLS certificate of the target.
    #[arg(long, requires = "url")]
    pub insecure: bool,
    /// Also trust the CA certificates in a PEM file.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub cacert: Option<PathBuf>,
    /// Client certificate for a target that asks for one, in PEM form.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub cert: Option<String>,
    /// Key of the client certificate, if it is in another file.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<String>,
    /// Connect to a unix socket instead of the host and port of the URL.
    #[arg(long, value_name = "PATH", requires = "url", conflicts_with = "proxy")]
    pub unix_socket: Option<PathBuf>,
    /// Send every request through a proxy, as http://host:port.
    #[arg(long, value_name = "URL", requires = "url", value_parser = parse_proxy)]
    pub proxy: Option<Url>,
}

impl Run {
    /// Returns the files that the run writes.
    #[must_use]
    pub(crate) fn written(&self) -> Vec<PathBuf> {
        let files = self.output.report.iter().filter_map(|place| match place {
            ReportPlace::File(_, path) => Some(path.clone()),
            ReportPlace::Github => github_summary(),
        });
        files.collect()
    }

    /// Returns the arguments that name the suite and the program for a shell; none if the target is a URL.
    #[must_use]
    pub(crate) fn invocation(&self) -> Option<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        let path = |path: &Path| path.display().to_string();
        if let Some(suite) = &self.selection.suite {
            option("--suite", path(suite));
        }
        for file in &self.variables.vars {
            option("--vars", path(file));
        }
        for Given { name, value } in &self.variables.var {
            option("--var", format!("{name}={}", value.as_str().unwrap_or_default()));
        }
        if let Some(stage) = &self.selection.stage {
            option("--stage", stage.clone());
        }
        if let Some(target) = &self.target {
            option("--target", path(target));
        } else if self.url.is_some() {
            return None;
        } else {
            words.push("--".to_owned());
            words.extend(self.program.iter().cloned());
        }
        Some(words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "))
    }

    /// Returns the transport, with the addresses for other origins of the suite.
    ///
    /// # Errors
    /// A file cannot be read, or the suite has no such origin.
    pub(crate) fn transport(&self, suite: &Suite) -> Result<Transport, Diagnostic> {
        let known = || suite.origins.iter().map(|(name, _)| name.as_str());
        for (name, _) in &self.origin {
            if !known().any(|known| known == name) {
                let wrong = Diagnostic::new(format!("the suite has no origin `{name}` (--origin)"));
                return Err(wrong.suggest(name, known()));
            }
        }
        Ok(Transport { origins: self.origin.clone(), ..self.transport.transport()? })
    }

    /// Returns the profile of a running target.
    ///
    /// # Errors
    /// The suite has several profiles and `--profile` does not name exactly one.
    pub(crate) fn profile_of_url(&self, suite: &Suite) -> Result<String, Diagnostic> {
        one_profile(&self.selection.profile, suite, "--profile")
    }
}

impl VariableOptions {
    /// Returns the values; later ones take precedence.
    ///
    /// # Errors
    /// A file of `--vars` cannot be read.
    pub(crate) fn values(&self) -> Result<Vec<Given>, Diagnostics> {
        let mut given = Vec::new();
        for path in &self.vars {
            given.extend(Given::read(path)?);
        }
        given.extend(self.var.iter().cloned());
        Ok(given)
    }
}

impl IsolationOptions {
    /// Isolates the programs of a target as these options and its target file say. With `--each`, programs are isolated
    /// by default.
    ///
    /// # Errors
    /// No mechanism works on this machine.
    pub(crate) fn isolate(&self, target: &mut Target, each: bool) -> Result<(), Diagnostic> {
        let of_file = target.programs().find_map(|program| program.isolate);
        let wanted = match self.isolate {
            Some(_) => true,
            None if self.no_isolate => false,
            None => of_file.unwrap_or(each),
        };
        if !wanted || target.programs().next().is_none() {
            return Ok(());
        }
        let mechanism = match self.isolate {
            None | Some(IsolationMechanism::Auto) => None,
            Some(IsolationMechanism::Bubblewrap) => Some(Mechanism::Bubblewrap),
            Some(IsolationMechanism::Landlock) => Some(Mechanism::Landlock),
        };
        let mut limits = Limits::default();
        for written in &self.limit {
            // Already checked.
            limits.set(written).map_err(Diagnostic::new)?;
        }
        let isolation = Isolation::find(mechanism, limits, &self.expose).map_err(|error| {
            Diagnostic::new(error.to_string()).help(
                "install bubblewrap (apt-get install bubblewrap) and allow user namespaces, or use Linux 6.12 or later; \
                 --no-isolate runs the programs without isolation: they can then do whatever you can",
            )
        })?;
        target.isolate(&isolation);
        Ok(())
    }
}

impl TransportOptions {
    /// Returns the transport that these options configure.
    ///
    /// # Errors
    /// A file of `--cacert`, `--cert` or `--key` cannot be read.
    pub(crate) fn transport(&self) -> Result<Transport, Diagnostic> {
        let mut transport = Transport {
            limit: self.timeout,
            connections: Connections::default(),
            headers: self.header.clone(),
            insecure: self.insecure,
            proxy: self.proxy.clone(),
            unix_socket: self.unix_socket.clone(),
            ..Transport::default()
        };
        if let Some(path) = &self.cacert {
            transport.trust(path).map_err(Diagnostic::new)?;
        }
        if let Some(certificate) = &self.cert {
            let client_certificate =
                ClientCertificate::read(certificate, self.key.as_deref(), &|name| read_file(Path::new(name)));
            transport.client_certificate = Some(client_certificate.map_err(Diagnostic::new)?);
        }
        Ok(transport)
    }
}

pub(super) fn parse_address(written: &str) -> Result<String, String> {
    conformance_engine::http::check_address(written).map(|_| written.to_owned())
}

fn parse_limit(written: &str) -> Result<String, String> {
    Limits::default().set(written).map(|()| written.to_owned())
}

fn parse_header(written: &str) -> Result<(String, String), String> {
    let form = || "expected 'Name: value'".to_owned();
    let (name, value) = written.split_once(':').ok_or_else(form)?;
    let name_is_token = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !name_is_token || value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(form());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn parse_origin(written: &str) -> Result<(String, String), String> {
    let (name, url) = written.split_once('=').ok_or("expected NAME=URL")?;
    parse_address(url).map(|url| (name.to_owned(), url))
}

fn parse_proxy(written: &str) -> Result<Url, String> {
    let url = Url::parse(written).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("expected http://host:port".to_owned()),
    }
}

fn parse_variable(written: &str) -> Result<Given, String> {
    match written.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(Given { name: name.to_owned(), value: value.into() }),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
