//! The one who writes: a thread of its own for each store, as a file makes whoever touches it wait.
//!
//! Changes come in with a way to answer them. All that wait are made on a [`Draft`] over the present objects;
//! the draft is written, then it becomes the present, then all are answered.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{Arc, PoisonError, RwLock, mpsc};

use tokio::sync::oneshot;

use super::WriteError;
use super::file::File;
use super::objects::Objects;
use crate::model::{Model, Timestamp};

/// What is to be done, and where to say that it is.
pub(super) struct Change<M> {
    pub(super) action: Action<M>,
    pub(super) answer: oneshot::Sender<Result<Option<Arc<M>>, WriteError>>,
}

/// What is to be done. The answer is the object concerned, if there is one.
pub(super) enum Action<M> {
    Save(Box<M>),
    Update(Arc<str>, Box<dyn FnOnce(&mut M) + Send>),
    Remove(Arc<str>),
    Retain(Box<dyn Fn(&M) -> bool + Send>),
}

/// Makes changes as they come, until nobody can send one any more.
pub(super) fn run<M: Model>(file: &File, objects: &RwLock<Objects<M>>, waiting: &mpsc::Receiver<Change<M>>) {
    while let Ok(first) = waiting.recv() {
        commit(file, objects, std::iter::once(first).chain(waiting.try_iter()));
    }
}

fn commit<M: Model>(file: &File, objects: &RwLock<Objects<M>>, changes: impl Iterator<Item = Change<M>>) {
    // Only this thread ever takes the lock for writing, so to hold it for reading keeps nobody waiting.
    let present = objects.read().unwrap_or_else(PoisonError::into_inner);
    let mut draft = Draft::over(&present);
    let answers: Vec<_> = changes.map(|Change { action, answer }| (answer, draft.make(action))).collect();
    let written = if draft.is_empty() { Ok(()) } else { file.write(draft.iter()) };
    let changes = draft.into_changes();
    drop(present);

    let outcome = match written {
        Ok(()) => {
            objects.write().unwrap_or_else(PoisonError::into_inner).accept(changes);
            Ok(())
        }
        Err(error) => {
            // Not `eprintln!`, which panics when nobody reads stderr any more: the writer must live on.
            let _ = writeln!(io::stderr(), "the file {} cannot be written: {error}", file.path().display());
            Err(WriteError::because(error))
        }
    };
    for (answer, object) in answers {
        // Whoever no longer waits for the answer has gone away; the change stands all the same.
        let _ = answer.send(outcome.clone().map(|()| object));
    }
}

/// The objects as they will be: the present ones, and what differs.
struct Draft<'p, M> {
    present: &'p Objects<M>,
    /// By id, the object as it will be; `None` when it will be gone.
    changed: HashMap<Arc<str>, Option<Arc<M>>>,
    /// The changed ids, in the order of their first change.
    order: Vec<Arc<str>>,
}

impl<'p, M: Model> Draft<'p, M> {
    fn over(present: &'p Objects<M>) -> Self {
        Self { present, changed: HashMap::new(), order: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Makes one change and returns the object concerned: as it will be, or as it was if it will be gone.
    fn make(&mut self, action: Action<M>) -> Option<Arc<M>> {
        match action {
            Action::Save(object) => Some(self.put(*object)),
            Action::Update(id, change) => {
                let mut object = M::clone(self.get(&id)?);
                change(&mut object);
                Some(self.put(object))
            }
            Action::Remove(id) => {
                let object = Arc::clone(self.get(&id)?);
                self.note(id, None);
                Some(object)
            }
            Action::Retain(keep) => {
                let gone = self.iter().filter(|object| !keep(object)).map(|object| Arc::clone(object.id()));
                for id in gone.collect::<Vec<_>>() {
                    self.note(id, None);
                }
                None
            }
        }
    }

    /// Every object as it will be, in the order of the file.
    fn iter(&self) -> impl Iterator<Item = &M> {
        let former = self.present.iter().filter_map(|object| match self.changed.get(object.id()) {
            Some(changed) => changed.as_ref(),
            None => Some(object),
        });
        let is_new = |id: &&Arc<str>| self.present.get(id).is_none();
        let new = self.order.iter().filter(is_new).filter_map(|id| self.changed.get(id)?.as_ref());
        former.chain(new).map(|object| &**object)
    }

    fn into_changes(mut self) -> Vec<(Arc<str>, Option<Arc<M>>)> {
        self.order
            .into_iter()
            .map(|id| {
                let object = self.changed.remove(&id).flatten();
                (id, object)
            })
            .collect()
    }

    fn get(&self, id: &str) -> Option<&Arc<M>> {
        match self.changed.get(id) {
            Some(changed) => changed.as_ref(),
            None => self.present.get(id),
        }
    }

    fn put(&mut self, mut object: M) -> Arc<M> {
        object.touch(Timestamp::now());
        let object = Arc::new(object);
        self.note(Arc::clone(object.id()), Some(Arc::clone(&object)));
        object
    }

    fn note(&mut self, id: Arc<str>, object: Option<Arc<M>>) {
        if self.changed.insert(Arc::clone(&id), object).is_none() {
            self.order.push(id);
        }
    }
}
