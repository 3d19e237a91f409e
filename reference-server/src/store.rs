//! Stores the objects of one class in memory and in a file.
//!
//! A [`Store`] is a cheap handle. Reads take a short lock and do no I/O. A change is sent to the writer thread, which
//! appends all waiting changes to the journal with one sync; only then are they visible to readers and acknowledged. If
//! the write fails, nothing has changed. A checkpoint writes the objects to the course's file and removes the journal;
//! when the store is idle, only the file exists.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::thread::{self, JoinHandle};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::model::Model;

mod directory;
mod draft;
mod error;
mod file;
mod journal;
mod objects;
mod version;
mod writer;

pub use directory::Directory;
pub use error::StoreError;

use draft::Action;
use journal::Journal;
use objects::Objects;
use writer::{Change, Message, Writer};

/// A handle to the objects of a class.
pub struct Store<M: Model> {
    shelf: Arc<Shared<M>>,
}

/// The state that the handles of one store share.
struct Shared<M: Model> {
    objects: Arc<RwLock<Objects<M>>>,
    /// The channel to the writer thread, which runs until the last handle is dropped.
    messages: mpsc::Sender<Message<M>>,
    writer: Option<JoinHandle<()>>,
}

/// A change that could not be stored.
#[derive(Clone, Debug, Error)]
#[error("the change was not stored: {reason}")]
pub struct WriteError {
    reason: Arc<str>,
}

impl<M: Model> Store<M> {
    fn open(directory: Arc<Directory>) -> Result<Self, StoreError> {
        let file = file::File::new(Arc::clone(&directory), M::CLASS);
        let (mut objects, content) = file.read()?;
        let (journal, lacking) = Journal::open(directory, content.version.clone())?;
        for changes in lacking {
            objects.accept(changes);
        }
        let objects = Arc::new(RwLock::new(objects));
        let (messages, waiting) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&objects), file, &content, journal, messages.clone());
        let thread = thread::Builder::new().name(format!("{} writer", M::CLASS));
        let writer = thread.spawn(move || writer.run(&waiting)).map_err(StoreError::no_thread)?;
        Ok(Self { shelf: Arc::new(Shared { objects, messages, writer: Some(writer) }) })
    }

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
        let saved = self.change(Action::Save(Box::new(object))).await?;
        saved.ok_or_else(|| WriteError::because("the writer returned no object"))
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
        self.change(Action::Update(id.into(), Box::new(change))).await
    }

    /// Removes the object with an id and returns it; `None` if there is no such object.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing has changed.
    pub async fn remove(&self, id: &str) -> Result<Option<Arc<M>>, WriteError> {
        self.change(Action::Remove(id.into())).await
    }

    /// Removes every object for which `keep` is false.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing has changed.
    pub async fn retain(&self, keep: impl Fn(&M) -> bool + Send + 'static) -> Result<(), WriteError> {
        self.change(Action::Retain(Box::new(keep))).await.map(drop)
    }

    async fn change(&self, action: Action<M>) -> Result<Option<Arc<M>>, WriteError> {
        let (answer, answered) = oneshot::channel();
        let stopped = || WriteError::because("the writer has stopped");
        self.shelf.messages.send(Message::Change(Change { action, answer })).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    fn objects(&self) -> RwLockReadGuard<'_, Objects<M>> {
        self.shelf.objects.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Model> Clone for Store<M> {
    fn clone(&self) -> Self {
        Self { shelf: Arc::clone(&self.shelf) }
    }
}

impl<M: Model> Drop for Shared<M> {
    /// Waits for the writer thread: when the last handle is dropped, everything is in the file and the directory is
    /// unlocked.
    fn drop(&mut self) {
        // Fails only if the writer has ended already.
        let _ = self.messages.send(Message::Stop);
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

impl Directory {
    /// Opens the objects of a class from its file and journal; without a file there are none.
    ///
    /// # Errors
    /// If the file cannot be read or is not what the course's `save_to_file` writes, or if the journal is corrupt or
    /// belongs to another file. Neither is modified.
    pub fn store<M: Model>(self: &Arc<Self>) -> Result<Store<M>, StoreError> {
        Store::open(Arc::clone(self))
    }

    /// The name of the file or the journal of a class.
    fn file_of(&self, class: &str, extension: &str) -> std::path::PathBuf {
        Path::join(self.path(), format!(".db_{class}.{extension}"))
    }
}

#[cfg(test)]
mod tests;
