//! The same two routes on axum in the usual way: a router, JSON with serde, sessions in a map.
//!
//! Usage: `axum_sessions PORT SESSION_ID`, with the ID of its only session.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, RwLock};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::COOKIE};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

type Sessions = Arc<RwLock<HashMap<String, User>>>;

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

#[derive(Clone, Serialize)]
struct User {
    created_at: String,
    email: Option<String>,
    first_name: Option<String>,
    id: String,
    last_name: Option<String>,
    updated_at: String,
}

async fn status() -> Json<Status> {
    Json(Status { status: "OK" })
}

async fn me(State(sessions): State<Sessions>, headers: HeaderMap) -> Result<Json<User>, StatusCode> {
    let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok());
    let session_id = cookies
        .and_then(|cookies| cookies.split("; ").find_map(|cookie| cookie.strip_prefix("_my_session_id=")))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let sessions = sessions.read().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    sessions.get(session_id).cloned().map(Json).ok_or(StatusCode::FORBIDDEN)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [port, session_id] = &arguments[..] else {
        return Err("usage: axum_sessions PORT SESSION_ID".into());
    };
    let user = User {
        created_at: "2017-10-16 04:23:04".to_owned(),
        email: Some("user0@hbtn.io".to_owned()),
        first_name: None,
        id: "cf3ddee1-ff24-49e4-a40b-2540333fe992".to_owned(),
        last_name: None,
        updated_at: "2017-10-16 04:23:04".to_owned(),
    };
    let sessions = Sessions::new(RwLock::new(HashMap::from([(session_id.clone(), user)])));
    let router = Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/users/me", get(me))
        .with_state(sessions);
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router)
        .await?;
    Ok(())
}
