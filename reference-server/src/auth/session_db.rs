//! The class `SessionDBAuth`: sessions that are stored and outlive the process (Session task 10).

use std::sync::Arc;

use hyper::http::request::Parts;

use super::{Auth, SessionId, SessionLookup};
use crate::model::{Model as _, Timestamp, UserSession};
use crate::store::{Store, WriteError};

/// Recognises users by their Session ID, also after a restart, for `SESSION_DURATION` seconds after the login.
pub struct SessionDbAuth {
    auth: Auth,
    /// In seconds; for ever when 0 or less.
    session_duration: i64,
    user_sessions: Store<UserSession>,
}

impl SessionDbAuth {
    /// A `SessionDbAuth` with the stored sessions.
    #[must_use]
    pub fn new(auth: Auth, session_duration: i64, user_sessions: Store<UserSession>) -> Self {
        Self { auth, session_duration, user_sessions }
    }

    /// Opens a session for a user id, which begins now, and returns its Session ID once it is stored; `None` without a
    /// user id.
    ///
    /// # Errors
    /// When it cannot be stored; there is no session then.
    pub async fn create_session(&self, user_id: Option<Arc<str>>) -> Result<Option<SessionId>, WriteError> {
        let Some(user_id) = user_id else { return Ok(None) };
        let session_id = SessionId::new();
        self.user_sessions.save(UserSession::new(user_id, session_id.to_string())).await?;
        Ok(Some(session_id))
    }

    /// Ends the session of the request's cookie, for good; says whether there was one.
    ///
    /// # Errors
    /// When that cannot be stored; the session goes on then.
    pub async fn destroy_session(&self, request: Option<&Parts>) -> Result<bool, WriteError> {
        let session_cookie = self.auth.session_cookie(request);
        let Some(user_session) = self.user_session(session_cookie.as_deref(), Timestamp::now()) else {
            return Ok(false);
        };
        Ok(self.user_sessions.remove(user_session.id()).await?.is_some())
    }

    /// The stored session, unless it has expired.
    fn user_session(&self, session_id: Option<&str>, now: Timestamp) -> Option<Arc<UserSession>> {
        let user_session = self.user_sessions.search(session_id?)?;
        let ends = user_session.created_at().plus_seconds(self.session_duration);
        (self.session_duration <= 0 || now <= ends).then_some(user_session)
    }
}

impl SessionLookup for SessionDbAuth {
    fn auth(&self) -> &Auth {
        &self.auth
    }

    fn user_id_for_session_id(&self, session_id: Option<&str>) -> Option<Arc<str>> {
        self.user_session(session_id, Timestamp::now())?.user_id().cloned()
    }
}
