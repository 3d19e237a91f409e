//! Starts programs of this crate in a folder of their own, and ends them whatever happens.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// Users as the course's file holds them: id, time, e-mail address, SHA-256 of the password.
pub(crate) const BOB: [&str; 4] = [
    "9375973a-68c7-46aa-b135-29f79e837495",
    "2017-09-25T01:55:17",
    "bob@hbtn.io",
    // H0lbertonSchool98!
    "a5c904771b8617de27d3511d1f538094e26c120da663363b3f760f7b894f9d69",
];
pub(crate) const BOB100: [&str; 4] = [
    "9891e1ad-0fd1-4f5a-b5a1-4ee8bd3ba1d3",
    "2017-09-25T01:55:17",
    "bob100@hbtn.io",
    // H0lberton:School:98!
    "7b5f8a2f5164d5310520dc65933d3956f5998d824ae604bcec3046068dbbd78c",
];
pub(crate) const BOBSESSION: [&str; 4] = [
    "cf3ddee1-ff24-49e4-a40b-2540333fe992",
    "2017-10-16T04:23:04",
    "bobsession@hbtn.io",
    // fake pwd
    "7a321db83885ebbe8358bc1160c803af6cc70c80aa8f750eeb9d21d5f8c75967",
];

/// The environment of `AUTH_TYPE=session_auth` in the transcripts.
pub(crate) const SESSION_AUTH: &[(&str, &str)] =
    &[("AUTH_TYPE", "session_auth"), ("SESSION_NAME", "_my_session_id")];

/// A working directory with users in it.
pub(crate) fn folder(users: &[[&str; 4]]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if !users.is_empty() {
        let entries: Vec<_> = users
            .iter()
            .map(|[id, time, email, password]| {
                format!(
                    r#""{id}": {{"id": "{id}", "created_at": "{time}", "updated_at": "{time}", "email": "{email}",
                        "_password": "{password}", "first_name": null, "last_name": null}}"#
                )
            })
            .collect();
        fs::write(users_file(folder.path()), format!("{{{}}}", entries.join(", "))).unwrap();
    }
    folder
}

pub(crate) fn users_file(folder: &Path) -> PathBuf {
    folder.join(".db_User.json")
}

pub(crate) fn journal(folder: &Path) -> PathBuf {
    folder.join(".db_User.journal")
}

/// The program that is the server.
pub(crate) fn server_program() -> PathBuf {
    env!("CARGO_BIN_EXE_reference-server").into()
}

/// An example, which `cargo test` builds beside the server.
pub(crate) fn example_program(name: &str) -> PathBuf {
    let path = server_program().with_file_name("examples").join(name);
    assert!(path.exists(), "{} is not built: with --test, give --examples too", path.display());
    path
}

/// A program with nothing in its environment but these variables and a free port of 127.0.0.1.
pub(crate) fn command(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("API_HOST", "127.0.0.1")
        .env("API_PORT", "0")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a program to its end.
pub(crate) fn run(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Output {
    command(program, folder, environment).output().unwrap()
}

/// A running server. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    /// What it printed before its address.
    pub(crate) printed: String,
}

impl Server {
    /// The server over a folder, ready.
    pub(crate) fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_program(&server_program(), folder, environment)
    }

    /// Another program that serves, ready.
    pub(crate) fn start_program(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_command(command(program, folder, environment))
    }

    /// The server, started by a program that is given it as its last argument, ready.
    pub(crate) fn start_as(starter: &[&str], folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = command(Path::new(starter[0]), folder, environment);
        command.args(&starter[1..]).arg(server_program());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        Self::start_command(command)
    }

    /// What a [`command`] starts, ready.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, stdout, address: String::new(), printed: String::new() };
        while server.address.is_empty() {
            let line = server.read_line();
            match line.strip_prefix(" * Running on http://").and_then(|rest| rest.split_once('/')) {
                Some((address, " (Press CTRL+C to quit)\n")) => address.clone_into(&mut server.address),
                _ => server.printed.push_str(&line),
            }
        }
        server
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        if self.stdout.read_line(&mut line).unwrap() == 0 {
            let mut stderr = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("the server ended before it was ready: {stderr}");
        }
        line
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Goes away from its stderr, as a pager does that is left.
    pub(crate) fn close_stderr(&mut self) {
        self.child.stderr = None;
    }

    /// Ends it as the power does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; returns how it ended and what else it had printed.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap(), stdout, stderr)
    }
}

/// Runs a test against a server with bob and bobsession.
pub(crate) fn with_server(environment: &[(&str, &str)], test: impl FnOnce(&Server)) {
    let folder = folder(&[BOB, BOBSESSION]);
    test(&Server::start(folder.path(), environment));
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill, and waiting returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
