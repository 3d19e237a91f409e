//! Scenarios: one file, one story, with all names resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::{StepContext, check_known, requires, tags};
use super::definition::StepDefinition;
use super::expansion::Expansion;
use super::folder::Folder;
use super::frame::{Frame, Provenance};
use super::names::Names;
use super::rows;
use super::sequence::Sequences;
use super::stages::{Stages, stages};
use super::step::{Role, Step};
use super::stream::Streams;
use super::{Suite, check_format};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::ScenarioText;
use crate::members::string;
use crate::source::{Place, Source};
use crate::yaml::{Node, Value};

/// One file, one story.
#[derive(Debug)]
pub struct Scenario {
    /// The path in the suite, without the extension.
    pub id: String,
    /// The story in one sentence.
    pub title: String,
    /// The profiles that it runs in, once in each.
    pub profiles: Vec<String>,
    /// The fixtures that the target must hold.
    pub fixtures: Vec<String>,
    /// The stages at which it applies.
    pub stages: Stages,
    /// Whether it needs a target of its own, because it changes what other scenarios see.
    pub isolated: bool,
    /// The row it runs for, if it has rows.
    pub row: Option<String>,
    /// The steps in order; cleanup steps come last.
    pub steps: Vec<Step>,
    /// What the steps send, expect and capture; one for each step.
    pub definitions: Arc<[StepDefinition]>,
    /// Where it is written.
    pub place: Place,
}

/// Compiles a file into scenarios: one, or one for each row.
///
/// # Errors
/// All errors in the file.
pub(super) fn compile(
    id: &str,
    text: &ScenarioText,
    source: &Arc<Source>,
    suite: &Suite,
    folder: &Folder,
    sequences: &Sequences,
) -> Result<Vec<Scenario>, Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.keep(check_format(&text.format, source));
    let profiles = errors.keep(profiles(&text.profile, source, suite)).unwrap_or_default();
    let known: Vec<&str> = suite.fixtures.iter().map(|fixture| fixture.name.as_str()).collect();
    for fixture in &text.fixtures {
        errors.keep(check_known("fixture", fixture, source, &known));
    }
    let stages =
        errors.keep(stages(text.since.as_ref(), text.until.as_ref(), source, suite)).unwrap_or_default();
    let requires = errors.keep(requires(&text.requires, &[], source, suite)).unwrap_or_default();
    let fixtures: Vec<String> = text.fixtures.iter().map(|fixture| fixture.value.clone()).collect();
    let rows = text.rows.as_ref().map(|node| rows::read(node, source, folder, id)).transpose();
    let rows = errors.take(rows).flatten();
    let context = StepContext {
        source,
        file: id,
        prefix: String::new(),
        suffix: String::new(),
        frame: Arc::new(Frame::default()),
        exports: BTreeMap::new(),
        stages,
        role: Role::Plain,
        cleanup: false,
        isolated: text.isolated,
        requires,
        tags: tags(&text.tags, &[]),
        provenance: Arc::new(Provenance::default()),
        inside: Vec::new(),
    };
    let place = source.place(crate::source::Span::default());
    if text.steps.is_empty() {
        errors.push(Diagnostic::at(place.clone(), "this scenario has no steps"));
    }
    let mut scenarios = Vec::new();
    let places: Arc<[Place]> = rows.iter().flatten().map(|row| row.place.clone()).collect();
    let whole = vec![None];
    let each = rows.as_ref().map_or(whole, |rows| rows.iter().map(Some).collect());
    for row in each {
        let names = Names::new(suite, &profiles, &fixtures);
        let (steps, definitions) = (Vec::new(), Vec::new());
        let (own_errors, invalid, streams) = (Diagnostics::default(), Vec::new(), Streams::default());
        let mut expansion =
            Expansion { folder, sequences, names, steps, definitions, errors: own_errors, invalid, streams };
        let context = match row {
            None => context.clone(),
            Some(row) => match expansion.row(row, &places, &context, "") {
                Ok(context) => context,
                Err(more) => {
                    errors.append(more);
                    continue;
                }
            },
        };
        expansion.steps(&text.steps, &context);
        expansion.steps(&text.cleanup, &StepContext { cleanup: true, ..context });
        errors.append(expansion.errors);
        scenarios.push(Scenario {
            id: id.to_owned(),
            title: text.title.clone(),
            profiles: profiles.clone(),
            fixtures: fixtures.clone(),
            stages,
            isolated: text.isolated,
            row: row.map(|row| row.name.clone()),
            steps: expansion.steps,
            definitions: expansion.definitions.into(),
            place: place.clone(),
        });
    }
    errors.into_result(scenarios)
}

fn profiles(node: &Node, source: &Arc<Source>, suite: &Suite) -> Result<Vec<String>, Diagnostic> {
    let known: Vec<&str> = suite.profiles.iter().map(|profile| profile.name.as_str()).collect();
    let one = |node: &Node| {
        let name = string(node, source, "a profile")?;
        if known.contains(&name.as_str()) {
            return Ok(name);
        }
        let message = format!("unknown profile `{name}`");
        Err(Diagnostic::at(node.place(source), message).suggest(&name, known.iter().copied()))
    };
    let Value::List(list) = &node.value else { return Ok(vec![one(node)?]) };
    let mut profiles: Vec<String> = Vec::new();
    for node in list {
        let name = one(node)?;
        if profiles.contains(&name) {
            let message = format!("duplicate profile `{name}`");
            return Err(Diagnostic::at(node.place(source), message));
        }
        profiles.push(name);
    }
    if profiles.is_empty() {
        return Err(Diagnostic::at(node.place(source), "a scenario needs at least one profile")
            .help(format!("known profiles: {}", known.join(", "))));
    }
    Ok(profiles)
}
