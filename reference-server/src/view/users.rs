//! The views for users.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use serde_json::{Map, Value};

use crate::app::App;
use crate::body;
use crate::model::User;
use crate::reply::{Rejection, Reply};

/// `GET /api/v1/users`: all users, in the order they were stored.
pub(crate) fn view_all_users(app: &App) -> Reply {
    let users = app.users.all();
    let users: Vec<_> = users.iter().map(|user| user.to_json()).collect();
    Reply::json(&users)
}

/// `GET /api/v1/users/<user_id>`, where `me` is the authenticated user (Session task 0).
///
/// Without `AUTH_TYPE` there is no authenticated user, so `me` is not found.
pub(crate) fn view_one_user(
    app: &App,
    current_user: Option<Arc<User>>,
    user_id: &str,
) -> Result<Reply, Rejection> {
    let user = if user_id == "me" { current_user } else { app.users.get(user_id) };
    user.map(|user| Reply::user(&user)).ok_or(Rejection::NotFound)
}

/// `POST /api/v1/users`
pub(crate) async fn create_user(app: &App, head: &Parts, body: &mut Incoming) -> Result<Reply, Rejection> {
    let attributes = attributes(head, body).await?;
    let present = |name| attributes.get(name).filter(|value| value.as_str() != Some(""));
    present("email").ok_or(Rejection::EmailMissing)?;
    let password = present("password").ok_or(Rejection::PasswordMissing)?;
    let text = |name: &'static str| text(&attributes, name).map_err(|NotText| not_text(name));

    let mut user = User::new();
    user.email = text("email")?;
    // A password that is not a string is stored as none, and nobody can log in with it.
    user.set_password(password.as_str());
    user.first_name = text("first_name")?;
    user.last_name = text("last_name")?;
    let user = app.users.save(user).await?;
    Ok(Reply::user(&user).with_status(StatusCode::CREATED))
}

/// `PUT /api/v1/users/<user_id>`: changes only the first and last name, and only those that are given.
pub(crate) async fn update_user(
    app: &App,
    user_id: &str,
    head: &Parts,
    body: &mut Incoming,
) -> Result<Reply, Rejection> {
    app.users.get(user_id).ok_or(Rejection::NotFound)?;
    let attributes = attributes(head, body).await?;
    let text = |name| text(&attributes, name).map_err(|NotText| Rejection::WrongFormat);
    let (first_name, last_name) = (text("first_name")?, text("last_name")?);
    let user = app.users.update(user_id, move |user| {
        user.first_name = first_name.or(user.first_name.take());
        user.last_name = last_name.or(user.last_name.take());
    });
    let user = user.await?.ok_or(Rejection::NotFound)?;
    Ok(Reply::user(&user))
}

/// `DELETE /api/v1/users/<user_id>`
pub(crate) async fn delete_user(app: &App, user_id: &str) -> Result<Reply, Rejection> {
    app.users.remove(user_id).await?.ok_or(Rejection::NotFound)?;
    Ok(Reply::json(&Map::new()))
}

/// The JSON object of the body; anything else is `Wrong format`.
async fn attributes(head: &Parts, body: &mut Incoming) -> Result<Map<String, Value>, Rejection> {
    match body::json(head, body).await? {
        Some(Value::Object(attributes)) => Ok(attributes),
        _ => Err(Rejection::WrongFormat),
    }
}

/// An attribute that is neither a string nor null.
struct NotText;

/// An attribute that is a string; `None` if it is null or missing.
fn text(attributes: &Map<String, Value>, name: &str) -> Result<Option<String>, NotText> {
    match attributes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(NotText),
    }
}

fn not_text(name: &str) -> Rejection {
    Rejection::CannotCreate(format!("{name} must be a string or null").into())
}
