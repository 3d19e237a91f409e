//! Load tests a server with wrk.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::Server;

/// The requests that every connection sends in turn.
pub struct Load {
    pub method: &'static str,
    pub path: &'static str,
    /// The headers and the body of each request.
    pub requests: Vec<(Vec<(&'static str, String)>, String)>,
}

/// The result of a load test.
#[derive(Clone, Copy)]
pub struct Outcome {
    /// Requests per second.
    pub rate: f64,
    /// The median latency in microseconds.
    pub p50: f64,
    /// The 99th percentile of the latency in microseconds.
    pub p99: f64,
    /// The CPU time for each request in microseconds.
    pub processor: f64,
    /// The number of requests.
    pub requests: f64,
}

/// Checks that wrk is installed.
///
/// # Errors
/// If it is not, with the package to install.
pub fn look_for_wrk() -> Result<(), Box<dyn Error>> {
    match Command::new("wrk").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(format!("cannot run wrk, which generates the load ({error}): apt-get install wrk").into())
        }
    }
}

impl Load {
    /// A load of one request without a body.
    #[must_use]
    pub fn get(path: &'static str, headers: Vec<(&'static str, String)>) -> Self {
        Self { method: "GET", path, requests: vec![(headers, String::new())] }
    }

    /// Runs a load for `seconds` over `connections` connections.
    ///
    /// # Errors
    /// If wrk cannot be run, or if a response has no 2xx status.
    pub fn run(
        &self,
        server: &Server,
        connections: usize,
        seconds: u32,
        scratch: &Path,
    ) -> Result<Outcome, Box<dyn Error>> {
        let script = scratch.join("load.lua");
        fs::write(&script, self.script())?;
        let before = server.processor();
        let output = Command::new("wrk")
            .args(["--threads", if connections == 1 { "1" } else { "2" }])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &format!("{seconds}s"), "--timeout", "20s"])
            .arg("--script")
            .arg(script)
            .arg(format!("http://127.0.0.1:{}", server.port))
            .output()
            .map_err(|error| format!("cannot run wrk: {error}"))?;
        let processor = server.processor() - before;
        let printed = String::from_utf8_lossy(&output.stdout);
        let line = printed.lines().find_map(|line| line.strip_prefix("OUTCOME ")).unwrap_or_default();
        let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let &[requests, duration, p50, p99, failed] = &numbers[..] else {
            return Err(format!("unexpected output of wrk for {}: {printed}", server.name).into());
        };
        if failed > 0.0 || requests == 0.0 {
            let name = server.name;
            return Err(format!("{name} failed {failed} of {requests} times at {}", self.path).into());
        }
        let rate = requests / duration * 1e6;
        Ok(Outcome { rate, p50, p99, processor: processor / requests * 1e6, requests })
    }

    fn script(&self) -> String {
        let mut script = "local requests = {}\nlocal turn = 0\nfunction init()\n".to_owned();
        for (headers, body) in &self.requests {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| format!("[{name:?}] = {value:?}")).collect();
            let body = if body.is_empty() { "nil".to_owned() } else { format!("{body:?}") };
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                script,
                "  requests[#requests + 1] = wrk.format({:?}, {:?}, {{{}}}, {body})",
                self.method,
                self.path,
                headers.join(", ")
            );
        }
        script
            + "end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format('OUTCOME %d %d %d %d %d', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.connect + errors.write + errors.status + errors.timeout))
end
"
    }
}
