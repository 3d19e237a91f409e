//! The class `SessionExpAuth`: sessions that expire (Session task 9).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::http::request::Parts;

use super::session::Dictionary;
use super::{Auth, SessionId, SessionLookup};

/// Finds users by their Session ID for `SESSION_DURATION` seconds after the login.
#[derive(Debug)]
pub struct SessionExpAuth {
    auth: Auth,
    /// `None` means no limit.
    session_duration: Option<Duration>,
    user_id_by_session_id: Dictionary<SessionDictionary>,
}

/// The course's "session dictionary": the data of one session.
#[derive(Clone, Debug)]
pub struct SessionDictionary {
    user_id: Arc<str>,
    /// Monotonic, so that a change of the system time does not affect sessions.
    created_at: Instant,
}

impl SessionExpAuth {
    /// Creates an instance without sessions. Sessions last `session_duration` seconds; 0 or less means no limit.
    #[must_use]
    pub fn new(auth: Auth, session_duration: i64) -> Self {
        let session_duration = u64::try_from(session_duration).ok().filter(|&seconds| seconds > 0);
        Self {
            auth,
            session_duration: session_duration.map(Duration::from_secs),
            user_id_by_session_id: Dictionary::new(),
        }
    }

    /// Creates a session for a user id and returns its Session ID; `None` without a user id.
    pub fn create_session(&self, user_id: Option<Arc<str>>) -> Option<SessionId> {
        self.create_session_at(user_id, Instant::now())
    }

    /// Ends the session of the request's cookie; false if there is no such session.
    pub fn destroy_session(&self, request: Option<&Parts>) -> bool {
        let session_cookie = self.auth.session_cookie(request);
        let Some(session_id) = SessionId::parse(session_cookie.as_deref()) else { return false };
        let session = self.user_id_by_session_id.write().remove(&session_id);
        session.is_some_and(|session| !self.has_expired(&session, Instant::now()))
    }

    fn create_session_at(&self, user_id: Option<Arc<str>>, now: Instant) -> Option<SessionId> {
        let session = SessionDictionary { user_id: user_id?, created_at: now };
        let session_id = SessionId::new();
        let mut sessions = self.user_id_by_session_id.write();
        self.remove_expired(&mut sessions, now);
        sessions.insert(session_id, session);
        Some(session_id)
    }

    fn user_id_for_session_id_at(&self, session_id: Option<&str>, now: Instant) -> Option<Arc<str>> {
        let sessions = self.user_id_by_session_id.read();
        let session = sessions.get(&SessionId::parse(session_id)?)?;
        (!self.has_expired(session, now)).then(|| Arc::clone(&session.user_id))
    }

    fn has_expired(&self, session: &SessionDictionary, now: Instant) -> bool {
        self.session_duration.is_some_and(|duration| now.duration_since(session.created_at) > duration)
    }

    /// Removes expired sessions when the map has reached its capacity, so that abandoned sessions do not use memory for
    /// ever.
    ///
    /// The capacity then doubles, so the amortised cost of a login is one or two visited sessions.
    fn remove_expired(&self, sessions: &mut HashMap<SessionId, SessionDictionary>, now: Instant) {
        if sessions.len() == sessions.capacity() {
            sessions.retain(|_, session| !self.has_expired(session, now));
            sessions.reserve(sessions.len());
        }
    }
}

impl SessionLookup for SessionExpAuth {
    fn auth(&self) -> &Auth {
        &self.auth
    }

    fn user_id_for_session_id(&self, session_id: Option<&str>) -> Option<Arc<str>> {
        self.user_id_for_session_id_at(session_id, Instant::now())
    }
}

#[cfg(test)]
mod tests;
