//! Load test: replays all repeatable scenarios concurrently and compares every verdict with that of the first run.
//!
//! The events contain the steps of the first run, the first few steps whose verdict changed, and a [`Load`] with the
//! counts. Memory use does not grow with time, because times are kept in histograms.

mod repeated;
mod step_stats;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::caught::join;
use super::context::{Context, Options};
use super::scenario_runner::ScenarioRunner;
use super::tally::{Tally, register, settle};
use super::target_pool::TargetPool;
use crate::deviation::Deviations;
use crate::event::{Event, Header, LeftOut, Load, Record, milliseconds};
use crate::target::Target;
use conformance_suite::plan::{Group, Plan};
use repeated::Repeated;

/// Maximum number of changed results that are emitted as steps: in total, and for one step.
const MAX_SHOWN: usize = 20;
const MAX_SHOWN_PER_STEP: usize = 3;
/// Maximum number of events, and of changed results, that wait to be received.
const MAX_PENDING: usize = 1024;

/// A load test. Get its events with [`LoadTest::next`].
pub struct LoadTest {
    events: mpsc::Receiver<Event>,
    tasks: JoinSet<()>,
}

impl LoadTest {
    /// Starts a load test: repeats the repeatable scenarios with `options.jobs` workers until `time` has passed. Call it in a runtime
    /// of tokio, whose threads play the scenarios.
    #[must_use]
    pub fn start(plan: Plan, target: &Target, options: Options, time: Duration) -> Self {
        let (sender, events) = mpsc::channel(MAX_PENDING);
        let tally = Tally::new(register(&plan.suite));
        let deviations = options.deviations.clone();
        let (plan, left_out) = repeatable(plan);
        let (identity, isolation) = (target.identity().cloned(), target.isolation());
        let header =
            Header::new(&plan, &options.redactor.text(target.title()), identity, isolation, None, None);
        let context = Context::of_load_test(plan, options);
        let targets = TargetPool::new(&context, target);
        let player = Player { scenarios: ScenarioRunner::new(&context), targets, context };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let results = Results { targets: Arc::clone(&player.targets), tally, deviations, sender };
            results.send(Event::Header(header)).await;
            Box::pin(run(player, results, left_out, time)).await;
        });
        Self { events, tasks }
    }

    /// Waits for the next event. The last one is the footer; returns none after it.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.recv().await;
        if event.is_none() {
            join(&mut self.tasks).await;
        }
        event
    }
}

/// Plays the scenarios of a load test.
struct Player {
    context: Arc<Context>,
    targets: Arc<TargetPool>,
    scenarios: ScenarioRunner,
}

impl Player {
    async fn play(&self, group: usize, index: usize) -> Vec<Record> {
        self.scenarios.play_once(&self.targets, group, index).await
    }
}

/// Counts the results and emits the events.
struct Results {
    targets: Arc<TargetPool>,
    tally: Tally,
    deviations: Deviations,
    sender: mpsc::Sender<Event>,
}

impl Results {
    async fn send(&self, event: Event) {
        // The receiver is dropped only when the test is aborted.
        self.sender.send(event).await.ok();
    }

    async fn count(&mut self, mut record: Record, shown: bool) {
        settle(&mut record, self.targets.came_up());
        record.deviation = self.deviations.look_up(&record);
        self.tally.count(&record);
        if shown {
            self.send(Event::Step(Arc::new(record))).await;
        }
    }
}

/// What all workers share.
struct Shared {
    player: Player,
    scenarios: Vec<Repeated>,
    next: AtomicUsize,
}

async fn run(player: Player, mut results: Results, mut left_out: Vec<LeftOut>, time: Duration) {
    let Options { interrupt, jobs, .. } = player.context.options.clone();
    let mut scenarios = Vec::new();
    for (group, index) in in_order(&player.context.plan) {
        if interrupt.is_requested() {
            break;
        }
        let first = player.play(group, index).await;
        let second = player.play(group, index).await;
        let scenario = &player.context.plan.groups[group].scenarios[index];
        match unrepeatable(&player.targets, group).or_else(|| repeated::differs(&first, &second)) {
            Some(reason) => left_out.push(LeftOut { scenario: scenario.id(), reason }),
            None => scenarios.push(Repeated::new(group, index, &player.context.plan, &first)),
        }
        for record in first {
            results.count(record, true).await;
        }
    }
    let (changed, mut arrived) = mpsc::channel::<Record>(MAX_PENDING);
    // A load test runs for the requested time even if the target times out; the report shows the share of timeouts.
    player.targets.ignore_timeouts();
    let shared = Arc::new(Shared { player, scenarios, next: AtomicUsize::new(0) });
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..if shared.scenarios.is_empty() { 0 } else { jobs } {
        workers.spawn(worker(Arc::clone(&shared), began, time, changed.clone()));
    }
    drop(changed);
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(record) = arrived.recv().await {
        let all: usize = shown.values().sum();
        let of_step = shown.entry(record.id.clone()).or_default();
        let shown = all < MAX_SHOWN && *of_step < MAX_SHOWN_PER_STEP;
        *of_step += usize::from(shown);
        results.count(record, shown).await;
    }
    join(&mut workers).await;
    let took = began.elapsed();
    let targets = &shared.player.targets;
    targets.close().await;
    let mut load = sum(&shared.scenarios, took, jobs, left_out);
    load.timeouts = targets.timeouts();
    results.send(Event::Load(Box::new(load))).await;
    let mut footer = std::mem::take(&mut results.tally).close(Vec::new());
    if let Some(exit) = interrupt.exit() {
        (footer.interrupted, footer.exit) = (true, exit);
    }
    footer.milliseconds = milliseconds(took);
    results.send(Event::Footer(footer)).await;
}

/// Returns why the scenarios of a group cannot be repeated, judging by their target.
fn unrepeatable(targets: &TargetPool, group: usize) -> Option<String> {
    let fixed = || {
        let reason = "its target listens on one port and is started for each scenario";
        targets.has_fixed_port(group).then(|| reason.to_owned())
    };
    targets.skipped(group).map(str::to_owned).or_else(fixed)
}

/// Runs scenarios until `time` has passed.
async fn worker(shared: Arc<Shared>, began: Instant, time: Duration, changed: mpsc::Sender<Record>) {
    let interrupt = &shared.player.context.options.interrupt;
    while began.elapsed() < time && !interrupt.is_requested() {
        let free = (0..shared.scenarios.len()).find_map(|_| {
            let scenario =
                &shared.scenarios[shared.next.fetch_add(1, Ordering::Relaxed) % shared.scenarios.len()];
            scenario.try_start().map(|permit| (scenario, permit))
        });
        let Some((scenario, _permit)) = free else {
            // All scenarios are in use, and none may run twice at the same time.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let records = shared.player.play(scenario.group, scenario.index).await;
        for record in scenario.count(records) {
            // Cannot fail: the receiver waits for all workers.
            changed.send(record).await.ok();
        }
    }
}

/// Removes the scenarios that cannot be repeated on one target, and returns them with the reasons.
fn repeatable(plan: Plan) -> (Plan, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    for mut group in plan.groups {
        group.scenarios.retain(|scenario| {
            let skip_reason = repeated::skip_reason(scenario);
            left_out.extend(
                skip_reason.map(|reason| LeftOut { scenario: scenario.id(), reason: reason.to_owned() }),
            );
            skip_reason.is_none()
        });
        if !group.scenarios.is_empty() {
            groups.push(group);
        }
    }
    (Plan { groups, ..plan }, left_out)
}

fn in_order(plan: &Plan) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = (plan.groups.iter().enumerate())
        .flat_map(|(group, of)| (0..of.scenarios.len()).map(move |index| (group, index)))
        .collect();
    all.sort_by_key(|(group, index)| plan.groups[*group].scenarios[*index].order);
    all
}

fn sum(scenarios: &[Repeated], took: Duration, jobs: usize, left_out: Vec<LeftOut>) -> Load {
    let steps: Vec<_> = scenarios.iter().flat_map(Repeated::stats).collect();
    let exchanges: u64 = steps.iter().map(|step| step.exchanges).sum();
    #[expect(clippy::cast_precision_loss, reason = "a number per second needs no more than 52 bits")]
    let per_second = exchanges as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
    Load {
        seconds: milliseconds(took) / 1000.0,
        jobs,
        scenarios: scenarios.len(),
        repetitions: scenarios.iter().map(Repeated::repetitions).sum(),
        exchanges,
        kept: steps.iter().map(|step| step.kept).sum(),
        per_second: per_second.round(),
        timeouts: 0,
        resent: scenarios.iter().map(Repeated::resent).sum(),
        ended: None,
        left_out,
        steps,
    }
}
