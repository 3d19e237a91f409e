//! A suite under load: what can be played again and again is, by many at once, and every verdict is held against the first.
//!
//! In go a [`Plan`], a [`Target`] and a time, out go [`Event`]s: the steps of the first play, of those that did not keep their
//! verdict the first few whole, and a [`Load`] with the counts. Memory does not grow with time: counts are counts, and times are histograms.

mod act;
mod pace;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::tally::register;
use super::{Options, Session, Tally, finish, header, milliseconds, settle};
use crate::event::{Event, Footer, LeftOut, Load, Record};
use crate::plan::{Group, Plan};
use crate::target::Target;
use act::Act;

/// Exchanges that did not keep their verdict are told whole up to so many, and of one step up to so many.
const WHOLE: usize = 20;
const WHOLE_OF_A_STEP: usize = 3;
/// How many of them wait to be told.
const WAITING: usize = 1024;

/// What all players share.
struct Stage {
    session: Session,
    acts: Vec<Act>,
    next: AtomicUsize,
}

/// Plays the scenarios that can be repeated until the time is over, so many at once as there are jobs; returns what it came to.
pub async fn under_load(
    plan: Plan,
    target: Target,
    options: Options,
    time: Duration,
    mut tell: impl FnMut(&Event),
) -> Footer {
    let (interrupt, mut deviations, jobs) =
        (options.interrupt.clone(), options.deviations.clone(), options.jobs);
    let mut tally = Tally::new(register(&plan.suite));
    let (plan, mut left_out) = repeatable(plan);
    tell(&Event::Header(header(&plan, &target)));
    let session = Session::new(plan, &target, options).forgetful();
    let mut told = |session: &Session, mut record: Record, whole: bool| {
        settle(&mut record, session.came_up());
        record.deviation = deviations.look_up(&record);
        tally.count(&record);
        if whole {
            tell(&Event::Step(Arc::new(record)));
        }
    };
    let mut acts = Vec::new();
    for (group, index) in in_order(session.plan()) {
        if interrupt.is_requested() {
            break;
        }
        let first = session.play(group, index).await;
        let second = session.play(group, index).await;
        let trial = &session.plan().groups[group].trials[index];
        match session.unrepeatable(group).or_else(|| act::differs(&first, &second)) {
            Some(reason) => left_out.push(LeftOut { scenario: trial.id(), reason }),
            None => acts.push(Act::new(group, index, session.plan(), &first)),
        }
        for record in first {
            told(&session, record, true);
        }
    }
    let (lost, mut arrived) = mpsc::channel::<Record>(WAITING);
    // A load run lasts as long as it was asked to, and reports the share of timeouts.
    session.be_patient();
    let stage = Arc::new(Stage { session, acts, next: AtomicUsize::new(0) });
    let began = Instant::now();
    let mut players = JoinSet::new();
    for _ in 0..if stage.acts.is_empty() { 0 } else { jobs } {
        players.spawn(player(Arc::clone(&stage), began, time, lost.clone()));
    }
    drop(lost);
    let mut whole: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(record) = arrived.recv().await {
        let all: usize = whole.values().sum();
        let of_step = whole.entry(record.id.clone()).or_default();
        let shown = all < WHOLE && *of_step < WHOLE_OF_A_STEP;
        *of_step += usize::from(shown);
        told(&stage.session, record, shown);
    }
    finish(&mut players).await;
    let took = began.elapsed();
    stage.session.close().await;
    let mut load = sum(&stage.acts, took, jobs, left_out);
    load.timeouts = stage.session.timeouts();
    tell(&Event::Load(Box::new(load)));
    let mut footer = tally.close(Vec::new());
    if let Some(exit) = interrupt.exit() {
        (footer.interrupted, footer.exit) = (true, exit);
    }
    footer.milliseconds = milliseconds(took);
    tell(&Event::Footer(footer.clone()));
    footer
}

/// Plays one scenario after the other until the time is over.
async fn player(stage: Arc<Stage>, began: Instant, time: Duration, lost: mpsc::Sender<Record>) {
    let interrupt = &stage.session.options.interrupt;
    while began.elapsed() < time && !interrupt.is_requested() {
        let free = (0..stage.acts.len()).find_map(|_| {
            let act = &stage.acts[stage.next.fetch_add(1, Ordering::Relaxed) % stage.acts.len()];
            act.enter().map(|entry| (act, entry))
        });
        let Some((act, _entry)) = free else {
            // Each is being played by another, and may not be played twice at once.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let records = stage.session.play(act.group, act.index).await;
        for record in act.count(records) {
            // The receiver waits for every player.
            lost.send(record).await.ok();
        }
    }
}

/// Takes out what cannot be played again and again on one target, and says why.
fn repeatable(plan: Plan) -> (Plan, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    for mut group in plan.groups {
        group.trials.retain(|trial| {
            let skip_reason = act::skip_reason(trial);
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

fn sum(acts: &[Act], took: Duration, jobs: usize, left_out: Vec<LeftOut>) -> Load {
    let steps: Vec<_> = acts.iter().flat_map(Act::paces).collect();
    let exchanges: u64 = steps.iter().map(|step| step.exchanges).sum();
    #[expect(clippy::cast_precision_loss, reason = "a number per second needs no more than 52 bits")]
    let per_second = exchanges as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
    Load {
        seconds: milliseconds(took) / 1000.0,
        jobs,
        scenarios: acts.len(),
        repetitions: acts.iter().map(Act::repetitions).sum(),
        exchanges,
        kept: steps.iter().map(|step| step.kept).sum(),
        per_second: per_second.round(),
        timeouts: 0,
        ended: None,
        left_out,
        steps,
    }
}
