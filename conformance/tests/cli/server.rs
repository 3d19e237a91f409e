//! A target that is already running when the program starts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::program::data;

/// `targets/odd.py` on a port of its own. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    output: BufReader<std::process::ChildStdout>,
}

impl Server {
    /// Starts the target with arguments that select its behaviour.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new("python3")
            .arg(data("targets/odd.py"))
            .args(arguments)
            .env_remove("DESK_PORT")
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("port ").unwrap().parse().unwrap();
        Self { child, port, output }
    }

    /// The URL of the target.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops the target and returns the rest of its output.
    pub(crate) fn printed(mut self) -> String {
        self.child.kill().unwrap();
        let mut printed = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut printed).unwrap();
        printed
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
