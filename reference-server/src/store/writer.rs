//! The one who writes: a thread of its own for each store, as a file makes whoever touches it wait.
//!
//! Changes come in with a way to answer them. All that wait are made on a [`Draft`] over the present objects
//! and go into the journal together; then they become the present, then all are answered. When nobody has
//! changed anything for a moment, or when the journal has grown long, it is folded into the file, which a second
//! thread writes meanwhile.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::mem;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::WriteError;
use super::draft::{Action, Draft};
use super::file::{Content, File};
use super::journal::Journal;
use super::objects::{Changes, Objects};
use crate::model::Model;

/// How long nobody may have changed anything before the journal is folded into the file.
const REST: Duration = Duration::from_millis(250);

/// A fold that takes long waits longer for its time, so that folding takes a small part of it.
const REST_PER_FOLD: u32 = 10;

/// How long to wait after a fold that failed: what fails now (a full disk) fails again at once.
const PAUSE: Duration = Duration::from_secs(5);

/// A journal that is shorter than this, in bytes, is not folded before the rest.
const SHORT: u64 = 1024 * 1024;

/// What the thread is told.
pub(super) enum Message<M> {
    /// To make a change.
    Change(Change<M>),
    /// That the draft of the file is written, or why not.
    Drafted(io::Result<Content>),
    /// To leave everything in the file and to end. Nothing may come after it.
    Stop,
}

/// What is to be done, and where to say that it is: with the object concerned, if there is one.
pub(super) struct Change<M> {
    pub(super) action: Action<M>,
    pub(super) answer: oneshot::Sender<Result<Option<Arc<M>>, WriteError>>,
}

/// The writer of a store.
pub(super) struct Writer<M> {
    objects: Arc<RwLock<Objects<M>>>,
    file: File,
    /// How many bytes the file has.
    file_length: u64,
    journal: Journal,
    /// Where a second thread says that it has written a draft.
    messages: mpsc::Sender<Message<M>>,
    /// The fold that is under way.
    fold: Option<Fold>,
    /// How long to wait for a rest before the next fold.
    rest: Duration,
    /// Until when no journal is folded because it is long.
    not_before: Option<Instant>,
}

/// A fold that is under way.
struct Fold {
    /// How long the journal was at its beginning: what comes later is not in the draft.
    from: u64,
    began: Instant,
}

impl<M: Model> Writer<M> {
    pub(super) fn new(
        objects: Arc<RwLock<Objects<M>>>,
        file: File,
        content: &Content,
        journal: Journal,
        messages: mpsc::Sender<Message<M>>,
    ) -> Self {
        let file_length = content.length;
        Self { objects, file, file_length, journal, messages, fold: None, rest: REST, not_before: None }
    }

    /// Makes changes as they come, until it is told to stop.
    pub(super) fn run(mut self, waiting: &mpsc::Receiver<Message<M>>) {
        let mut changes = Vec::new();
        loop {
            let next = if self.fold.is_none() && self.journal.length() > 0 {
                waiting.recv_timeout(self.rest)
            } else {
                waiting.recv().map_err(mpsc::RecvTimeoutError::from)
            };
            let first = match next {
                Ok(message) => message,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.begin_fold();
                    continue;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => Message::Stop,
            };
            let mut drafted = None;
            let mut stop = false;
            for message in std::iter::once(first).chain(waiting.try_iter()) {
                match message {
                    Message::Change(change) => changes.push(change),
                    Message::Drafted(draft) => drafted = Some(draft),
                    Message::Stop => stop = true,
                }
            }
            if !changes.is_empty() {
                self.commit(mem::take(&mut changes));
            }
            if let Some(draft) = drafted {
                self.end_fold(draft);
            }
            if stop {
                return self.stop(waiting);
            }
            let is_long = self.journal.length() >= SHORT.max(self.file_length);
            if is_long && self.fold.is_none() && self.not_before.is_none_or(|moment| moment <= Instant::now())
            {
                self.begin_fold();
            }
        }
    }

    fn commit(&mut self, changes: Vec<Change<M>>) {
        // Only this thread ever takes the lock for writing, so to hold it for reading keeps nobody waiting.
        let present = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let mut draft = Draft::over(&present);
        let answers: Vec<_> =
            changes.into_iter().map(|Change { action, answer }| (answer, draft.make(action))).collect();
        let changes = draft.into_changes();
        drop(present);

        let stored = if changes.is_empty() { Ok(()) } else { self.store(changes) };
        let outcome = stored.map_err(|error| {
            complain(&format!("the journal {} cannot be written", self.journal.path().display()), &error);
            WriteError::because(error)
        });
        for (answer, object) in answers {
            // Whoever no longer waits for the answer has gone away; the change stands all the same.
            let _ = answer.send(outcome.clone().map(|()| object));
        }
    }

    fn store(&mut self, changes: Changes<M>) -> io::Result<()> {
        if self.journal.is_lost() {
            // What it had is in no file any more, but still in memory.
            if self.fold.is_some() {
                return Err(io::Error::other("somebody has taken it away, and the file is not written yet"));
            }
            self.fold_now()?;
        }
        self.journal.append(&changes)?;
        self.objects.write().unwrap_or_else(PoisonError::into_inner).accept(changes);
        Ok(())
    }

    /// Lets a second thread write the draft of the file, which may take its time.
    fn begin_fold(&mut self) {
        let objects = self.snapshot();
        let (file, messages) = (self.file.clone(), self.messages.clone());
        let drafting = thread::Builder::new().name(format!("{} fold", M::CLASS)).spawn(move || {
            let draft = file.draft(objects.iter().map(|object| &**object));
            // The writer waits for it, whatever comes.
            let _ = messages.send(Message::Drafted(draft));
        });
        match drafting {
            Ok(_) => self.fold = Some(Fold { from: self.journal.length(), began: Instant::now() }),
            Err(error) => self.fold_failed(&error),
        }
    }

    fn end_fold(&mut self, draft: io::Result<Content>) {
        let Some(Fold { from, began }) = self.fold.take() else { return };
        match draft.and_then(|content| self.publish(content, from)) {
            Ok(()) => {
                self.rest = REST.max(REST_PER_FOLD * began.elapsed());
                self.not_before = None;
            }
            Err(error) => self.fold_failed(&error),
        }
    }

    /// Folds the journal here and now.
    fn fold_now(&mut self) -> io::Result<()> {
        let draft = self.file.draft(self.snapshot().iter().map(|object| &**object))?;
        self.publish(draft, self.journal.length())
    }

    /// Makes the draft the file, and lets go of what the journal has of it.
    fn publish(&mut self, draft: Content, from: u64) -> io::Result<()> {
        let to = self.journal.length();
        // The note comes first: if the power goes after the draft has become the file, it tells what is in it.
        self.journal.note(&draft.version, from)?;
        self.file.publish()?;
        self.file_length = draft.length;
        self.journal.forget(draft.version, from, to)
    }

    fn fold_failed(&mut self, error: &io::Error) {
        complain(&format!("the file {} cannot be written", self.file.path().display()), error);
        self.rest = PAUSE;
        self.not_before = Some(Instant::now() + PAUSE);
    }

    /// Ends the fold that is under way, and folds what is left.
    fn stop(mut self, waiting: &mpsc::Receiver<Message<M>>) {
        while self.fold.is_some() {
            match waiting.recv() {
                Ok(Message::Drafted(draft)) => self.end_fold(draft),
                Ok(_) => {}
                Err(mpsc::RecvError) => break,
            }
        }
        if self.journal.length() > 0 {
            // If it fails, the journal stays, and the next start begins with it.
            if let Err(error) = self.fold_now() {
                self.fold_failed(&error);
            }
        }
    }

    fn snapshot(&self) -> Vec<Arc<M>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Tells the operator.
fn complain(what: &str, error: &impl Display) {
    // Not `eprintln!`, which panics when nobody reads stderr any more: the writer must live on.
    let _ = writeln!(io::stderr(), "{what}: {error}");
}
