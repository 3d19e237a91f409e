//! The Basic and Session authentication API, implemented on hyper.
//!
//! A request passes through [`listener`] → [`connection`] → [`app`] (route, authentication, view) → [`reply`]. Classes and
//! functions have the names of the course (`require_auth`, `session_cookie`, `current_user`, `create_session`,
//! `user_id_for_session_id`, `destroy_session`, `is_valid_password`), so that each sentence of the specification can be
//! found in the code.
//!
//! ```no_run
//! use reference_server::{App, Settings, serve};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::open(&Settings::default(), std::path::Path::new("."))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! serve(listener, app, std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod app;
pub mod auth;
mod body;
pub mod connection;
mod cors;
mod descriptors;
#[cfg(fuzzing)]
pub mod fuzz;
mod json;
pub mod listener;
pub mod log;
pub mod model;
pub mod reply;
mod router;
pub mod settings;
pub mod shutdown;
pub mod store;
mod view;

pub use app::{App, Application};
pub use listener::{run, serve};
pub use settings::{AuthType, Settings};
