//! The writer's own copy of the objects, which is ahead of what readers see.
//!
//! Each change sees the result of the ones before it, also of those that are not on disk yet. The copy shares the objects
//! with the readers' and has indexes of its own.

use std::mem;
use std::sync::Arc;

use super::objects::{Changes, Objects};
use crate::model::{Model, Timestamp};

/// The objects with all changes applied, and the changes that are not in the journal yet.
pub(super) struct WorkingCopy<M> {
    objects: Objects<M>,
    changes: Changes<M>,
}

impl<M: Model> WorkingCopy<M> {
    pub(super) fn of(objects: &Objects<M>) -> Self {
        Self { objects: objects.clone(), changes: Vec::new() }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<M>> {
        self.objects.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<M>> {
        self.objects.iter()
    }

    /// Stores an object with the current time as the time of its last change.
    pub(super) fn save(&mut self, mut object: M) -> Arc<M> {
        object.touch(Timestamp::now());
        let object = Arc::new(object);
        self.objects.put(Arc::clone(&object));
        self.changes.push((Arc::clone(object.id()), Some(Arc::clone(&object))));
        object
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<M>> {
        let object = self.objects.remove(id)?;
        self.changes.push((Arc::clone(object.id()), None));
        Some(object)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&M) -> bool) {
        let others = self.iter().filter(|object| !keep(object)).map(|object| Arc::clone(object.id()));
        for id in others.collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    /// Returns the changes since the last call.
    pub(super) fn take_changes(&mut self) -> Changes<M> {
        mem::take(&mut self.changes)
    }
}
