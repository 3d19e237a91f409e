//! Runs a plan against a target.
//!
//! In go a [`Plan`] and a [`Target`], out go [`Event`]s in the order of the plan, whatever was finished first. A target
//! that cannot be used makes its steps inconclusive and nothing else; one that ends in the middle is started again for the next scenario.

mod breaker;
mod caught;
mod interrupt;
mod load;
mod order;
mod path;
mod pool;
mod race;
mod scene;
mod session;
mod stage;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use crate::bless::Answers;
use crate::deviation::Deviations;
use crate::event::{Event, Footer, Header, Record, Stale};
use crate::exit::Exit;
use crate::http::Transport;
use crate::plan::Plan;
use crate::redact::Redactor;
use crate::target::Target;
use crate::verdict::Verdict;
use scene::Played;
pub(crate) use tally::Tally;
use tally::register;

pub use caught::silence_caught_panics;
pub use interrupt::Interrupt;
pub use load::under_load;
pub use session::Session;

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many scenarios send requests at once. Scenarios that share a process do so only if the suite allows it.
    pub jobs: usize,
    /// How the target is reached.
    pub transport: Transport,
    /// What is kept out of the events.
    pub redactor: Redactor,
    /// The failures that are known.
    pub deviations: Deviations,
    /// Whether a report shows what went over the wire where a step holds. Otherwise of that the first line and the status are told.
    pub shows_passes: bool,
    /// How it is ended early.
    pub interrupt: Interrupt,
    /// What keeps the answers, where they are to be blessed.
    pub answers: Option<Answers>,
}

/// The version of the event stream.
pub const EVENTS_VERSION: u32 = 1;

/// So many targets more than are sending: they come up ahead of need. One that comes up keeps a processor busy for a part of the time.
const AHEAD_OF_A_CORE: usize = 2;
const AHEAD: usize = 4;

/// So many scenarios that were played may wait to be told.
const MOST_PENDING: usize = 16;

/// A scenario that has been played, its group, and its place in it.
struct Told {
    group: usize,
    index: usize,
    played: Played,
}

/// Runs a plan and tells `tell` what happens; returns what it came to, which was the last event told. A run that is ended early
/// tells the steps that were played, and that it was interrupted.
pub async fn run(plan: Plan, target: Target, options: Options, mut tell: impl FnMut(&Event)) -> Footer {
    let interrupt = options.interrupt.clone();
    let began = Instant::now();
    let mut tally = Tally::new(register(&plan.suite));
    let mut deviations = options.deviations.clone();
    tell(&Event::Header(header(&plan, &target)));
    let groups = plan.groups.len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let living = options.jobs + (AHEAD_OF_A_CORE * cores).max(AHEAD);
    let session = Arc::new(Session::new(plan, &target, options));
    // Whoever plays does not run ahead of what is told: what was played and not told is memory.
    let (results, mut arrived) = mpsc::channel::<Told>(MOST_PENDING);
    let mut tasks = JoinSet::new();
    tasks.spawn(run_groups(Arc::clone(&session), living, results));
    // Records are made here and not by the tasks that play: the wire does not wait for them.
    let mut waiting: BTreeMap<usize, Told> = BTreeMap::new();
    let mut next = 0;
    loop {
        let arrival = arrived.recv().await;
        let last = arrival.is_none();
        waiting
            .extend(arrival.map(|told| (session.plan().groups[told.group].trials[told.index].order, told)));
        // Of a run that was interrupted some scenarios never arrive: those behind them are told all the same.
        while let Some(first) = waiting.first_entry()
            && (last || *first.key() == next)
        {
            let came_up = session.came_up();
            if !came_up && !last && first.get().played.unstarted {
                // Whether another profile starts is not known yet.
                break;
            }
            next = first.key() + 1;
            let Told { group, index, played } = first.remove();
            for mut record in session.records(group, index, played) {
                settle(&mut record, came_up);
                if came_up || !record.unstarted {
                    record.deviation = deviations.look_up(&record);
                }
                tally.count(&record);
                tell(&Event::Step(Arc::new(record)));
            }
        }
        if last {
            break;
        }
    }
    finish(&mut tasks).await;
    let footer = match interrupt.exit() {
        // What was not reached may be as it was known to be.
        Some(exit) => Footer { interrupted: true, exit, ..tally.close(Vec::new()) },
        None => Footer { next: session.plan().next(), ..tally.close(stale(&deviations, session.plan())) },
    };
    let critical_path = session.critical_path();
    let notes = session.notes();
    let mut footer = Footer { critical_path, notes, milliseconds: milliseconds(began.elapsed()), ..footer };
    if groups == 0 && !footer.interrupted {
        // A shard may be empty: the whole is not.
        footer.exit = Exit::Conforms.code();
    }
    tell(&Event::Footer(footer.clone()));
    footer
}

/// The deviations that are no longer true. Of a shard only those of steps are: other shards may know of a requirement what this
/// one does not.
fn stale(deviations: &Deviations, plan: &Plan) -> Vec<Stale> {
    deviations.stale(plan.shard.is_none())
}

/// Decides the verdict of a step whose target did not start in the profile of the step.
///
/// If the target starts in no profile, it cannot be judged: the step stays inconclusive. If it starts in another one, the step
/// fails, but for steps that cover no requirement of this profile and those that have a precondition, which are skipped.
pub(crate) fn settle(record: &mut Record, came_up: bool) {
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
    }
}

/// A time as the events tell it: to the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Starts the targets of all groups, so many at once, and plays their scenarios.
async fn run_groups(session: Arc<Session>, living: usize, results: mpsc::Sender<Told>) {
    let living = Arc::new(Semaphore::new(living));
    let mut groups = JoinSet::new();
    for group in order::groups(session.plan()) {
        // The semaphore is never closed.
        let lives = Arc::clone(&living).acquire_owned().await.ok();
        let (session, results) = (Arc::clone(&session), results.clone());
        groups.spawn(async move {
            run_group(session, group, results).await;
            drop(lives);
        });
    }
    finish(&mut groups).await;
}

async fn run_group(session: Arc<Session>, group: usize, results: mpsc::Sender<Told>) {
    if session.options.interrupt.is_requested() {
        return;
    }
    tokio::select! {
        () = session.warm_up(group) => {}
        () = session.options.interrupt.requested() => return,
    }
    let mut scenes = JoinSet::new();
    for index in order::trials(&session.plan().groups[group]) {
        let (session, results) = (Arc::clone(&session), results.clone());
        // Waits for room: what was played is told before more is played.
        drop(results.reserve().await);
        // Taken here and not in the task: scenarios begin in their order, whichever task is run first.
        let lease = session.lease(group).await;
        scenes.spawn(async move {
            let played = session.perform(group, index, lease).await;
            // The receiver is gone only when the run was given up.
            results.send(Told { group, index, played }).await.ok();
        });
        while let Some(ended) = scenes.try_join_next() {
            check(ended);
        }
    }
    finish(&mut scenes).await;
    session.stop(group).await;
}

/// Waits for every task. One that panicked has told nothing: its panic is ours.
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
