//! What the starts of targets have shown so far, for the whole run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::run::context::Context;
use crate::run::order;
use crate::target::{Program, Running, Unusable};

/// The starts of all targets of a run.
pub(super) struct Starts {
    pub(super) context: Arc<Context>,
    /// Whether a target has started successfully.
    came_up: AtomicBool,
    /// Number of starts that have begun and not ended.
    in_flight: AtomicUsize,
    /// The failed starts, while no target has started successfully.
    failed: Mutex<Vec<Failed>>,
    /// Notes about the whole run for the report.
    notes: Mutex<Vec<String>>,
}

/// A start that failed.
struct Failed {
    profile: String,
    command: Vec<String>,
    unusable: Unusable,
}

/// Number of starts that time out after which no other start is tried, if no target has ever started.
const MAX_SILENT: usize = 2;
/// How long a start waits for others that may explain why its port is taken, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

impl Starts {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            came_up: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            failed: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Counts a start that begins.
    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the result of a start.
    pub(super) fn end(&self, profile: &str, program: &Program, started: &Result<Running, Unusable>) {
        match started {
            Ok(_) => self.came_up.store(true, Ordering::Relaxed),
            Err(unusable) => {
                let (profile, command) = (profile.to_owned(), program.command.clone());
                self.failed().push(Failed { profile, command, unusable: unusable.clone() });
            }
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// If a start failed because its port was taken, returns the failure of another start that explains it: a program that
    /// ignores its port can run only once.
    pub(super) async fn explanation(&self, program: &Program) -> Option<Unusable> {
        let until = Instant::now() + PATIENCE;
        loop {
            let ignores = self.gave_up(program).filter(|unusable| unusable.elsewhere);
            let is_open = !self.came_up() && self.in_flight.load(Ordering::Relaxed) > 0;
            if ignores.is_some() || !is_open || Instant::now() >= until {
                return ignores;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether any target has started successfully.
    pub(super) fn came_up(&self) -> bool {
        self.came_up.load(Ordering::Relaxed)
    }

    /// Returns the error for all further starts of a program, if they would fail in the same way: it ignores its port, it
    /// did not respond several times, or it failed alike in the first profile and in another one.
    pub(super) fn gave_up(&self, program: &Program) -> Option<Unusable> {
        if self.came_up() {
            return None;
        }
        let failed = self.failed();
        let same: Vec<&Failed> = failed.iter().filter(|one| one.command == program.command).collect();
        let ignores_port = same.iter().find(|one| one.unusable.elsewhere);
        let silent = same.iter().filter(|one| one.unusable.silent).nth(MAX_SILENT - 1);
        let profiles = || self.context.plan.groups.iter().map(|group| group.profile.as_str());
        let first = order::first(&self.context.plan);
        let first = same.iter().find(|one| Some(one.profile.as_str()) == first && !one.unusable.silent);
        let alike = first.filter(|first| {
            let is_other = |profile: &str| profile != first.profile;
            let others = || same.iter().filter(|one| is_other(&one.profile));
            !profiles().any(is_other) || others().any(|one| one.unusable.reason == first.unusable.reason)
        });
        let cause = ignores_port.or(silent).or(alike)?;
        // The verdict stays open: the program was not tried in this profile.
        Some(Unusable { own: false, ..cause.unusable.clone() })
    }

    fn failed(&self) -> MutexGuard<'_, Vec<Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the secrets in a target's first response to the redactor.
    pub(super) fn learn_secrets(&self, running: &Running) {
        if let Some((request, response)) = &running.greeting {
            self.context.options.redactor.learn(request, Some(response));
        }
    }

    /// Adds a note about the whole run to the report.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Returns the notes about the whole run.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
