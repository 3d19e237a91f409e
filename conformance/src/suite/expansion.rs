//! Expands the rows and sequences of a scenario into [`Step`]s with stable ids.
//!
//! `login[bob]/post[2]` is the step `post`, for its second row, of the sequence that the step `login` uses, for the row `bob`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Suite;
use super::definition::StepDefinition;
use super::folder::Folder;
use super::frame::{Frame, Need, Spots};
use super::names::Names;
use super::rows::{self, ROW, Row};
use super::scenario::{Stages, stages};
use super::sequence::{Parameter, Sequence, Sequences};
use super::step::{self, Role, Step};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::StepText;
use crate::members::{parse_value, string};
use crate::request::{JsonText, json_text};
use crate::source::{Place, Source};
use crate::template::{Scope, TemplateError, Text};
use crate::yaml::{Located, Node};

/// The context of steps: where they are written, and what applies to all of them.
#[derive(Clone)]
pub(super) struct Level<'a> {
    pub(super) source: &'a Arc<Source>,
    /// The file, without its extension. Steps name other files relative to its folder.
    pub(super) file: &'a str,
    /// Prefix of the ids of the steps and of the keys of their captures.
    pub(super) prefix: String,
    /// Suffix of the ids of the steps.
    pub(super) suffix: String,
    pub(super) frame: Arc<Frame>,
    /// Captures that are also visible outside of the sequence, with their keys there.
    pub(super) exports: BTreeMap<String, Vec<String>>,
    pub(super) stages: Stages,
    pub(super) role: Role,
    pub(super) cleanup: bool,
    /// Whether the scenario has a target of its own.
    pub(super) isolated: bool,
    pub(super) requires: Vec<String>,
    pub(super) tags: Vec<String>,
    /// The rows and sequences that this level comes from.
    pub(super) spots: Arc<Spots>,
    /// The sequences being expanded, outermost first; detects recursion.
    pub(super) inside: Vec<&'a str>,
}

/// The steps expanded so far, and the errors in the others.
pub(super) struct Expansion<'a> {
    pub(super) folder: &'a Folder,
    pub(super) sequences: &'a Sequences,
    pub(super) names: Names<'a>,
    pub(super) steps: Vec<Step>,
    /// The definition of each step.
    pub(super) definitions: Vec<StepDefinition>,
    pub(super) wrong: Diagnostics,
}

/// Maximum number of steps of a scenario. Sequences that use each other can produce any number in a few lines.
const MOST: usize = 10_000;

/// Number of errors after which further rows are not checked.
const MOST_WRONG: usize = 20;

impl<'a> Expansion<'a> {
    /// Expands the steps of a level.
    pub(super) fn steps(&mut self, steps: &'a [Located<StepText>], level: &Level<'a>) {
        for step in steps {
            if self.steps.len() > MOST {
                return;
            }
            if let Err(more) = self.rows(step, level) {
                self.wrong.append(more);
            }
        }
    }

    fn rows(&mut self, step: &'a Located<StepText>, level: &Level<'a>) -> Result<(), Diagnostics> {
        let Some(node) = &step.value.rows else { return self.step(step, level) };
        let rows = rows::read(node, level.source, self.folder, level.file)?;
        if let Some((capture, _)) = step.value.capture.0.first() {
            let message = "a step with rows cannot capture: each row would overwrite the capture";
            return Err(Diagnostic::at(capture.place(level.source), message)
                .help("capture in a step without rows, or give the rows to the scenario")
                .into());
        }
        let id = step.value.id.as_ref().or(step.value.uses.as_ref()).map_or("", |id| id.value.as_str());
        let places: Arc<[Place]> = rows.iter().map(|row| row.place.clone()).collect();
        let mut wrong = Diagnostics::default();
        for row in &rows {
            let level = self.row(row, &places, level, id);
            wrong.take(level.and_then(|level| self.step(step, &level)));
            // Report an error that does not depend on the row only once.
            wrong.dedup();
            if wrong.iter().count() >= MOST_WRONG {
                break;
            }
        }
        wrong.into_result(())
    }

    /// Returns a level in which `row` is the given row. `rows` holds the locations of all rows.
    pub(super) fn row(
        &mut self,
        row: &Row,
        rows: &Arc<[Place]>,
        level: &Level<'a>,
        id: &str,
    ) -> Result<Level<'a>, Diagnostics> {
        let mut level = level.clone();
        level.suffix = format!("{}[{}]", level.suffix, row.name);
        let key = format!("{}{id}{}", level.prefix, level.suffix);
        let names = vec![(ROW.to_owned(), JsonText::Object(row.cells.clone()), row.place.clone())];
        level.frame = self.frame(key, names, &level, false)?;
        let spots = Arc::make_mut(&mut level.spots);
        spots.around.push(row.place.clone());
        spots.via.push(row.place.clone());
        spots.rows.push(Arc::clone(rows));
        Ok(level)
    }

    fn step(&mut self, step: &'a Located<StepText>, level: &Level<'a>) -> Result<(), Diagnostics> {
        if let Some(uses) = &step.value.uses {
            return self.uses(uses, step, level).map_err(|wrong| self.mark_missing(step, level, wrong));
        }
        if let Some((name, _)) = step.value.with.0.first() {
            let message = "`with` is only allowed in a step that uses a sequence";
            return Err(Diagnostic::at(name.place(level.source), message).into());
        }
        match step::compile(self, step, level) {
            Ok((step, definition)) => self.keep(step, definition, level),
            Err(wrong) => Err(self.mark_missing(step, level, wrong)),
        }
    }

    /// Registers the captures of an invalid step, so that the steps that use them are not reported too.
    fn mark_missing(
        &mut self,
        step: &Located<StepText>,
        level: &Level<'_>,
        wrong: Diagnostics,
    ) -> Diagnostics {
        let branches = step.value.together.iter().flat_map(|branch| &branch.capture.0);
        for (name, _) in step.value.capture.0.iter().chain(branches) {
            for key in step::keys(&name.value, level) {
                self.names.capture(&key, step.value.id.as_ref().map_or("", |id| &id.value));
            }
        }
        wrong
    }

    fn keep(&mut self, step: Step, definition: StepDefinition, level: &Level<'_>) -> Result<(), Diagnostics> {
        if self.steps.len() == MOST {
            let place = level.spots.via.first().unwrap_or(&step.place).clone();
            // Exceed the limit by one step, which stops the expansion.
            self.steps.push(step);
            return Err(Diagnostic::at(
                place,
                format!("the scenario has more than {MOST} steps here, counting rows and sequences"),
            )
            .into());
        }
        if let Some(first) = self.steps.iter().find(|first| first.id == step.id) {
            let message = format!("duplicate step `{}`", step.id);
            let place = level.spots.via.first().filter(|_| !level.inside.is_empty()).unwrap_or(&step.place);
            let first = first.spots.via.first().unwrap_or(&first.place);
            return Err(Diagnostic::at(place.clone(), message)
                .help(format!("the first is at {first}"))
                .into());
        }
        for capture in definition.captures() {
            for key in &capture.keys {
                self.names.capture(key, &step.id);
            }
        }
        self.steps.push(step);
        self.definitions.push(definition);
        Ok(())
    }

    fn uses(
        &mut self,
        uses: &'a Located<String>,
        step: &'a Located<StepText>,
        level: &Level<'a>,
    ) -> Result<(), Diagnostics> {
        let place = uses.place(level.source);
        let Some((name, sequence)) = self.sequences.get_key_value(&uses.value) else {
            let message = format!("unknown sequence `{}`", uses.value);
            let known = self.sequences.keys().map(String::as_str);
            return Err(Diagnostic::at(place, message).suggest(&uses.value, known).into());
        };
        if level.inside.contains(&name.as_str()) {
            let around: Vec<&str> = level.inside.iter().copied().chain([name.as_str()]).collect();
            let message = format!("the sequence `{name}` uses itself: {}", around.join(" → "));
            return Err(Diagnostic::at(place, message).into());
        }
        refuse_request(&step.value, level.source, step)?;
        sequence.used.set(true);
        let id = step.value.id.as_ref().unwrap_or(uses);
        let id_text = if step.value.id.is_some() { id.value.clone() } else { id.value.replace('/', "-") };
        step::check_id(&id_text, &id.place(level.source))?;
        let prefix = format!("{}{id_text}{}/", level.prefix, level.suffix);
        let names = self.parameters(&step.value, sequence, level, &place)?;
        let frame = self.frame(prefix.clone(), names, level, true)?;
        let exports = exports(&step.value, name, sequence, level, self.names.suite)?;
        let mut spots = Spots::clone(&level.spots);
        spots.around.push(step.place(level.source));
        spots.via.push(place);
        let mut inside = level.inside.clone();
        inside.push(name);
        let inner = Level {
            source: &sequence.source,
            file: &sequence.file,
            prefix,
            suffix: String::new(),
            frame,
            exports,
            stages: stages(
                step.value.since.as_ref(),
                step.value.until.as_ref(),
                level.source,
                self.names.suite,
            )?
            .within(level.stages),
            role: Role::of(&step.value, level.role),
            cleanup: level.cleanup,
            isolated: level.isolated,
            requires: step::requires(&step.value.requires, &level.requires, level.source, self.names.suite)?,
            tags: step::tags(&step.value.tags, &level.tags),
            spots: Arc::new(spots),
            inside,
        };
        self.steps(&sequence.steps, &inner);
        Ok(())
    }

    /// Returns the values of a sequence's parameters, as the step that uses it passes them.
    fn parameters(
        &self,
        step: &StepText,
        sequence: &Sequence,
        level: &Level<'_>,
        place: &Place,
    ) -> Result<Vec<(String, JsonText, Place)>, Diagnostic> {
        let name = step.uses.as_ref().map_or("", |uses| uses.value.as_str());
        let known = || sequence.parameters.iter().map(|parameter| parameter.name.as_str());
        if let Some((given, _)) =
            step.with.0.iter().find(|(given, _)| !known().any(|known| known == given.value))
        {
            let message = format!("the sequence `{name}` has no parameter `{}`", given.value);
            return Err(Diagnostic::at(given.place(level.source), message).suggest(&given.value, known()));
        }
        let mut values = Vec::new();
        for parameter in &sequence.parameters {
            let given = step.with.0.iter().find(|(given, _)| given.value == parameter.name);
            let Some((_, node)) = given else {
                let message = format!("the sequence `{name}` needs the parameter `{}`", parameter.name);
                let help = format!("pass it as `with: {{{}: …}}`", parameter.name);
                return Err(Diagnostic::at(place.clone(), message).help(help));
            };
            values.push((
                parameter.name.clone(),
                self.argument(parameter, node, level)?,
                node.place(level.source),
            ));
        }
        Ok(values)
    }

    fn argument(
        &self,
        parameter: &Parameter,
        node: &Node,
        level: &Level<'_>,
    ) -> Result<JsonText, Diagnostic> {
        if !parameter.fixture {
            return json_text(node, level.source);
        }
        let written = string(node, level.source, "the name of a fixture")?;
        let place = node.place(level.source);
        let expression = if written.starts_with("${") { written } else { format!("${{{written}}}") };
        let text = parse_value(&expression, &place)?;
        let name = text.names().next().map_or("", |(_, name)| name).to_owned();
        self.names.check(&text, &place, &level.frame, &level.prefix)?;
        match self.names.suite.fixture(&name) {
            // The members of a fixture are known while loading.
            Some(fixture) if level.frame.find(&name).is_none() => {
                Ok(JsonText::Literal(fixture.value.clone()))
            }
            _ => Ok(JsonText::Text(text)),
        }
    }

    fn frame(
        &mut self,
        key: String,
        names: Vec<(String, JsonText, Place)>,
        level: &Level<'_>,
        closed: bool,
    ) -> Result<Arc<Frame>, Diagnostics> {
        let mut wrong = Diagnostics::default();
        let texts = names
            .iter()
            .flat_map(|(_, value, place)| value.texts().into_iter().map(move |text| (text, place)));
        let needs = self.needs(texts, level, &mut wrong);
        let names = names.into_iter().map(|(name, value, _)| (name, value)).collect();
        wrong.into_result(Arc::new(Frame {
            key,
            names,
            needs,
            outer: Some(Arc::clone(&level.frame)),
            closed,
        }))
    }

    /// Returns the captures that templates need, and adds errors in their names to `wrong`.
    pub(super) fn needs<'t>(
        &self,
        texts: impl Iterator<Item = (&'t Text, &'t Place)>,
        level: &Level<'_>,
        wrong: &mut Diagnostics,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut paper = None;
        for (text, place) in texts.filter(|(text, _)| !text.is_literal()) {
            let Some(more) = wrong.keep(self.names.check(text, place, &level.frame, &level.prefix)) else {
                continue;
            };
            needs.extend(more);
            let paper = paper.get_or_insert_with(|| {
                [Scope::default(), self.names.suite.on_paper.clone()].map(|base| level.frame.on_paper(&base))
            });
            wrong.keep(check_value(text, place, paper, level));
        }
        needs.sort();
        needs.dedup();
        needs
    }
}

/// Checks whether a template can be rendered with the values known while loading: first with those of the row and the parameters
/// only, then also with those of the suite.
///
/// # Errors
/// Null, a list or an object inside text, at the location of the expression.
fn check_value(text: &Text, place: &Place, paper: &[Scope; 2], level: &Level<'_>) -> Result<(), Diagnostic> {
    let [given, all] = paper;
    let misplaced = |scope| text.json(scope).err().filter(TemplateError::is_misplaced);
    let wrong = |error: &TemplateError| Diagnostic::at(place.find(error.written()), error.to_string());
    match (misplaced(given), level.spots.via.last()) {
        (Some(error), Some(place)) => Err(wrong(&error).help(format!("the value is given at {place}"))),
        (Some(error), None) => Err(wrong(&error)),
        (None, _) => misplaced(all).map_or(Ok(()), |error| Err(wrong(&error))),
    }
}

/// Returns the captures that a step exports from a sequence, each with its keys outside.
fn exports(
    step: &StepText,
    name: &str,
    sequence: &Sequence,
    level: &Level<'_>,
    suite: &Suite,
) -> Result<BTreeMap<String, Vec<String>>, Diagnostic> {
    let mut exports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (own, node) in &step.capture.0 {
        step::check_capture_name(own, level, suite)?;
        let given = string(node, level.source, "the capture that a sequence gives")?;
        if !sequence.gives.iter().any(|gives| gives.value == given) {
            let message = format!("the sequence `{name}` does not give `{given}`");
            let known = sequence.gives.iter().map(|gives| gives.value.as_str());
            return Err(Diagnostic::at(node.place(level.source), message).suggest(&given, known));
        }
        exports.entry(given).or_default().extend(step::keys(&own.value, level));
    }
    Ok(exports)
}

/// Rejects a step that uses a sequence and also has keys of its own request.
fn refuse_request(text: &StepText, source: &Arc<Source>, step: &Located<StepText>) -> Result<(), Diagnostic> {
    let place = step.place(source);
    let own = [
        ("request", text.request.is_some()),
        ("race", text.race.is_some()),
        ("together", !text.together.is_empty()),
        ("target", text.target.is_some()),
        ("expect", text.expect.is_some()),
        ("covers", !text.covers.is_empty()),
        ("retry", text.retry.is_some()),
        ("wait", text.wait.is_some()),
        ("jar", text.jar.is_some()),
    ];
    match own.into_iter().find(|(_, there)| *there) {
        None => Ok(()),
        Some((key, _)) => {
            Err(Diagnostic::at(place, format!("`{key}` is not allowed in a step that uses a sequence"))
                .help("write `{key}` in the steps of the sequence, and pass what differs as a parameter"))
        }
    }
}
