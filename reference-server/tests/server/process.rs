//! Starts programs of this crate in a folder of their own, and kills them at the end of a test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// Users in the course's file: id, time, e-mail address, SHA-256 of the password.
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

/// Creates a working directory with users.
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

/// The path of the server program.
pub(crate) fn server_program() -> PathBuf {
    env!("CARGO_BIN_EXE_reference-server").into()
}

/// The path of an example, which `cargo test` builds together with the server.
pub(crate) fn example_program(name: &str) -> PathBuf {
    let path = server_program().with_file_name("examples").join(name);
    assert!(path.exists(), "{} is not built: with --test, pass --examples too", path.display());
    path
}

/// A command whose environment has only these variables and a free port of 127.0.0.1.
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

/// Runs a program until it exits.
pub(crate) fn run(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Output {
    command(program, folder, environment).output().unwrap()
}

/// A running server. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    /// The output before the address.
    pub(crate) printed: String,
}

impl Server {
    /// Starts the server in a folder and waits until it is ready.
    pub(crate) fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_program(&server_program(), folder, environment)
    }

    /// Starts another server program and waits until it is ready.
    pub(crate) fn start_program(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_command(command(program, folder, environment))
    }

    /// Starts the server through another program, which gets it as its last argument, and waits until it is ready.
    pub(crate) fn start_as(starter: &[&str], folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = command(Path::new(starter[0]), folder, environment);
        command.args(&starter[1..]).arg(server_program());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        Self::start_command(command)
    }

    /// Runs a [`command`] and waits until the server is ready.
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
            panic!("the server exited before it was ready: {stderr}");
        }
        line
    }

    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, given by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Closes the read end of stderr, as a pager does that exits.
    pub(crate) fn close_stderr(&mut self) {
        self.child.stderr = None;
    }

    /// Sends SIGKILL, as the closest thing to a power cut.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the exit; returns the status and the rest of stdout and stderr.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap(), stdout, stderr)
    }
}

/// Runs a test against a server with the users bob and bobsession.
pub(crate) fn with_server(environment: &[(&str, &str)], test: impl FnOnce(&Server)) {
    let folder = folder(&[BOB, BOBSESSION]);
    test(&Server::start(folder.path(), environment));
}

impl Drop for Server {
    fn drop(&mut self) {
        // If the process has exited already, both calls fail or return at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
