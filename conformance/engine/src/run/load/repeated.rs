//! A repeatable scenario in a load test: whether it can be repeated, whether it may run concurrently with itself, and
//! its statistics.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use super::step_stats::StepStats;
use crate::event::{Pace, Record};
use crate::verdict::Verdict;
use conformance_suite::plan::{Plan, PlannedScenario};
use conformance_suite::suite::{Step, StepDefinition, StepRequests};

/// A scenario that is repeated, with its statistics.
pub(super) struct Repeated {
    pub(super) group: usize,
    pub(super) index: usize,
    /// Locked during each repetition, if the scenario changes data that another repetition of it could see.
    exclusive: Option<AsyncMutex<()>>,
    repetitions: AtomicU64,
    resent: AtomicUsize,
    steps: Vec<Mutex<StepStats>>,
}

/// Permit to start a scenario. Holds a lock if the scenario must not run concurrently with itself.
pub(super) type Permit<'a> = Option<MutexGuard<'a, ()>>;

/// Returns why a scenario cannot be repeated, judging by its definition.
pub(super) fn skip_reason(planned: &PlannedScenario) -> Option<&'static str> {
    let mut steps = planned.steps.iter().map(|(index, _)| &planned.scenario.steps[*index]);
    if planned.scenario.isolated {
        return Some("isolated scenario: it needs its own server");
    }
    let mut definitions = planned.steps.iter().map(|(index, _)| &planned.scenario.definitions[*index]);
    if let Some(reason) = definitions.find_map(|definition| match &definition.sent {
        StepRequests::Execution(_) => Some("it runs a program"),
        StepRequests::Await(_) => Some("it reads a stream"),
        StepRequests::One(_) | StepRequests::Race(_) => definition.is_stream().then_some("it reads a stream"),
    }) {
        return Some(reason);
    }
    steps.find_map(|step| match step {
        Step { restart: Some(_), .. } => Some("it restarts its target"),
        Step { retry: Some(_), .. } => Some("it retries a step"),
        Step { timely: Some(_), .. } => Some("its steps must be timely"),
        step if !step.wait.is_zero() => Some("it waits"),
        _ => None,
    })
}

/// Returns why a scenario cannot be repeated, judging by two consecutive runs.
pub(super) fn differs(first: &[Record], second: &[Record]) -> Option<String> {
    if first.iter().all(|record| record.tries == 0) {
        let reason = first.iter().find_map(|record| record.reason.clone());
        return Some(reason.unwrap_or_else(|| "it sent nothing".to_owned()));
    }
    let changed = first.iter().zip(second).find(|(one, other)| one.verdict != other.verdict);
    changed.map(|(one, other)| {
        let step = one.id.rsplit("::").next().unwrap_or(&one.id);
        format!("its step `{step}` is {} in the second run and {} in the first", other.verdict, one.verdict)
    })
}

/// Whether a step changes data that its scenario did not create. Safe methods (RFC 9110, section 9.2.1) change
/// nothing, and POST only adds.
fn changes_shared_data(definition: &StepDefinition) -> bool {
    let Some(request) = definition.first().map(|branch| &branch.request) else { return true };
    let of_its_own = definition.all_needs().next().is_some()
        || request.jar.as_ref().is_some_and(|jar| jar.reads.is_some());
    definition.race().is_some() || (!request.is_safe() && request.method.written() != "POST" && !of_its_own)
}

impl Repeated {
    /// Creates the entry of a scenario from the records of its first run.
    pub(super) fn new(group: usize, index: usize, plan: &Plan, first: &[Record]) -> Self {
        let planned = &plan.groups[group].scenarios[index];
        let definitions = &planned.scenario.definitions;
        Self {
            group,
            index,
            exclusive: planned
                .steps
                .iter()
                .any(|(index, _)| changes_shared_data(&definitions[*index]))
                .then(AsyncMutex::default),
            repetitions: AtomicU64::new(0),
            resent: AtomicUsize::new(0),
            steps: first
                .iter()
                .map(|record| Mutex::new(StepStats::new(&record.id, record.verdict)))
                .collect(),
        }
    }

    /// Returns a permit to start the scenario. None if it is running and must not run concurrently with itself.
    pub(super) fn try_start(&self) -> Option<Permit<'_>> {
        match &self.exclusive {
            None => Some(None),
            Some(exclusive) => exclusive.try_lock().ok().map(Some),
        }
    }

    /// Counts a repetition and returns the records whose verdict changed.
    pub(super) fn count(&self, records: Vec<Record>) -> Vec<Record> {
        self.repetitions.fetch_add(1, Ordering::Relaxed);
        let resent = records
            .iter()
            .filter(|record| record.exchange.as_ref().is_some_and(|exchange| exchange.resent))
            .count();
        self.resent.fetch_add(resent, Ordering::Relaxed);
        let mut lost = Vec::new();
        for (record, clock) in records.into_iter().zip(&self.steps) {
            let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = record.verdict == clock.verdict();
            if record.tries > 0 || !kept {
                clock.count(kept, record.milliseconds);
            }
            if !kept && record.verdict > Verdict::Pass {
                lost.push(record);
            }
        }
        lost
    }

    /// Number of repetitions.
    pub(super) fn repetitions(&self) -> u64 {
        self.repetitions.load(Ordering::Relaxed)
    }

    /// Number of steps whose request was sent again.
    pub(super) fn resent(&self) -> usize {
        self.resent.load(Ordering::Relaxed)
    }

    /// Statistics of each step.
    pub(super) fn stats(&self) -> impl Iterator<Item = Pace> {
        self.steps.iter().map(|clock| clock.lock().unwrap_or_else(PoisonError::into_inner).pace())
    }
}
