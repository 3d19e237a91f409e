//! Who asks: the course's `api.v1.auth` package.
//!
//! [`Auth`] is the base class: which paths need to know, and what a request shows. [`BasicAuth`],
//! [`SessionAuth`], [`SessionExpAuth`] and [`SessionDbAuth`] each say who that is. [`Mode`] is the one that
//! `AUTH_TYPE` chose. Nothing here answers a request, that is the gate's business.
//!
//! Where the course passes `None` or "not a string", a parameter is an `Option`: a value that is no string is
//! `None` before it comes here, as [`serde_json::Value::as_str`] makes it.

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

/// The class `Auth`: it reads what a request shows, and recognises nobody.
#[derive(Clone, Debug)]
pub struct Auth {
    session_name: Option<String>,
}

impl Auth {
    /// With the name of the session's cookie, the value of `SESSION_NAME`.
    #[must_use]
    pub fn new(session_name: Option<String>) -> Self {
        Self { session_name }
    }

    /// Whether a path needs authentication: all do that are not excluded (Basic tasks 4 and 13).
    ///
    /// A path is excluded when it is in the list, each with or without its final slash. An entry that ends in
    /// `*` excludes whatever begins like it.
    #[must_use]
    pub fn require_auth(&self, path: Option<&str>, excluded_paths: Option<&[&str]>) -> bool {
        let (Some(path), Some(excluded_paths)) = (path, excluded_paths) else { return true };
        let without_slash = |path| str::strip_suffix(path, '/').unwrap_or(path);
        !excluded_paths.iter().any(|entry| match entry.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => without_slash(entry) == without_slash(path),
        })
    }

    /// The value of the `Authorization` header, as it is (Basic task 5).
    #[must_use]
    pub fn authorization_header<'r>(&self, request: Option<&'r Parts>) -> Option<&'r HeaderValue> {
        request?.headers.get(AUTHORIZATION)
    }

    /// The value of the cookie that `SESSION_NAME` names; always `None` when it names none (Session task 4).
    #[must_use]
    pub fn session_cookie<'r>(&self, request: Option<&'r Parts>) -> Option<Cow<'r, str>> {
        cookie::get(&request?.headers, self.session_name.as_deref()?)
    }

    /// Nobody (Basic task 3).
    #[must_use]
    pub fn current_user(&self, _request: Option<&Parts>) -> Option<Arc<User>> {
        None
    }

    /// The name of the session's cookie.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.session_name.as_deref()
    }
}

#[cfg(test)]
mod tests;
