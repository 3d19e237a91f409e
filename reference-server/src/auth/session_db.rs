//! The class `SessionDBAuth`: sessions that are stored and outlive the process (Session task 10).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::http::request::Parts;

use super::{Auth, SessionId, SessionLookup};
use crate::model::{Model as _, Timestamp, UserSession};
use crate::store::{Store, WriteError};

/// Recognises users by their Session ID, also after a restart, for `SESSION_DURATION` seconds after the
/// login.
pub struct SessionDbAuth {
    auth: Auth,
    /// In seconds; for ever when 0 or less.
    session_duration: i64,
    user_sessions: Store<UserSession>,
    /// How many stored sessions are enough to look for expired ones.
    many: AtomicUsize,
}

/// Fewer stored sessions than this are not worth looking through.
const FEW: usize = 1024;

impl SessionDbAuth {
    /// A `SessionDbAuth` with the stored sessions.
    #[must_use]
    pub fn new(auth: Auth, session_duration: i64, user_sessions: Store<UserSession>) -> Self {
        Self { auth, session_duration, user_sessions, many: AtomicUsize::new(FEW) }
    }

    /// Opens a session for a user id, which begins now, and returns its Session ID once it is stored; `None`
    /// without a user id.
    ///
    /// # Errors
    /// When it cannot be stored; there is no session then.
    pub async fn create_session(&self, user_id: Option<Arc<str>>) -> Result<Option<SessionId>, WriteError> {
        let Some(user_id) = user_id else { return Ok(None) };
        let session_id = SessionId::new();
        let user_session = UserSession::new(user_id, session_id.to_string());
        // At once, not one after the other: the writer puts both into the file in one go.
        let (saved, _) = tokio::join!(self.user_sessions.save(user_session), self.drop_expired());
        saved?;
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
        (!has_expired(&user_session, self.session_duration, now)).then_some(user_session)
    }

    /// Drops the expired sessions each time that the stored ones have doubled, so that what nobody asks for
    /// again is not written to the file for ever.
    async fn drop_expired(&self) -> Result<(), WriteError> {
        let (count, session_duration) = (self.user_sessions.count(), self.session_duration);
        if count < self.many.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = Timestamp::now();
        self.user_sessions
            .retain(move |user_session| !has_expired(user_session, session_duration, now))
            .await?;
        self.many.store(FEW.max(2 * self.user_sessions.count()), Ordering::Relaxed);
        Ok(())
    }
}

/// Whether a session ended before now. It lasts for that many seconds; for ever when 0 or less.
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
