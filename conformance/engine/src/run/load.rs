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

use super::tally::register;
use super::{Options, Session, Tally, finish, header, milliseconds, settle};
use crate::event::{Event, Footer, LeftOut, Load, Record};
use crate::target::Target;
use conformance_suite::plan::{Group, Plan};
use repeated::Repeated;

/// Maximum number of changed results that are emitted as steps: in total, and for one step.
const MAX_SHOWN: usize = 20;
const MAX_SHOWN_PER_STEP: usize = 3;
/// Maximum number of changed results that wait to be emitted.
const MAX_PENDING: usize = 1024;

/// State that all workers share.
struct Shared {
    session: Session,
    scenarios: Vec<Repeated>,
    next: AtomicUsize,
}

/// Repeats the repeatable scenarios with `options.jobs` workers until `time` has passed, passes the events to `emit`,
/// and returns the footer.
pub async fn under_load(
    plan: Plan,
    target: Target,
    options: Options,
    time: Duration,
    mut emit: impl FnMut(&Event),
) -> Footer {
    let (interrupt, mut deviations, jobs) =
        (options.interrupt.clone(), options.deviations.clone(), options.jobs);
    let mut tally = Tally::new(register(&plan.suite));
    let (plan, mut left_out) = repeatable(plan);
    emit(&Event::Header(header(&plan, &target)));
    let session = Session::new(plan, &target, options).forgetful();
    let mut report = |session: &Session, mut record: Record, shown: bool| {
        settle(&mut record, session.came_up());
        record.deviation = deviations.look_up(&record);
        tally.count(&record);
        if shown {
            emit(&Event::Step(Arc::new(record)));
        }
    };
    let mut scenarios = Vec::new();
    for (group, index) in in_order(session.plan()) {
        if interrupt.is_requested() {
            break;
        }
        let first = session.play(group, index).await;
        let second = session.play(group, index).await;
        let trial = &session.plan().groups[group].trials[index];
        match session.unrepeatable(group).or_else(|| repeated::differs(&first, &second)) {
            Some(reason) => left_out.push(LeftOut { scenario: trial.id(), reason }),
            None => scenarios.push(Repeated::new(group, index, session.plan(), &first)),
        }
        for record in first {
            report(&session, record, true);
        }
    }
    let (changed, mut arrived) = mpsc::channel::<Record>(MAX_PENDING);
    // A load test runs for the requested time even if the target times out; the report shows the share of timeouts.
    session.be_patient();
    let shared = Arc::new(Shared { session, scenarios, next: AtomicUsize::new(0) });
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
        report(&shared.session, record, shown);
    }
    finish(&mut workers).await;
    let took = began.elapsed();
    shared.session.close().await;
    let mut load = sum(&shared.scenarios, took, jobs, left_out);
    load.timeouts = shared.session.timeouts();
    emit(&Event::Load(Box::new(load)));
    let mut footer = tally.close(Vec::new());
    if let Some(exit) = interrupt.exit() {
        (footer.interrupted, footer.exit) = (true, exit);
    }
    footer.milliseconds = milliseconds(took);
    emit(&Event::Footer(footer.clone()));
    footer
}

/// Runs scenarios until `time` has passed.
async fn worker(shared: Arc<Shared>, began: Instant, time: Duration, changed: mpsc::Sender<Record>) {
    let interrupt = &shared.session.options.interrupt;
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
        let records = shared.session.play(scenario.group, scenario.index).await;
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
        group.trials.retain(|trial| {
            let skip_reason = repeated::skip_reason(trial);
            left_out.extend(
                skip_reason.map(|reason| LeftOut { scenario: trial.id(), reason: reason.to_owned() }),
            );
            skip_reason.is_none()
        });
        if !group.trials.is_empty() {
            groups.push(group);
        }
    }
    (Plan { groups, ..plan }, left_out)
}

fn in_order(plan: &Plan) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = (plan.groups.iter().enumerate())
        .flat_map(|(group, of)| (0..of.trials.len()).map(move |index| (group, index)))
        .collect();
    all.sort_by_key(|(group, index)| plan.groups[*group].trials[*index].order);
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
        ended: None,
        left_out,
        steps,
    }
}
