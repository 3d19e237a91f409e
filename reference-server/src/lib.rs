//! The Basic and Session authentication API of the specification, implemented on [hyper].
//!
//! Use it to see how the API responds, or to see how a complete HTTP server is built on hyper: its limits, its shutdown
//! and its storage. The program `reference-server` reads the environment and calls [`run`]; a test or another program
//! calls [`serve`] with a listener of its own.
//!
//! # The path of a request
//!
//! | step | module | what happens |
//! |---|---|---|
//! | listener | [`listener`] | accepts the connection, or refuses it above the limit |
//! | connection | [`connection`] | lets hyper parse requests, rejects what RFC 9112 forbids, and closes the socket |
//! | app | [`app`] | `respond`: the four steps below, and the headers of CORS |
//! | → route | `router` | finds the view, without a response: an unknown path is a route too |
//! | → gate | [`app`], [`auth`] | `before_request`: 401, 403, or the current user |
//! | → view | `view` | reads the body, changes the users in the [`store`] |
//! | → reply | [`reply`] | the status, the headers and the body, with the JSON layout of `json` |
//!
//! Classes and functions have the names of the course (`require_auth`, `session_cookie`, `current_user`,
//! `create_session`, `user_id_for_session_id`, `destroy_session`, `is_valid_password`), so that each sentence of the
//! specification can be found in the code.
//!
//! # Example
//!
//! ```
//! use reference_server::{App, Settings, serve};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let app = App::open(&Settings::default(), folder.path())?;
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let server = tokio::spawn(serve(listener, app, async { drop(stopped.await) }));
//!
//! let mut client = TcpStream::connect(address).await?;
//! client.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
//! let mut response = String::new();
//! client.read_to_string(&mut response).await?;
//! assert!(response.starts_with("HTTP/1.1 200 OK\r\n"));
//! assert!(response.ends_with("\r\n\r\n{\n  \"status\": \"OK\"\n}\n"));
//!
//! drop(stop);
//! server.await?;
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
