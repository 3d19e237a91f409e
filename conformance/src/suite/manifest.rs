//! The manifest: what is true of the whole suite.

use std::sync::Arc;

use regex::Regex;

use super::folder::Folder;
use super::format::{LaunchText, ManifestText, ProfileText};
use super::members::{json, parse_text};
use super::{Fixture, Suite, check_format, scenario};
use crate::capture::{check_name, pattern};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::{Status, compile_status};
use crate::request::Request;
use crate::source::Source;
use crate::template::Text;
use crate::yaml::{Located, Ordered};

/// How an implementation that follows the specification is started and filled.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// Its environment. `${host}`, `${port}` and `${scratch}` are known.
    pub env: Vec<(String, Text)>,
    /// The request whose first answer means that it is ready.
    pub ready: Option<Request>,
    /// Files written into its working directory: name, and a template over `fixtures`.
    pub files: Vec<(String, String)>,
    /// Patterns of the implementation's own data files, which are not brought along.
    pub data: Vec<String>,
}

/// One configuration that a target can run in.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// The environment that puts a target into it.
    pub env: Vec<(String, Text)>,
    /// Whether it is a program of its own, which only a target file can name.
    pub own: bool,
    /// Its own request for readiness.
    pub ready: Option<Request>,
    /// Whether the launch contract's files are written for it.
    pub files: bool,
    /// What is captured from what the program prints.
    pub output: Vec<(String, Regex)>,
    /// How to see through the API that a fixture is there.
    pub present: Option<Present>,
}

/// How to see through the API that a fixture is there.
#[derive(Debug, Clone)]
pub struct Present {
    /// The request, in which `fixture` is the fixture.
    pub request: Request,
    /// The statuses that mean that it is there.
    pub status: Status,
}

/// Returns a suite that has all that the manifest says, and no requirements and scenarios yet.
///
/// # Errors
/// Everything that is wrong in the manifest.
pub(super) fn compile(
    text: &ManifestText,
    source: &Arc<Source>,
    folder: &Folder,
) -> Result<Suite, Diagnostics> {
    let mut wrong = Diagnostics::default();
    wrong.keep(check_format(&text.format, source));
    let origin = text.origin.value.trim_end_matches('/').to_owned();
    if !origin.starts_with("http://") && !origin.starts_with("https://") {
        let message = format!("`{origin}` is not an origin");
        wrong.push(Diagnostic::at(text.origin.place(source), message).help("written as http://host:port"));
    }
    let known = ["host", "port", "scratch"];
    let request = |node: &crate::yaml::Node| scenario::request(node, &origin, source, folder, "");
    let mut profiles = Vec::new();
    for (name, profile) in &text.profiles.0 {
        profiles.extend(wrong.keep(compile_profile(name, profile, source, &known, &request)));
    }
    if profiles.is_empty() && wrong.is_empty() {
        wrong.push(Diagnostic::at(source.place(crate::source::Span::default()), "the suite has no profile"));
    }
    let mut fixtures = Vec::new();
    for (name, node) in &text.fixtures.0 {
        wrong.keep(check_name(&name.value, &name.place(source)));
        if let Some(value) = wrong.keep(json(node, source)) {
            fixtures.push(Fixture { name: name.value.clone(), value });
        }
    }
    let launch = wrong.keep(compile_launch(&text.launch, source, &known, &request)).unwrap_or_default();
    wrong.into_result(Suite {
        title: text.title.clone(),
        stages: text.stages.iter().map(|stage| stage.value.clone()).collect(),
        origin,
        launch,
        profiles,
        fixtures,
        secrets: text.secrets.clone(),
        requirements: Vec::new(),
        scenarios: Vec::new(),
    })
}

type ReadRequest<'a> = &'a dyn Fn(&crate::yaml::Node) -> Result<Request, Diagnostic>;

fn compile_launch(
    text: &LaunchText,
    source: &Arc<Source>,
    known: &[&str],
    request: ReadRequest<'_>,
) -> Result<Launch, Diagnostic> {
    Ok(Launch {
        env: environment(&text.env, source, known)?,
        ready: text.ready.as_ref().map(request).transpose()?,
        files: text
            .files
            .0
            .iter()
            .map(|(name, template)| (name.value.clone(), template.value.clone()))
            .collect(),
        data: text.data.iter().map(|pattern| pattern.value.clone()).collect(),
    })
}

fn compile_profile(
    name: &Located<String>,
    text: &ProfileText,
    source: &Arc<Source>,
    known: &[&str],
    request: ReadRequest<'_>,
) -> Result<Profile, Diagnostic> {
    if let Some(launch) = text.launch.as_ref().filter(|launch| launch.value != "own") {
        let message = format!("`launch: {}` means nothing here", launch.value);
        return Err(Diagnostic::at(launch.place(source), message)
            .help("`launch: own` marks a profile that is a program of its own"));
    }
    let mut output = Vec::new();
    for (name, written) in &text.output.0 {
        check_name(&name.value, &name.place(source))?;
        output.push((name.value.clone(), pattern(&written.value, &written.place(source))?));
    }
    let present = match &text.present {
        None => None,
        Some(present) => Some(Present {
            request: request(&present.request)?,
            status: compile_status(&present.status, source)?,
        }),
    };
    Ok(Profile {
        name: name.value.clone(),
        title: text.title.clone().unwrap_or_else(|| name.value.clone()),
        env: environment(&text.env, source, known)?,
        own: text.launch.is_some(),
        ready: text.ready.as_ref().map(request).transpose()?,
        files: text.files.unwrap_or(true),
        output,
        present,
    })
}

/// Returns the entries of an environment, whose expressions may use the names of the launch contract.
///
/// # Errors
/// An expression that cannot be read or uses another name.
pub(crate) fn environment(
    entries: &Ordered<Located<String>>,
    source: &Arc<Source>,
    known: &[&str],
) -> Result<Vec<(String, Text)>, Diagnostic> {
    let entry = |(name, written): &(Located<String>, Located<String>)| {
        let place = written.place(source);
        let text = parse_text(&written.value, &place)?;
        if let Some(unknown) = text.names().find(|name| !known.contains(name)) {
            let message = format!("`${{{unknown}}}` means nothing in an environment");
            return Err(Diagnostic::at(place, message).suggest(unknown, known.iter().copied()));
        }
        Ok((name.value.clone(), text))
    };
    entries.0.iter().map(entry).collect()
}
