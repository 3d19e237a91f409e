//! The objects in memory, indexed by id and by key, in the order they were stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::Model;

/// Ids with their new objects; `None` if the object is removed.
pub(super) type Changes<M> = Vec<(Arc<str>, Option<Arc<M>>)>;

/// The objects of a class. Every lookup takes constant time.
pub(super) struct Objects<M> {
    by_id: HashMap<Arc<str>, Place<M>>,
    /// The ids of the objects with a key, oldest first: e-mail addresses need not be unique.
    ids_by_key: HashMap<Box<str>, Vec<Arc<str>>>,
    ids_in_order: BTreeMap<u64, Arc<str>>,
    next: u64,
}

/// An object and its position in the order.
struct Place<M> {
    number: u64,
    object: Arc<M>,
}

impl<M: Model> Objects<M> {
    pub(super) fn new() -> Self {
        Self { by_id: HashMap::new(), ids_by_key: HashMap::new(), ids_in_order: BTreeMap::new(), next: 0 }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<M>> {
        self.by_id.get(id).map(|place| &place.object)
    }

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
        if let Some(place) = self.by_id.get_mut(&id) {
            let former = std::mem::replace(&mut place.object, object);
            if former.key() == key.as_deref() {
                return;
            }
            self.forget_key(&former);
        } else {
            let number = self.next;
            self.next += 1;
            self.ids_in_order.insert(number, Arc::clone(&id));
            self.by_id.insert(Arc::clone(&id), Place { number, object });
        }
        if let Some(key) = key {
            self.ids_by_key.entry(key).or_default().push(id);
        }
    }

    /// Applies changes.
    pub(super) fn accept(&mut self, changes: Changes<M>) {
        for (id, object) in changes {
            match object {
                Some(object) => self.put(object),
                None => self.remove(&id),
            }
        }
    }

    fn remove(&mut self, id: &str) {
        if let Some(Place { number, object }) = self.by_id.remove(id) {
            self.ids_in_order.remove(&number);
            self.forget_key(&object);
        }
    }

    fn forget_key(&mut self, object: &M) {
        let Some(key) = object.key() else { return };
        if let Some(ids) = self.ids_by_key.get_mut(key) {
            ids.retain(|id| id != object.id());
            if ids.is_empty() {
                self.ids_by_key.remove(key);
            }
        }
    }
}
