//! Starts the two servers with the same users and sends them the same requests. Each has its own ids, which are mapped to common roles.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use regex::Regex;
use tempfile::TempDir;

use super::answer::Answer;
use super::story::{Profile, Request, USERS};

/// The programs to start.
pub(crate) struct Programs {
    pub(crate) reference: PathBuf,
    pub(crate) python: PathBuf,
    /// The folder of the Flask implementation.
    pub(crate) flask: PathBuf,
}

/// Both servers, running.
pub(crate) struct Pair([Side; 2]);

impl Pair {
    /// Starts both servers in one profile.
    pub(crate) fn start(programs: &Programs, profile: &Profile) -> Self {
        let reference = Command::new(&programs.reference);
        let mut flask = Command::new(&programs.python);
        flask
            .args(["-m", "api.v1.app"])
            .env("PYTHONPATH", &programs.flask)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        // Flask takes longer to start.
        let flask = Started::new(flask, profile);
        let reference = Started::new(reference, profile);
        Self([reference.ready("reference"), flask.ready("flask")])
    }

    /// Sends a request to both servers; returns the response of the reference server first.
    pub(crate) fn ask(&mut self, request: &Request) -> [Answer; 2] {
        self.0.each_mut().map(|side| side.ask(request))
    }

    /// Returns the request as a command for either side.
    pub(crate) fn commands(&self, request: &Request) -> [String; 2] {
        self.0.each_ref().map(|side| request.curl(&side.address, &side.ids))
    }
}

/// A started server whose address is not yet known.
struct Started {
    child: Child,
    folder: TempDir,
}

impl Started {
    fn new(mut command: Command, profile: &Profile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".db_User.json"), USERS).unwrap();
        let child = command
            .current_dir(folder.path())
            .env("API_HOST", "127.0.0.1")
            .env("API_PORT", "0")
            .env_remove("AUTH_TYPE")
            .env_remove("SESSION_NAME")
            .env_remove("SESSION_DURATION")
            .envs(profile.variables.iter().copied())
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn ready(mut self, name: &'static str) -> Side {
        let stdout = self.child.stdout.take().unwrap();
        let stderr = self.child.stderr.take().unwrap();
        // One server prints its address to stdout, the other to stderr, followed by a log line for each request, so keep reading.
        let stream: Box<dyn std::io::Read + Send> =
            if name == "flask" { Box::new(stderr) } else { Box::new(stdout) };
        let mut lines = BufReader::new(stream);
        let running = Regex::new(r"Running on http://(127\.0\.0\.1:\d+)").unwrap();
        let (mut printed, mut line) = (String::new(), String::new());
        let address = loop {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "{name} ended before it was ready: {printed}");
            if let Some(found) = running.captures(&line) {
                break found[1].to_owned();
            }
            printed.push_str(&line);
        };
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Side { name, child: self.child, address, ids: BTreeMap::new(), _folder: self.folder }
    }
}

/// One server.
struct Side {
    name: &'static str,
    child: Child,
    address: String,
    /// The ids by role.
    ids: BTreeMap<String, String>,
    _folder: TempDir,
}

impl Side {
    fn ask(&mut self, request: &Request) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that responds before it has read the request may close the connection; the response still counts.
        let _ = stream.write_all(&request.bytes(&self.address, &self.ids));
        let mut received = Vec::new();
        let ended = stream.read_to_end(&mut received);
        let answer = Answer::parse(&received, request)
            .unwrap_or_else(|| panic!("{} answers no HTTP ({ended:?}) to\n{request}", self.name));
        for (role, id) in [("user", answer.made_user()), ("session", answer.session_id())] {
            if let Some(id) = id {
                self.ids.insert(format!("{{{role}-{}}}", request.number), id);
            }
        }
        answer.with_roles(&self.ids)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It may have exited already; then `wait` returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
