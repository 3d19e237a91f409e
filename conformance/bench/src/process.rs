//! Runs programs and measures wall time, CPU time and peak memory.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// Resource usage of a program.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Wall time in milliseconds.
    pub wall: f64,
    /// CPU time (user and system) in milliseconds.
    pub processor: f64,
    /// Peak memory in MiB.
    pub peak: f64,
    /// Its exit code.
    pub exit: i32,
}

/// Runs a program until it exits.
///
/// # Errors
/// Fails if it cannot be started.
pub fn run(mut command: Command) -> Result<Cost, Box<dyn Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    let ended = child.wait4()?;
    let wall = began.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "a program holds less than 2^52 bytes")]
    let peak = ended.rusage.maxrss as f64 / (1024.0 * 1024.0);
    let processor = milliseconds(ended.rusage.utime + ended.rusage.stime);
    Ok(Cost { wall: milliseconds(wall), processor, peak, exit: ended.status.code().unwrap_or(-1) })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A running target; stopped when dropped.
pub struct Server {
    /// Its URL.
    pub base: String,
    child: Child,
}

impl Server {
    /// Starts the small server on a free port.
    ///
    /// # Errors
    /// Fails if it cannot be started or does not listen within ten seconds.
    pub fn start(program: &Path) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(program).arg(port.to_string()).spawn()?;
        let server = Self { base: format!("http://127.0.0.1:{port}"), child };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                return Err("the small server does not listen".into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
