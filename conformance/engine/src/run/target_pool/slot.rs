//! A target slot: connects to a target or starts it on demand, and starts it again after it has exited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::starts::Starts;
use crate::http::Transport;
use crate::run::context::Context;
use crate::target::process::Process;
use crate::target::{Program, Running, Target, Unusable, launch, reach, relaunch};
use crate::verdict::Verdict;
use conformance_suite::plan::Group;
use conformance_suite::suite::{Profile, Suite};

/// A target of a group.
pub(super) struct TargetSlot {
    starts: Arc<Starts>,
    profile: Profile,
    source: Source,
    fixtures: Vec<String>,
    state: Mutex<State>,
    /// Why the target must be restarted for the next scenario, if so.
    stale: StdMutex<Option<String>>,
    /// Note that the target was restarted, for the reports of later scenarios.
    restarted: StdMutex<Option<String>>,
    /// Duration of the last start in microseconds; 0 before the first.
    start_took: AtomicU64,
}

/// Why a scenario cannot run, and the verdict of its steps.
#[derive(Debug, Clone)]
pub(in crate::run) struct CannotRun {
    pub(in crate::run) verdict: Verdict,
    pub(in crate::run) reason: String,
    /// Last lines of the target's output.
    pub(in crate::run) printed: String,
    /// Whether the target did not start.
    pub(in crate::run) unstarted: bool,
}

impl CannotRun {
    pub(in crate::run) fn new(verdict: Verdict, reason: String) -> Self {
        Self { verdict, reason, printed: String::new(), unstarted: false }
    }
}

#[derive(Clone)]
enum Source {
    Program(Box<Program>),
    Url(String),
    /// Why the target cannot be started.
    Absent(String),
}

enum State {
    NotStarted,
    Running(Arc<Running>),
    Unusable(Unusable),
}

impl TargetSlot {
    /// Looks up the target of a group. Starts nothing.
    ///
    /// # Errors
    /// The target does not offer the profile of the group.
    pub(super) fn new(starts: &Arc<Starts>, target: &Target, group: &Group) -> Result<Self, CannotRun> {
        let skipped = |reason: String| CannotRun::new(Verdict::Skipped, reason);
        let profile = starts.context.plan.suite.profile(&group.profile).cloned();
        let profile = profile.ok_or_else(|| skipped("the suite has no such profile".to_owned()))?;
        let source = match target {
            Target::Url { profile: own, .. } if *own == profile.name && group.isolated => {
                let reason = "isolated scenario: needs its own server; use `-- COMMAND` in place of a URL";
                return Err(skipped(reason.to_owned()));
            }
            Target::Url { base, profile: own } if *own == profile.name => Source::Url(base.clone()),
            Target::Absent { reason, .. } => Source::Absent(reason.clone()),
            target => Source::Program(Box::new(target.program(&profile).map_err(skipped)?.clone())),
        };
        Ok(Self::of(Arc::clone(starts), profile, source, group.fixtures.clone()))
    }

    fn of(starts: Arc<Starts>, profile: Profile, source: Source, fixtures: Vec<String>) -> Self {
        Self {
            starts,
            profile,
            source,
            fixtures,
            state: Mutex::new(State::NotStarted),
            stale: StdMutex::default(),
            restarted: StdMutex::default(),
            start_took: AtomicU64::new(0),
        }
    }

    /// Returns a second, not yet started target of the same kind.
    pub(super) fn another(&self) -> Self {
        Self::of(Arc::clone(&self.starts), self.profile.clone(), self.source.clone(), self.fixtures.clone())
    }

    /// Whether several processes of the target can run at once: a command starts it, and it has no fixed port.
    pub(super) fn can_be_started_twice(&self) -> bool {
        matches!(&self.source, Source::Program(program) if program.port.is_none())
    }

    /// Whether this program starts the target.
    pub(super) fn is_started_here(&self) -> bool {
        matches!(&self.source, Source::Program(_))
    }

    /// Duration of the last start, if there was one.
    pub(super) fn start_took(&self) -> Option<Duration> {
        let microseconds = self.start_took.load(Ordering::Relaxed);
        (microseconds > 0).then(|| Duration::from_micros(microseconds))
    }

    /// Returns the note that the target was restarted, if it was.
    pub(super) fn restarted(&self) -> Option<String> {
        self.restarted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The fixed port of the target, if it has one.
    pub(super) fn port(&self) -> Option<u16> {
        match &self.source {
            Source::Program(program) => program.port,
            Source::Url(_) | Source::Absent(_) => None,
        }
    }

    /// Whether the profile or the target file lists a feature.
    pub(super) fn offers(&self, feature: &str) -> bool {
        let own: &[String] = match &self.source {
            Source::Program(program) => &program.features,
            Source::Url(_) | Source::Absent(_) => &[],
        };
        self.profile.features.iter().chain(own).any(|offered| offered == feature)
    }

    /// Returns the running target. Starts it if necessary, and restarts it if it has exited, timed out, or lost its
    /// port.
    pub(super) async fn running(&self) -> Result<Arc<Running>, CannotRun> {
        let mut state = self.state.lock().await;
        let because = self.stale.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut again = None;
        if let State::Running(running) = &*state
            && let Some(process) = &running.process
        {
            let exited = || process.exited().map(|exit| format!("it {exit}"));
            again = because.or_else(exited).or_else(|| running.check_listener().err());
            if again.is_some() {
                *state = State::NotStarted;
            }
        }
        if matches!(*state, State::NotStarted) {
            let began = Instant::now();
            *state = match Box::pin(self.bring_up()).await {
                Ok(running) => State::Running(Arc::new(running)),
                Err(unusable) => State::Unusable(unusable),
            };
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.start_took.store(took.max(1), Ordering::Relaxed);
            if let Some(reason) = again.filter(|_| matches!(*state, State::Running(_))) {
                self.note_restart(&reason);
            }
        }
        match &*state {
            State::Running(running) => Ok(Arc::clone(running)),
            State::Unusable(unusable) => Err(cannot_run(unusable.clone())),
            State::NotStarted => {
                unreachable!("a target that was not started has just been started or found unusable")
            }
        }
    }

    /// Stops the target and starts it again in the same folder, with the data that it wrote. Fails if another lease
    /// uses it.
    pub(super) async fn restart(&self) -> Result<Arc<Running>, CannotRun> {
        let mut state = self.state.lock().await;
        let before = std::mem::replace(&mut *state, State::NotStarted);
        let (State::Running(running), Source::Program(program)) = (before, &self.source) else {
            return Err(cannot_run(Unusable::new(
                "only a target that this program has started is started again",
            )));
        };
        let Some(running) = Arc::into_inner(running) else {
            return Err(cannot_run(Unusable::new("another scenario uses the target")));
        };
        self.note_unverified(&running);
        let (suite, transport) = self.suite_and_transport();
        match relaunch(running, program, suite, &self.profile, transport).await {
            Ok(running) => {
                self.starts.learn_secrets(&running);
                let running = Arc::new(running);
                *state = State::Running(Arc::clone(&running));
                Ok(running)
            }
            Err(unusable) => Err(cannot_run(unusable)),
        }
    }

    /// Marks the target to be restarted for the next use, for example since it may hang.
    pub(super) fn must_restart(&self, because: String) {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(because);
    }

    fn note_restart(&self, reason: &str) {
        let started =
            format!("the target of profile `{}` was started again, because {reason}", self.profile.name);
        let note = format!("{started}; data stored before is lost");
        self.starts.note(note.clone());
        *self.restarted.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }

    /// If the owner of the port could not be looked up or a limit was reached, adds a note to the report.
    fn note_unverified(&self, running: &Running) {
        for limit in running.process.iter().flat_map(Process::reached) {
            let profile = &self.profile.name;
            self.starts.note(format!("the target of profile `{profile}` reached its limit of {limit}"));
        }
        if let Some(reason) = running.unverified() {
            self.starts.note(format!(
                "it was not verified that the responses in profile `{}` come from the process that was started: {reason}",
                self.profile.name
            ));
        }
    }

    /// Stops the target if this run started it.
    pub(super) async fn stop(&self) {
        if let Some(running) = self.take().await {
            running.stop().await;
        }
    }

    /// Takes the running target out of the slot, so that it can be stopped. The next use starts it again.
    pub(super) async fn take(&self) -> Option<Running> {
        let mut state = self.state.lock().await;
        // An unusable target stays unusable.
        if !matches!(&*state, State::Running(_)) {
            return None;
        }
        let State::Running(running) = std::mem::replace(&mut *state, State::NotStarted) else { return None };
        // No lease should hold it now; if one did, dropping the target would stop the process.
        let running = Arc::into_inner(running)?;
        self.note_unverified(&running);
        Some(running)
    }

    fn suite_and_transport(&self) -> (&Suite, &Transport) {
        let Context { plan, options, .. } = &*self.starts.context;
        (&plan.suite, &options.transport)
    }

    async fn bring_up(&self) -> Result<Running, Unusable> {
        let (suite, transport) = self.suite_and_transport();
        match &self.source {
            Source::Url(base) => reach(base, suite, &self.profile, &self.fixtures, transport).await,
            Source::Absent(reason) => Err(Unusable::new(reason)),
            Source::Program(program) => {
                if let Some(gave_up) = self.starts.gave_up(program) {
                    return Err(gave_up);
                }
                self.starts.begin();
                let starting = Box::pin(launch(program, suite, &self.profile, &self.fixtures, transport));
                let started = match &self.starts.context.options.deadline {
                    Some(deadline) => tokio::time::timeout_at(deadline.at.into(), starting)
                        .await
                        .unwrap_or_else(|_| Err(Unusable::new(&deadline.reason))),
                    None => starting.await,
                };
                self.starts.end(&self.profile.name, program, &started);
                if let Err(unusable) = &started
                    && unusable.elsewhere
                    && let Some(first) = self.starts.gave_up(program)
                {
                    // The port differs from start to start: all name the same one.
                    return Err(Unusable { own: unusable.own, ..first });
                }
                if started.as_ref().is_err_and(|unusable| unusable.port_taken)
                    && let Some(explanation) = self.starts.explanation(program).await
                {
                    return Err(explanation);
                }
                started.inspect(|running| self.starts.learn_secrets(running))
            }
        }
    }
}

fn cannot_run(unusable: Unusable) -> CannotRun {
    let Unusable { reason, last_words, own, .. } = unusable;
    CannotRun { printed: last_words, unstarted: own, ..CannotRun::new(Verdict::Inconclusive, reason) }
}
