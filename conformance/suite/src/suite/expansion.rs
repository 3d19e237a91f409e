//! Expands the rows and sequences of a scenario into [`Step`]s with stable ids.
//!
//! `login[bob]/post[2]` is the step `post`, for its second row, of the sequence that the step `login` uses, for the row `bob`.

mod step;
mod timely;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Suite;
use super::context::{StepContext, check_capture_name, keys, requires, tags};
use super::definition::StepDefinition;
use super::folder::Folder;
use super::frame::{Frame, Need, Provenance};
use super::names::Names;
use super::rows::{self, ROW, Row};
use super::sequence::{Parameter, Sequence, Sequences};
use super::stages::stages;
use super::step::{Role, Step};
use super::stream::Streams;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::StepText;
use crate::members::{parse_value, string};
use crate::request::{JsonText, json_text};
use crate::source::{Place, Source};
use crate::template::{Scope, TemplateError, Text};
use crate::yaml::{Located, Node};

/// The steps expanded so far, and the errors in the others.
pub(super) struct Expansion<'a> {
    pub(super) folder: &'a Folder,
    pub(super) sequences: &'a Sequences,
    pub(super) names: Names<'a>,
    pub(super) steps: Vec<Step>,
    /// The definition of each step.
    pub(super) definitions: Vec<StepDefinition>,
    pub(super) errors: Diagnostics,
    /// The ids of invalid steps, so that references to them are not reported too.
    pub(super) invalid: Vec<String>,
    /// The streams that the steps so far have opened.
    pub(super) streams: Streams,
}

/// Maximum number of steps of a scenario. Sequences that use each other can produce any number in a few lines.
const MOST: usize = 10_000;

/// Number of errors after which further rows are not checked.
const MOST_WRONG: usize = 20;

impl<'a> Expansion<'a> {
    /// Expands steps in a context.
    pub(super) fn steps(&mut self, steps: &'a [Located<StepText>], context: &StepContext<'a>) {
        for step in steps {
            if self.steps.len() > MOST {
                return;
            }
            if let Err(more) = self.rows(step, context) {
                self.errors.append(more);
            }
        }
    }

    fn rows(&mut self, step: &'a Located<StepText>, context: &StepContext<'a>) -> Result<(), Diagnostics> {
        let Some(node) = &step.value.rows else { return self.step(step, context) };
        let rows = rows::read(node, context.source, self.folder, context.file)?;
        if let Some((capture, _)) = step.value.capture.0.first() {
            let message = "a step with rows cannot capture: each row would overwrite the capture";
            return Err(Diagnostic::at(capture.place(context.source), message)
                .help("capture in a step without rows, or give the rows to the scenario")
                .into());
        }
        let id = step.value.id.as_ref().or(step.value.uses.as_ref()).map_or("", |id| id.value.as_str());
        let places: Arc<[Place]> = rows.iter().map(|row| row.place.clone()).collect();
        let mut errors = Diagnostics::default();
        for row in &rows {
            let context = self.row(row, &places, context, id);
            errors.take(context.and_then(|context| self.step(step, &context)));
            if errors.iter().count() >= MOST_WRONG {
                break;
            }
        }
        errors.into_result(())
    }

    /// Returns a context in which `row` is the given row. `rows` holds the locations of all rows.
    pub(super) fn row(
        &mut self,
        row: &Row,
        rows: &Arc<[Place]>,
        context: &StepContext<'a>,
        id: &str,
    ) -> Result<StepContext<'a>, Diagnostics> {
        let mut context = context.clone();
        context.suffix = format!("{}[{}]", context.suffix, row.name);
        let key = format!("{}{id}{}", context.prefix, context.suffix);
        let names = vec![(ROW.to_owned(), JsonText::Object(row.cells.clone()), row.place.clone())];
        context.frame = self.frame(key, names, &context, false)?;
        let provenance = Arc::make_mut(&mut context.provenance);
        provenance.around.push(row.place.clone());
        provenance.via.push(row.place.clone());
        provenance.rows.push(Arc::clone(rows));
        Ok(context)
    }

    fn step(&mut self, step: &'a Located<StepText>, context: &StepContext<'a>) -> Result<(), Diagnostics> {
        if let Some(uses) = &step.value.uses {
            return self.uses(uses, step, context).map_err(|errors| self.mark_missing(step, context, errors));
        }
        if let Some((name, _)) = step.value.with.0.first() {
            let message = "`with` is only allowed in a step that uses a sequence";
            return Err(Diagnostic::at(name.place(context.source), message).into());
        }
        match step::compile(self, step, context) {
            Ok((step, definition)) => self.keep(step, definition, context),
            Err(errors) => Err(self.mark_missing(step, context, errors)),
        }
    }

    /// Registers the id and the captures of an invalid step, so that the steps that use them are not reported too.
    fn mark_missing(
        &mut self,
        step: &Located<StepText>,
        context: &StepContext<'_>,
        errors: Diagnostics,
    ) -> Diagnostics {
        if let Some(id) = step.value.id.as_ref().or(step.value.uses.as_ref()) {
            self.invalid.push([&context.prefix, id.value.replace('/', "-").as_str()].concat());
        }
        if let Some(name) = &step.value.open {
            self.streams.assume(format!("{}{}", context.prefix, name.value));
        }
        let branches = step.value.together.iter().flat_map(|branch| &branch.capture.0);
        for (name, _) in step.value.capture.0.iter().chain(branches) {
            for key in keys(&name.value, context) {
                self.names.capture(&key, step.value.id.as_ref().map_or("", |id| &id.value));
            }
        }
        errors
    }

    fn keep(
        &mut self,
        step: Step,
        definition: StepDefinition,
        context: &StepContext<'_>,
    ) -> Result<(), Diagnostics> {
        if self.steps.len() == MOST {
            let place = context.provenance.via.first().unwrap_or(&step.place).clone();
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
            let place =
                context.provenance.via.first().filter(|_| !context.inside.is_empty()).unwrap_or(&step.place);
            let first = first.provenance.via.first().unwrap_or(&first.place);
            return Err(Diagnostic::at(place.clone(), message)
                .help(format!("the first is at {first}"))
                .into());
        }
        if let Some(restart) = &step.restart {
            self.streams.restart(restart);
        }
        if let Some(opening) = &definition.opens {
            self.streams.open(opening)?;
        }
        if let Some(awaiting) = definition.awaiting() {
            self.streams.check(&awaiting.stream, &context.prefix)?;
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
        context: &StepContext<'a>,
    ) -> Result<(), Diagnostics> {
        let place = uses.place(context.source);
        let Some((name, sequence)) = self.sequences.get_key_value(&uses.value) else {
            let message = format!("unknown sequence `{}`", uses.value);
            let known = self.sequences.keys().map(String::as_str);
            return Err(Diagnostic::at(place, message).suggest(&uses.value, known).into());
        };
        if context.inside.contains(&name.as_str()) {
            let around: Vec<&str> = context.inside.iter().copied().chain([name.as_str()]).collect();
            let message = format!("the sequence `{name}` uses itself: {}", around.join(" → "));
            return Err(Diagnostic::at(place, message).into());
        }
        refuse_request(&step.value, context.source, step)?;
        sequence.used.set(true);
        let id = step.value.id.as_ref().unwrap_or(uses);
        let id_text = if step.value.id.is_some() { id.value.clone() } else { id.value.replace('/', "-") };
        step::check_id(&id_text, &id.place(context.source))?;
        let prefix = format!("{}{id_text}{}/", context.prefix, context.suffix);
        let names = self.parameters(&step.value, sequence, context, &place)?;
        let frame = self.frame(prefix.clone(), names, context, true)?;
        let exports = exports(&step.value, name, sequence, context, self.names.suite)?;
        let mut provenance = Provenance::clone(&context.provenance);
        provenance.around.push(step.place(context.source));
        provenance.via.push(place);
        let mut inside = context.inside.clone();
        inside.push(name);
        let inner = StepContext {
            source: &sequence.source,
            file: &sequence.file,
            prefix,
            suffix: String::new(),
            frame,
            exports,
            stages: stages(
                step.value.since.as_ref(),
                step.value.until.as_ref(),
                context.source,
                self.names.suite,
            )?
            .within(context.stages),
            role: Role::of(&step.value, context.role),
            cleanup: context.cleanup,
            isolated: context.isolated,
            requires: requires(&step.value.requires, &context.requires, context.source, self.names.suite)?,
            tags: tags(&step.value.tags, &context.tags),
            provenance: Arc::new(provenance),
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
        context: &StepContext<'_>,
        place: &Place,
    ) -> Result<Vec<(String, JsonText, Place)>, Diagnostic> {
        let name = step.uses.as_ref().map_or("", |uses| uses.value.as_str());
        let known = || sequence.parameters.iter().map(|parameter| parameter.name.as_str());
        if let Some((given, _)) =
            step.with.0.iter().find(|(given, _)| !known().any(|known| known == given.value))
        {
            let message = format!("the sequence `{name}` has no parameter `{}`", given.value);
            return Err(Diagnostic::at(given.place(context.source), message).suggest(&given.value, known()));
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
                self.argument(parameter, node, context)?,
                node.place(context.source),
            ));
        }
        Ok(values)
    }

    fn argument(
        &self,
        parameter: &Parameter,
        node: &Node,
        context: &StepContext<'_>,
    ) -> Result<JsonText, Diagnostic> {
        if !parameter.fixture {
            return json_text(node, context.source);
        }
        let written = string(node, context.source, "the name of a fixture")?;
        let place = node.place(context.source);
        let expression = if written.starts_with("${") { written } else { format!("${{{written}}}") };
        let text = parse_value(&expression, &place)?;
        let name = text.names().next().map_or("", |(_, name)| name).to_owned();
        self.names.check(&text, &place, &context.frame, &context.prefix, &[])?;
        match self.names.suite.fixture(&name) {
            // The members of a fixture are known while loading.
            Some(fixture) if context.frame.find(&name).is_none() => {
                Ok(JsonText::Literal(fixture.value.clone()))
            }
            _ => Ok(JsonText::Text(text)),
        }
    }

    fn frame(
        &mut self,
        key: String,
        names: Vec<(String, JsonText, Place)>,
        context: &StepContext<'_>,
        closed: bool,
    ) -> Result<Arc<Frame>, Diagnostics> {
        let mut errors = Diagnostics::default();
        let texts = names
            .iter()
            .flat_map(|(_, value, place)| value.texts().into_iter().map(move |text| (text, place)));
        let needs = self.needs(texts, &[], context, &mut errors);
        let names = names.into_iter().map(|(name, value, _)| (name, value)).collect();
        errors.into_result(Arc::new(Frame {
            key,
            names,
            needs,
            outer: Some(Arc::clone(&context.frame)),
            closed,
        }))
    }

    /// Returns the captures that templates need, and adds errors in their names to `errors`. `local` are names that only this
    /// step knows.
    pub(super) fn needs<'t>(
        &self,
        texts: impl Iterator<Item = (&'t Text, &'t Place)>,
        local: &[&str],
        context: &StepContext<'_>,
        errors: &mut Diagnostics,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut scopes = None;
        for (text, place) in texts.filter(|(text, _)| !text.is_literal()) {
            let Some(more) =
                errors.keep(self.names.check(text, place, &context.frame, &context.prefix, local))
            else {
                continue;
            };
            needs.extend(more);
            let scopes = scopes.get_or_insert_with(|| {
                [Scope::default(), self.names.suite.static_scope.clone()]
                    .map(|base| context.frame.static_scope(&base))
            });
            errors.keep(check_value(text, place, scopes, context));
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
fn check_value(
    text: &Text,
    place: &Place,
    scopes: &[Scope; 2],
    context: &StepContext<'_>,
) -> Result<(), Diagnostic> {
    let [given, all] = scopes;
    let misplaced = |scope| text.json(scope).err().filter(TemplateError::is_misplaced);
    let invalid = |error: &TemplateError| Diagnostic::at(place.find(error.written()), error.to_string());
    match (misplaced(given), context.provenance.via.last()) {
        (Some(error), Some(place)) => Err(invalid(&error).help(format!("the value is given at {place}"))),
        (Some(error), None) => Err(invalid(&error)),
        (None, _) => misplaced(all).map_or(Ok(()), |error| Err(invalid(&error))),
    }
}

/// Returns the captures that a step exports from a sequence, each with its keys outside.
fn exports(
    step: &StepText,
    name: &str,
    sequence: &Sequence,
    context: &StepContext<'_>,
    suite: &Suite,
) -> Result<BTreeMap<String, Vec<String>>, Diagnostic> {
    let mut exports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (own, node) in &step.capture.0 {
        check_capture_name(own, context, suite)?;
        let given = string(node, context.source, "the capture that a sequence gives")?;
        if !sequence.gives.iter().any(|gives| gives.value == given) {
            let message = format!("the sequence `{name}` does not give `{given}`");
            let known = sequence.gives.iter().map(|gives| gives.value.as_str());
            return Err(Diagnostic::at(node.place(context.source), message).suggest(&given, known));
        }
        exports.entry(given).or_default().extend(keys(&own.value, context));
    }
    Ok(exports)
}

/// Rejects a step that uses a sequence and also has keys of its own request.
fn refuse_request(text: &StepText, source: &Arc<Source>, step: &Located<StepText>) -> Result<(), Diagnostic> {
    let place = step.place(source);
    let own = [
        ("request", text.request.is_some()),
        ("run", text.run.is_some()),
        ("open", text.open.is_some()),
        ("await", text.awaits.is_some()),
        ("race", text.race.is_some()),
        ("together", !text.together.is_empty()),
        ("target", text.target.is_some()),
        ("expect", text.expect.is_some()),
        ("covers", !text.covers.is_empty()),
        ("retry", text.retry.is_some()),
        ("wait", text.wait.is_some()),
        ("repeat", text.repeat.is_some()),
        ("timeout", text.timeout.is_some()),
        ("timely", text.timely.is_some()),
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
