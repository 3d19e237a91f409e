//! Compiles the manifest, `suite.yaml`: what applies to the whole suite.

use std::sync::Arc;

use regex::Regex;

use super::Connections;
use super::branch::request;
use super::context::check_known;
use super::contract::{self, ReadRequest, check_variables, environment, readiness};
use super::folder::Folder;
use super::names::{OUTPUT, TARGET};
use super::openapi;
use super::{Concurrency, Fixture, Suite, check_format, variable};
use crate::capture::{check_name, pattern};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::{NO_STATUS, Status, compile_status};
use crate::format::{ManifestText, ProfileText};
use crate::members::json;
use crate::request::Request;
use crate::source::{Place, Source, Span};
use crate::template::{Scope, Text};
use crate::yaml::{Located, Node, Value};

/// One configuration that a target can run in.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// A short description.
    pub title: String,
    /// The environment variables that select it.
    pub env: Vec<(String, Text)>,
    /// Whether it is a separate program, which only a target file can name.
    pub own: bool,
    /// Its own readiness request.
    pub ready: Option<Request>,
    /// Whether the files of the launch contract are written for it.
    pub files: bool,
    /// What is captured from the output of the program.
    pub output: Vec<(String, Regex)>,
    /// The features that a target offers in it.
    pub features: Vec<String>,
    /// How to check through the API that a fixture exists.
    pub present: Option<Present>,
}

/// How to check through the API that a fixture exists.
#[derive(Debug, Clone)]
pub struct Present {
    /// The request, in which `fixture` is the fixture.
    pub request: Request,
    /// The statuses that mean that it exists.
    pub status: Status,
    /// The member that identifies it if the response is a list.
    pub by: Option<String>,
    /// The members that an implementation may generate itself; the one that identifies the fixture comes first.
    pub learn: Vec<String>,
}

/// Compiles the manifest into a suite that has no requirements and scenarios yet.
///
/// # Errors
/// All errors in the manifest.
pub(super) fn compile(
    text: &ManifestText,
    source: &Arc<Source>,
    folder: &Folder,
) -> Result<Suite, Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.keep(check_format(&text.format, source));
    let origin = text.origin.value.trim_end_matches('/').to_owned();
    errors.keep(check_origin(&origin, &text.origin.place(source)));
    let mut origins: Vec<(String, String)> = Vec::new();
    for (name, url) in &text.origins.0 {
        errors.keep(check_name(&name.value, &name.place(source)));
        let more = url.value.trim_end_matches('/').to_owned();
        errors.keep(check_origin(&more, &url.place(source)));
        if more == origin || origins.iter().any(|(_, other)| *other == more) {
            let message = format!("duplicate origin `{more}`");
            errors.push(Diagnostic::at(url.place(source), message));
        }
        origins.push((name.value.clone(), more));
    }
    let mut fixtures = Vec::new();
    for (name, node) in &text.fixtures.0 {
        errors.keep(check_fixture_name(&name.value, &name.place(source)));
        if let Some(value) = errors.keep(json(node, source)) {
            fixtures.push(Fixture { name: name.value.clone(), value });
        }
    }
    if !errors.is_empty() {
        // With an invalid origin every request would be invalid, and with an invalid fixture every template.
        return Err(errors);
    }
    let read = |name: &str| folder.read(name);
    let request = |node: &Node| request(node, &origin, source, &read);
    let mut profiles = Vec::new();
    for (name, profile) in &text.profiles.0 {
        profiles.extend(errors.keep(compile_profile(name, profile, &fixtures, source, &request)));
    }
    if profiles.is_empty() && errors.is_empty() {
        errors.push(Diagnostic::at(source.place(Span::default()), "the suite has no profiles"));
    }
    for (at, stage) in text.stages.iter().enumerate() {
        if text.stages[..at].iter().any(|first| first.value == stage.value) {
            let message = format!("duplicate stage `{}`", stage.value);
            errors.push(Diagnostic::at(stage.place(source), message));
        }
    }
    if let Some(create) = &text.launch.create
        && !text.profiles.0.iter().any(|(name, _)| name.value == create.profile.value)
    {
        let known = text.profiles.0.iter().map(|(name, _)| name.value.as_str());
        let message = format!("unknown profile `{}`", create.profile.value);
        errors.push(
            Diagnostic::at(create.profile.place(source), message).suggest(&create.profile.value, known),
        );
    }
    let variables = errors.take(variable::compile(&text.variables, source)).unwrap_or_default();
    for variable in &variables {
        if fixtures.iter().any(|fixture: &Fixture| fixture.name == variable.name) {
            let message = format!("the name `{}` is already in use", variable.name);
            let help = "fixtures, variables and captures must have different names";
            errors.push(Diagnostic::at(variable.place.clone(), message).help(help));
        }
    }
    let features: Vec<&str> = text.features.iter().map(|feature| feature.value.as_str()).collect();
    for feature in text.profiles.0.iter().flat_map(|(_, profile)| &profile.features) {
        errors.keep(check_known("feature", feature, source, &features));
    }
    let connections = errors.keep(compile_connections(text.connections.as_ref(), source));
    let openapi = text.openapi.as_ref().and_then(|node| errors.keep(openapi::compile(node, source)));
    let launch =
        errors.take(contract::compile(&text.launch, &fixtures, source, &request)).unwrap_or_default();
    let concurrency = match text.concurrency.as_ref().map(|written| (written, &*written.value)) {
        None | Some((_, "exclusive")) => Concurrency::Exclusive,
        Some((_, "shared")) => Concurrency::Shared,
        Some((written, value)) => {
            let message = format!("unknown value `concurrency: {value}`");
            let help = "`exclusive` (one scenario at a time uses a process) or `shared`";
            errors.push(Diagnostic::at(written.place(source), message).help(help));
            Concurrency::Exclusive
        }
    };
    errors.into_result(Suite {
        title: text.title.clone(),
        version: text.version.clone(),
        digest: String::new(),
        graded: false,
        stages: text.stages.iter().map(|stage| stage.value.clone()).collect(),
        origin,
        origins,
        concurrency,
        launch,
        connections: connections.unwrap_or_default(),
        profiles,
        fixtures,
        variables,
        features: text.features.iter().map(|feature| feature.value.clone()).collect(),
        secrets: text.secrets.clone(),
        openapi,
        requirements: Vec::new(),
        scenarios: Vec::new(),
        warnings: Diagnostics::default(),
        static_scope: Scope::default(),
    })
}

fn compile_connections(
    text: Option<&Located<String>>,
    source: &Arc<Source>,
) -> Result<Connections, Diagnostic> {
    match text.map(|text| text.value.as_str()) {
        None | Some("fresh") => Ok(Connections::Fresh),
        Some("reuse") => Ok(Connections::Reuse),
        Some(other) => {
            let place = text.map_or_else(|| source.place(Span::default()), |text| text.place(source));
            let error = Diagnostic::at(place, format!("unknown value `connections: {other}`"));
            Err(error.help(
                "`fresh` opens a connection for each request, as each curl command does; `reuse` keeps them alive",
            ))
        }
    }
}

fn check_origin(origin: &str, place: &Place) -> Result<(), Diagnostic> {
    if !origin.starts_with("http://") && !origin.starts_with("https://") {
        let message = format!("invalid origin `{origin}`");
        return Err(Diagnostic::at(place.clone(), message).help("write it as http://host:port"));
    }
    if origin.matches('/').count() > 2 {
        let message = format!("an origin has no path (RFC 6454): `{origin}`");
        return Err(Diagnostic::at(place.clone(), message).help("write the path in each request"));
    }
    Ok(())
}

fn compile_profile(
    name: &Located<String>,
    text: &ProfileText,
    fixtures: &[Fixture],
    source: &Arc<Source>,
    request: ReadRequest<'_>,
) -> Result<Profile, Diagnostic> {
    if let Some(launch) = text.launch.as_ref().filter(|launch| launch.value != "own") {
        let message = format!("unknown value `launch: {}`", launch.value);
        return Err(Diagnostic::at(launch.place(source), message)
            .help("`launch: own` marks a profile that is a separate program"));
    }
    let mut output = Vec::new();
    for (name, written) in &text.output.0 {
        check_name(&name.value, &name.place(source))?;
        output.push((name.value.clone(), pattern(&written.value, &written.place(source))?));
    }
    let present = match &text.present {
        None => None,
        Some(present) => {
            let (request, status) = (request(&present.request)?, compile_status(&present.status, source)?);
            if !status.is_known() {
                return Err(Diagnostic::at(status.place, NO_STATUS));
            }
            check_present(&request, fixtures, &present.request.place(source))?;
            let (by, learn) = (present.by.clone(), present.learn.clone());
            Some(Present { request, status, by, learn })
        }
    };
    Ok(Profile {
        name: name.value.clone(),
        title: text.title.clone().unwrap_or_else(|| name.value.clone()),
        env: check_variables(&text.env, source).and_then(|()| environment(&text.env, source))?,
        own: text.launch.is_some(),
        ready: readiness(text.ready.as_ref(), source, request)?,
        files: text.files.unwrap_or(true),
        output,
        features: text.features.iter().map(|feature| feature.value.clone()).collect(),
        present,
    })
}

/// Returns the warnings about a manifest: parts that nothing uses, and a target that cannot be started.
pub(super) fn warnings(text: &ManifestText, source: &Arc<Source>, suite: &Suite) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    let mut unused = |what: &str, name: &Located<String>| {
        warnings.push(Diagnostic::at(
            name.place(source),
            format!("no scenario uses the {what} `{}`", name.value),
        ));
    };
    let uses = |name: &str, of: fn(&super::Scenario) -> &[String]| {
        suite.scenarios.iter().any(|scenario| of(scenario).iter().any(|own| own == name))
    };
    for (name, _) in &text.fixtures.0 {
        if !uses(&name.value, |scenario| &scenario.fixtures) {
            unused("fixture", name);
        }
    }
    for (name, _) in &text.profiles.0 {
        let creates = text.launch.create.as_ref().is_some_and(|create| create.profile.value == name.value);
        if !creates && !uses(&name.value, |scenario| &scenario.profiles) {
            unused("profile", name);
        }
    }
    for feature in &text.features {
        let requires = |step: &super::Step| step.requires.contains(&feature.value);
        if !suite.scenarios.iter().any(|scenario| scenario.steps.iter().any(requires)) {
            let message = format!("no step requires the feature `{}`", feature.value);
            warnings.push(Diagnostic::at(feature.place(source), message));
        }
    }
    for (_, node) in text.fixtures.0.iter().chain(&text.variables.0) {
        add_unread_expressions(node, source, &mut warnings);
    }
    let place = text.origin.place(source);
    let all = suite.launch.env.iter().chain(suite.profiles.iter().flat_map(|profile| &profile.env));
    if !all.into_iter().any(|(_, text)| text.names().any(|(_, name)| name == "port")) {
        let message =
            "a target that is started does not learn its port: no variable of `launch.env` has `${port}`";
        warnings.push(Diagnostic::at(place, message).help(
            "write `launch: {env: {PORT: \"${port}\"}, ready: curl …}` with the name that your targets read; ignore this if every target is a URL or names its own variables in a target file",
        ));
    } else if suite.profiles.iter().any(|profile| !profile.own && suite.ready(profile).is_none()) {
        let message =
            "`launch.ready` is missing: the first steps may be sent before a target that is started listens";
        let origin = &suite.origin;
        warnings.push(
            Diagnostic::at(place, message).help(format!("write `ready: curl {origin}/` under `launch`")),
        );
    }
    warnings
}

/// Adds a warning for each text in a fixture or a variable that looks like an expression.
fn add_unread_expressions(node: &Node, source: &Arc<Source>, warnings: &mut Diagnostics) {
    match &node.value {
        Value::Mapping(members) => {
            for (_, member) in members {
                add_unread_expressions(member, source, warnings);
            }
        }
        Value::List(list) => {
            for item in list {
                add_unread_expressions(item, source, warnings);
            }
        }
        Value::String(written) => {
            let Ok(text) = Text::parse(written) else { return };
            let Some(first) = text.variable_expressions().next() else { return };
            let message = format!("`{first}` is not evaluated: fixtures and variables are sent as written");
            warnings.push(
                Diagnostic::at(node.place(source).find(first), message)
                    .help("write the expression where the value is used, in a request or an `expect`"),
            );
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check_fixture_name(name: &str, place: &Place) -> Result<(), Diagnostic> {
    check_name(name, place)?;
    if name == TARGET {
        return Err(Diagnostic::at(place.clone(), format!("the name `{name}` is already in use"))
            .help("`${target.host}` and `${target.origin}` are the address of the target"));
    }
    if name == OUTPUT {
        return Err(Diagnostic::at(place.clone(), format!("the name `{name}` is already in use"))
            .help("`${output.…}` is the captured output of the program"));
    }
    Ok(())
}

/// Checks that a request that looks for a fixture uses only `fixture` and the names of fixtures.
fn check_present(request: &Request, fixtures: &[Fixture], place: &Place) -> Result<(), Diagnostic> {
    let known = || fixtures.iter().map(|fixture| fixture.name.as_str()).chain(["fixture"]);
    for (written, name) in request.texts().into_iter().flat_map(Text::names) {
        let root = name.split('.').next().unwrap_or(name);
        if !known().any(|known| known == root) {
            let message = format!("unknown name `${{{name}}}`");
            return Err(Diagnostic::at(place.find(written), message).suggest(root, known()));
        }
    }
    Ok(())
}
