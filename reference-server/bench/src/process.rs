//! Starts servers and reads their CPU time and memory from `/proc`.

use std::error::Error;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Clock ticks per second of `/proc/PID/stat` (USER_HZ), which is 100 on all platforms that Linux supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server. It is stopped when dropped.
pub struct Server {
    /// The name in the table.
    pub name: &'static str,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The time from the start to the first response; connecting is retried.
    pub first_response: Duration,
    child: Child,
}

impl Server {
    /// Starts the command that `command` returns for a free port, and waits for its first response.
    ///
    /// # Errors
    /// If it cannot be started or does not respond within 30 seconds.
    pub fn start(
        name: &'static str,
        folder: &Path,
        command: impl FnOnce(u16) -> Command,
    ) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = command(port);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let mut server = Self { name, port, first_response: Duration::ZERO, child };
        while server.ask("GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").is_err() {
            if began.elapsed() > Duration::from_secs(30) || server.child.try_wait()?.is_some() {
                return Err(format!("{name} does not respond").into());
            }
            thread::sleep(Duration::from_micros(100));
        }
        server.first_response = began.elapsed();
        Ok(server)
    }

    /// Sends a request that closes the connection, and returns the whole response.
    ///
    /// # Errors
    /// If there is no response.
    pub fn ask(&self, request: &str) -> Result<String, Box<dyn Error>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(request.as_bytes())?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        if response.is_empty() { Err("no response".into()) } else { Ok(response) }
    }

    /// The CPU time of the server and its children, in seconds.
    #[must_use]
    pub fn processor(&self) -> f64 {
        let ticks = |id: u32| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // The name of the program, in parentheses, may contain any character.
            let after_name = stat.rsplit_once(')').map_or("", |(_, after)| after);
            after_name
                .split_whitespace()
                .skip(11)
                .take(2)
                .filter_map(|ticks| ticks.parse::<f64>().ok())
                .sum::<f64>()
        };
        self.ids().into_iter().map(ticks).sum::<f64>() / TICKS_PER_SECOND
    }

    /// The memory of the server and its children, in bytes.
    #[must_use]
    pub fn memory(&self) -> f64 {
        let resident = |id: u32| {
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).map(str::to_owned);
            line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default()
                * 1024.0
        };
        self.ids().into_iter().map(resident).sum()
    }

    fn ids(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        std::iter::once(id).chain(children.split_whitespace().filter_map(|id| id.parse().ok())).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that gunicorn stops its workers. The server may have exited already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
