//! Handles a request: routing, authentication, view, response.
//!
//! The router returns a route for every request, unknown paths included, so that `before_request` always runs first:
//! only an authenticated client learns whether a path exists.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use percent_encoding::percent_decode_str;

use crate::auth::Mode;
use crate::model::User;
use crate::reply::{Rejection, Reply};
use crate::router::{Route, route};
use crate::settings::Settings;
use crate::store::{Directory, Store, StoreError};
use crate::view::{index, session_auth, users};
use crate::{body, cors};

/// Paths that need no authentication (Basic task 5, Session task 5).
pub(crate) const EXCLUDED_PATHS: &[&str] =
    &["/api/v1/status/", "/api/v1/unauthorized/", "/api/v1/forbidden/", "/api/v1/auth_session/login/"];

/// Cookie attributes that protect the session cookie from scripts, from requests of other sites and from plain HTTP
/// (RFC 6265 §5.2.5, §5.2.6).
const HARDENED: &str = "; HttpOnly; SameSite=Strict; Secure";

/// An application that [`serve`](crate::serve) can run.
pub trait Application: Send + Sync + 'static {
    /// Returns the response to one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// A function from the head of a request to a reply is an application too; it cannot read the body.
impl<F: Fn(&Parts) -> Reply + Send + Sync + 'static> Application for F {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, _body) = request.into_parts();
        self(&head).into_response()
    }
}

/// The API of the specification.
pub struct App {
    /// The instance that the course's `app.py` calls `auth`; with `None` no path needs authentication.
    pub(crate) auth: Option<Mode>,
    /// The stored users.
    pub(crate) users: Store<User>,
    /// The attributes of the session cookie after `Path=/`.
    pub(crate) cookie_attributes: &'static str,
}

impl App {
    /// Opens the application whose `.db_*.json` files are in `directory`.
    ///
    /// # Errors
    /// If another process uses the directory, or if a file in it is corrupt or cannot be read.
    pub fn open(settings: &Settings, directory: &Path) -> Result<Self, StoreError> {
        let directory = Directory::open(directory)?;
        let users = directory.store()?;
        let auth =
            settings.auth_type.map(|auth_type| Mode::new(auth_type, settings, &directory)).transpose()?;
        let cookie_attributes = if settings.harden { HARDENED } else { "" };
        Ok(Self { auth, users, cookie_attributes })
    }

    /// Returns the authenticated user, or `None` if the path needs no authentication.
    ///
    /// # Errors
    /// 401 if the request has neither an `Authorization` header nor a session cookie; 403 if it has one of them and it
    /// identifies no user (Session task 5).
    fn before_request(&self, head: &Parts, path: &str) -> Result<Option<Arc<User>>, Rejection> {
        let Some(auth) = &self.auth else { return Ok(None) };
        if !auth.require_auth(Some(path), Some(EXCLUDED_PATHS)) {
            return Ok(None);
        }
        // The check for a header or cookie is needed only if there is no user.
        if let Some(user) = auth.current_user(Some(head), &self.users) {
            return Ok(Some(user));
        }
        let nothing_shown =
            auth.authorization_header(Some(head)).is_none() && auth.session_cookie(Some(head)).is_none();
        Err(if nothing_shown { Rejection::Unauthorized } else { Rejection::Forbidden })
    }

    async fn view(&self, head: &Parts, path: &str, body: &mut Incoming) -> Result<Reply, Rejection> {
        let route = route(&head.method, path);
        let current_user = self.before_request(head, path)?;
        match route {
            Route::Status => Ok(index::status()),
            Route::Stats => Ok(index::stats(self)),
            Route::Unauthorized => index::unauthorized(),
            Route::Forbidden => index::forbidden(),
            Route::ViewAllUsers => Ok(users::view_all_users(self)),
            Route::ViewOneUser(user_id) => users::view_one_user(self, current_user, user_id),
            // Boxed, so that the future of a request without a body stays small.
            Route::CreateUser => Box::pin(users::create_user(self, head, body)).await,
            Route::UpdateUser(user_id) => Box::pin(users::update_user(self, user_id, head, body)).await,
            Route::DeleteUser(user_id) => Box::pin(users::delete_user(self, user_id)).await,
            Route::Login => Box::pin(session_auth::login(self, head, body)).await,
            Route::Logout => Box::pin(session_auth::logout(self, head)).await,
            Route::Options(allow) => Ok(Reply::options(allow)),
            Route::MethodNotAllowed(allow) => Err(Rejection::MethodNotAllowed(allow)),
            Route::Unmatched => Err(Rejection::NotFound),
        }
    }
}

/// Percent-decodes a path and replaces bytes that are not UTF-8.
pub(crate) fn decoded(path: &str) -> Cow<'_, str> {
    if path.contains('%') { percent_decode_str(path).decode_utf8_lossy() } else { Cow::Borrowed(path) }
}

impl Application for App {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, mut body) = request.into_parts();
        // Decoded once, so that authentication and routing see the same path.
        let path = decoded(head.uri.path());
        let reply = self.view(&head, &path, &mut body).await.unwrap_or_else(Reply::from);
        if body::is_unread(&head, &body) {
            Box::pin(body::drain(&mut body)).await;
        }
        let mut response = reply.into_response();
        cors::after_request(&head, &path, &mut response);
        response
    }
}
