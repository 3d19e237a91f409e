//! A stored session: `models/user_session.py` (Session task 10).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Model, Timestamp, new_id};

/// A session that survives a restart.
#[derive(Clone, Serialize, Deserialize)]
pub struct UserSession {
    id: Arc<str>,
    #[serde(default = "Timestamp::now")]
    created_at: Timestamp,
    #[serde(default = "Timestamp::now")]
    updated_at: Timestamp,
    user_id: Option<Arc<str>>,
    session_id: Option<String>,
}

impl UserSession {
    /// Creates a session that starts now.
    #[must_use]
    pub fn new(user_id: Arc<str>, session_id: String) -> Self {
        let now = Timestamp::now();
        Self {
            id: new_id(),
            created_at: now,
            updated_at: now,
            user_id: Some(user_id),
            session_id: Some(session_id),
        }
    }

    /// The start of the session.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The id of the session's user.
    #[must_use]
    pub fn user_id(&self) -> Option<&Arc<str>> {
        self.user_id.as_ref()
    }
}

impl Model for UserSession {
    const CLASS: &'static str = "UserSession";

    fn id(&self) -> &Arc<str> {
        &self.id
    }

    fn key(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
    }
}
