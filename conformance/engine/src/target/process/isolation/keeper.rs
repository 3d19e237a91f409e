//! The keeper: a hidden mode of this program that starts an isolated program, watches its limits, opens sockets in its
//! network for the runner, and ends all of its processes.
//!
//! The runner holds the other end of the keeper's control socket. When that end closes for any reason, the keeper kills
//! every process of the program and exits. With bubblewrap the keeper runs inside the namespaces; with Landlock it
//! stays outside of the restrictions, out of reach of the program's signals.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper,
    set_dumpable_behavior, wait,
};

use super::control::{self, Request};
use super::limits::{Limit, Limits};
use super::{HELPER, Spec, StatusLine};
use crate::target::process::Exit;

/// Interval between two checks of the limits.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Runs the keeper. The control socket is its standard input.
pub(super) fn keep() -> ExitCode {
    match Keeper::start().map(Keeper::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the keeper of an isolated program failed: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Keeper {
    control: OwnedFd,
    /// Pipe to the runner, for [`StatusLine`]s.
    status: fs::File,
    limits: Limits,
    program: Pid,
    /// Whether the end of the program was reported.
    reported: bool,
    /// Limits that were reached without ending the program.
    reached: Vec<Limit>,
}

impl Keeper {
    fn start() -> io::Result<Self> {
        // The program may not read the memory or the descriptors of its keeper.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        // Processes that leave their parents become children of the keeper.
        set_child_subreaper(Some(getpid()))?;
        fs::metadata("/proc/thread-self/children")
            .map_err(|_| io::Error::other("this kernel does not list the children of processes"))?;
        let executable = std::env::current_exe()?;
        let control = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
        let [spec, status, output, errors] = control::receive_start(&control)?;
        let mut spec = fs::File::from(spec);
        let mut text = String::new();
        spec.read_to_string(&mut text)?;
        let limits = serde_json::from_str::<Spec>(&text)?.limits;
        spec.seek(SeekFrom::Start(0))?;
        let child = Command::new(executable)
            .args([HELPER, "start"])
            .env_clear()
            .stdin(Stdio::from(spec))
            .stdout(Stdio::from(output))
            .stderr(Stdio::from(errors))
            .spawn()?;
        let program = Pid::from_child(&child);
        Ok(Self { control, status: status.into(), limits, program, reported: false, reached: Vec::new() })
    }

    /// Runs until the control socket closes, or the program and all of its processes have ended.
    fn run(mut self) {
        loop {
            let mut ready = [PollFd::new(&self.control, PollFlags::IN)];
            poll(&mut ready, Some(&TICK)).ok();
            let is_ready = ready.iter().any(|control| !control.revents().is_empty());
            if is_ready && !self.answer() {
                break;
            }
            self.reap();
            let family = Family::read();
            if family.processes.is_empty() && self.reported {
                break;
            }
            self.check(&family);
        }
        kill_all();
    }

    /// Handles a message of the runner. Returns whether the control socket is open.
    fn answer(&self) -> bool {
        match control::receive(&self.control) {
            Ok(Request::Socket { ipv6, number }) => {
                let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let socket = socket_with(family, SocketType::STREAM, flags, None);
                control::send_socket(&self.control, socket.ok().as_ref(), number).is_ok()
            }
            Ok(Request::Terminate) => {
                for process in Family::read().processes {
                    kill_process(process, Signal::TERM).ok();
                    kill_process(process, Signal::CONT).ok();
                }
                true
            }
            Ok(Request::Unknown) => true,
            Ok(Request::Closed) | Err(_) => false,
        }
    }

    /// Reaps the program and the processes that lost their parent.
    fn reap(&mut self) {
        while let Ok(Some((process, status))) = wait(WaitOptions::NOHANG) {
            if process != self.program {
                continue;
            }
            let exit = match (status.exit_status(), status.terminating_signal()) {
                (Some(status), _) => Exit::Status(status),
                (None, Some(signal)) if signal == Signal::XCPU.as_raw() => {
                    Exit::Stopped(Limit::Cpu(self.limits.cpu))
                }
                (None, Some(signal)) if signal == Signal::XFSZ.as_raw() => {
                    Exit::Stopped(Limit::FileSize(self.limits.file_size))
                }
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => continue,
            };
            self.report_end(exit);
        }
    }

    /// Ends the program if it uses too many processes or too much memory, and reports the limits that the kernel
    /// enforces.
    fn check(&mut self, family: &Family) {
        let limits = self.limits;
        let over = if family.tasks > limits.processes {
            Some(Limit::Processes(limits.processes))
        } else if family.memory(limits.memory) > limits.memory {
            Some(Limit::Memory(limits.memory))
        } else {
            None
        };
        if let Some(limit) = over {
            self.report_end(Exit::Stopped(limit));
            kill_all();
            return;
        }
        for process in &family.processes {
            let (files, largest) = open_files(*process);
            for (is_reached, limit) in [
                (files >= limits.files, Limit::Files(limits.files)),
                (largest >= limits.file_size, Limit::FileSize(limits.file_size)),
            ] {
                if is_reached && !self.reached.contains(&limit) {
                    self.reached.push(limit);
                    self.write(&StatusLine::Reached(limit));
                }
            }
        }
    }

    fn report_end(&mut self, exit: Exit) {
        if !self.reported {
            self.reported = true;
            self.write(&StatusLine::Ended(exit));
        }
    }

    fn write(&mut self, line: &StatusLine) {
        // Without a reader the control socket is closed, too.
        if let Ok(mut line) = serde_json::to_vec(line) {
            line.push(b'\n');
            self.status.write_all(&line).ok();
        }
    }
}

/// Kills all processes below the keeper, until none is left.
fn kill_all() {
    loop {
        let family = Family::read();
        if family.processes.is_empty() {
            return;
        }
        for signal in [Signal::STOP, Signal::KILL] {
            for process in &family.processes {
                kill_process(*process, signal).ok();
            }
        }
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        std::thread::yield_now();
    }
}

/// All live processes below the keeper.
struct Family {
    processes: Vec<Pid>,
    /// Number of their threads.
    tasks: u64,
}

impl Family {
    fn read() -> Self {
        let mut family = Self { processes: Vec::new(), tasks: 0 };
        let mut waiting = vec![getpid()];
        while let Some(parent) = waiting.pop() {
            let tasks = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero()));
            for task in tasks.into_iter().flatten().flatten() {
                family.tasks += 1;
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                let children = children.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?));
                let before = family.processes.len();
                family.processes.extend(children.filter(|child| !is_zombie(*child)));
                waiting.extend_from_slice(family.processes.get(before..).unwrap_or_default());
            }
        }
        // The keeper has one thread.
        family.tasks = family.tasks.saturating_sub(1);
        family
    }

    /// Returns the memory of all processes in bytes. Memory that processes share is counted once if the sum would
    /// exceed `limit` otherwise.
    fn memory(&self, limit: u64) -> u64 {
        let sum = |of: fn(Pid) -> Option<u64>| self.processes.iter().filter_map(|pid| of(*pid)).sum();
        let resident: u64 = sum(resident);
        if resident > limit { sum(|pid| proportional(pid).or_else(|| self::resident(pid))) } else { resident }
    }
}

fn proc(pid: Pid, file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).ok()
}

fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The state follows the name, which is in parentheses and may hold any byte.
    let state = stat.iter().rposition(|byte| *byte == b')').and_then(|end| stat.get(end + 2));
    state.is_none_or(|state| b"ZXx".contains(state))
}

fn resident(pid: Pid) -> Option<u64> {
    let pages: u64 = proc(pid, "statm")?.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

fn proportional(pid: Pid) -> Option<u64> {
    let rollup = proc(pid, "smaps_rollup")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns the number of open files of a process, and the size of the largest.
fn open_files(pid: Pid) -> (u64, u64) {
    let (mut count, mut largest) = (0, 0);
    let files = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
    for file in files.into_iter().flatten().flatten() {
        count += 1;
        let metadata = fs::metadata(file.path()).ok().filter(fs::Metadata::is_file);
        largest = largest.max(metadata.map_or(0, |metadata| metadata.len()));
    }
    (count, largest)
}
