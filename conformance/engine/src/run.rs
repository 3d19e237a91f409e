//! Runs a plan against a target.
//!
//! Events are emitted in plan order, whichever scenario finishes first. If a target cannot be used, its steps are
//! inconclusive and the other steps run. If a target exits during the run, it is started again for the next scenario.

mod breaker;
mod caught;
mod collector;
mod interrupt;
mod load;
mod order;
mod pool;
mod race;
mod scenario_runner;
mod session;
mod tally;
mod target_slot;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use crate::deviation::Deviations;
use crate::event::{Event, Footer, Header, Record, Stale};
use crate::exit::Exit;
use crate::http::Transport;
use crate::redact::Redactor;
use crate::target::Target;
use crate::verdict::Verdict;
use conformance_suite::plan::Plan;
use scenario_runner::Played;
pub use tally::Tally;
use tally::register;

pub use caught::silence_caught_panics;
pub use collector::{Answer, Answers};
pub use interrupt::Interrupt;
pub use load::under_load;
pub use session::Session;

/// Settings of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Maximum number of scenarios that send requests at the same time. Scenarios share a process only if the suite
    /// allows it.
    pub jobs: usize,
    /// Network settings for connections to the target.
    pub transport: Transport,
    /// Removes secrets from the events.
    pub redactor: Redactor,
    /// Known failures.
    pub deviations: Deviations,
    /// Whether events contain the exchanges of passing steps in full. Otherwise they contain only the request line and
    /// the status.
    pub shows_passes: bool,
    /// Stops the run early.
    pub interrupt: Interrupt,
    /// Collects the responses that `--bless` writes to the suite. None without `--bless`.
    pub answers: Option<Answers>,
    /// When the run ends, whether or not all steps ran.
    pub deadline: Option<Deadline>,
}

/// Time after which no step starts; the remaining steps are inconclusive.
#[derive(Debug, Clone)]
pub struct Deadline {
    /// The time.
    pub at: Instant,
    /// Why the remaining steps did not run.
    pub reason: String,
}

impl Deadline {
    /// Returns the reason if the time has come.
    #[must_use]
    pub fn passed(&self) -> Option<String> {
        (Instant::now() >= self.at).then(|| self.reason.clone())
    }
}

/// Version of the event stream format.
pub const EVENTS_VERSION: u32 = 1;

/// How many more targets than sending scenarios may run, so that starts overlap with requests. A starting target keeps
/// a core busy only part of the time.
const AHEAD_PER_CORE: usize = 2;
const AHEAD: usize = 4;

/// Maximum number of finished scenarios whose results wait to be emitted.
const MAX_PENDING: usize = 16;

/// A finished scenario: its results, its group and its index in the group.
struct Completed {
    group: usize,
    index: usize,
    played: Played,
}

/// Runs a plan, passes every event to `emit` in plan order, and returns the footer, which is also the last event.
///
/// An interrupted run emits the steps that were finished, and a footer that says that it was interrupted.
pub async fn run(plan: Plan, target: Target, options: Options, mut emit: impl FnMut(&Event)) -> Footer {
    let interrupt = options.interrupt.clone();
    let began = Instant::now();
    let mut tally = Tally::new(register(&plan.suite));
    let mut deviations = options.deviations.clone();
    emit(&Event::Header(header(&plan, &target)));
    let groups = plan.groups.len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let max_targets = options.jobs + (AHEAD_PER_CORE * cores).max(AHEAD);
    let session = Arc::new(Session::new(plan, &target, options));
    // The bounded channel limits memory: scenarios wait until earlier results have been emitted.
    let (results, mut arrived) = mpsc::channel::<Completed>(MAX_PENDING);
    let mut tasks = JoinSet::new();
    tasks.spawn(run_groups(Arc::clone(&session), max_targets, results));
    // Records are built here and not in the scenario tasks, so that building them does not delay requests.
    let mut waiting: BTreeMap<usize, Completed> = BTreeMap::new();
    let mut next = 0;
    loop {
        let arrival = arrived.recv().await;
        let last = arrival.is_none();
        waiting.extend(arrival.map(|completed| {
            (session.plan().groups[completed.group].trials[completed.index].order, completed)
        }));
        // Some scenarios of an interrupted run never arrive. Emit the later ones anyway.
        while let Some(first) = waiting.first_entry()
            && (last || *first.key() == next)
        {
            let came_up = session.came_up();
            if !came_up && !last && first.get().played.unstarted {
                // The verdict depends on whether the target starts in another profile.
                break;
            }
            next = first.key() + 1;
            let Completed { group, index, played } = first.remove();
            for mut record in session.records(group, index, played) {
                settle(&mut record, came_up);
                if came_up || !record.unstarted {
                    record.deviation = deviations.look_up(&record);
                }
                tally.count(&record);
                emit(&Event::Step(Arc::new(record)));
            }
        }
        if last {
            break;
        }
    }
    finish(&mut tasks).await;
    let footer = match interrupt.exit() {
        // Deviations of steps that did not run may still be true.
        Some(code) => Footer { interrupted: true, exit: code, ..tally.close(Vec::new()) },
        None => Footer { next: session.plan().next(), ..tally.close(stale(&deviations, session.plan())) },
    };
    let notes = session.notes();
    let mut footer = Footer { notes, milliseconds: milliseconds(began.elapsed()), ..footer };
    if groups == 0 && !footer.interrupted {
        // An empty shard conforms, although an empty run would not.
        footer.exit = Exit::Conforms.code();
    }
    emit(&Event::Footer(footer.clone()));
    footer
}

/// Returns the deviations that are no longer true. In a shard, deviations of whole requirements are not checked,
/// because other shards may contain steps of the requirement.
fn stale(deviations: &Deviations, plan: &Plan) -> Vec<Stale> {
    deviations.stale(plan.shard.is_none())
}

/// Decides the verdict of a step whose target did not start in the profile of the step.
///
/// If the target starts in no profile, the step stays inconclusive. If it starts in another profile, the step fails.
/// Steps that cover no requirement of this profile and steps that depend on a precondition are skipped.
pub fn settle(record: &mut Record, came_up: bool) {
    if record.unstarted && came_up {
        let blamed = !record.covers.is_empty() && record.waits_for.is_none();
        record.verdict = if blamed { Verdict::Fail } else { Verdict::Skipped };
    }
}

fn header(plan: &Plan, target: &Target) -> Header {
    let steps = plan.trials().iter().flat_map(|trial| &trial.steps).filter(|(_, asked)| *asked).count();
    Header {
        version: EVENTS_VERSION,
        conformance: env!("CARGO_PKG_VERSION").to_owned(),
        started: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        suite: plan.suite.title.clone(),
        target: target.title().to_owned(),
        stage: plan.suite.stages.get(plan.stage).cloned(),
        steps,
        shard: plan.shard.clone(),
        isolation: target.programs().find_map(|program| Some(program.isolation.as_ref()?.mechanism())),
    }
}

/// Converts a duration to milliseconds with microsecond precision, as events contain it.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Starts the targets of all groups, at most `max_targets` at the same time, and runs their scenarios.
async fn run_groups(session: Arc<Session>, max_targets: usize, results: mpsc::Sender<Completed>) {
    let max_targets = Arc::new(Semaphore::new(max_targets));
    let mut groups = JoinSet::new();
    for group in order::groups(session.plan()) {
        // This semaphore is never closed.
        let permit = Arc::clone(&max_targets).acquire_owned().await.ok();
        let (session, results) = (Arc::clone(&session), results.clone());
        groups.spawn(async move {
            run_group(session, group, results).await;
            drop(permit);
        });
    }
    finish(&mut groups).await;
}

async fn run_group(session: Arc<Session>, group: usize, results: mpsc::Sender<Completed>) {
    if session.options.interrupt.is_requested() {
        return;
    }
    tokio::select! {
        () = session.warm_up(group) => {}
        () = session.options.interrupt.requested() => return,
    }
    let mut scenarios = JoinSet::new();
    for index in order::trials(&session.plan().groups[group]) {
        let (session, results) = (Arc::clone(&session), results.clone());
        // Wait for a free place in the channel before the next scenario starts.
        drop(results.reserve().await);
        // Acquired here and not in the task, so that scenarios start in order, whichever task is scheduled first.
        let lease = session.lease(group).await;
        scenarios.spawn(async move {
            let played = session.perform(group, index, lease).await;
            // The receiver is dropped only when the run is aborted.
            results.send(Completed { group, index, played }).await.ok();
        });
        while let Some(ended) = scenarios.try_join_next() {
            check(ended);
        }
    }
    finish(&mut scenarios).await;
    session.stop(group).await;
}

/// Waits for all tasks. If a task panicked, the panic is resumed here.
async fn finish(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        check(ended);
    }
}

fn check(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

#[cfg(test)]
mod tests;
