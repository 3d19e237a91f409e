//! Stores the objects of one class in memory and on disk.
//!
//! A [`Store`] is a cheap handle. Reads take a short lock and do no I/O. A change goes through the writer thread:
//!
//! ```text
//! save, update, remove → writer: working copy → journal (append, sync) → visible to reads → acknowledged
//!                                when idle: all objects → the course's file; the journal is removed
//! ```
//!
//! An acknowledged change is on disk. If a write fails, nothing has changed. The cost of a change does not depend on the
//! number of objects. When the store is idle, only the course's file exists, which every implementation can read.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::thread::{self, JoinHandle};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::model::Model;

mod directory;
mod error;
mod file;
mod journal;
mod objects;
mod working_copy;
mod writer;

pub use directory::Directory;
pub use error::StoreError;

use file::JsonFile;
use journal::Journal;
use objects::Objects;
use working_copy::WorkingCopy;
use writer::{Change, Writer};

/// A handle to the objects of a class.
pub struct Store<M: Model> {
    shared: Arc<Shared<M>>,
}

/// The state that the handles of one store share.
struct Shared<M: Model> {
    objects: Arc<RwLock<Objects<M>>>,
    /// The channel to the writer thread, which runs until the channel is closed.
    changes: Option<mpsc::Sender<Change<M>>>,
    writer: Option<JoinHandle<()>>,
}

/// A change that could not be stored.
#[derive(Clone, Debug, Error)]
#[error("the change was not stored: {reason}")]
pub struct WriteError {
    reason: Arc<str>,
}

impl<M: Model> Store<M> {
    /// The object with an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<M>> {
        self.objects().get(id).cloned()
    }

    /// The oldest object with this key (the e-mail address of a user).
    #[must_use]
    pub fn search(&self, value: &str) -> Option<Arc<M>> {
        self.objects().search(value).cloned()
    }

    /// The number of objects.
    #[must_use]
    pub fn count(&self) -> usize {
        self.objects().count()
    }

    /// All objects, in the order they were stored.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<M>> {
        self.objects().iter().cloned().collect()
    }

    /// Stores an object, replacing the one with the same id, and returns it.
    ///
    /// # Errors
    /// If it cannot be written; then nothing has changed.
    pub async fn save(&self, object: M) -> Result<Arc<M>, WriteError> {
        self.change(|objects| objects.save(object)).await
    }

    /// Changes the object with an id and returns it; `None` if there is no such object.
    ///
    /// Changes are serialized, so that no update is lost.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing has changed.
    pub async fn update(
        &self,
        id: &str,
        change: impl FnOnce(&mut M) + Send + 'static,
    ) -> Result<Option<Arc<M>>, WriteError> {
        let id = id.to_owned();
        self.change(move |objects| {
            let mut object = M::clone(objects.get(&id)?);
            change(&mut object);
            Some(objects.save(object))
        })
        .await
    }

    /// Removes the object with an id and returns it; `None` if there is no such object.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing has changed.
    pub async fn remove(&self, id: &str) -> Result<Option<Arc<M>>, WriteError> {
        let id = id.to_owned();
        self.change(move |objects| objects.remove(&id)).await
    }

    /// Removes every object for which `keep` is false.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing has changed.
    pub async fn retain(&self, keep: impl Fn(&M) -> bool + Send + 'static) -> Result<(), WriteError> {
        self.change(move |objects| objects.retain(keep)).await
    }

    /// Sends a change to the writer thread and returns its result once the change is on disk.
    async fn change<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&mut WorkingCopy<M>) -> T + Send + 'static,
    ) -> Result<T, WriteError> {
        let (sender, receiver) = oneshot::channel();
        let change: Change<M> = Box::new(move |objects| {
            let result = apply(objects);
            // Called when the change is stored, or has failed. The client may have disconnected meanwhile.
            Box::new(move |stored| drop(sender.send(stored.map(|()| result))))
        });
        let stopped = || WriteError::because("the writer has stopped");
        let changes = self.shared.changes.as_ref().ok_or_else(stopped)?;
        changes.send(change).map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }

    fn objects(&self) -> RwLockReadGuard<'_, Objects<M>> {
        self.shared.objects.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Model> Clone for Store<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Directory {
    /// Opens the objects of a class from its file and journal; without a file there are none.
    ///
    /// # Errors
    /// If the file cannot be read or is not what the course's `save_to_file` writes, or if the journal is corrupt or
    /// belongs to another file. Neither is modified.
    pub fn store<M: Model>(self: &Arc<Self>) -> Result<Store<M>, StoreError> {
        let (file, mut objects) = JsonFile::open::<M>(Arc::clone(self))?;
        let (journal, missing) = Journal::open::<M>(Arc::clone(self), file.version())?;
        for changes in missing {
            objects.apply(changes);
        }
        let working_copy = WorkingCopy::of(&objects);
        let objects = Arc::new(RwLock::new(objects));
        let writer = Writer::new(Arc::clone(&objects), working_copy, file, journal);
        let (changes, waiting) = mpsc::channel();
        let writer = thread::Builder::new()
            .name(format!("{} writer", M::CLASS))
            .spawn(move || writer.run(&waiting))
            .map_err(|error| StoreError::NoThread { error })?;
        Ok(Store { shared: Arc::new(Shared { objects, changes: Some(changes), writer: Some(writer) }) })
    }

    /// The path of the file or the journal of a class.
    fn path_of(&self, class: &str, extension: &str) -> PathBuf {
        self.path().join(format!(".db_{class}.{extension}"))
    }
}

impl<M: Model> Drop for Shared<M> {
    /// Waits for the writer thread: when the last handle is dropped, everything is in the file and the directory is
    /// unlocked.
    fn drop(&mut self) {
        self.changes = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl WriteError {
    fn because(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string().into() }
    }
}

#[cfg(test)]
mod tests;
