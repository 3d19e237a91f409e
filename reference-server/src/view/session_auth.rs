//! The views of Session authentication: login and logout (Session tasks 7 and 8).

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use serde_json::Map;

use crate::app::App;
use crate::body;
use crate::model::Model as _;
use crate::reply::{Rejection, Reply};

/// `POST /api/v1/auth_session/login`: creates a session and sets its cookie.
///
/// The specification leaves two cases open. A class without sessions (`AUTH_TYPE` unset, `auth`, `basic_auth`) checks
/// the form as usual and then returns 404. Without `SESSION_NAME` no cookie can carry a Session ID, so the response has
/// the user, and no session is created.
pub(crate) async fn login(app: &App, head: &Parts, body: &mut Incoming) -> Result<Reply, Rejection> {
    let form = body::form(head, body).await?;
    let present = |name| form.get(name).filter(|value| !value.is_empty());
    let email = present("email").ok_or(Rejection::EmailMissing)?;
    let password = present("password").ok_or(Rejection::PasswordMissing)?;

    let user = app.users.search(email).ok_or(Rejection::NoUserFound)?;
    if !user.is_valid_password(Some(password)) {
        return Err(Rejection::WrongPassword);
    }

    let auth = app.auth.as_ref().filter(|auth| auth.has_sessions()).ok_or(Rejection::NotFound)?;
    let reply = Reply::user(&user);
    let Some(session_name) = auth.session_name() else { return Ok(reply) };
    let session_id = auth.create_session(Some(Arc::clone(user.id()))).await?.ok_or(Rejection::NotFound)?;
    Ok(reply.with_cookie(session_name, &session_id.to_string(), app.cookie_attributes))
}

/// `DELETE /api/v1/auth_session/logout`: ends the session of the request's cookie.
pub(crate) async fn logout(app: &App, head: &Parts) -> Result<Reply, Rejection> {
    let auth = app.auth.as_ref().ok_or(Rejection::NotFound)?;
    if !auth.destroy_session(Some(head)).await? {
        return Err(Rejection::NotFound);
    }
    Ok(Reply::json(&Map::new()))
}
