//! Reads target files: a command for each profile, and settings of an implementation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::identity::Identity;

use super::scratch::Copies;
use super::{Access, Build, Certificate, Program, START_LIMIT, Target};
use crate::http::check_address;
use conformance_suite::capture::{check_name, pattern};
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::members::{command, duration, string};
use conformance_suite::request::ClientCertificate;
use conformance_suite::source::{Source, Span};
use conformance_suite::suite::folder::{read_file, read_source};
use conformance_suite::suite::{Folder, Suite, check_format, environment, request};
use conformance_suite::yaml::{self, Located, Node, Ordered, Value};

/// The contents of a target file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetText {
    /// Format version: 1.
    format: Located<u32>,
    /// Name of the target in reports.
    title: String,
    /// Who wrote it and in which language, for reports.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    language: Option<String>,
    /// Folder of the implementation, relative to the target file. Default: the folder of the target file.
    #[serde(default)]
    directory: Option<String>,
    /// Commands to run once, before the first start, in a copy of the folder.
    #[serde(default)]
    build: Option<Node>,
    /// Settings for all profiles; the settings of a profile take precedence.
    #[serde(default)]
    command: Option<Node>,
    #[serde(default)]
    env: Ordered<Located<String>>,
    /// Features that the target offers.
    #[serde(default)]
    features: Vec<Located<String>>,
    #[serde(default)]
    port: Option<Located<u16>>,
    #[serde(default)]
    ready: Option<Node>,
    #[serde(default)]
    output: Ordered<Located<String>>,
    #[serde(default)]
    start: Option<Located<String>>,
    #[serde(default)]
    setup: Option<Node>,
    #[serde(default)]
    teardown: Option<Node>,
    /// Whether the target speaks TLS: `true` for a certificate that is made for each start, or a mapping with its own.
    #[serde(default)]
    tls: Option<Node>,
    /// Whether the target listens on the unix socket `${socket}`.
    #[serde(default)]
    socket: bool,
    /// Client certificate to send, relative to the target file.
    #[serde(default)]
    client_certificate: Option<Located<String>>,
    /// Key of the client certificate, if it is in another file.
    #[serde(default)]
    client_key: Option<String>,
    /// Addresses for `origins` of the suite, by name; the others get a free port each.
    #[serde(default)]
    origins: Ordered<Located<String>>,
    /// Whether all commands run isolated [default: with `--each` only].
    #[serde(default)]
    isolate: Option<bool>,
    /// Files and folders that isolated commands can read, relative to the target file.
    #[serde(default)]
    expose: Vec<String>,
    /// Environment variables of the runner that the commands get, even if they are secrets or the commands are isolated.
    #[serde(default)]
    pass: Vec<String>,
    /// Settings for single profiles.
    #[serde(default)]
    profiles: Ordered<ProgramText>,
}

/// Settings of one profile.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramText {
    #[serde(default)]
    command: Option<Node>,
    #[serde(default)]
    directory: Option<String>,
    #[serde(default)]
    env: Ordered<Located<String>>,
    #[serde(default)]
    port: Option<Located<u16>>,
    #[serde(default)]
    ready: Option<Node>,
    #[serde(default)]
    output: Ordered<Located<String>>,
    #[serde(default)]
    features: Vec<Located<String>>,
    #[serde(default)]
    start: Option<Located<String>>,
    #[serde(default)]
    setup: Option<Node>,
    #[serde(default)]
    teardown: Option<Node>,
    /// Files that the implementation needs in order to offer the profile.
    #[serde(default)]
    needs: Vec<String>,
    /// Why the target does not offer the profile.
    #[serde(default)]
    skip: Option<String>,
}

/// Loads a target file.
///
/// # Errors
/// All errors in the file, with their locations.
pub fn load(path: &Path, suite: &Suite) -> Result<Target, Diagnostics> {
    let source = read_source(path, "target file")?;
    let text: TargetText = yaml::read(&source)?;
    check_format(&text.format, &source)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut errors = Diagnostics::default();
    let mut reader = ProgramReader { suite, source: &source, folder, build: None, copies: Arc::default() };
    if let Some(commands) = errors.keep(reader.commands(text.build.as_ref()))
        && !commands.is_empty()
    {
        reader.build = Some(Build::new(commands, reader.directory(text.directory.as_deref())));
    }
    let nothing = ProgramText::default();
    let whole = text.command.as_ref().map(|command| reader.program(command, &nothing, &text));
    let whole = whole.and_then(|program| errors.keep(program));
    let mut profiles = BTreeMap::new();
    for (name, program) in &text.profiles.0 {
        if suite.profile(&name.value).is_none() {
            let known = suite.profiles.iter().map(|profile| profile.name.as_str());
            let message = format!("the suite has no profile `{}`", name.value);
            errors.push(Diagnostic::at(name.place(&source), message).suggest(&name.value, known));
        } else if let Some(reason) = &program.skip {
            profiles.insert(name.value.clone(), Err(reason.clone()));
        } else if let Some(command) = program.command.as_ref().or(text.command.as_ref()) {
            if let Some(program) = errors.keep(reader.program(command, program, &text)) {
                profiles.insert(name.value.clone(), Ok(program));
            }
        } else {
            let message = format!("neither the profile `{}` nor the file has a command", name.value);
            errors.push(Diagnostic::at(name.place(&source), message));
        }
    }
    if whole.is_none() && profiles.is_empty() && errors.is_empty() {
        let place = source.place(Span::default());
        errors.push(
            Diagnostic::at(place, "this target file has no command")
                .help("`command:` applies to every profile; below `profiles:`, to one"),
        );
    }
    let identity = Identity {
        name: text.name,
        version: text.version,
        organization: text.organization,
        url: text.url,
        language: text.language,
    };
    let program = whole.map(Box::new);
    errors.into_result(Target::Programs { title: text.title, identity, program, profiles })
}

struct ProgramReader<'a> {
    suite: &'a Suite,
    source: &'a Arc<Source>,
    /// The folder of the target file.
    folder: &'a Path,
    build: Option<Arc<Build>>,
    copies: Arc<Copies>,
}

impl ProgramReader<'_> {
    /// Creates a program from the settings of a profile and, where it has none, those for all profiles.
    fn program(&self, command: &Node, text: &ProgramText, whole: &TargetText) -> Result<Program, Diagnostic> {
        let mut env = environment(&whole.env, self.source)?;
        env.extend(environment(&text.env, self.source)?);
        let watched = if text.output.0.is_empty() { &whole.output } else { &text.output };
        let mut output = Vec::new();
        for (name, written) in &watched.0 {
            let place = name.place(self.source);
            check_name(&name.value, &place)?;
            output.push((name.value.clone(), pattern(&written.value, &written.place(self.source))?));
        }
        let folder = Folder::Directory(self.folder.into());
        let ready = |node| request(node, &self.suite.origin, self.source, &|name| folder.read(name));
        Ok(Program {
            command: self.command(command)?,
            directory: self.directory(text.directory.as_deref().or(whole.directory.as_deref())),
            env,
            access: self.access(whole)?,
            port: self.port(text.port.as_ref().or(whole.port.as_ref()))?,
            ready: text.ready.as_ref().or(whole.ready.as_ref()).map(ready).transpose()?,
            output,
            features: [self.features(&whole.features)?, self.features(&text.features)?].concat(),
            start_limit: self.limit(text.start.as_ref().or(whole.start.as_ref()))?,
            setup: self.commands(text.setup.as_ref().or(whole.setup.as_ref()))?,
            teardown: self.commands(text.teardown.as_ref().or(whole.teardown.as_ref()))?,
            // A profile with its own folder is not part of the build.
            build: self.build.clone().filter(|_| text.directory.is_none()),
            needs: text.needs.clone(),
            isolate: whole.isolate,
            expose: whole.expose.iter().map(|path| self.directory(Some(path))).collect(),
            pass: whole.pass.clone(),
            isolation: None,
            copies: Arc::clone(&self.copies),
        })
    }

    /// Reads how the target is reached.
    fn access(&self, text: &TargetText) -> Result<Access, Diagnostic> {
        let file = |name: &str| read_file(&self.folder.join(name));
        let client_certificate = match &text.client_certificate {
            None => None,
            Some(named) => {
                let certificate = ClientCertificate::read(&named.value, text.client_key.as_deref(), &file);
                let wrong = |cause| Diagnostic::at(named.place(self.source), cause);
                Some(certificate.map_err(wrong)?)
            }
        };
        let tls = text.tls.as_ref().map(|node| self.tls(node)).transpose()?.flatten();
        let mut origins = Vec::new();
        for (name, url) in &text.origins.0 {
            let known = || self.suite.origins.iter().map(|(name, _)| name.as_str());
            if !known().any(|known| known == name.value) {
                let message = format!("the suite has no origin `{}`", name.value);
                return Err(Diagnostic::at(name.place(self.source), message).suggest(&name.value, known()));
            }
            check_address(&url.value).map_err(|cause| Diagnostic::at(url.place(self.source), cause))?;
            origins.push((name.value.clone(), url.value.clone()));
        }
        Ok(Access { tls, socket: text.socket, client_certificate, origins })
    }

    fn tls(&self, node: &Node) -> Result<Option<Certificate>, Diagnostic> {
        if let (None, Value::Bool(made)) = (&node.tag, &node.value) {
            return Ok(made.then_some(Certificate::Made));
        }
        let path = |node| string(node, self.source, "a path").map(|name| self.folder.join(name));
        let (mut certificate, mut key) = (None, None);
        let members = if let Value::Mapping(members) = &node.value { members.as_slice() } else { &[] };
        for (name, node) in members {
            match name.value.as_str() {
                "certificate" => certificate = Some(path(node)?),
                "key" => key = Some(path(node)?),
                other => {
                    let message = format!("`tls` has no key `{other}`");
                    let wrong = Diagnostic::at(name.place(self.source), message);
                    return Err(wrong.suggest(other, ["certificate", "key"]));
                }
            }
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Certificate::Own { certificate, key })),
            _ => Err(Diagnostic::at(node.place(self.source), "`tls` needs a `certificate` and a `key`")
                .help("`tls: true` makes a certificate for each start")),
        }
    }

    fn port(&self, port: Option<&Located<u16>>) -> Result<Option<u16>, Diagnostic> {
        match port {
            Some(port) if port.value == 0 => {
                Err(Diagnostic::at(port.place(self.source), "port 0 cannot be connected to")
                    .help("remove `port`, and use the free port in `${port}`"))
            }
            port => Ok(port.map(|port| port.value)),
        }
    }

    /// Reads a command, or a list with one command on each line.
    fn commands(&self, node: Option<&Node>) -> Result<Vec<Vec<String>>, Diagnostic> {
        match node {
            None => Ok(Vec::new()),
            Some(node) => match &node.value {
                Value::List(lines) => lines.iter().map(|line| self.command(line)).collect(),
                _ => Ok(vec![self.command(node)?]),
            },
        }
    }

    fn features(&self, named: &[Located<String>]) -> Result<Vec<String>, Diagnostic> {
        let known = || self.suite.features.iter().map(String::as_str);
        let one = |feature: &Located<String>| {
            if known().any(|known| known == feature.value) {
                return Ok(feature.value.clone());
            }
            let message = format!("the suite has no feature `{}`", feature.value);
            Err(Diagnostic::at(feature.place(self.source), message).suggest(&feature.value, known()))
        };
        named.iter().map(one).collect()
    }

    fn command(&self, node: &Node) -> Result<Vec<String>, Diagnostic> {
        let words = command(node, self.source, |_| None)?;
        Ok(words.into_iter().map(|(word, _)| word).collect())
    }

    fn directory(&self, named: Option<&str>) -> PathBuf {
        self.folder.join(named.unwrap_or("."))
    }

    fn limit(&self, written: Option<&Located<String>>) -> Result<Duration, Diagnostic> {
        written.map_or(Ok(START_LIMIT), |written| duration(&written.value, &written.place(self.source)))
    }
}
