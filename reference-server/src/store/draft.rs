//! A view of the objects with pending changes applied.
//!
//! Each action sees the result of the ones before it. The current objects are not modified.

use std::collections::HashMap;
use std::sync::Arc;

use super::objects::{Changes, Objects};
use crate::model::{Model, Timestamp};

/// A change to the objects.
pub(super) enum Action<M> {
    Save(Box<M>),
    Update(Arc<str>, Box<dyn FnOnce(&mut M) + Send>),
    Remove(Arc<str>),
    Retain(Box<dyn Fn(&M) -> bool + Send>),
}

/// The current objects and the differences to them.
pub(super) struct Draft<'p, M> {
    present: &'p Objects<M>,
    /// The new object by id; `None` if it is to be removed.
    changed: HashMap<Arc<str>, Option<Arc<M>>>,
    /// The changed ids, in the order of their first change.
    order: Vec<Arc<str>>,
}

impl<'p, M: Model> Draft<'p, M> {
    pub(super) fn over(present: &'p Objects<M>) -> Self {
        Self { present, changed: HashMap::new(), order: Vec::new() }
    }

    /// Applies one action and returns the object concerned: its new state, or its last one if it is removed.
    pub(super) fn make(&mut self, action: Action<M>) -> Option<Arc<M>> {
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

    /// All objects with the changes applied, in no particular order.
    fn iter(&self) -> impl Iterator<Item = &Arc<M>> {
        let unchanged = self.present.iter().filter(|object| !self.changed.contains_key(object.id()));
        unchanged.chain(self.changed.values().flatten())
    }

    /// The differences, in the order of the first change of each object.
    pub(super) fn into_changes(mut self) -> Changes<M> {
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
