//! Process group of a target, and the watcher that kills the group if the runner dies.
//!
//! The [`Watcher`] is a small shell in its own process group. It reads from a pipe whose other end only the runner
//! holds. When the runner exits for any reason, that end closes, and the watcher kills the target's group and all
//! processes with the target's marker. The watcher is not a child of the target, holds none of its streams, and gets
//! none of its signals.

use std::collections::HashSet;
use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::table::{self, Entry, Environment, lives_in, processes};

/// Environment variable that marks the target's processes, including those that leave the group.
pub(super) const MARK: &str = "CONFORMANCE_PROCESS";

/// Watcher script. `$1` is the marker as it appears in an environment. The last number on standard input is the group
/// id. It searches several times, because a process that is just starting a program shows no environment.
const WATCHER: &str = r#"
trap '' HUP INT QUIT TERM
group=
while read -r line; do group=$line; done
if [ -n "$group" ]; then kill -s KILL -- "-$group"; fi
for round in 1 2 3; do
  grep -l -F -e "$1" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do kill -s KILL "$pid"; done
done
"#;

/// Maximum time to wait for processes that are just starting a program.
const START_WAIT: Duration = Duration::from_secs(5);

/// Process group of a target. Dropping it kills the group.
#[derive(Debug)]
pub(super) struct Group {
    id: Pid,
    watcher: Watcher,
    /// Set once the group was seen empty: its id may be reused, so it is never signalled again.
    empty: bool,
}

#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
    lifeline: PipeWriter,
    mark: String,
}

impl Group {
    /// Creates the group that `leader` leads.
    pub(super) fn new(leader: Pid, watcher: Watcher) -> Group {
        Group { id: leader, watcher, empty: false }
    }

    /// Sends SIGTERM to all members. Also sends SIGCONT, because a stopped process would not handle SIGTERM.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Sends SIGKILL to all members.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Kills the processes that left the group but carry its marker, if the system has `/proc`.
    ///
    /// A process that forks during a scan leaves a child for the next one. A process that is just starting a program
    /// shows no environment, so it is looked at again.
    pub(super) fn sweep(&self) {
        let limit = Instant::now() + START_WAIT;
        loop {
            let (mut found, mut starting) = (false, false);
            for pid in processes() {
                let environment = table::environment(pid);
                starting |= environment == Environment::Starting;
                if environment.has(MARK, &self.watcher.mark) {
                    found = true;
                    // The process may have exited, or its id may belong to another user by now.
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            if !(found || starting) || Instant::now() > limit {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the group has no live members. Zombies do not count, since in a container nothing may ever reap them.
    pub(super) fn is_empty(&mut self) -> bool {
        self.empty = self.empty
            || test_kill_process_group(self.id) == Err(rustix::io::Errno::SRCH)
            || (Path::new("/proc/self/stat").exists() && !processes().any(|pid| lives_in(pid, self.id)));
        self.empty
    }

    /// Returns the members of the group, the processes with its marker, and all their descendants.
    pub(super) fn family(&self) -> HashSet<Pid> {
        let all = table::living();
        let of_group = |entry: &&Entry| entry.group == Some(self.id) || self.carries_its_mark(entry.pid);
        let mut family: HashSet<Pid> = all.iter().filter(of_group).map(|entry| entry.pid).collect();
        loop {
            let known = family.len();
            let is_child = |entry: &&Entry| entry.parent.is_some_and(|parent| family.contains(&parent));
            let children: Vec<Pid> = all.iter().filter(is_child).map(|entry| entry.pid).collect();
            family.extend(children);
            if family.len() == known {
                return family;
            }
        }
    }

    fn carries_its_mark(&self, pid: Pid) -> bool {
        table::environment(pid).has(MARK, &self.watcher.mark)
    }

    #[cfg(test)]
    pub(super) fn watcher_id(&self) -> String {
        self.watcher.shell.id().to_string()
    }

    fn signal(&self, signal: Signal) {
        if !self.empty {
            // An error means that the group no longer exists.
            let _ = kill_process_group(self.id, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Watcher {
    pub(super) fn start() -> io::Result<Watcher> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        // The final full stop keeps a marker from being a prefix of another.
        let mark = format!("{}-{count}-{now}.", std::process::id());
        // Both ends are close-on-exec, so that no other program holds the runner's end open.
        let (end, lifeline) = io::pipe()?;
        let shell = Command::new("/bin/sh")
            .args(["-c", WATCHER, "conformance-watcher", &format!("{MARK}={mark}")])
            .current_dir("/")
            // If the runner is itself a target, its watchers must not carry its marker.
            .env_remove(MARK)
            .stdin(end)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Watcher { shell, lifeline, mark })
    }

    /// Value of [`MARK`] in the target's environment.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Duplicates the runner's end of the pipe, to which the leader writes its process id.
    pub(super) fn lifeline(&self) -> io::Result<Stdio> {
        self.lifeline.try_clone().map(Stdio::from)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Kill the watcher before its pipe closes, so that it does not signal a reused id.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Adopts processes that leave their parents, so that [`Orphans::end`] finds them however they detach.
///
/// Covers processes that leave their group and clear their environment. Only Linux supports it.
#[derive(Debug)]
pub struct Orphans {
    /// Children of this process that were there before the run.
    before: HashSet<Pid>,
}

impl Orphans {
    /// Starts to adopt processes.
    #[must_use]
    pub fn adopt() -> Self {
        #[cfg(target_os = "linux")]
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
        Self { before: Self::children().collect() }
    }

    /// Kills all processes that were adopted or started since. Call it after the run, when no process is needed any more.
    pub fn end(self) {
        /// A killed process may leave a child for the next round.
        const ROUNDS: usize = 200;
        for _ in 0..ROUNDS {
            let orphans: Vec<Pid> = Self::children().filter(|child| !self.before.contains(child)).collect();
            if orphans.is_empty() {
                break;
            }
            for orphan in orphans {
                let _ = kill_process(orphan, Signal::KILL);
                let _ = rustix::process::waitpid(Some(orphan), rustix::process::WaitOptions::NOHANG);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn children() -> impl Iterator<Item = Pid> {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let children = tasks.map(|task| std::fs::read_to_string(task.path().join("children")));
        let children: Vec<String> = children.map(Result::unwrap_or_default).collect();
        let ids = children.iter().flat_map(|children| children.split_whitespace());
        ids.filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect::<Vec<_>>().into_iter()
    }
}

/// Returns the name of a signal that commonly ends a server.
pub(super) fn signal_name(number: i32) -> Option<&'static str> {
    let names = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::SYS, "SIGSYS"),
    ];
    names.into_iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| name)
}
