//! Responds to a request: route → gate → view → reply.
//!
//! The router finds a route for every request, unknown paths included. The gate (`before_request`) comes before
//! every view and every 404 or 405, so that only an authenticated client learns whether a path exists.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
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
    fn respond(&self, head: &Parts, body: Incoming) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// A function from the head of a request to a reply is an application too; it cannot read the body.
impl<F: Fn(&Parts) -> Reply + Send + Sync + 'static> Application for F {
    async fn respond(&self, head: &Parts, _body: Incoming) -> Response<Full<Bytes>> {
        self(head).into_response()
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

    /// Finds the route, checks the credentials and calls the view.
    async fn handle(&self, head: &Parts, path: &str, body: &mut Incoming) -> Result<Reply, Rejection> {
        let route = route(&head.method, path);
        let current_user = self.before_request(head, path)?;
        self.view(route, current_user, head, body).await
    }

    /// The gate: returns the authenticated user, or `None` if the path needs no authentication.
    ///
    /// # Errors
    /// 401 if the request has neither an `Authorization` header nor a session cookie; 403 if it has one of them and it
    /// identifies no user (Session task 5).
    fn before_request(&self, head: &Parts, path: &str) -> Result<Option<Arc<User>>, Rejection> {
        let Some(auth) = &self.auth else { return Ok(None) };
        if !auth.require_auth(Some(path), Some(EXCLUDED_PATHS)) {
            return Ok(None);
        }
        if auth.authorization_header(Some(head)).is_none() && auth.session_cookie(Some(head)).is_none() {
            return Err(Rejection::Unauthorized);
        }
        auth.current_user(Some(head), &self.users).map(Some).ok_or(Rejection::Forbidden)
    }

    async fn view(
        &self,
        route: Route<'_>,
        current_user: Option<Arc<User>>,
        head: &Parts,
        body: &mut Incoming,
    ) -> Result<Reply, Rejection> {
        match route {
            Route::Status => Ok(index::status()),
            Route::Stats => Ok(index::stats(self)),
            Route::Unauthorized => index::unauthorized(),
            Route::Forbidden => index::forbidden(),
            Route::ViewAllUsers => Ok(users::view_all_users(self)),
            Route::ViewOneUser(user_id) => users::view_one_user(self, current_user, user_id),
            Route::CreateUser => users::create_user(self, head, body).await,
            Route::UpdateUser(user_id) => users::update_user(self, user_id, head, body).await,
            Route::DeleteUser(user_id) => users::delete_user(self, user_id).await,
            Route::Login => session_auth::login(self, head, body).await,
            Route::Logout => session_auth::logout(self, head).await,
            Route::Options(allow) => Ok(Reply::options(allow)),
            Route::MethodNotAllowed(allow) => Err(Rejection::MethodNotAllowed(allow)),
            Route::UnknownMethod => Err(Rejection::NotImplemented),
            Route::Unmatched => Err(Rejection::NotFound),
        }
    }
}

impl Application for App {
    async fn respond(&self, head: &Parts, mut body: Incoming) -> Response<Full<Bytes>> {
        // Decoded once, so that authentication and routing see the same path.
        let path = decoded(head.uri.path());
        let mut reply = self.handle(head, &path, &mut body).await.unwrap_or_else(Reply::from);
        if !body::drain(head, &mut body).await {
            reply = reply.and_close();
        }
        let mut response = reply.into_response();
        cors::after_request(head, &path, &mut response);
        response
    }
}

/// Percent-decodes a path and replaces bytes that are not UTF-8.
pub(crate) fn decoded(path: &str) -> Cow<'_, str> {
    percent_decode_str(path).decode_utf8_lossy()
}
