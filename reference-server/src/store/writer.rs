//! The writer thread of a store, so that no request blocks on file I/O.
//!
//! All waiting changes are applied to the [`WorkingCopy`] and appended to the journal together (one sync for all); then
//! they become visible to readers, then they are acknowledged.
//!
//! A checkpoint writes all objects to the course's file and removes the journal. When there has been no change for a
//! moment, a second thread writes the draft of the file, so that a change need not wait. When changes keep coming and
//! the journal has grown as long as the file, the writer thread does all of it.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::WriteError;
use super::file::{Draft, JsonFile};
use super::journal::Journal;
use super::objects::{Changes, Objects};
use super::working_copy::WorkingCopy;
use crate::model::Model;

/// The time without changes after which a checkpoint starts.
const IDLE: Duration = Duration::from_millis(250);

/// How often the writer looks whether the draft of the file is written.
const POLL: Duration = Duration::from_millis(10);

/// The time between two checkpoints is at least this many times the duration of one, so that checkpoints take a small
/// part of the time.
const REST_PER_CHECKPOINT: u32 = 10;

/// The pause after a failed checkpoint: the cause (a full disk, say) lasts for a while.
const PAUSE: Duration = Duration::from_secs(5);

/// A journal shorter than this, in bytes, does not start a checkpoint while there are changes.
const SHORT: u64 = 1024 * 1024;

/// A change: applies itself to the working copy, and returns a function that sends the result to the caller.
pub(super) type Change<M> = Box<dyn FnOnce(&mut WorkingCopy<M>) -> Acknowledge + Send>;

/// Sends the result of a change once it is stored, or has failed.
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), WriteError>)>;

/// The state of the writer thread.
pub(super) struct Writer<M> {
    /// What readers see.
    objects: Arc<RwLock<Objects<M>>>,
    working_copy: WorkingCopy<M>,
    file: JsonFile,
    journal: Journal,
    drafting: Option<Drafting>,
    /// No checkpoint starts before this time.
    next_checkpoint: Instant,
}

/// A thread that writes the draft of the file.
struct Drafting {
    thread: JoinHandle<io::Result<Draft>>,
    start: Instant,
    /// The length of the journal at the start.
    journal_length: u64,
}

impl<M: Model> Writer<M> {
    pub(super) fn new(
        objects: Arc<RwLock<Objects<M>>>,
        working_copy: WorkingCopy<M>,
        file: JsonFile,
        journal: Journal,
    ) -> Self {
        Self { objects, working_copy, file, journal, drafting: None, next_checkpoint: Instant::now() }
    }

    /// Stores changes until the channel is closed, and then everything in the file.
    pub(super) fn run(mut self, waiting: &Receiver<Change<M>>) {
        loop {
            let next = if self.drafting.is_some() {
                waiting.recv_timeout(POLL)
            } else if self.journal.length() > 0 {
                waiting.recv_timeout(IDLE)
            } else {
                waiting.recv().map_err(RecvTimeoutError::from)
            };
            match next {
                Ok(change) => {
                    self.store(std::iter::once(change).chain(waiting.try_iter()));
                    if self.journal.length() >= SHORT.max(self.file.length()) && self.may_checkpoint() {
                        self.checkpoint_or_pause();
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.checkpoint_in_background(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.journal.length() > 0 {
            // If it fails, the journal stays, and the next start applies it.
            self.checkpoint_or_pause();
        }
    }

    /// Stores changes and acknowledges them.
    fn store(&mut self, changes: impl Iterator<Item = Change<M>>) {
        let acknowledge: Vec<_> = changes.map(|change| change(&mut self.working_copy)).collect();
        let changes = self.working_copy.take_changes();
        let stored = if changes.is_empty() { Ok(()) } else { self.write(&changes) };
        match &stored {
            Ok(()) => self.objects.write().unwrap_or_else(PoisonError::into_inner).apply(changes),
            Err(error) => {
                let readers = self.objects.read().unwrap_or_else(PoisonError::into_inner);
                self.working_copy = WorkingCopy::of(&readers);
                let path = self.journal.path().display();
                print_error(&format!("the journal {path} cannot be written"), error);
            }
        }
        let stored = stored.map_err(WriteError::because);
        for acknowledge in acknowledge {
            acknowledge(stored.clone());
        }
    }

    fn write(&mut self, changes: &Changes<M>) -> io::Result<()> {
        if self.journal.is_lost() {
            // Its changes are in no file now, but they are still in memory.
            self.checkpoint()?;
        }
        self.journal.append(changes)
    }

    fn may_checkpoint(&self) -> bool {
        Instant::now() >= self.next_checkpoint
    }

    /// Starts a thread that writes the draft of the file; once it is written, and if there has been no change meanwhile,
    /// finishes the checkpoint.
    fn checkpoint_in_background(&mut self) {
        match self.drafting.take() {
            Some(drafting) if !drafting.thread.is_finished() => self.drafting = Some(drafting),
            Some(drafting) if drafting.journal_length == self.journal.length() => {
                let finished = join(drafting.thread).and_then(|draft| self.publish(draft));
                self.end_checkpoint(drafting.start, finished);
            }
            // The draft is out of date.
            Some(drafting) => self.end_checkpoint(drafting.start, join(drafting.thread).map(drop)),
            None if self.may_checkpoint() => {
                let (path, objects) = (self.file.path().to_owned(), self.snapshot());
                let (start, journal_length) = (Instant::now(), self.journal.length());
                let thread = thread::Builder::new().name(format!("{} checkpoint", M::CLASS));
                match thread.spawn(move || Draft::write(&path, &objects)) {
                    Ok(thread) => self.drafting = Some(Drafting { thread, start, journal_length }),
                    Err(error) => self.end_checkpoint(start, Err(error)),
                }
            }
            None => {}
        }
    }

    /// Makes a checkpoint on this thread; pauses checkpoints if it fails.
    fn checkpoint_or_pause(&mut self) {
        let start = Instant::now();
        let result = self.checkpoint();
        self.end_checkpoint(start, result);
    }

    /// Makes a checkpoint on this thread.
    fn checkpoint(&mut self) -> io::Result<()> {
        // Two drafts would have the same name.
        if let Some(drafting) = self.drafting.take() {
            let _ = join(drafting.thread);
        }
        let draft = Draft::write(self.file.path(), &self.snapshot())?;
        self.publish(draft)
    }

    /// Puts a draft with all changes in place, and removes the journal.
    fn publish(&mut self, draft: Draft) -> io::Result<()> {
        // The record comes first: after a power cut it says which changes the new file contains.
        self.journal.append_version(draft.version())?;
        self.file.publish(draft)?;
        self.journal.remove(self.file.version())
    }

    fn end_checkpoint(&mut self, start: Instant, result: io::Result<()>) {
        let pause = match result {
            Ok(()) => REST_PER_CHECKPOINT * start.elapsed(),
            Err(error) => {
                print_error(&format!("the file {} cannot be written", self.file.path().display()), &error);
                PAUSE
            }
        };
        self.next_checkpoint = Instant::now() + pause;
    }

    /// The objects that readers see: those in the journal and the file.
    fn snapshot(&self) -> Vec<Arc<M>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

fn join(thread: JoinHandle<io::Result<Draft>>) -> io::Result<Draft> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread has panicked")))
}

/// Prints an error to stderr.
fn print_error(what: &str, error: &impl Display) {
    // `eprintln!` would panic if stderr is closed, and end the writer.
    let _ = writeln!(io::stderr(), "{what}: {error}");
}

#[cfg(test)]
mod tests;
