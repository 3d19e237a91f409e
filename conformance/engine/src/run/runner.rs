//! Schedules the scenarios of a plan, and returns the events of the run in plan order, whichever scenario finishes first.
//!
//! If a target cannot be used, its steps are inconclusive and the other steps run. If a target exits during the run, it is started
//! again for the next scenario.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::activity::Activity;
use super::caught::{join, resume};
use super::context::{Context, Described, Options};
use super::operations::{Operations, cover, covered};
use super::order;
use super::reach::Absent;
use super::scenario_runner::{ScenarioResult, ScenarioRunner};
use super::tally::{Tally, register, settle};
use super::target_pool::TargetPool;
use crate::deviation::Deviations;
use crate::event::{Event, Footer, Header, Record, milliseconds};
use crate::exit::Exit;
use crate::target::Target;
use conformance_openapi::coverage::Collector;
use conformance_suite::plan::Plan;

/// A run of a plan against a target. Get its events with [`Runner::next`].
pub struct Runner {
    context: Arc<Context>,
    targets: Arc<TargetPool>,
    scenarios: ScenarioRunner,
    tasks: JoinSet<()>,
    finished: mpsc::Receiver<Finished>,
    /// Finished scenarios, by position in the plan, that wait for earlier ones.
    waiting: BTreeMap<usize, Finished>,
    /// Position of the next scenario in the plan.
    next: usize,
    /// Whether no more scenarios will finish.
    all_finished: bool,
    /// Events that are not yet returned.
    events: VecDeque<Event>,
    tally: Tally,
    deviations: Deviations,
    operations: Operations,
    /// Which parts of the description the steps used. None if there is no description, or if no report shows it.
    coverage: Option<Collector>,
    activity: Activity,
    absent: Absent,
    began: Instant,
}

/// A finished scenario: its results, its group and its index in the group.
struct Finished {
    group: usize,
    index: usize,
    result: ScenarioResult,
}

/// How many more targets than sending scenarios may run, so that starts overlap with requests. A starting target keeps
/// a core busy only part of the time.
const AHEAD_PER_CORE: usize = 2;
const AHEAD: usize = 4;

/// Maximum number of finished scenarios that wait to be received.
const MAX_FINISHED: usize = 16;

impl Runner {
    /// Starts a run. Call it in a runtime of tokio, whose threads play the scenarios.
    #[must_use]
    pub fn start(plan: Plan, target: &Target, options: Options) -> Self {
        let began = Instant::now();
        let described = options.described.as_ref().map(Described::summary);
        let operations = Operations::new(described.clone());
        let (identity, isolation) = (target.identity().cloned(), target.isolation());
        let header = Header::new(
            &plan,
            &options.redactor.text(target.title()),
            identity,
            isolation,
            Some(options.seed),
            described,
        );
        let mut register = register(&plan.suite);
        register.extend(operations.standing());
        let tally = Tally::new(register).graded(plan.suite.graded);
        let deviations = options.deviations.clone();
        let described = options.described.as_ref().filter(|_| options.shows_passes);
        let coverage = described.map(|one| Collector::new(&one.description, false));
        let context = Context::new(plan, options);
        let targets = TargetPool::new(&context, target);
        let scenarios = ScenarioRunner::new(&context);
        // The bounded channel limits memory: scenarios wait until earlier results have been received.
        let (sender, finished) = mpsc::channel(MAX_FINISHED);
        let activity = Activity::default();
        let player = Player {
            activity: activity.clone(),
            context: Arc::clone(&context),
            targets: Arc::clone(&targets),
            scenarios: scenarios.clone(),
            sender,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(player.all());
        Self {
            context,
            targets,
            scenarios,
            tasks,
            finished,
            waiting: BTreeMap::new(),
            next: 0,
            all_finished: false,
            events: VecDeque::from([Event::Header(header)]),
            tally,
            deviations,
            operations,
            coverage,
            activity,
            absent: Absent::default(),
            began,
        }
    }

    /// Returns a handle that says what the run is doing at the moment.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Waits for the next event. The last one is the footer; returns none after it.
    ///
    /// An interrupted run returns the steps that were finished, and a footer that says that it was interrupted.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            // Records are built here and not in the tasks of the scenarios, so that building them does not delay requests.
            if let Some(finished) = self.next_in_order() {
                self.record(finished);
                continue;
            }
            match self.finished.recv().await {
                Some(finished) => {
                    let order = self.context.plan.groups[finished.group].scenarios[finished.index].order;
                    self.waiting.insert(order, finished);
                }
                // Some scenarios of an interrupted run never finish. The later ones are recorded anyway.
                None if !self.all_finished => self.all_finished = true,
                None if self.tasks.is_empty() => return None,
                None => {
                    join(&mut self.tasks).await;
                    for record in self.operations.records() {
                        self.add(record);
                    }
                    let footer = self.footer();
                    self.events.push_back(Event::Footer(footer));
                }
            }
        }
    }

    /// Returns the finished scenario that comes next in the plan.
    fn next_in_order(&mut self) -> Option<Finished> {
        let first = self.waiting.first_entry()?;
        let is_next = *first.key() == self.next;
        // The verdict of a target that did not start depends on whether it starts in another profile.
        let is_decided = !first.get().result.unstarted || self.targets.came_up();
        (self.all_finished || (is_next && is_decided)).then(|| {
            self.next = first.key() + 1;
            first.remove()
        })
    }

    /// Adds the events of a finished scenario.
    fn record(&mut self, Finished { group, index, result }: Finished) {
        let scenario = &self.context.plan.groups[group].scenarios[index];
        let came_up = self.targets.came_up();
        for mut record in self.scenarios.records(scenario, result) {
            settle(&mut record, came_up);
            self.operations.add(&record);
            if let Some(coverage) = &mut self.coverage {
                cover(coverage, &record);
            }
            self.absent.count(&record);
            if self.context.options.fail_fast && record.outcome().fails_the_run() {
                self.context.end_after(&record.id);
            }
            self.add(record);
        }
    }

    /// Counts a record and adds its event.
    fn add(&mut self, mut record: Record) {
        if self.targets.came_up() || !record.unstarted {
            record.deviation = self.deviations.look_up(&record);
        }
        self.tally.count(&record);
        self.events.push_back(Event::Step(Arc::new(record)));
    }

    /// Returns the summary of the run.
    fn footer(&mut self) -> Footer {
        let Context { plan, options, .. } = &*self.context;
        let tally = std::mem::take(&mut self.tally);
        let interrupted = options.interrupt.exit();
        let mut footer = match interrupted {
            // Deviations of steps that did not run may still be true.
            Some(exit) => Footer { interrupted: true, exit, ..tally.close(Vec::new()) },
            // Other shards may contain steps of a requirement, so deviations of whole requirements are not checked in a shard.
            None => Footer { next: plan.next(), ..tally.close(self.deviations.stale(plan.shard.is_none())) },
        };
        footer.notes = self.targets.notes();
        footer.openapi = self.coverage.take().map(|coverage| covered(&coverage.finish("this run")));
        // A filter or a shard leaves out requirements of some stages.
        if footer.exit == Exit::Fails.code() && plan.shard.is_none() {
            footer.notes.extend(self.absent.note(plan, &footer));
        }
        footer.milliseconds = milliseconds(self.began.elapsed());
        if plan.groups.is_empty() && !footer.interrupted {
            // An empty shard conforms, although an empty run would not.
            footer.exit = Exit::Conforms.code();
        }
        footer
    }
}

/// Plays the scenarios of a run in the background.
#[derive(Clone)]
struct Player {
    context: Arc<Context>,
    targets: Arc<TargetPool>,
    scenarios: ScenarioRunner,
    sender: mpsc::Sender<Finished>,
    activity: Activity,
}

impl Player {
    /// Plays all groups. Limits how many of them have running targets.
    async fn all(self) {
        let Context { plan, options, .. } = &*self.context;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let max_targets = Arc::new(Semaphore::new(options.jobs + (AHEAD_PER_CORE * cores).max(AHEAD)));
        let mut groups = JoinSet::new();
        for group in order::groups(plan) {
            // This semaphore is never closed.
            let permit = Arc::clone(&max_targets).acquire_owned().await.ok();
            let player = self.clone();
            groups.spawn(async move {
                player.group(group).await;
                drop(permit);
            });
        }
        join(&mut groups).await;
    }

    /// Starts the target of a group, plays its scenarios, and stops the target.
    async fn group(self, group: usize) {
        let Context { plan, options, .. } = &*self.context;
        if options.interrupt.is_requested() {
            return;
        }
        tokio::select! {
            () = self.targets.warm_up(group) => {}
            () = options.interrupt.requested() => return,
        }
        let mut tasks = JoinSet::new();
        for index in order::scenarios(&plan.groups[group]) {
            // Wait for a free place in the channel before the next scenario starts.
            drop(self.sender.reserve().await);
            // Leased here and not in the task, so that scenarios start in order, whichever task is scheduled first.
            let lease = self.targets.lease(group).await;
            let player = self.clone();
            tasks.spawn(async move {
                let scenario = &player.context.plan.groups[group].scenarios[index];
                player.activity.begin(scenario);
                let result = player.scenarios.play(scenario, lease).await;
                player.activity.end(scenario);
                // The receiver is dropped only when the run is aborted.
                player.sender.send(Finished { group, index, result }).await.ok();
            });
            while let Some(ended) = tasks.try_join_next() {
                resume(ended);
            }
        }
        join(&mut tasks).await;
        self.targets.stop(group).await;
    }
}

#[cfg(test)]
mod tests;
