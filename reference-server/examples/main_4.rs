//! Main 4: a server that returns the user id of the request's session, with one user and one session.
//!
//! `SESSION_NAME=_my_session_id cargo run -p reference-server --example main_4`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hyper::Method;
use hyper::http::request::Parts;
use reference_server::auth::{Auth, SessionAuth, SessionLookup as _};
use reference_server::model::{Model as _, User};
use reference_server::reply::{Rejection, Reply};
use reference_server::store::{Directory, Store};
use reference_server::{Settings, run};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;

    // Create a user test
    let users: Store<User> = Directory::open(Path::new("."))?.store()?;
    let mut user = User::new();
    user.email = Some("bobsession@hbtn.io".to_owned());
    user.set_password(Some("fake pwd"));
    let user = users.save(user).await?;

    // Create a session ID
    let sa = SessionAuth::new(Auth::new(settings.session_name.clone()));
    let session_id = sa.create_session(Some(Arc::clone(user.id()))).ok_or("no session was created")?;
    println!("User with ID: {} has a Session ID: {session_id}", user.id());

    let app = move |request: &Parts| match (&request.method, request.uri.path()) {
        (&Method::GET, "/") => match sa.current_user(Some(request), &users) {
            None => Reply::html("No user found\n"),
            Some(request_user) => Reply::html(format!("User found: {}\n", request_user.id())),
        },
        _ => Rejection::NotFound.into(),
    };

    run(&settings, app).await?;
    Ok(())
}
