//! The class `SessionExpAuth`: sessions that expire (Session task 9).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::http::request::Parts;

use super::session::Dictionary;
use super::{Auth, SessionId, SessionLookup};

/// Recognises users by their Session ID for `SESSION_DURATION` seconds after the login.
#[derive(Debug)]
pub struct SessionExpAuth {
    auth: Auth,
    /// `None` for ever.
    session_duration: Option<Duration>,
    user_id_by_session_id: Dictionary<SessionDictionary>,
}

/// What is known of a session: the "session dictionary" of the course.
#[derive(Clone, Debug)]
pub struct SessionDictionary {
    user_id: Arc<str>,
    /// By a clock that nobody sets: a session neither ends nor lasts because the time of day was changed.
    created_at: Instant,
}

impl SessionExpAuth {
    /// A `SessionExpAuth` without sessions, whose sessions last for that many seconds; for ever when 0 or
    /// less.
    #[must_use]
    pub fn new(auth: Auth, session_duration: i64) -> Self {
        let session_duration = u64::try_from(session_duration).ok().filter(|&seconds| seconds > 0);
        Self {
            auth,
            session_duration: session_duration.map(Duration::from_secs),
            user_id_by_session_id: Dictionary::new(),
        }
    }

    /// Opens a session for a user id, which begins now, and returns its Session ID; `None` without a user id.
    pub fn create_session(&self, user_id: Option<Arc<str>>) -> Option<SessionId> {
        self.create_session_at(user_id, Instant::now())
    }

    /// Ends the session of the request's cookie; says whether there was one.
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
        self.make_room(&mut sessions, now);
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

    /// Drops the expired sessions when the dictionary is full, so that what nobody asks for again takes no
    /// room for ever.
    ///
    /// Room for as many again is made then: the next time comes so late that a login pays, on the average,
    /// for one or two sessions, however many there are.
    fn make_room(&self, sessions: &mut HashMap<SessionId, SessionDictionary>, now: Instant) {
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
