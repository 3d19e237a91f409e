//! A scenario that is repeated: what keeps one from it, whether it may be played twice at once, and how its steps did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as Door, MutexGuard};

use super::pace::Clock;
use crate::event::{Pace, Record};
use crate::plan::{Plan, Trial};
use crate::suite::{Step, StepDefinition};
use crate::verdict::Verdict;

/// A scenario that is repeated.
pub(super) struct Act {
    pub(super) group: usize,
    pub(super) index: usize,
    /// Shut while a scenario is played that alters what others of its kind see.
    door: Option<Door<()>>,
    repetitions: AtomicU64,
    steps: Vec<Mutex<Clock>>,
}

/// The leave to play a scenario.
pub(super) type Entry<'a> = Option<MutexGuard<'a, ()>>;

/// Says why a scenario is not played again and again, where that is so on paper.
pub(super) fn skip_reason(trial: &Trial) -> Option<&'static str> {
    let mut steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
    if trial.scenario.isolated {
        return Some("it is isolated: it needs a target of its own");
    }
    steps.find_map(|step| match step {
        Step { restart: Some(_), .. } => Some("it starts its target again"),
        Step { retry: Some(_), .. } => Some("it tries a step again until a time is over"),
        step if !step.wait.is_zero() => Some("it waits"),
        _ => None,
    })
}

/// Says what keeps a scenario from being repeated that was played twice, one after the other.
pub(super) fn differs(first: &[Record], second: &[Record]) -> Option<String> {
    if first.iter().all(|record| record.tries == 0) {
        let reason = first.iter().find_map(|record| record.reason.clone());
        return Some(reason.unwrap_or_else(|| "it sent nothing".to_owned()));
    }
    let changed = first.iter().zip(second).find(|(one, other)| one.verdict != other.verdict);
    changed.map(|(one, other)| {
        let step = one.id.rsplit("::").next().unwrap_or(&one.id);
        format!("played a second time, its step `{step}` is {} and no longer {}", other.verdict, one.verdict)
    })
}

/// Whether a step alters what it has not made itself: RFC 9110, section 9.2.1, names the methods that alter nothing, and POST adds.
fn alters(definition: &StepDefinition) -> bool {
    let request = &definition.first().request;
    let method = &*request.method;
    let of_its_own = definition.all_needs().next().is_some()
        || request.jar.as_ref().is_some_and(|jar| jar.reads.is_some());
    definition.race().is_some()
        || (!matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "POST") && !of_its_own)
}

impl Act {
    /// Returns a scenario that was played once, with these records, and will be repeated.
    pub(super) fn new(group: usize, index: usize, plan: &Plan, first: &[Record]) -> Self {
        let trial = &plan.groups[group].trials[index];
        let definitions = plan.suite.definitions(&trial.scenario);
        Self {
            group,
            index,
            door: trial.steps.iter().any(|(index, _)| alters(&definitions[*index])).then(Door::default),
            repetitions: AtomicU64::new(0),
            steps: first.iter().map(|record| Mutex::new(Clock::new(&record.id, record.verdict))).collect(),
        }
    }

    /// Returns the leave to play it, unless it is being played and may not be played twice at once.
    pub(super) fn enter(&self) -> Option<Entry<'_>> {
        match &self.door {
            None => Some(None),
            Some(door) => door.try_lock().ok().map(Some),
        }
    }

    /// Counts a repetition; returns the records that did not keep their verdict.
    pub(super) fn count(&self, records: Vec<Record>) -> Vec<Record> {
        self.repetitions.fetch_add(1, Ordering::Relaxed);
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

    /// How often it was played.
    pub(super) fn repetitions(&self) -> u64 {
        self.repetitions.load(Ordering::Relaxed)
    }

    /// How its steps did.
    pub(super) fn paces(&self) -> impl Iterator<Item = Pace> {
        self.steps.iter().map(|clock| clock.lock().unwrap_or_else(PoisonError::into_inner).pace())
    }
}
