//! The class `SessionAuth`: a session cookie that a login sets (Session tasks 1 to 8).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hyper::http::request::Parts;
use uuid::Uuid;

use super::Auth;
use crate::model::User;
use crate::store::Store;

/// Finds users by their Session ID. A session lasts until the logout or until the process ends.
#[derive(Debug)]
pub struct SessionAuth {
    auth: Auth,
    user_id_by_session_id: Dictionary<Arc<str>>,
}

impl SessionAuth {
    /// Creates an instance that extends `auth` and has no sessions.
    #[must_use]
    pub fn new(auth: Auth) -> Self {
        Self { auth, user_id_by_session_id: Dictionary::new() }
    }

    /// Creates a session for a user id and returns its Session ID; `None` without a user id (task 2).
    ///
    /// A user may have any number of sessions.
    pub fn create_session(&self, user_id: Option<Arc<str>>) -> Option<SessionId> {
        let session_id = SessionId::new();
        self.user_id_by_session_id.write().insert(session_id, user_id?);
        Some(session_id)
    }

    /// Ends the session of the request's cookie; false if there is no such session (task 8).
    pub fn destroy_session(&self, request: Option<&Parts>) -> bool {
        let session_id = SessionId::parse(self.auth.session_cookie(request).as_deref());
        session_id.is_some_and(|session_id| self.user_id_by_session_id.write().remove(&session_id).is_some())
    }

    /// A copy of the dictionary, ordered by Session ID.
    #[must_use]
    pub fn user_id_by_session_id(&self) -> BTreeMap<String, String> {
        let sessions = self.user_id_by_session_id.read();
        sessions.iter().map(|(session_id, user_id)| (session_id.to_string(), user_id.to_string())).collect()
    }
}

impl SessionLookup for SessionAuth {
    fn auth(&self) -> &Auth {
        &self.auth
    }

    fn user_id_for_session_id(&self, session_id: Option<&str>) -> Option<Arc<str>> {
        self.user_id_by_session_id.read().get(&SessionId::parse(session_id)?).cloned()
    }
}

/// What the three session classes have in common. They differ in where they look a session up.
pub trait SessionLookup {
    /// The base class.
    fn auth(&self) -> &Auth;

    /// The user id of a session; `None` if there is no such session (task 3).
    fn user_id_for_session_id(&self, session_id: Option<&str>) -> Option<Arc<str>>;

    /// The user whose Session ID is in the request's cookie (task 6).
    fn current_user(&self, request: Option<&Parts>, users: &Store<User>) -> Option<Arc<User>> {
        let session_id = self.auth().session_cookie(request);
        let user_id = self.user_id_for_session_id(session_id.as_deref())?;
        users.get(&user_id)
    }
}

/// A Session ID: a version 4 UUID with 122 random bits from the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Uuid);

impl SessionId {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    /// Parses a Session ID. Only the form that was issued is accepted: no capitals, no missing dashes.
    pub(super) fn parse(text: Option<&str>) -> Option<Self> {
        let text = text?;
        let uuid = Uuid::try_parse(text).ok()?;
        let canonical = uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        canonical.then_some(Self(uuid))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

/// The course's dictionary `user_id_by_session_id`, for concurrent use.
#[derive(Debug)]
pub(super) struct Dictionary<V>(RwLock<HashMap<SessionId, V>>);

impl<V> Dictionary<V> {
    pub(super) fn new() -> Self {
        Self(RwLock::new(HashMap::new()))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, HashMap<SessionId, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, HashMap<SessionId, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
