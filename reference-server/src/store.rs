//! Keeps the objects of one class: in memory for reading, in a file for good.
//!
//! A [`Store`] is a cheap handle. Reading takes a lock for a moment and touches no file. A change goes to the
//! writer's thread, which takes all that wait, adds them to the journal in one go and then answers them
//! together; a change is seen by readers, and acknowledged, only when it is on disk. When it cannot be written,
//! nothing has changed. At rest the journal is folded into the file and gone: there is only the course's file
//! then.

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

/// The objects of a class.
pub struct Store<M: Model> {
    shelf: Arc<Shelf<M>>,
}

/// What the handles of one store share.
struct Shelf<M: Model> {
    objects: Arc<RwLock<Objects<M>>>,
    /// The way to the writer's thread, and the thread, which is there until the last handle is dropped.
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
        Ok(Self { shelf: Arc::new(Shelf { objects, messages, writer: Some(writer) }) })
    }

    /// The object with an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<M>> {
        self.objects().get(id).cloned()
    }

    /// The oldest object whose searched attribute has a value (a user's e-mail address, say).
    #[must_use]
    pub fn search(&self, value: &str) -> Option<Arc<M>> {
        self.objects().search(value).cloned()
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.objects().count()
    }

    /// Every object, in the order they were stored.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<M>> {
        self.objects().iter().cloned().collect()
    }

    /// Stores an object, which takes the place of the one with the same id, and returns it as it was stored.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub async fn save(&self, object: M) -> Result<Arc<M>, WriteError> {
        let saved = self.change(Action::Save(Box::new(object))).await?;
        saved.ok_or_else(|| WriteError::because("the writer lost it"))
    }

    /// Changes the object with an id and returns it, or `None` if there is none.
    ///
    /// Changes come one after the other, each on what the former left: none is lost.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub async fn update(
        &self,
        id: &str,
        change: impl FnOnce(&mut M) + Send + 'static,
    ) -> Result<Option<Arc<M>>, WriteError> {
        self.change(Action::Update(id.into(), Box::new(change))).await
    }

    /// Removes the object with an id and returns it, or `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub async fn remove(&self, id: &str) -> Result<Option<Arc<M>>, WriteError> {
        self.change(Action::Remove(id.into())).await
    }

    /// Removes every object that is not to be kept.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
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

impl<M: Model> Drop for Shelf<M> {
    /// Waits for the writer, so that everything is in the file, and the directory is free for another process,
    /// once the last handle is gone.
    fn drop(&mut self) {
        // It only fails when the writer is gone already.
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
    /// The objects of a class, as its file in this directory and the journal beside it have them; none if there
    /// is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, or is not what the course's `save_to_file` writes; when the journal
    /// is corrupt, or belongs to another file. Both are left as they are.
    pub fn store<M: Model>(self: &Arc<Self>) -> Result<Store<M>, StoreError> {
        Store::open(Arc::clone(self))
    }

    /// The name of the file of a class, or of its journal.
    fn file_of(&self, class: &str, extension: &str) -> std::path::PathBuf {
        Path::join(self.path(), format!(".db_{class}.{extension}"))
    }
}

#[cfg(test)]
mod tests;
