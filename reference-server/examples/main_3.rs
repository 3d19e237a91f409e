//! Main 3: a server that returns the session cookie of the request.
//!
//! `SESSION_NAME=_my_session_id cargo run -p reference-server --example main_3`

use std::error::Error;

use hyper::Method;
use hyper::http::request::Parts;
use reference_server::auth::Auth;
use reference_server::reply::{Rejection, Reply};
use reference_server::{Settings, run};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let auth = Auth::new(settings.session_name.clone());

    let app = move |request: &Parts| match (&request.method, request.uri.path()) {
        (&Method::GET, "/") => {
            let value = auth.session_cookie(Some(request));
            Reply::html(format!("Cookie value: {}\n", value.as_deref().unwrap_or("None")))
        }
        _ => Rejection::NotFound.into(),
    };

    run(&settings, app).await?;
    Ok(())
}
