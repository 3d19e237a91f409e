//! A suite: what is asked of every implementation.
//!
//! In goes a [`Folder`] of YAML files, out comes a [`Suite`] in which every name means something, or all that is wrong on paper.
//! Nothing here knows of targets or sends a byte.

mod branch;
mod contract;
mod csv;
mod definition;
mod expansion;
pub(crate) mod folder;
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
mod variable;
mod warning;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format;
use crate::http::Connections;
use crate::json::Json;
use crate::request::Request;
use crate::source::Source;
use crate::template::Scope;
use crate::yaml::{self, Outline, Parsed};
use folder::Beside;
use sequence::Sequences;
use warning::Captures;

pub use branch::Branch;
pub(crate) use contract::environment;
pub use contract::{Create, Launch};
use definition::StepDefinitions;
pub use definition::{Demands, Sent, StepDefinition};
pub use folder::Folder;
pub use frame::{Frame, Need, Spots};
pub use manifest::{Present, Profile};
pub(crate) use names::{OUTPUT, TARGET};
pub use race::{Outcome, Race};
pub use requirement::{Level, Requirement};
pub(crate) use scenario::request;
pub use scenario::{Scenario, Stages};
pub use step::{Role, Step};
pub use variable::{Given, Variable};

/// A suite whose every name has been resolved.
#[derive(Debug)]
pub struct Suite {
    /// What it is about.
    pub title: String,
    /// The specification's own origin, which the target's takes the place of.
    pub origin: String,
    /// How far along an implementation can be, first to last.
    pub stages: Vec<String>,
    /// Whether scenarios may use one process of the target at the same time.
    pub concurrency: Concurrency,
    /// How an implementation that follows the specification is started and filled.
    pub launch: Launch,
    /// Whether connections are kept for later requests.
    pub connections: Connections,
    /// The configurations that a target can run in.
    pub profiles: Vec<Profile>,
    /// Named data, in the order of the manifest.
    pub fixtures: Vec<Fixture>,
    /// Values that are given from outside.
    pub variables: Vec<Variable>,
    /// What a target may or may not offer.
    pub features: Vec<String>,
    /// The names of members and fields whose values no report shows.
    pub secrets: Vec<String>,
    /// The register, in the order of the specification.
    pub requirements: Vec<Requirement>,
    /// The scenarios, in the order of their files.
    pub scenarios: Vec<Arc<Scenario>>,
    /// What is probably a mistake.
    pub warnings: Diagnostics,
    /// What names mean before a variable is given a value: what is right on paper is right whatever is given.
    on_paper: Scope,
    /// Where its files are.
    folder: Folder,
    sequences: Sequences,
}

/// Whether scenarios may use one process of the target at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// One scenario at a time uses a process.
    Exclusive,
    /// As many as there are jobs.
    Shared,
}

/// Named data that a target holds before the steps run.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: Json,
}

/// Of so many steps the deeds stay in memory. Of those behind them they are made again when they are asked for: a suite of any size can
/// be played, and one of a common size is compiled once.
const KEPT: usize = 10_000;

/// The name of the manifest in a suite's folder.
const MANIFEST: &str = "suite.yaml";
/// The name of the register in a suite's folder.
const REGISTER: &str = "requirements.yaml";

impl Suite {
    /// Loads a suite.
    ///
    /// # Errors
    /// Everything that is wrong in its files, each at its place.
    pub fn load(folder: &Folder) -> Result<Self, Diagnostics> {
        let (names, mut wrong) = folder.files()?;
        if !names.iter().any(|name| name == MANIFEST) {
            // Nothing else can be said of a folder that is no suite.
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
            let beside = Beside::new(folder);
            let mut compiled = scenario::compile(id, &text, &source, &suite, &beside, &sequences)?;
            let captures = Captures::of(&compiled, &source);
            let before = steps.fetch_add(compiled.iter().map(|one| one.steps.len()).sum(), Ordering::Relaxed);
            // What another file gives may be another when it is read again, and rows would be read again for each of them.
            if let [scenario] = &mut *compiled
                && before > KEPT
                && scenario.row.is_none()
                && !beside.was_read()
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
            let message = format!("the suite `{}` has no scenario", folder.name());
            wrong.push(
                Diagnostic::new(message).help("a scenario is a .yaml file in a folder below the suite's own"),
            );
        }
        let mut warnings = warning::warnings(&suite, captures);
        warnings.append(sequence::unused(&sequences));
        suite.warnings = warnings;
        suite.sequences = sequences;
        wrong.into_result(suite)
    }

    /// Returns what the steps of a scenario do, in their order.
    ///
    /// # Panics
    /// Where the scenario is none of this suite.
    #[must_use]
    pub fn definitions(&self, scenario: &Scenario) -> Arc<[StepDefinition]> {
        let again = |outline: &Outline| {
            let (source, beside) = (scenario.place.source(), Beside::new(&self.folder));
            let text = Parsed::again(source, outline)?.read().ok()?;
            let compiled =
                scenario::compile(&scenario.id, &text, source, self, &beside, &self.sequences).ok()?;
            compiled.first()?.definitions.kept().cloned()
        };
        match &scenario.definitions {
            StepDefinitions::Kept(definitions) => Arc::clone(definitions),
            // What was compiled once, and read no other file, is compiled again.
            StepDefinitions::Again(outline) => again(outline).expect("a scenario of this suite"),
        }
    }

    /// Returns the profile of this name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// Returns the fixture of this name.
    #[must_use]
    pub fn fixture(&self, name: &str) -> Option<&Fixture> {
        self.fixtures.iter().find(|fixture| fixture.name == name)
    }

    /// Returns the variable of this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Returns the stage of this name: its place in the order.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage == name)
    }

    /// Returns the request that tells whether a target is ready in a profile.
    #[must_use]
    pub fn ready<'a>(&'a self, profile: &'a Profile) -> Option<&'a Request> {
        profile.ready.as_ref().or(self.launch.ready.as_ref())
    }

    /// Returns a scope in which every fixture and every variable that was given has its meaning.
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

/// Refuses a file of a later format by name.
pub(crate) fn check_format(format: &yaml::Located<u32>, source: &Arc<Source>) -> Result<(), Diagnostic> {
    if format.value == format::FORMAT {
        return Ok(());
    }
    let message =
        format!("this file is of format {}, and this program reads format {}", format.value, format::FORMAT);
    Err(Diagnostic::at(format.place(source), message).help("a newer version of conformance may read it"))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use super::*;

    #[test]
    fn of_a_suite_of_any_size_the_deeds_are_the_same_whether_they_were_kept_or_are_made_again() {
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
        // Whoever is asked again reads no file, and what was given meanwhile makes nothing wrong on paper.
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
