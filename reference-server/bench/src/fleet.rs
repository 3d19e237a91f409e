//! The servers to measure, and the folders with their users.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::Server;

/// The session that every server with stored sessions has.
pub const SESSION_ID: &str = "b34d8a4d-3f5c-4a0e-8f0e-a0d9e1fd4a2f";
/// The name of the session cookie.
pub const SESSION_NAME: &str = "_my_session_id";
/// The size in bytes of the response to `GET /api/v1/status`.
pub const STATUS_BYTES: usize = 22;
/// The size in bytes of the response with a user without names.
pub const USER_BYTES: usize = 209;

/// The paths of the programs.
pub struct Fleet {
    /// The reference server, built in release mode.
    pub reference_server: PathBuf,
    /// The folder of this program, which has the other programs of its crate.
    pub own: PathBuf,
    /// The folder of the Flask application.
    pub flask: PathBuf,
    /// A virtual environment with Flask and gunicorn.
    pub venv: PathBuf,
}

type Started = Result<Server, Box<dyn Error>>;

impl Fleet {
    /// hyper alone, with a body of `bytes` bytes.
    ///
    /// # Errors
    /// See [`Server::start`]; the same holds for the other servers.
    pub fn bare(&self, bytes: usize) -> Started {
        Server::start("bare hyper", Path::new("."), |port| {
            let mut command = Command::new(self.own.join("bare_hyper"));
            command.args([port.to_string(), bytes.to_string()]);
            command
        })
    }

    /// axum with sessions in a map.
    pub fn axum(&self) -> Started {
        Server::start("axum", Path::new("."), |port| {
            let mut command = Command::new(self.own.join("axum_sessions"));
            command.args([port.to_string(), SESSION_ID.to_owned()]);
            command
        })
    }

    /// The reference server, with a name for the table.
    pub fn reference(&self, name: &'static str, folder: &Path, auth_type: Option<&str>) -> Started {
        Server::start(name, folder, |port| {
            let mut command = Command::new(&self.reference_server);
            environment(&mut command, port, auth_type);
            command
        })
    }

    /// Flask's development server.
    pub fn flask(&self, folder: &Path) -> Started {
        Server::start("Flask, development server", folder, |port| {
            let mut command = Command::new(self.venv.join("bin/python3"));
            command.args(["-m", "api.v1.app"]).env("PYTHONPATH", &self.flask);
            environment(&mut command, port, Some("session_db_auth"));
            command
        })
    }

    /// Flask under gunicorn with two workers.
    pub fn gunicorn(&self, folder: &Path) -> Started {
        Server::start("Flask, gunicorn, 2 workers", folder, |port| {
            let mut command = Command::new(self.venv.join("bin/gunicorn"));
            command.args(["--workers", "2", "--bind", &format!("127.0.0.1:{port}"), "api.v1.app:app"]);
            command.env("PYTHONPATH", &self.flask);
            environment(&mut command, port, Some("session_db_auth"));
            command
        })
    }
}

fn environment(command: &mut Command, port: u16, auth_type: Option<&str>) {
    command.env("API_HOST", "127.0.0.1").env("API_PORT", port.to_string()).env("SESSION_NAME", SESSION_NAME);
    command.env_remove("AUTH_TYPE").env_remove("SESSION_DURATION").env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(auth_type) = auth_type {
        command.env("AUTH_TYPE", auth_type);
    }
}

/// Creates a folder with `users` users, `user0@hbtn.io` and so on, whose password is `pwd`, and with one stored session
/// of the first.
///
/// # Errors
/// If it cannot be written.
pub fn folder(users: usize) -> Result<TempDir, Box<dyn Error>> {
    const TIME: &str = r#""created_at": "2017-10-16T04:23:04", "updated_at": "2017-10-16T04:23:04""#;
    // The SHA-256 of `pwd`.
    const PASSWORD: &str = "a1159e9df3670d549d04524532629f5477ceb7deec9b45e47e8c009506ecb2c8";
    let id = |number: usize| format!("cf3ddee1-ff24-49e4-a40b-{number:012}");
    let mut content = "{".to_owned();
    for number in 0..users {
        let (id, comma) = (id(number), if number == 0 { "" } else { ", " });
        write!(
            content,
            r#"{comma}"{id}": {{"id": "{id}", {TIME}, "email": "user{number}@hbtn.io", "_password": "{PASSWORD}",
                "first_name": null, "last_name": null}}"#
        )?;
    }
    let session =
        format!(r#"{{"s": {{"id": "s", {TIME}, "user_id": "{}", "session_id": "{SESSION_ID}"}}}}"#, id(0));
    let folder = tempfile::tempdir()?;
    for (name, content) in [(".db_User.json", content + "}"), (".db_UserSession.json", session)] {
        let mut file = fs::File::create(folder.path().join(name))?;
        file.write_all(content.as_bytes())?;
        // Otherwise the first synced write of a server would also wait for these bytes.
        file.sync_all()?;
    }
    Ok(folder)
}
