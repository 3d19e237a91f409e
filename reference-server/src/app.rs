//! The application: a request comes in, its reply goes out.
//!
//! The way is straight: the router names the route, the gate (`before_request`) says who asks or
//! refuses, the view of the route answers. The router refuses nothing itself, so the gate always comes first:
//! an unknown path shows itself as such only to those who may pass.

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

/// The paths that are open to everybody (Basic task 5, Session task 5).
pub(crate) const EXCLUDED_PATHS: &[&str] =
    &["/api/v1/status/", "/api/v1/unauthorized/", "/api/v1/forbidden/", "/api/v1/auth_session/login/"];

/// Keeps scripts of the site, pages of other sites and plain HTTP away from the session cookie (RFC 6265 §5.2.5, §5.2.6).
const HARDENED: &str = "; HttpOnly; SameSite=Strict; Secure";

/// What can be served: something that answers requests.
pub trait Application: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// A function that replies to the head of a request is a whole application: a small one, which reads no body.
impl<F: Fn(&Parts) -> Reply + Send + Sync + 'static> Application for F {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, _body) = request.into_parts();
        self(&head).into_response()
    }
}

/// The API of the specification.
pub struct App {
    /// What the course's `app.py` calls `auth`: `None` lets everybody pass.
    pub(crate) auth: Option<Mode>,
    /// The stored users.
    pub(crate) users: Store<User>,
    /// What the session cookie has besides `Path=/`.
    pub(crate) cookie_attributes: &'static str,
}

impl App {
    /// The application over the `.db_*.json` files of a directory.
    ///
    /// # Errors
    /// When the directory is in use by another process, or when a file in it cannot be read or is corrupt.
    pub fn open(settings: &Settings, directory: &Path) -> Result<Self, StoreError> {
        let directory = Directory::open(directory)?;
        let users = directory.store()?;
        let auth =
            settings.auth_type.map(|auth_type| Mode::new(auth_type, settings, &directory)).transpose()?;
        let cookie_attributes = if settings.harden { HARDENED } else { "" };
        Ok(Self { auth, users, cookie_attributes })
    }

    /// The gate: the user who asks, or `None` where nobody needs to be known.
    ///
    /// # Errors
    /// 401 when neither an `Authorization` header nor a session cookie was shown, 403 when what was shown
    /// identifies nobody (Session task 5).
    fn before_request(&self, head: &Parts, path: &str) -> Result<Option<Arc<User>>, Rejection> {
        let Some(auth) = &self.auth else { return Ok(None) };
        if !auth.require_auth(Some(path), Some(EXCLUDED_PATHS)) {
            return Ok(None);
        }
        // Who is known has shown something: only of who is not it has to be asked what was shown.
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
            // In boxes, so that an answer that waits for nothing does not carry the room for these.
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

/// A path without its percent-encoding; bytes that are not UTF-8 are replaced.
pub(crate) fn decoded(path: &str) -> Cow<'_, str> {
    if path.contains('%') { percent_decode_str(path).decode_utf8_lossy() } else { Cow::Borrowed(path) }
}

impl Application for App {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, mut body) = request.into_parts();
        // Decoded once, for gate and router alike: what the one lets through is what the other sees.
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
