//! Loads and checks a suite: the manifest, the requirements, the scenarios and their sequences.
//!
//! [`Suite::load`] compiles a [`Folder`] of YAML files into a [`Suite`] with all names resolved, or reports every error in the
//! files. Nothing here knows about targets or uses the network.

mod branch;
mod contract;
mod csv;
mod definition;
mod expansion;
pub mod folder;
mod frame;
mod manifest;
mod many;
mod names;
mod race;
mod requirement;
mod rows;
mod scenario;
mod sequence;
mod step;
mod timely;
mod variable;
mod warning;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format;
use crate::json::Json;
use crate::request::Request;
use crate::source::Source;
use crate::template::Scope;
use crate::yaml::{self, Outline, Parsed};
use folder::FileReader;
use sequence::Sequences;
use warning::Captures;

pub use branch::Branch;
pub use contract::environment;
pub use contract::{Create, Launch};
use definition::StepDefinitions;
pub use definition::{Demands, Sent, StepDefinition};
pub use folder::Folder;
pub use frame::{Frame, Need, Spots};
pub use manifest::{Present, Profile};
pub use names::{OUTPUT, TARGET};
pub use race::{Outcome, Race};
pub use requirement::{Level, Requirement};
pub use scenario::request;
pub use scenario::{Scenario, Stages};
pub use step::{Role, Step};
pub use timely::Timely;
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
    /// The origin that the specification uses; requests replace it by the origin of the target.
    pub origin: String,
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
    /// The requirements, in the order of the specification.
    pub requirements: Vec<Requirement>,
    /// The scenarios, in the order of their files.
    pub scenarios: Vec<Arc<Scenario>>,
    /// Probable mistakes, which do not keep the suite from running.
    pub warnings: Diagnostics,
    /// Values known while the suite is loaded. Variables without a default are left out, so that a check cannot depend on what
    /// the user passes in.
    on_paper: Scope,
    /// Where the files of the suite are.
    folder: Folder,
    sequences: Sequences,
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

/// Number of steps whose definitions stay in memory. The definitions of later steps are compiled again when they are needed, so
/// that the size of a suite is not limited by memory and a suite of common size is compiled once.
const KEPT: usize = 10_000;

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
        let (names, mut wrong) = folder.files()?;
        if !names.iter().any(|name| name == MANIFEST) {
            // Without a manifest, any other error would only distract.
            if let Err(missing) = folder.source(MANIFEST) {
                wrong.push(missing);
                return Err(wrong);
            }
        }
        let manifest = wrong.take(read(folder, MANIFEST));
        let register = wrong.take(read(folder, REGISTER));
        let (Some((manifest_source, manifest)), Some((register_source, register))) = (manifest, register)
        else {
            return Err(wrong);
        };
        let Some(mut suite) = wrong.take(manifest::compile(&manifest, &manifest_source, folder)) else {
            return Err(wrong);
        };
        suite.on_paper = suite.scope();
        let Some(requirements) = wrong.take(requirement::compile(register, &register_source)) else {
            return Err(wrong);
        };
        suite.requirements = requirements;
        let Some(sequences) = wrong.take(sequence::load(&names, folder)) else { return Err(wrong) };
        let is_scenario =
            |name: &str| name != MANIFEST && name != REGISTER && !name.starts_with(sequence::FOLDER);
        let names: Vec<&String> = names.iter().filter(|name| is_scenario(name)).collect();
        let steps = AtomicUsize::new(0);
        let one = |name: &&String| {
            let source = folder.source(name)?;
            let file = Parsed::of(&source)?;
            let text = file.read()?;
            let id = name.strip_suffix(".yaml").unwrap_or(name);
            let files = FileReader::new(folder);
            let mut compiled = scenario::compile(id, &text, &source, &suite, &files, &sequences)?;
            let captures = Captures::of(&compiled, &source);
            let before = steps.fetch_add(compiled.iter().map(|one| one.steps.len()).sum(), Ordering::Relaxed);
            // A file that reads other files is not compiled again, because they may have changed; nor is one with rows, which
            // would be compiled once for each row.
            if let [scenario] = &mut *compiled
                && before > KEPT
                && scenario.row.is_none()
                && !files.was_read()
            {
                scenario.definitions = StepDefinitions::Again(file.outline());
            }
            Ok((compiled, captures))
        };
        let mut captures = Captures::default();
        let mut scenarios = Vec::new();
        for compiled in many::each(&names, one) {
            match compiled {
                Ok((compiled, more)) => {
                    scenarios.extend(compiled.into_iter().map(Arc::new));
                    captures.append(more);
                }
                Err(more) => wrong.append(more),
            }
        }
        suite.scenarios = scenarios;
        if wrong.is_empty() {
            wrong.append(requirement::untraced(&suite));
        }
        if wrong.is_empty() && suite.scenarios.is_empty() {
            let message = format!("the suite `{}` has no scenarios", folder.name());
            wrong.push(
                Diagnostic::new(message).help("a scenario is a .yaml file in a subfolder of the suite"),
            );
        }
        let mut warnings = warning::warnings(&suite, captures);
        warnings.append(sequence::unused(&sequences));
        suite.warnings = warnings;
        suite.sequences = sequences;
        wrong.into_result(suite)
    }

    /// Returns the definitions of the steps of a scenario, in order.
    ///
    /// # Panics
    /// If the scenario does not belong to this suite.
    #[must_use]
    pub fn definitions(&self, scenario: &Scenario) -> Arc<[StepDefinition]> {
        let again = |outline: &Outline| {
            let (source, files) = (scenario.place.source(), FileReader::new(&self.folder));
            let text = Parsed::again(source, outline)?.read().ok()?;
            let compiled =
                scenario::compile(&scenario.id, &text, source, self, &files, &self.sequences).ok()?;
            compiled.first()?.definitions.kept().cloned()
        };
        match &scenario.definitions {
            StepDefinitions::Kept(definitions) => Arc::clone(definitions),
            // The file compiled before and reads no other file, so it compiles again.
            StepDefinitions::Again(outline) => again(outline).expect("a scenario of this suite"),
        }
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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use super::*;

    #[test]
    fn definitions_compiled_again_equal_those_kept_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "suite.yaml",
            "format: 1\ntitle: Many\norigin: http://localhost\nprofiles: {all: {}}\nvariables: {base: {env: BASE}}\n",
        );
        write(
            "requirements.yaml",
            "format: 1\nrequirements:\n  - {id: ONE, level: must, clause: all, text: all of it}\n",
        );
        fs::create_dir(folder.path().join("many")).unwrap();
        let mut scenario = "format: 1\ntitle: One of many\nprofile: all\nsteps:\n".to_owned();
        for step in 0..1000 {
            writeln!(
                scenario,
                "  - {{id: step-{step}, title: t, covers: [ONE], request: {{path: \"${{base}}/{step}\"}}, expect: {{status: 200}}}}"
            )
            .unwrap();
        }
        for file in 10..=21 {
            write(&format!("many/{file}.yaml"), &scenario);
        }
        let mut suite = Suite::load(&Folder::Directory(folder.path().to_owned())).unwrap();
        // Definitions are compiled again without reading the file, and a value passed in meanwhile cannot cause an error.
        suite.give(&[Given { name: "base".to_owned(), value: "no-path".into() }], &|_| None).unwrap();
        fs::remove_dir_all(folder.path().join("many")).unwrap();
        let kept = suite.scenarios.iter().filter(|scenario| scenario.definitions.kept().is_some()).count();
        assert_eq!((suite.scenarios.len(), kept), (12, 11));
        let left = suite.scenarios.iter().find(|scenario| scenario.definitions.kept().is_none()).unwrap();
        let sent = |scenario: &Scenario| -> Vec<String> {
            let definitions = suite.definitions(scenario);
            definitions
                .iter()
                .map(|definition| definition.first().request.target.written().to_owned())
                .collect()
        };
        assert_eq!(sent(left), sent(&suite.scenarios[0]));
        assert_eq!(sent(left)[999], "${base}/999");
    }
}
