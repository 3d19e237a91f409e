//! Loads and checks a suite: the manifest, the requirements, the scenarios and their sequences.
//!
//! [`Suite::load`] compiles a [`Folder`] of YAML files into a [`Suite`] with all names resolved, or reports every error in the
//! files. Nothing here knows about targets or uses the network.

mod branch;
mod context;
mod contract;
mod csv;
mod definition;
mod execution;
mod expansion;
pub mod folder;
mod frame;
mod manifest;
mod names;
mod openapi;
mod points;
mod race;
mod requirement;
mod rows;
mod scenario;
mod sequence;
mod stages;
mod step;
mod stream;
mod variable;
mod warning;

use std::sync::Arc;

use crate::budget;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format;
use crate::json::Json;
use crate::request::Request;
use crate::source::Source;
use crate::template::Scope;
use crate::yaml;

pub use branch::{Branch, request};
pub use contract::environment;
pub use contract::{Create, Launch};
pub use definition::{StepDefinition, StepRequests};
pub use execution::{Execution, FILES, Printed, PrintedCapture};
pub use folder::Folder;
pub use frame::{Frame, Need, Provenance};
pub use manifest::{Present, Profile};
pub use names::{OUTPUT, TARGET};
pub use openapi::OpenApi;
pub use race::{Outcome, Race};
pub use requirement::{Level, Requirement};
pub use scenario::Scenario;
pub use stages::Stages;
pub use step::{Role, Step, Timely};
pub use stream::{Awaiting, Opening};
pub use variable::{Given, Variable};

/// Whether connections are kept for later requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Connections {
    /// A new connection for each request, as with separate curl commands.
    #[default]
    Fresh,
    /// Reuse a connection if the previous exchange left it clean.
    Reuse,
}

/// A loaded suite, with all names resolved.
#[derive(Debug)]
pub struct Suite {
    /// The title of the API under test.
    pub title: String,
    /// The version of the suite, if it has one.
    pub version: Option<String>,
    /// SHA-256 of the names and contents of its YAML files.
    pub digest: String,
    /// Whether the suite or the user gives points to requirements.
    pub graded: bool,
    /// The origin that the specification uses; requests replace it by the origin of the target.
    pub origin: String,
    /// More origins, by name.
    pub origins: Vec<(String, String)>,
    /// The stages of an implementation, first to last.
    pub stages: Vec<String>,
    /// Whether scenarios may use one process of the target at the same time.
    pub concurrency: Concurrency,
    /// How to start an implementation and load its fixtures.
    pub launch: Launch,
    /// Whether connections are reused for later requests.
    pub connections: Connections,
    /// The configurations that a target can run in.
    pub profiles: Vec<Profile>,
    /// Fixtures, in the order of the manifest.
    pub fixtures: Vec<Fixture>,
    /// Values that the user passes in.
    pub variables: Vec<Variable>,
    /// Features that a target may or may not offer.
    pub features: Vec<String>,
    /// Names of members and fields whose values are redacted in reports.
    pub secrets: Vec<String>,
    /// The description of the API, if the manifest names one.
    pub openapi: Option<OpenApi>,
    /// The requirements, in the order of the specification.
    pub requirements: Vec<Requirement>,
    /// The scenarios, in the order of their files.
    pub scenarios: Vec<Arc<Scenario>>,
    /// Probable mistakes, which do not keep the suite from running.
    pub warnings: Diagnostics,
    /// Values known while the suite is loaded. Variables without a default are left out, so that a check cannot depend on what
    /// the user passes in.
    static_scope: Scope,
}

/// Whether scenarios may use one process of the target at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// One scenario at a time uses a process.
    Exclusive,
    /// Up to as many scenarios as there are jobs use a process.
    Shared,
}

/// Named data that a target holds before the steps run.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its name.
    pub name: String,
    /// The data.
    pub value: Json,
}

/// The name of the manifest.
const MANIFEST: &str = "suite.yaml";
/// The name of the file of requirements.
const REGISTER: &str = "requirements.yaml";

impl Suite {
    /// Loads a suite.
    ///
    /// # Errors
    /// All errors in its files, with their locations.
    pub fn load(folder: &Folder) -> Result<Self, Diagnostics> {
        budget::start();
        let (names, unusable) = folder.files()?;
        let manifest = read::<format::ManifestText>(folder, MANIFEST);
        let described = manifest.as_ref().ok().and_then(|(source, text)| {
            text.openapi.as_ref().and_then(|node| openapi::compile(node, source).ok())
        });
        let is_described = |name: &str| described.as_ref().is_some_and(|openapi| openapi.owns(name));
        let mut errors = Diagnostics::default();
        let mut lacks_own = false;
        for (name, error) in unusable {
            lacks_own |= [MANIFEST, REGISTER].contains(&name.as_str());
            if !is_described(&name) {
                errors.push(error);
            }
        }
        if lacks_own {
            return Err(errors);
        }
        if !names.iter().any(|name| name == MANIFEST) {
            // Without a manifest, any other error would only distract.
            if let Err(missing) = folder.source(MANIFEST) {
                errors.push(missing);
                return Err(errors);
            }
        }
        let manifest = errors.take(manifest);
        let register = if names.iter().any(|name| name == REGISTER) {
            errors.take(read(folder, REGISTER)).map(|(source, text)| (source, Some(text)))
        } else {
            // A suite without requirements only has steps.
            manifest.as_ref().map(|(source, _)| (Arc::clone(source), None))
        };
        let (Some((manifest_source, manifest)), Some((register_source, register))) = (manifest, register)
        else {
            return Err(errors);
        };
        let Some(mut suite) = errors.take(manifest::compile(&manifest, &manifest_source, folder)) else {
            return Err(errors);
        };
        suite.static_scope = suite.scope();
        suite.digest = folder.digest(&names);
        let has_points =
            |register: &format::RegisterText| register.requirements.iter().any(|one| one.points.is_some());
        suite.graded = register.as_ref().is_some_and(has_points);
        let compiled = register.map(|register| requirement::compile(register, &register_source));
        let Some(requirements) = errors.take(compiled.unwrap_or_else(|| Ok(Vec::new()))) else {
            return Err(errors);
        };
        suite.requirements = requirements;
        let Some(sequences) = errors.take(sequence::load(&names, folder)) else { return Err(errors) };
        let is_scenario =
            |name: &str| name != MANIFEST && name != REGISTER && !name.starts_with(sequence::FOLDER);
        let mut scenarios = Vec::new();
        for name in names.iter().filter(|name| is_scenario(name) && !is_described(name)) {
            let Some((source, text)) = errors.take(read_steps(folder, name)).flatten() else { continue };
            let id = name.strip_suffix(".yaml").unwrap_or(name);
            let compiled = scenario::compile(id, &text, &source, &suite, folder, &sequences);
            scenarios.extend(errors.take(compiled).into_iter().flatten().map(Arc::new));
        }
        suite.scenarios = scenarios;
        if errors.is_empty() {
            errors.append(requirement::untraced(&suite));
        }
        if errors.is_empty() && suite.scenarios.is_empty() {
            let message = format!("the suite `{}` has no scenarios", folder.name());
            errors.push(
                Diagnostic::new(message).help("a scenario is a .yaml file in a subfolder of the suite"),
            );
        }
        let mut warnings = warning::warnings(&suite);
        warnings.append(requirement::uncovered(&suite));
        warnings.append(manifest::warnings(&manifest, &manifest_source, &suite));
        warnings.append(sequence::unused(&sequences));
        if !suite.variables.is_empty() {
            let sources: Vec<_> = names.iter().filter_map(|name| folder.source(name).ok()).collect();
            warnings.append(warning::unused_variables(&suite, sources.iter().map(|source| source.text())));
        }
        suite.warnings = warnings;
        errors.into_result(suite)
    }

    /// Returns the profile with this name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// Returns the fixture with this name.
    #[must_use]
    pub fn fixture(&self, name: &str) -> Option<&Fixture> {
        self.fixtures.iter().find(|fixture| fixture.name == name)
    }

    /// Returns the variable with this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Returns the position of the stage with this name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage == name)
    }

    /// Returns the request that checks whether a target is ready in a profile.
    #[must_use]
    pub fn ready<'a>(&'a self, profile: &'a Profile) -> Option<&'a Request> {
        profile.ready.as_ref().or(self.launch.ready.as_ref())
    }

    /// Returns a scope with every fixture, and every variable that has a value.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let mut scope = scope_of(&self.fixtures);
        for variable in &self.variables {
            if let Some(value) = &variable.value {
                scope.set(&variable.name, value);
            }
        }
        scope
    }
}

fn scope_of(fixtures: &[Fixture]) -> Scope {
    let mut scope = Scope::default();
    for fixture in fixtures {
        scope.set(&fixture.name, &fixture.value);
    }
    scope
}

fn read<T: serde::de::DeserializeOwned>(
    folder: &Folder,
    name: &str,
) -> Result<(Arc<Source>, T), Diagnostics> {
    let source = folder.source(name)?;
    let value = yaml::read(&source)?;
    Ok((source, value))
}

/// Reads a scenario or a sequence; none for a file of another kind, such as a JSON Schema or a target file.
fn read_steps<T: serde::de::DeserializeOwned>(
    folder: &Folder,
    name: &str,
) -> Result<Option<(Arc<Source>, T)>, Diagnostics> {
    match read(folder, name) {
        Err(_) if is_other(folder, name) => Ok(None),
        result => result.map(Some),
    }
}

/// Whether a file has the keys of a JSON Schema, an OpenAPI description, a target file, or a file of known failures or points, and
/// none of those that every scenario needs.
fn is_other(folder: &Folder, name: &str) -> bool {
    const OWN: [&str; 2] = ["steps", "profile"];
    const KEYWORDS: [&str; 18] = [
        "$schema",
        "$id",
        "$ref",
        "$defs",
        "definitions",
        "type",
        "properties",
        "items",
        "enum",
        "oneOf",
        "anyOf",
        "allOf",
        "openapi",
        "swagger",
        "command",
        "directory",
        "deviations",
        "points",
    ];
    let Ok((_, node)) = read::<yaml::Node>(folder, name) else { return false };
    let yaml::Value::Mapping(members) = node.value else { return false };
    let has = |keys: &[&str]| members.iter().any(|(key, _)| keys.contains(&key.value.as_str()));
    has(&KEYWORDS) && !has(&OWN)
}

/// Rejects a file of another format version.
///
/// # Errors
/// The version is another one.
pub fn check_format(format: &yaml::Located<u32>, source: &Arc<Source>) -> Result<(), Diagnostic> {
    if format.value == format::FORMAT {
        return Ok(());
    }
    let message =
        format!("format {} is not supported; this version reads format {}", format.value, format::FORMAT);
    Err(Diagnostic::at(format.place(source), message).help("a newer version of conformance may read it"))
}
