//! Writes out the rows and the sequences of a scenario: from steps as they are written to steps as they are sent.
//!
//! In go the steps of a file, out come [`Step`]s with stable ids. `login[bob]/post[2]` is the step `post`, for its second row, of
//! the sequence that the step `login` uses, for the row `bob`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Suite;
use super::definition::StepDefinition;
use super::folder::Beside;
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

/// Where steps are written, and what holds for all of them.
#[derive(Clone)]
pub(super) struct Level<'a> {
    pub(super) source: &'a Arc<Source>,
    /// The file, without its ending: the files that a step names stand beside it.
    pub(super) file: &'a str,
    /// Stands before the ids of its steps and the names of its captures.
    pub(super) prefix: String,
    /// Stands behind the ids of its steps.
    pub(super) suffix: String,
    pub(super) frame: Arc<Frame>,
    /// The captures that are kept under other names too.
    pub(super) exports: BTreeMap<String, Vec<String>>,
    pub(super) stages: Stages,
    pub(super) role: Role,
    pub(super) cleanup: bool,
    /// Whether the target is the scenario's own.
    pub(super) isolated: bool,
    pub(super) requires: Vec<String>,
    pub(super) tags: Vec<String>,
    /// What brought the level about.
    pub(super) spots: Arc<Spots>,
    /// The sequences that are being written out, outermost first.
    pub(super) inside: Vec<&'a str>,
}

/// The steps so far, and what is wrong with the others.
pub(super) struct Expansion<'a> {
    pub(super) beside: &'a Beside<'a>,
    pub(super) sequences: &'a Sequences,
    pub(super) names: Names<'a>,
    pub(super) steps: Vec<Step>,
    /// What each of them does.
    pub(super) definitions: Vec<StepDefinition>,
    pub(super) wrong: Diagnostics,
}

/// The steps that a scenario may come to. Sequences that use each other come to any number in a few lines.
const MOST: usize = 10_000;

/// Rows are looked at until so much is wrong.
const MOST_WRONG: usize = 20;

impl<'a> Expansion<'a> {
    /// Writes out the steps of a level.
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
        let rows = rows::read(node, level.source, self.beside, level.file)?;
        if let Some((capture, _)) = step.value.capture.0.first() {
            let message = "each row would make this capture anew";
            return Err(Diagnostic::at(capture.place(level.source), message)
                .help("a step with rows captures nothing; give one of them a step of its own, or the rows to the scenario")
                .into());
        }
        let id = step.value.id.as_ref().or(step.value.uses.as_ref()).map_or("", |id| id.value.as_str());
        let places: Arc<[Place]> = rows.iter().map(|row| row.place.clone()).collect();
        let mut wrong = Diagnostics::default();
        for row in &rows {
            let level = self.row(row, &places, level, id);
            wrong.take(level.and_then(|level| self.step(step, &level)));
            // What is wrong whatever the row is said once.
            wrong.dedup();
            if wrong.iter().count() >= MOST_WRONG {
                break;
            }
        }
        wrong.into_result(())
    }

    /// Returns a level in which `row` means a row. `rows` is where it and the others stand.
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
            let message = "`with` gives a sequence its parameters, and this step uses none";
            return Err(Diagnostic::at(name.place(level.source), message).into());
        }
        match step::compile(self, step, level) {
            Ok((step, definition)) => self.keep(step, definition, level),
            Err(wrong) => Err(self.mark_missing(step, level, wrong)),
        }
    }

    /// A wrong step makes its captures too: it is not the fault of the steps that use them.
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
            // One more than there may be: nothing behind it is looked at.
            self.steps.push(step);
            return Err(
                Diagnostic::at(place, format!("here the scenario comes to more than {MOST} steps")).into()
            );
        }
        if let Some(first) = self.steps.iter().find(|first| first.id == step.id) {
            let message = format!("the step `{}` stands here a second time", step.id);
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
            let message = format!("there is no sequence `{}`", uses.value);
            let known = self.sequences.keys().map(String::as_str);
            return Err(Diagnostic::at(place, message).suggest(&uses.value, known).into());
        };
        if level.inside.contains(&name.as_str()) {
            let around: Vec<&str> = level.inside.iter().copied().chain([name.as_str()]).collect();
            let message = format!("the sequence `{name}` uses itself: {}", around.join(" → "));
            return Err(Diagnostic::at(place, message).into());
        }
        refuse_request(&step.value, level.source, step)?;
        sequence.used.store(true, Ordering::Relaxed);
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

    /// The values of a sequence's parameters, as the step that uses it gives them.
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
                let message = format!("the sequence `{name}` needs `{}`", parameter.name);
                let help = format!("given as `with: {{{}: …}}`", parameter.name);
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
            // Its members are known on paper.
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

    /// Returns the captures that some texts need, and keeps what is wrong with the names in them.
    pub(super) fn needs<'t>(
        &self,
        texts: impl Iterator<Item = (&'t Text, &'t Place)>,
        level: &Level<'_>,
        wrong: &mut Diagnostics,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut paper = None;
        for (text, place) in texts.filter(|(text, _)| !text.is_literal()) {
            let Some(owed) = wrong.keep(self.names.check(text, place, &level.frame, &level.prefix)) else {
                continue;
            };
            needs.extend(owed);
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

/// Says whether a text can be written with the values that are known on paper: first those of the row and the parameters alone, then with
/// those of the suite.
///
/// # Errors
/// Null, a list or an object in a text, at the place of the expression.
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

/// Returns the captures of a sequence that are kept outside of it, each with its names there.
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
        let given = string(node, level.source, "what a sequence hands back")?;
        if !sequence.gives.iter().any(|gives| gives.value == given) {
            let message = format!("the sequence `{name}` does not hand back `{given}`");
            let known = sequence.gives.iter().map(|gives| gives.value.as_str());
            return Err(Diagnostic::at(node.place(level.source), message).suggest(&given, known));
        }
        exports.entry(given).or_default().extend(step::keys(&own.value, level));
    }
    Ok(exports)
}

/// A step that uses a sequence sends nothing of its own.
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
            Err(Diagnostic::at(place, format!("a step that uses a sequence has no `{key}` of its own"))
                .help("the steps of the sequence have theirs; what differs is a parameter"))
        }
    }
}
