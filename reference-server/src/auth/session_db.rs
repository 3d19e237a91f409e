//! The class `SessionDBAuth`: stored sessions, which survive a restart (Session task 10).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::http::request::Parts;

use super::{Auth, SessionId, SessionLookup};
use crate::model::{Model as _, Timestamp, UserSession};
use crate::store::{Store, WriteError};

/// Finds users by their Session ID, also after a restart, for `SESSION_DURATION` seconds after the login.
pub struct SessionDbAuth {
    auth: Auth,
    /// In seconds; 0 or less means no limit.
    session_duration: i64,
    user_sessions: Store<UserSession>,
    /// The number of stored sessions at which expired ones are removed next.
    next_sweep: AtomicUsize,
}

/// Expired sessions are not removed while there are fewer stored sessions than this.
const MIN_SWEEP: usize = 1024;

impl SessionDbAuth {
    /// Creates an instance with the stored sessions.
    #[must_use]
    pub fn new(auth: Auth, session_duration: i64, user_sessions: Store<UserSession>) -> Self {
        Self { auth, session_duration, user_sessions, next_sweep: AtomicUsize::new(MIN_SWEEP) }
    }

    /// Creates a session for a user id and returns its Session ID once it is stored; `None` without a user id.
    ///
    /// # Errors
    /// If it cannot be written; then there is no session.
    pub async fn create_session(&self, user_id: Option<Arc<str>>) -> Result<Option<SessionId>, WriteError> {
        let Some(user_id) = user_id else { return Ok(None) };
        let session_id = SessionId::new();
        let user_session = UserSession::new(user_id, session_id.to_string());
        // Concurrently, so that the writer can write both changes together.
        let (saved, _) = tokio::join!(self.user_sessions.save(user_session), self.remove_expired());
        saved?;
        Ok(Some(session_id))
    }

    /// Ends the session of the request's cookie permanently; false if there is no such session.
    ///
    /// # Errors
    /// If the change cannot be written; then the session still exists.
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
        (!has_expired(&user_session, self.session_duration, now)).then_some(user_session)
    }

    /// Removes expired sessions each time the number of stored sessions has doubled, so that abandoned sessions do not
    /// stay in the file.
    async fn remove_expired(&self) -> Result<(), WriteError> {
        let (count, session_duration) = (self.user_sessions.count(), self.session_duration);
        if count < self.next_sweep.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = Timestamp::now();
        self.user_sessions
            .retain(move |user_session| !has_expired(user_session, session_duration, now))
            .await?;
        self.next_sweep.store(MIN_SWEEP.max(2 * self.user_sessions.count()), Ordering::Relaxed);
        Ok(())
    }
}

/// Whether a session has expired; with a duration of 0 or less it never does.
fn has_expired(user_session: &UserSession, session_duration: i64, now: Timestamp) -> bool {
    session_duration > 0 && user_session.created_at().plus_seconds(session_duration) < now
}

impl SessionLookup for SessionDbAuth {
    fn auth(&self) -> &Auth {
        &self.auth
    }

    fn user_id_for_session_id(&self, session_id: Option<&str>) -> Option<Arc<str>> {
        self.user_session(session_id, Timestamp::now())?.user_id().cloned()
    }
}

#[cfg(test)]
mod tests;
