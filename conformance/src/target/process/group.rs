//! The process group of one target, and the watcher that ends it when the runner no longer can.
//!
//! [`Watcher`] is a small shell in a group of its own that reads from a pipe whose other end only the runner
//! holds. Whatever ends the runner closes that end, and the watcher then kills the target's group and all that
//! carries its mark. It is no child of the target, holds none of its streams, and hears none of its signals.

use std::collections::HashSet;
use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::table::{self, Entry, lives_in, processes};

/// The environment variable by which a process that left the group is still known as the target's.
pub(super) const MARK: &str = "CONFORMANCE_PROCESS";

/// `$1` is the mark, as it stands in an environment. The last number read is the group's.
const WATCHER: &str = r#"
trap '' HUP INT QUIT TERM
group=
while read -r line; do group=$line; done
if [ -n "$group" ]; then kill -s KILL -- "-$group"; fi
grep -l -F -e "$1" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do kill -s KILL "$pid"; done
"#;

/// A target's process group, which is killed when the value is dropped.
#[derive(Debug)]
pub(super) struct Group {
    id: Pid,
    watcher: Watcher,
    /// Once it was seen empty its number may belong to strangers, and is never signalled again.
    empty: bool,
}

#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
    lifeline: PipeWriter,
    mark: String,
}

impl Group {
    /// The group that `leader` opened.
    pub(super) fn new(leader: Pid, watcher: Watcher) -> Group {
        Group { id: leader, watcher, empty: false }
    }

    /// Asks all members to end. A stopped member is continued, or it would not hear it.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Ends all members.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Ends those that left the group but carry its mark, where `/proc` shows them.
    pub(super) fn sweep(&self) {
        // One that forks while it is looked for leaves a child for the next round.
        for _ in 0..5 {
            let escaped: Vec<Pid> = processes().filter(|pid| self.carries_its_mark(*pid)).collect();
            if escaped.is_empty() {
                break;
            }
            for pid in escaped {
                // It may be gone already, or belong to another user by now.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Whether no member is left. Zombies do not count: in a container nobody may ever reap them.
    pub(super) fn is_empty(&mut self) -> bool {
        self.empty = self.empty
            || test_kill_process_group(self.id) == Err(rustix::io::Errno::SRCH)
            || (Path::new("/proc/self/stat").exists() && !processes().any(|pid| lives_in(pid, self.id)));
        self.empty
    }

    /// The members of the group, those that carry its mark, and all that descend from them.
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
        table::environment(pid, MARK).is_some_and(|mark| mark == self.watcher.mark.as_bytes())
    }

    #[cfg(test)]
    pub(super) fn watcher_id(&self) -> String {
        self.watcher.shell.id().to_string()
    }

    fn signal(&self, signal: Signal) {
        if !self.empty {
            // No such group: that is what the signal was for.
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
        // The full stop ends the mark, so that no mark is the beginning of another.
        let mark = format!("{}-{count}-{now}.", std::process::id());
        // Both ends are close-on-exec: no other program holds the runner's end open.
        let (end, lifeline) = io::pipe()?;
        let shell = Command::new("/bin/sh")
            .args(["-c", WATCHER, "conformance-watcher", &format!("{MARK}={mark}")])
            .current_dir("/")
            // A runner that is itself a target must not lose its watchers to its own mark.
            .env_remove(MARK)
            .stdin(end)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Watcher { shell, lifeline, mark })
    }

    /// The value of [`MARK`] in the target's environment.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// The runner's end of the pipe once more, for the leader to write its number into.
    pub(super) fn lifeline(&self) -> io::Result<Stdio> {
        self.lifeline.try_clone().map(Stdio::from)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Killed before its pipe closes: its work is done, and it must not signal a number that was reused.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// The name of a signal that commonly ends a server.
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
