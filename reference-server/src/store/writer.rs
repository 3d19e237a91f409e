//! The writer thread of a store, so that no request blocks on file I/O.
//!
//! All waiting changes are applied to a [`Draft`] and appended to the journal together; then they become visible to
//! readers, then all are acknowledged. When there has been no change for a moment, or when the journal has grown long,
//! a checkpoint writes the objects to the file: a second thread writes the draft of the file meanwhile.

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

/// The time without changes after which a checkpoint starts.
const IDLE: Duration = Duration::from_millis(250);

/// The idle time before a checkpoint is at least this many times the duration of the last one, so that checkpoints take
/// a small part of the time.
const IDLE_PER_CHECKPOINT: u32 = 10;

/// The pause after a failed checkpoint: the cause (a full disk, say) lasts for a while.
const PAUSE: Duration = Duration::from_secs(5);

/// A journal shorter than this, in bytes, does not start a checkpoint while there are changes.
const SHORT: u64 = 1024 * 1024;

/// A message to the writer thread.
pub(super) enum Message<M> {
    /// Apply a change.
    Change(Change<M>),
    /// The draft of the file is written, or has failed.
    Drafted(io::Result<Content>),
    /// Write everything to the file and end. No message may follow.
    Stop,
}

/// A change, and where to send the result: the object concerned, if there is one.
pub(super) struct Change<M> {
    pub(super) action: Action<M>,
    pub(super) answer: oneshot::Sender<Result<Option<Arc<M>>, WriteError>>,
}

/// The state of the writer thread.
pub(super) struct Writer<M> {
    objects: Arc<RwLock<Objects<M>>>,
    file: File,
    /// The length of the file in bytes.
    file_length: u64,
    journal: Journal,
    /// Where the second thread sends [`Message::Drafted`].
    messages: mpsc::Sender<Message<M>>,
    /// The checkpoint in progress.
    checkpoint: Option<Checkpoint>,
    /// The idle time before the next checkpoint.
    rest: Duration,
    /// No checkpoint starts because of the journal's length before this time.
    not_before: Option<Instant>,
}

/// A checkpoint in progress.
struct Checkpoint {
    /// The length of the journal at its start: later changes are not in the draft.
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
        Self { objects, file, file_length, journal, messages, checkpoint: None, rest: IDLE, not_before: None }
    }

    /// Applies changes until it receives [`Message::Stop`].
    pub(super) fn run(mut self, waiting: &mpsc::Receiver<Message<M>>) {
        let mut changes = Vec::new();
        loop {
            let next = if self.checkpoint.is_none() && self.journal.length() > 0 {
                waiting.recv_timeout(self.rest)
            } else {
                waiting.recv().map_err(mpsc::RecvTimeoutError::from)
            };
            let first = match next {
                Ok(message) => message,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.begin_checkpoint();
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
                self.end_checkpoint(draft);
            }
            if stop {
                return self.stop(waiting);
            }
            let is_long = self.journal.length() >= SHORT.max(self.file_length);
            if is_long
                && self.checkpoint.is_none()
                && self.not_before.is_none_or(|moment| moment <= Instant::now())
            {
                self.begin_checkpoint();
            }
        }
    }

    fn commit(&mut self, changes: Vec<Change<M>>) {
        // Only this thread takes the write lock, so the read lock blocks nobody.
        let present = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let mut draft = Draft::over(&present);
        let answers: Vec<_> =
            changes.into_iter().map(|Change { action, answer }| (answer, draft.make(action))).collect();
        let changes = draft.into_changes();
        drop(present);

        let stored = if changes.is_empty() { Ok(()) } else { self.store(changes) };
        let outcome = stored.map_err(|error| {
            print_error(&format!("the journal {} cannot be written", self.journal.path().display()), &error);
            WriteError::because(error)
        });
        for (answer, object) in answers {
            // The receiver may have gone; the change remains valid.
            let _ = answer.send(outcome.clone().map(|()| object));
        }
    }

    fn store(&mut self, changes: Changes<M>) -> io::Result<()> {
        if self.journal.is_lost() {
            // Its changes are in no file now, but they are still in memory.
            if self.checkpoint.is_some() {
                return Err(io::Error::other(
                    "another process has removed it, and the file is not written yet",
                ));
            }
            self.checkpoint_now()?;
        }
        self.journal.append(&changes)?;
        self.objects.write().unwrap_or_else(PoisonError::into_inner).accept(changes);
        Ok(())
    }

    /// Starts a thread that writes the draft of the file.
    fn begin_checkpoint(&mut self) {
        let objects = self.snapshot();
        let (file, messages) = (self.file.clone(), self.messages.clone());
        let drafting = thread::Builder::new().name(format!("{} checkpoint", M::CLASS)).spawn(move || {
            let draft = file.draft(objects.iter().map(|object| &**object));
            // The writer waits for this message.
            let _ = messages.send(Message::Drafted(draft));
        });
        match drafting {
            Ok(_) => {
                self.checkpoint = Some(Checkpoint { from: self.journal.length(), began: Instant::now() });
            }
            Err(error) => self.checkpoint_failed(&error),
        }
    }

    fn end_checkpoint(&mut self, draft: io::Result<Content>) {
        let Some(Checkpoint { from, began }) = self.checkpoint.take() else { return };
        match draft.and_then(|content| self.publish(content, from)) {
            Ok(()) => {
                self.rest = IDLE.max(IDLE_PER_CHECKPOINT * began.elapsed());
                self.not_before = None;
            }
            Err(error) => self.checkpoint_failed(&error),
        }
    }

    /// Writes a checkpoint on this thread.
    fn checkpoint_now(&mut self) -> io::Result<()> {
        let draft = self.file.draft(self.snapshot().iter().map(|object| &**object))?;
        self.publish(draft, self.journal.length())
    }

    /// Puts the draft in place and drops what it contains from the journal.
    fn publish(&mut self, draft: Content, from: u64) -> io::Result<()> {
        let to = self.journal.length();
        // The record comes first: after a power cut it tells what the new file contains.
        self.journal.note(&draft.version, from)?;
        self.file.publish()?;
        self.file_length = draft.length;
        self.journal.forget(draft.version, from, to)
    }

    fn checkpoint_failed(&mut self, error: &io::Error) {
        print_error(&format!("the file {} cannot be written", self.file.path().display()), error);
        self.rest = PAUSE;
        self.not_before = Some(Instant::now() + PAUSE);
    }

    /// Finishes the checkpoint in progress and writes another one if needed.
    fn stop(mut self, waiting: &mpsc::Receiver<Message<M>>) {
        while self.checkpoint.is_some() {
            match waiting.recv() {
                Ok(Message::Drafted(draft)) => self.end_checkpoint(draft),
                Ok(_) => {}
                Err(mpsc::RecvError) => break,
            }
        }
        if self.journal.length() > 0 {
            // If it fails, the journal stays, and the next start applies it.
            if let Err(error) = self.checkpoint_now() {
                self.checkpoint_failed(&error);
            }
        }
    }

    fn snapshot(&self) -> Vec<Arc<M>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Prints an error to stderr.
fn print_error(what: &str, error: &impl Display) {
    // `eprintln!` would panic if stderr is closed, and end the writer.
    let _ = writeln!(io::stderr(), "{what}: {error}");
}
