//! A step: one request and what is expected of its response.

use std::sync::Arc;
use std::time::Duration;

use super::Suite;
use super::expansion::{Expansion, Level};
use super::format::StepText;
use super::frame::{Frame, Need, Spots};
use super::lane::{Lane, Reader};
use super::members::duration;
use super::names::{OUTPUT, TARGET};
use super::race::{self, Race};
use super::scenario::{Stages, check_known, stages};
use crate::capture::{self, Capture};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::exchange::Reading;
use crate::expectation::Expectation;
use crate::request::Request;
use crate::source::{Place, Source};
use crate::yaml::Located;

/// One request and what is expected of its response.
#[derive(Debug)]
pub struct Step {
    /// Its name in the scenario, with the row it is for and the step that uses its sequence.
    pub id: String,
    /// What it says, in one sentence.
    pub title: String,
    /// The ids of the requirements that it covers.
    pub covers: Vec<Arc<str>>,
    /// What is sent; the first of several that are sent at once.
    pub request: Request,
    /// Where the request stands.
    pub request_place: Place,
    /// What is demanded of the response.
    pub expectation: Expectation,
    /// What is kept for later steps.
    pub captures: Vec<Capture>,
    /// The requests that are sent at once, where it is a race.
    pub race: Option<Box<Race>>,
    /// Where it asks for the target to be started again before the request.
    pub restart: Option<Place>,
    /// The captures that it needs.
    pub needs: Vec<Need>,
    /// The row and the parameters in whose scope it stands.
    pub frame: Arc<Frame>,
    /// Whether its failure makes the rest inconclusive.
    pub setup: bool,
    /// Whether it ends the scenario, whatever has happened before.
    pub cleanup: bool,
    /// The features that the target has to offer.
    pub requires: Vec<String>,
    /// Words by which it can be picked.
    pub tags: Vec<String>,
    /// The stages at which it holds.
    pub stages: Stages,
    /// The pause before it.
    pub wait: Duration,
    /// For how long it is tried again, and how often.
    pub retry: Option<(Duration, Duration)>,
    /// Where it stands.
    pub place: Place,
    /// Its lines.
    pub lines: Place,
    /// What brought it about.
    pub spots: Arc<Spots>,
}

impl Step {
    /// What is kept for later steps, of all the requests of a race.
    pub fn all_captures(&self) -> impl Iterator<Item = &Capture> {
        let lanes = self.race.iter().flat_map(|race| &race.lanes).flat_map(|lane| &lane.captures);
        self.captures.iter().filter(|_| self.race.is_none()).chain(lanes)
    }

    /// Whether a line of a file is one of its own, or of what brought it about.
    #[must_use]
    pub fn stands_at(&self, file: &str, line: usize) -> bool {
        let at = |place: &Place| {
            let path = place.source().path();
            let named = path == file || path.ends_with(&format!("/{file}"));
            named && (place.line()..=place.last_line()).contains(&line)
        };
        let Spots { around, rows, .. } = &*self.spots;
        let is_own = |row: &Place| around.iter().any(|own| own.is(row));
        let mut rows = rows.iter().flat_map(|rows| rows.iter());
        (at(&self.lines) || around.iter().any(at)) && !rows.any(|row| at(row) && !is_own(row))
    }

    /// Whether any answer passes.
    #[must_use]
    pub fn demands_nothing(&self) -> bool {
        let lanes = self.race.as_ref().is_none_or(|race| {
            race.outcomes.is_empty()
                && race.distinct.is_none()
                && race.lanes.iter().all(|lane| lane.expectation.is_empty())
        });
        self.expectation.is_empty() && lanes && self.all_captures().next().is_none()
    }

    /// Whether nothing but a status is demanded.
    #[must_use]
    pub fn demands_a_status_only(&self) -> bool {
        self.race.is_none() && self.captures.is_empty() && self.expectation.is_status_only()
    }

    /// How much of the body is read: of one that nothing is expected of and nothing kept, what a report shows.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let looks = self.expectation.body.is_some() || self.expectation.within.is_some();
        let looks = looks || self.captures.iter().any(Capture::reads_the_body);
        if looks { Reading::Whole } else { Reading::Beginning }
    }

    /// Every request that it sends.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let lanes = self.race.iter().flat_map(|race| &race.lanes).map(|lane| &lane.request);
        Some(&self.request).into_iter().filter(|_| self.race.is_none()).chain(lanes)
    }
}

/// Returns the step that is written at a level.
///
/// # Errors
/// Everything that is wrong in it.
pub(super) fn compile(
    expansion: &Expansion<'_>,
    step: &Located<StepText>,
    level: &Level<'_>,
) -> Result<Step, Diagnostics> {
    let (text, source, suite) = (&step.value, level.source, expansion.names.suite);
    let mut wrong = Diagnostics::default();
    let missing = |key: &str| {
        Diagnostic::at(step.place(source).start(), format!("the key `{key}` is missing"))
            .label("in this step")
    };
    let id = wrong.keep(text.id.as_ref().ok_or_else(|| missing("id")));
    let title = wrong.keep(text.title.clone().ok_or_else(|| missing("title")));
    let (Some(id), Some(title)) = (id, title) else { return Err(wrong) };
    wrong.keep(check_id(&id.value, &id.place(source)));
    let covers: Vec<Arc<str>> =
        text.covers.iter().filter_map(|id| wrong.keep(covered(id, source, suite))).collect();
    let place = id.place(source);
    let reader = Reader { source, suite, folder: expansion.folder, level, place, jar: text.jar.as_ref() };
    let sent = match race::compile(text, &reader) {
        Ok(Some(race)) => Ok((race.first().clone(), Some(Box::new(race)))),
        Ok(None) => reader.sole(text).map(|sole| (sole, None)),
        Err(more) => Err(more),
    };
    let sent = wrong.take(sent);
    let restart = wrong.keep(restart(text.target.as_ref(), level)).flatten();
    let stages =
        wrong.keep(stages(text.since.as_ref(), text.until.as_ref(), source, suite)).unwrap_or_default();
    let wait = match &text.wait {
        Some(wait) => wrong.keep(duration(&wait.value, &wait.place(source))).unwrap_or_default(),
        None => Duration::ZERO,
    };
    let retry = match &text.retry {
        Some(retry) => {
            let limit = wrong.keep(duration(&retry.limit.value, &retry.limit.place(source)));
            let every = retry.every.as_ref().map(|every| duration(&every.value, &every.place(source)));
            let every = wrong.keep(every.transpose()).flatten().unwrap_or(Duration::from_millis(100));
            limit.map(|limit| (limit, every))
        }
        None => None,
    };
    let requires = wrong.keep(requires(&text.requires, &level.requires, source, suite)).unwrap_or_default();
    let Some((sole, race)) = sent else { return Err(wrong) };
    let lanes = race.as_ref().map_or(std::slice::from_ref(&sole), |race| race.lanes.as_slice());
    let overall = race.iter().flat_map(|race| race.texts());
    let needs = expansion.needs(lanes.iter().flat_map(Lane::texts).chain(overall), level, &mut wrong);
    wrong.into_result(Step {
        id: format!("{}{}{}", level.prefix, id.value, level.suffix),
        title,
        covers,
        request_place: sole.place,
        request: sole.request,
        expectation: sole.expectation,
        captures: sole.captures,
        race,
        restart,
        needs,
        frame: Arc::clone(&level.frame),
        setup: text.setup || level.setup,
        cleanup: level.cleanup,
        requires,
        tags: tags(&text.tags, &level.tags),
        stages: stages.within(level.stages),
        wait,
        retry,
        place: id.place(source),
        lines: step.place(source),
        spots: Arc::clone(&level.spots),
    })
}

/// Returns the id of a requirement that a step covers.
///
/// # Errors
/// One that the register does not have.
fn covered(id: &Located<String>, source: &Arc<Source>, suite: &Suite) -> Result<Arc<str>, Diagnostic> {
    let mut known = suite.requirements.iter().map(|requirement| &requirement.id);
    if let Some(known) = known.find(|known| ***known == *id.value) {
        return Ok(Arc::clone(known));
    }
    let known: Vec<&str> = suite.requirements.iter().map(|requirement| &*requirement.id).collect();
    check_known("requirement", id, source, &known).map(|()| id.value.as_str().into())
}

/// Says whether a name can be the id of a step.
///
/// # Errors
/// What is not in kebab case.
pub(super) fn check_id(id: &str, place: &Place) -> Result<(), Diagnostic> {
    let kebab =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if !id.is_empty() && id.chars().all(kebab) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{id}` is not the id of a step"))
        .help("an id is small letters, digits and `-`: wrong-password"))
}

/// Says whether a name that is kept at a level is free there.
///
/// # Errors
/// A name that means something else.
pub(super) fn check_capture_name(
    name: &Located<String>,
    level: &Level<'_>,
    suite: &Suite,
) -> Result<(), Diagnostic> {
    let place = name.place(level.source);
    capture::check_name(&name.value, &place)?;
    let taken = level.frame.find(&name.value).is_some()
        || [OUTPUT, TARGET].contains(&name.value.as_str())
        || suite.fixture(&name.value).is_some()
        || suite.variable(&name.value).is_some();
    if !taken {
        return Ok(());
    }
    Err(Diagnostic::at(place, format!("the name `{}` is taken", name.value))
        .help("fixtures, variables and captures share their names"))
}

/// The names under which a capture that is made at a level is kept.
pub(super) fn keys(name: &str, level: &Level<'_>) -> Vec<String> {
    let mut keys = vec![format!("{}{name}", level.prefix)];
    keys.extend(level.exports.get(name).into_iter().flatten().cloned());
    keys
}

/// The features that a step needs, with those of what is around it.
///
/// # Errors
/// A feature that the manifest does not name.
pub(super) fn requires(
    own: &[Located<String>],
    outer: &[String],
    source: &Arc<Source>,
    suite: &Suite,
) -> Result<Vec<String>, Diagnostic> {
    let known: Vec<&str> = suite.features.iter().map(String::as_str).collect();
    let mut all = outer.to_vec();
    for feature in own {
        check_known("feature", feature, source, &known)?;
        all.push(feature.value.clone());
    }
    Ok(all)
}

/// The tags of a step, with those of what is around it.
pub(super) fn tags(own: &[Located<String>], outer: &[String]) -> Vec<String> {
    outer.iter().cloned().chain(own.iter().map(|tag| tag.value.clone())).collect()
}

/// Returns where a step asks for the target to be started again.
fn restart(target: Option<&Located<String>>, level: &Level<'_>) -> Result<Option<Place>, Diagnostic> {
    let Some(target) = target else { return Ok(None) };
    let place = target.place(level.source);
    if target.value != "restart" {
        return Err(Diagnostic::at(place, format!("`target: {}` means nothing here", target.value)).help(
            "`target: restart` ends the target before the request and starts it again where it stood",
        ));
    }
    if !level.isolated {
        return Err(Diagnostic::at(place, "a step that starts the target again needs a target of its own")
            .help("add `isolated: true` to the scenario"));
    }
    Ok(Some(place))
}
