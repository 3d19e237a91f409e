//! What the starts of targets have shown so far, for the whole run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::run::context::Context;
use crate::target::{Running, Unusable};

/// The starts of all targets of a run.
pub(super) struct Starts {
    pub(super) context: Arc<Context>,
    /// Whether a target has started successfully.
    came_up: AtomicBool,
    /// Number of starts that timed out without any output.
    silent: AtomicUsize,
    /// Notes about the whole run for the report.
    notes: Mutex<Vec<String>>,
}

/// Number of silent start timeouts after which no other start is tried, if no target has ever started.
const MAX_SILENT: usize = 2;

impl Starts {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            came_up: AtomicBool::new(false),
            silent: AtomicUsize::new(0),
            notes: Mutex::default(),
        }
    }

    /// Counts the result of a start.
    pub(super) fn count(&self, started: &Result<Running, Unusable>) {
        match started {
            Ok(_) => self.came_up.store(true, Ordering::Relaxed),
            Err(unusable) => {
                self.silent.fetch_add(usize::from(unusable.silent), Ordering::Relaxed);
            }
        }
    }

    /// Whether any target has started successfully.
    pub(super) fn came_up(&self) -> bool {
        self.came_up.load(Ordering::Relaxed)
    }

    /// Returns the error for all further starts, if too many timed out without output.
    pub(super) fn gave_up(&self) -> Option<Unusable> {
        let silent = self.silent.load(Ordering::Relaxed) >= MAX_SILENT;
        (silent && !self.came_up()).then(|| {
            let reason =
                format!("not started, because {MAX_SILENT} earlier starts timed out without a response");
            Unusable { own: true, ..Unusable::new(reason) }
        })
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
