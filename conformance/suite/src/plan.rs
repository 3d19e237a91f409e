//! Selects what to run: which scenarios, in which profile, on which target, and which of their steps are reported.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{Glob, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::suite::{Level, Scenario, Step, StepDefinition, Suite};

/// Filters for what to run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Stage to judge. Default: the last stage.
    pub stage: Option<String>,
    /// If no stage is given, select the steps of all stages. Used by `list`, not by `run`.
    pub every_stage: bool,
    /// Id parts or patterns, tags, requirement ids, or `FILE:LINE`. Empty selects everything.
    pub filters: Vec<String>,
    /// Profiles. Empty selects all.
    pub profiles: Vec<String>,
    /// If set, restricts the selection to steps with these ids and to all steps of scenarios with these ids.
    pub only: Option<BTreeSet<String>>,
}

/// What will be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The suite.
    pub suite: Arc<Suite>,
    /// Index of the stage that is judged.
    pub stage: usize,
    /// One group for each target that is needed.
    pub groups: Vec<Group>,
    /// Which shard this is, if the run is sharded.
    pub shard: Option<Shard>,
    /// The filters that selected the steps; empty for all.
    pub filters: Vec<String>,
    /// The profiles that selected the steps; empty for all.
    pub profiles: Vec<String>,
}

/// Scenarios that share one target.
#[derive(Debug, Clone)]
pub struct Group {
    /// Profile of the target.
    pub profile: String,
    /// Whether a single scenario has the target for itself.
    pub isolated: bool,
    /// Fixtures that the target holds, in the order of the suite's manifest.
    pub fixtures: Vec<String>,
    /// The scenarios.
    pub scenarios: Vec<PlannedScenario>,
}

/// One scenario in one profile.
#[derive(Debug, Clone)]
pub struct PlannedScenario {
    /// Position in the report.
    pub order: usize,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The profile.
    pub profile: String,
    /// The steps to run, by index in the scenario, and whether each one was selected. Other steps run because a
    /// selected one comes after them.
    pub steps: Vec<(usize, bool)>,
}

/// Why there is no plan.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// A filter names something that does not exist.
    #[error("{0}")]
    Wrong(Diagnostic),
    /// No step is left to run.
    #[error("{0}")]
    Nothing(Diagnostic),
}

/// One shard of a run that is split across machines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Shard {
    /// Number of the shard, counted from 1.
    pub index: usize,
    /// Number of shards.
    pub of: usize,
    /// Number of scenarios in all shards.
    pub scenarios: usize,
    /// Positions of its scenarios in the whole plan, counted from 0, in the order of the report.
    pub positions: Vec<usize>,
    /// SHA-256 of the scenarios and steps of all shards; the same for the shards of one run.
    pub whole: String,
}

/// Requirements that a stage adds to the one before it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// The stage.
    pub stage: String,
    /// The requirements.
    pub requirements: Vec<Demand>,
}

/// A requirement of a later stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Demand {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Text of the requirement.
    pub text: String,
}

impl Plan {
    /// Selects what to run.
    ///
    /// # Errors
    /// An unknown stage or profile, a filter that matches nothing, or an empty selection.
    pub fn new(suite: Arc<Suite>, selection: &Selection) -> Result<Self, PlanError> {
        let stage = stage(&suite, selection).map_err(PlanError::Wrong)?;
        for name in &selection.profiles {
            if suite.profile(name).is_none() {
                let known = suite.profiles.iter().map(|profile| profile.name.as_str());
                let diagnostic =
                    Diagnostic::new(format!("the suite has no profile `{name}`")).suggest(name, known);
                return Err(PlanError::Wrong(diagnostic));
            }
        }
        let judged = (selection.stage.is_some() || !selection.every_stage).then_some(stage);
        let mut filters = Filters::new(&selection.filters, |text| is_id(&suite, text));
        let mut scenarios = Vec::new();
        for scenario in &suite.scenarios {
            filters.enter(scenario);
            for profile in &scenario.profiles {
                if !selection.profiles.is_empty() && !selection.profiles.contains(profile) {
                    continue;
                }
                let steps = select(scenario, profile, judged, &mut filters, selection.only.as_ref());
                if !steps.is_empty() {
                    let (scenario, profile) = (Arc::clone(scenario), profile.clone());
                    scenarios.push(PlannedScenario { order: scenarios.len(), scenario, profile, steps });
                }
            }
        }
        filters.unused()?;
        if scenarios.is_empty() {
            return Err(PlanError::Nothing(Diagnostic::new("no step is left to run").help(
                "the stage, the profile and the filters together leave none; `conformance list` shows all",
            )));
        }
        let groups = group(&suite, scenarios);
        let (filters, profiles) = (selection.filters.clone(), selection.profiles.clone());
        Ok(Self { suite, stage, groups, shard: None, filters, profiles })
    }

    /// Returns the next stage that requires more than the judged one, with its additional requirements. Filters and
    /// profiles have no influence, since a stage belongs to the whole suite.
    #[must_use]
    pub fn next(&self) -> Option<Next> {
        let now = self.demanded_at(self.stage);
        (self.stage + 1..self.suite.stages.len()).find_map(|stage| {
            let then = self.demanded_at(stage);
            let more: Vec<Demand> = (self.suite.requirements.iter())
                .filter(|one| then.contains(&*one.id) && !now.contains(&*one.id))
                .map(|one| Demand { id: one.id.to_string(), level: one.level, text: one.text.clone() })
                .collect();
            (!more.is_empty()).then(|| Next { stage: self.suite.stages[stage].clone(), requirements: more })
        })
    }

    /// Returns the stages up to the judged one, each with the requirements that it adds.
    #[must_use]
    pub fn introduced(&self) -> Vec<(&str, BTreeSet<&str>)> {
        let mut before = BTreeSet::new();
        let stages = self.suite.stages.iter().enumerate().take(self.stage + 1);
        let added = stages.map(|(stage, name)| {
            let own: BTreeSet<&str> = self.demanded_at(stage).difference(&before).copied().collect();
            before.extend(own.iter().copied());
            (name.as_str(), own)
        });
        added.collect()
    }

    fn demanded_at(&self, stage: usize) -> BTreeSet<&str> {
        let steps = self.suite.scenarios.iter().flat_map(|scenario| &scenario.steps);
        let held = steps.filter(|step| step.stages.hold_at(stage));
        let mut demanded = BTreeSet::new();
        demanded.extend(held.flat_map(|step| &step.covers).map(|id| &**id));
        demanded
    }

    /// Whether a requirement fails for a target that does not start in a profile. It does not if it is tested at an
    /// earlier stage than the first stage of the profile; then other profiles test it, and their verdict counts.
    #[must_use]
    pub fn belongs(&self, requirement: &str, profile: &str) -> bool {
        let scenarios = || self.suite.scenarios.iter();
        let of_profile = scenarios().filter(|scenario| scenario.profiles.iter().any(|own| own == profile));
        let begins = of_profile.flat_map(|scenario| &scenario.steps).map(|step| step.stages.since).min();
        let covering = scenarios()
            .flat_map(|scenario| &scenario.steps)
            .filter(|step| step.covers.iter().any(|covered| **covered == *requirement));
        covering.map(|step| step.stages.since).min() >= begins
    }

    /// The scenarios in report order.
    #[must_use]
    pub fn scenarios(&self) -> Vec<&PlannedScenario> {
        let mut scenarios: Vec<&PlannedScenario> =
            self.groups.iter().flat_map(|group| &group.scenarios).collect();
        scenarios.sort_by_key(|planned| planned.order);
        scenarios
    }

    /// Whether a step has random values.
    #[must_use]
    pub fn is_random(&self) -> bool {
        let scenarios = self.groups.iter().flat_map(|group| &group.scenarios);
        let indices = |one: &PlannedScenario| one.steps.iter().map(|(index, _)| *index).collect::<Vec<_>>();
        scenarios
            .flat_map(|one| indices(one).into_iter().filter_map(|index| one.scenario.definitions.get(index)))
            .any(StepDefinition::is_random)
    }
}

impl PlannedScenario {
    /// Id of the scenario in this profile. Contains the profile if the scenario runs in several.
    #[must_use]
    pub fn id(&self) -> String {
        let row = self.scenario.row.as_ref().map(|row| format!("[{row}]")).unwrap_or_default();
        format!("{}{row}", scenario_id(&self.scenario, &self.profile))
    }

    /// Id of a step, the same in all reports.
    #[must_use]
    pub fn step_id(&self, step: &Step) -> String {
        [&*scenario_id(&self.scenario, &self.profile), "::", &step.id].concat()
    }
}

fn scenario_id<'s>(scenario: &'s Scenario, profile: &str) -> Cow<'s, str> {
    match scenario.profiles.len() {
        1 => Cow::Borrowed(&scenario.id),
        _ => format!("{}@{profile}", scenario.id).into(),
    }
}

fn stage(suite: &Suite, selection: &Selection) -> Result<usize, Diagnostic> {
    let Some(name) = &selection.stage else { return Ok(suite.stages.len().saturating_sub(1)) };
    suite.stage(name).ok_or_else(|| {
        let known = suite.stages.iter().map(String::as_str);
        Diagnostic::new(format!("the suite has no stage `{name}`")).suggest(name, known)
    })
}

/// Returns the steps to run and whether each one was selected: the selected steps, all steps before the last of them,
/// and the cleanup steps.
fn select(
    scenario: &Scenario,
    profile: &str,
    stage: Option<usize>,
    filters: &mut Filters<'_>,
    only: Option<&BTreeSet<String>>,
) -> Vec<(usize, bool)> {
    let id = scenario_id(scenario, profile);
    let steps: Vec<(usize, bool)> = (scenario.steps.iter().enumerate())
        .filter(|(_, step)| stage.is_none_or(|stage| step.stages.hold_at(stage)))
        .map(|(index, step)| {
            let step_id = format!("{id}::{}", step.id);
            let among = only.is_none_or(|only| only.contains(&step_id) || only.contains(&scenario.id));
            (index, filters.take(&step_id, step) && among)
        })
        .collect();
    let Some(last) = steps.iter().rposition(|(_, asked)| *asked) else { return Vec::new() };
    let cleanup = |index: usize| scenario.steps[index].cleanup;
    (steps.into_iter().enumerate())
        .filter(|(at, (index, _))| *at <= last || cleanup(*index))
        .map(|(_, step)| step)
        .collect()
}

/// Groups the scenarios of a profile on one target, and gives each isolated scenario its own.
#[must_use]
pub fn group(suite: &Suite, scenarios: Vec<PlannedScenario>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for planned in scenarios {
        let isolated = planned.scenario.isolated;
        let fixtures = planned.scenario.fixtures.clone();
        let shared =
            groups.iter_mut().find(|group| !isolated && !group.isolated && group.profile == planned.profile);
        match shared {
            Some(group) => {
                group.fixtures.extend(fixtures);
                group.scenarios.push(planned);
            }
            None => {
                groups.push(Group {
                    profile: planned.profile.clone(),
                    isolated,
                    fixtures,
                    scenarios: vec![planned],
                });
            }
        }
    }
    for group in &mut groups {
        let wanted: BTreeSet<String> = group.fixtures.drain(..).collect();
        let ordered =
            suite.fixtures.iter().map(|fixture| &fixture.name).filter(|name| wanted.contains(*name));
        group.fixtures = ordered.cloned().collect();
    }
    groups
}

/// Returns the ids of the steps that the filters match, without steps that run only as prerequisites or as cleanup.
#[must_use]
pub fn named(plan: &Plan, filters: &[String]) -> BTreeSet<String> {
    let mut filters = Filters::new(filters, |text| is_id(&plan.suite, text));
    let mut named = BTreeSet::new();
    for planned in plan.scenarios() {
        filters.enter(&planned.scenario);
        for (index, asked) in &planned.steps {
            let step = &planned.scenario.steps[*index];
            let id = planned.step_id(step);
            if filters.take(&id, step) && *asked {
                named.insert(id);
            }
        }
    }
    named
}

/// Parses `FILE:LINE` and `FILE:LINE:COLUMN`, as printed in messages. The column is ignored.
fn line_of(pattern: &str) -> Option<(&str, usize)> {
    let (before, last) = pattern.rsplit_once(':')?;
    let last = last.parse().ok()?;
    let (file, line) = match before.rsplit_once(':') {
        Some((file, line)) => line.parse().map_or((before, last), |line| (file, line)),
        None => (before, last),
    };
    Some((file.trim_start_matches("./"), line))
}

/// The parsed `--filter` options.
struct Filters<'a> {
    filters: Vec<Filter<'a>>,
}

struct Filter<'a> {
    written: &'a str,
    /// Whether it is the id of a step, and so not a part of other ids.
    is_id: bool,
    /// A file and a line.
    line: Option<(&'a str, usize)>,
    /// A glob for ids; none if the filter is a part of an id. If it is not a valid glob, it may still be a part of an
    /// id.
    glob: Option<Result<GlobMatcher, Diagnostic>>,
    /// Whether the line is in the current scenario but in none of its steps, as in the head of its file.
    heads: bool,
    used: bool,
}

impl<'a> Filters<'a> {
    /// Parses filters. `is_id` says whether a text is the id of a step.
    fn new(written: &'a [String], is_id: impl Fn(&str) -> bool) -> Self {
        let filters = written.iter().map(|written| {
            let is_id = is_id(written);
            let is_pattern = written.contains(['*', '?', '[', '{']) && !is_id;
            let glob = is_pattern.then(|| {
                let glob = Glob::new(written).map(|glob| glob.compile_matcher());
                glob.map_err(|error| {
                    Diagnostic::new(format!("the filter `{written}` cannot be read: {}", error.kind()))
                })
            });
            Filter { written, is_id, line: line_of(written), glob, heads: false, used: false }
        });
        Self { filters: filters.collect() }
    }

    /// Starts a scenario. Call it before [`Filters::take`] for its steps.
    fn enter(&mut self, scenario: &Scenario) {
        for filter in &mut self.filters {
            let Some((file, line)) = filter.line else { continue };
            let belongs = |step: &Step| step.contains_line(file, line) || step.has_row_at(file, line);
            filter.heads = !scenario.steps.iter().any(belongs);
        }
    }

    /// Whether a step was selected.
    fn take(&mut self, id: &str, step: &Step) -> bool {
        let mut asked = self.filters.is_empty();
        for filter in &mut self.filters {
            let matches = filter.contains_line(step) || filter.names(id, step);
            filter.used |= matches;
            asked |= matches;
        }
        asked
    }

    /// Returns an error if a filter matched no step.
    fn unused(&self) -> Result<(), PlanError> {
        let Some(Filter { written, glob, .. }) = self.filters.iter().find(|filter| !filter.used) else {
            return Ok(());
        };
        if let Some(Err(wrong)) = glob {
            return Err(PlanError::Wrong(wrong.clone()));
        }
        let help = "a filter is part of a step's id, a pattern with `*` of the whole id, a tag, the id of a requirement, or FILE:LINE; \
                    `conformance list` shows the steps of all stages and profiles";
        let message = format!("the filter `{written}` matches no step");
        Err(PlanError::Nothing(Diagnostic::new(message).help(help)))
    }
}

impl Filter<'_> {
    fn contains_line(&self, step: &Step) -> bool {
        let Some((file, line)) = self.line else { return false };
        if !self.heads {
            return step.contains_line(file, line);
        }
        step.file(file).is_some_and(|file| (1..=file.text().lines().count()).contains(&line))
    }

    fn names(&self, id: &str, step: &Step) -> bool {
        let matches = |glob: &Result<GlobMatcher, _>| glob.as_ref().is_ok_and(|glob| glob.is_match(id));
        self.glob.as_ref().is_some_and(matches)
            || if self.is_id { id == self.written } else { id.contains(self.written) }
            || step.covers.iter().any(|covered| **covered == *self.written)
            || step.tags.iter().any(|tag| tag == self.written)
    }
}

/// Whether a text is the id of a step of a suite, in any profile.
fn is_id(suite: &Suite, text: &str) -> bool {
    suite.scenarios.iter().any(|scenario| {
        scenario.profiles.iter().any(|profile| {
            let step = text.strip_prefix(&*scenario_id(scenario, profile));
            let step = step.and_then(|rest| rest.strip_prefix("::"));
            step.is_some_and(|id| scenario.steps.iter().any(|step| *step.id == *id))
        })
    })
}
