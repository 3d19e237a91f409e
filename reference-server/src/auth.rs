//! Authentication: the course's `api.v1.auth` package.
//!
//! [`Auth`] is the base class: it says which paths need authentication and reads credentials from a request.
//! [`BasicAuth`], [`SessionAuth`], [`SessionExpAuth`] and [`SessionDbAuth`] find the user. [`Mode`] is the class that
//! `AUTH_TYPE` selects. The application builds the responses.
//!
//! Where the course passes `None` or a value that is not a string, the parameter is an `Option`: callers convert such a
//! value to `None`, with [`serde_json::Value::as_str`] for example.

use std::borrow::Cow;
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;

mod basic;
mod cookie;
mod mode;
mod session;
mod session_db;
mod session_exp;

pub use basic::BasicAuth;
pub use mode::Mode;
pub use session::{SessionAuth, SessionId, SessionLookup};
pub use session_db::SessionDbAuth;
pub use session_exp::{SessionDictionary, SessionExpAuth};

use crate::model::User;

/// The class `Auth`: reads credentials from a request, but finds no user.
#[derive(Clone, Debug)]
pub struct Auth {
    session_name: Option<String>,
}

impl Auth {
    /// Creates an instance with the name of the session cookie, the value of `SESSION_NAME`.
    #[must_use]
    pub fn new(session_name: Option<String>) -> Self {
        Self { session_name }
    }

    /// Whether a path needs authentication: every path does unless it is excluded (Basic tasks 4 and 13).
    ///
    /// A final slash makes no difference. An entry that ends in `*` excludes every path that starts with the part
    /// before the `*`.
    #[must_use]
    pub fn require_auth(&self, path: Option<&str>, excluded_paths: Option<&[&str]>) -> bool {
        let (Some(path), Some(excluded_paths)) = (path, excluded_paths) else { return true };
        let without_slash = |path| str::strip_suffix(path, '/').unwrap_or(path);
        !excluded_paths.iter().any(|entry| match entry.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => without_slash(entry) == without_slash(path),
        })
    }

    /// The value of the `Authorization` header, unchanged (Basic task 5).
    #[must_use]
    pub fn authorization_header<'r>(&self, request: Option<&'r Parts>) -> Option<&'r HeaderValue> {
        request?.headers.get(AUTHORIZATION)
    }

    /// The value of the session cookie; always `None` if `SESSION_NAME` is unset (Session task 4).
    #[must_use]
    pub fn session_cookie<'r>(&self, request: Option<&'r Parts>) -> Option<Cow<'r, str>> {
        cookie::get(&request?.headers, self.session_name.as_deref()?)
    }

    /// Always `None` (Basic task 3).
    #[must_use]
    pub fn current_user(&self, _request: Option<&Parts>) -> Option<Arc<User>> {
        None
    }

    /// The name of the session cookie.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.session_name.as_deref()
    }
}

#[cfg(test)]
mod tests;
