//! Sends requests to a server with `curl`.

use std::process::{Command, Output};

use crate::process::Server;

pub(crate) const JSON: &str = "Content-Type: application/json";
pub(crate) const LOGIN: &str = "/api/v1/auth_session/login";
pub(crate) const LOGOUT: &str = "/api/v1/auth_session/logout";

/// The expected value of [`Response::error`].
pub(crate) fn error(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

/// A response as received.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// The value of a header; `None` if it is missing. Panics if it is repeated.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is repeated: {self:?}");
        value
    }

    /// The value of the session cookie that the response sets.
    pub(crate) fn session_id(&self) -> String {
        let cookie = self.header("set-cookie").unwrap();
        cookie
            .strip_prefix("_my_session_id=")
            .and_then(|rest| rest.strip_suffix("; Path=/"))
            .unwrap()
            .to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The status and the `error` of a JSON response.
    pub(crate) fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }
}

impl Server {
    /// Requests a path, with further arguments for curl.
    pub(crate) fn curl(&self, path: &str, arguments: &[&str]) -> Response {
        let url = format!("http://{}{path}", self.address);
        let output = Command::new("curl")
            .args(["-sS", "-i", "--max-time", "20"])
            .args(arguments)
            .arg(url)
            .output()
            .unwrap();
        assert!(output.status.success(), "curl {path} {arguments:?}: {output:?}");
        parse(&String::from_utf8(output.stdout).unwrap())
    }

    /// Logs in as the user of the session transcripts.
    pub(crate) fn login(&self) -> Response {
        self.curl(
            "/api/v1/auth_session/login",
            &["-d", "email=bobsession@hbtn.io", "-d", "password=fake pwd"],
        )
    }

    /// Requests a path with a Session ID.
    pub(crate) fn with_session(&self, session_id: &str, path: &str, arguments: &[&str]) -> Response {
        self.curl(path, &[&["--cookie", &format!("_my_session_id={session_id}")], arguments].concat())
    }

    /// Runs a command line of the specification against this server.
    pub(crate) fn run_printed(&self, line: &str) -> Output {
        let line = line.replace("0.0.0.0:5000", &self.address).replacen("curl", "curl -sS --max-time 20", 1);
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        output
    }
}

fn parse(text: &str) -> Response {
    let (mut head, mut body) = text.split_once("\r\n\r\n").unwrap();
    while head.starts_with("HTTP/1.1 100") {
        (head, body) = body.split_once("\r\n\r\n").unwrap();
    }
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        })
        .collect();
    Response { status, headers, body: body.to_owned() }
}
