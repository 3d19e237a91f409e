//! The class that `AUTH_TYPE` selects; the course's `app.py` calls the instance `auth`.

use std::borrow::Cow;
use std::sync::Arc;

use hyper::header::HeaderValue;
use hyper::http::request::Parts;

use super::{Auth, BasicAuth, SessionAuth, SessionDbAuth, SessionExpAuth, SessionId, SessionLookup};
use crate::model::User;
use crate::settings::{AuthType, Settings};
use crate::store::{Directory, Store, StoreError, WriteError};

/// An instance of one of the classes.
#[expect(missing_docs, reason = "each variant is named after its class")]
pub enum Mode {
    Auth(Auth),
    BasicAuth(BasicAuth),
    SessionAuth(SessionAuth),
    SessionExpAuth(SessionExpAuth),
    SessionDbAuth(SessionDbAuth),
}

impl Mode {
    /// Creates an instance of the class for an `AUTH_TYPE`. Stored sessions are read from `directory`.
    ///
    /// # Errors
    /// If the class needs the stored sessions and they cannot be read.
    pub fn new(
        auth_type: AuthType,
        settings: &Settings,
        directory: &Arc<Directory>,
    ) -> Result<Self, StoreError> {
        let auth = Auth::new(settings.session_name.clone());
        let session_duration = settings.session_duration;
        Ok(match auth_type {
            AuthType::Auth => Self::Auth(auth),
            AuthType::BasicAuth => Self::BasicAuth(BasicAuth::new(auth)),
            AuthType::SessionAuth => Self::SessionAuth(SessionAuth::new(auth)),
            AuthType::SessionExpAuth => Self::SessionExpAuth(SessionExpAuth::new(auth, session_duration)),
            AuthType::SessionDbAuth => {
                Self::SessionDbAuth(SessionDbAuth::new(auth, session_duration, directory.store()?))
            }
        })
    }

    /// The base class.
    fn auth(&self) -> &Auth {
        match self {
            Self::Auth(auth) => auth,
            Self::BasicAuth(auth) => auth.auth(),
            Self::SessionAuth(auth) => auth.auth(),
            Self::SessionExpAuth(auth) => auth.auth(),
            Self::SessionDbAuth(auth) => auth.auth(),
        }
    }

    /// See [`Auth::require_auth`].
    #[must_use]
    pub fn require_auth(&self, path: Option<&str>, excluded_paths: Option<&[&str]>) -> bool {
        self.auth().require_auth(path, excluded_paths)
    }

    /// See [`Auth::authorization_header`].
    #[must_use]
    pub fn authorization_header<'r>(&self, request: Option<&'r Parts>) -> Option<&'r HeaderValue> {
        self.auth().authorization_header(request)
    }

    /// See [`Auth::session_cookie`].
    #[must_use]
    pub fn session_cookie<'r>(&self, request: Option<&'r Parts>) -> Option<Cow<'r, str>> {
        self.auth().session_cookie(request)
    }

    /// See [`Auth::session_name`].
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.auth().session_name()
    }

    /// Whether this class has sessions.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        !matches!(self, Self::Auth(_) | Self::BasicAuth(_))
    }

    /// The authenticated user of a request.
    #[must_use]
    pub fn current_user(&self, request: Option<&Parts>, users: &Store<User>) -> Option<Arc<User>> {
        match self {
            Self::Auth(auth) => auth.current_user(request),
            Self::BasicAuth(auth) => auth.current_user(request, users),
            Self::SessionAuth(auth) => auth.current_user(request, users),
            Self::SessionExpAuth(auth) => auth.current_user(request, users),
            Self::SessionDbAuth(auth) => auth.current_user(request, users),
        }
    }

    /// Creates a session for a user id; `None` if the class has no sessions.
    ///
    /// # Errors
    /// If sessions are stored and this one cannot be written.
    pub async fn create_session(&self, user_id: Option<Arc<str>>) -> Result<Option<SessionId>, WriteError> {
        match self {
            Self::Auth(_) | Self::BasicAuth(_) => Ok(None),
            Self::SessionAuth(auth) => Ok(auth.create_session(user_id)),
            Self::SessionExpAuth(auth) => Ok(auth.create_session(user_id)),
            Self::SessionDbAuth(auth) => auth.create_session(user_id).await,
        }
    }

    /// Ends the session of the request's cookie; false if there is no such session.
    ///
    /// # Errors
    /// If sessions are stored and the change cannot be written.
    pub async fn destroy_session(&self, request: Option<&Parts>) -> Result<bool, WriteError> {
        match self {
            Self::Auth(_) | Self::BasicAuth(_) => Ok(false),
            Self::SessionAuth(auth) => Ok(auth.destroy_session(request)),
            Self::SessionExpAuth(auth) => Ok(auth.destroy_session(request)),
            Self::SessionDbAuth(auth) => auth.destroy_session(request).await,
        }
    }
}
