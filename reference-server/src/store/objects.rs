//! The objects in memory, indexed by id and by key, in the order they were stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::Model;

/// Ids with their new objects; `None` if the object is removed.
pub(super) type Changes<M> = Vec<(Arc<str>, Option<Arc<M>>)>;

/// The objects of a class. The cost of a lookup or a change does not depend on their number.
pub(super) struct Objects<M> {
    by_id: HashMap<Arc<str>, Entry<M>>,
    /// The ids of the objects with a key, oldest first: e-mail addresses need not be unique.
    ids_by_key: HashMap<Box<str>, Vec<Arc<str>>>,
    ids_in_order: BTreeMap<u64, Arc<str>>,
    next_number: u64,
}

/// An object and its position in the order.
struct Entry<M> {
    number: u64,
    object: Arc<M>,
}

impl<M: Model> Objects<M> {
    pub(super) fn new() -> Self {
        Self {
            by_id: HashMap::new(),
            ids_by_key: HashMap::new(),
            ids_in_order: BTreeMap::new(),
            next_number: 0,
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<M>> {
        self.by_id.get(id).map(|entry| &entry.object)
    }

    /// The oldest object with a key.
    pub(super) fn search(&self, key: &str) -> Option<&Arc<M>> {
        self.get(self.ids_by_key.get(key)?.first()?)
    }

    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    /// All objects, in the order they were added.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<M>> {
        self.ids_in_order.values().filter_map(|id| self.get(id))
    }

    /// Adds an object at the end, or replaces the one with the same id.
    pub(super) fn put(&mut self, object: Arc<M>) {
        let id = Arc::clone(object.id());
        let key: Option<Box<str>> = object.key().map(Box::from);
        if let Some(entry) = self.by_id.get_mut(&id) {
            let former = std::mem::replace(&mut entry.object, object);
            if former.key() == key.as_deref() {
                return;
            }
            self.remove_key(&former);
        } else {
            let number = self.next_number;
            self.next_number += 1;
            self.ids_in_order.insert(number, Arc::clone(&id));
            self.by_id.insert(Arc::clone(&id), Entry { number, object });
        }
        if let Some(key) = key {
            self.ids_by_key.entry(key).or_default().push(id);
        }
    }

    /// Removes an object and returns it.
    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<M>> {
        let Entry { number, object } = self.by_id.remove(id)?;
        self.ids_in_order.remove(&number);
        self.remove_key(&object);
        Some(object)
    }

    /// Applies changes.
    pub(super) fn apply(&mut self, changes: Changes<M>) {
        for (id, object) in changes {
            match object {
                Some(object) => self.put(object),
                None => drop(self.remove(&id)),
            }
        }
    }

    fn remove_key(&mut self, object: &M) {
        let Some(key) = object.key() else { return };
        if let Some(ids) = self.ids_by_key.get_mut(key) {
            ids.retain(|id| id != object.id());
            if ids.is_empty() {
                self.ids_by_key.remove(key);
            }
        }
    }
}

impl<M: Model> Clone for Objects<M> {
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        self.iter().cloned().for_each(|object| copy.put(object));
        copy
    }
}
