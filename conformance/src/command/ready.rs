//! Prepares a run: reads all files and validates all names before anything starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::options::Run;
use conformance_engine::deviation::Deviations;
use conformance_engine::redact::Redactor;
use conformance_engine::run::{Deadline, Interrupt, Options};
use conformance_engine::target::{self, Target};
use conformance_suite::plan::{Plan, Selection};
use conformance_suite::suite::Suite;

use super::Stopped;
use super::bless::collector;

/// A validated run.
pub(crate) struct Ready {
    pub(crate) plan: Plan,
    pub(crate) target: Target,
    pub(crate) how: Options,
    /// Duration of the load test, if it is one.
    pub(crate) load: Option<Duration>,
    /// The arguments that name the suite and the program, for commands that reproduce a failure.
    pub(crate) invocation: Option<String>,
}

/// Reads everything that a run needs and returns every error that can be found without a target.
pub(crate) fn ready(options: &Run, only: Option<BTreeSet<String>>) -> Result<Ready, Stopped> {
    let folder = options.selection.folder();
    let mut suite = Suite::load(&folder)?;
    let described = options.openapi.described(&suite, &folder)?;
    suite.give(&options.variables.values()?, &conformance::environment::environment)?;
    if let Some(path) = &options.points {
        suite.give_points(path)?;
    }
    let suite = Arc::new(suite);
    let mut selection = Selection { only, ..options.selection.selection() };
    let mut target = match (&options.url, &options.target) {
        (Some(url), _) => {
            let profile = options.profile_of_url(&suite)?;
            selection.profiles = vec![profile.clone()];
            Target::Url { base: url.clone(), profile }
        }
        (None, Some(file)) => target::load(file, &suite)?,
        (None, None) => Target::command(options.program.clone(), ".".into()),
    };
    let transport = options.transport(&suite)?;
    let gateway = transport.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let redactor =
        if options.show_secrets { Redactor::none() } else { Redactor::new(&suite).hiding(gateway) };
    for name in Redactor::short(&suite).filter(|_| !options.show_secrets && !options.output.quiet) {
        crate::reports::say(&format!(
            "warning: the value of the secret variable `{name}` has fewer than 4 characters, so it is hidden only where the name of a field says that it is secret\n  = use a longer value"
        ));
    }
    let deviations = match &options.deviations {
        Some(file) => Deviations::load(file, &suite)?,
        None => Deviations::default(),
    };
    let plan = options.shard.cut(Plan::new(suite, &selection)?)?;
    options.isolation.isolate(&mut target, options.each.is_some())?;
    let interrupt = Interrupt::default();
    let responses = collector(options, &plan)?;
    let jobs = usize::from(options.jobs);
    let shows_passes = options.output.shows_passes() || options.each.is_some();
    let deadline = options.deadline.and_then(|time| deadline(time, "--deadline", "the run"));
    let invocation = options.invocation().map(|arguments| redactor.text(arguments));
    let seed = options.seed.unwrap_or_else(random_seed);
    let fail_fast = options.fail_fast;
    let how = Options {
        jobs,
        transport,
        redactor,
        deviations,
        shows_passes,
        interrupt,
        responses,
        seed,
        fail_fast,
        deadline,
        described,
    };
    Ok(Ready { plan, target, how, load: options.load, invocation })
}

/// Returns a seed that no other run has.
fn random_seed() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    // The keys of the map's hasher come from the operating system.
    u32::try_from(RandomState::new().hash_one(Instant::now()) >> 32).unwrap_or_default()
}

/// Returns the deadline in a given time, with the option that sets it and what it ends. None if it is too far to come.
pub(crate) fn deadline(time: Duration, option: &str, of: &str) -> Option<Deadline> {
    let reason = format!("the deadline of {time:?} for {of} had passed ({option})");
    Some(Deadline { at: Instant::now().checked_add(time)?, reason })
}
