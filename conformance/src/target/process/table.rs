//! What the system shows of processes and their sockets, below `/proc`; where there is none, nothing.
//!
//! Numbers of processes and ports go in, what is known of them comes out. Nothing is changed from here.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::Pid;

/// The state of a socket that listens, in the tables of the kernel (`TCP_LISTEN`).
const LISTENS: &str = "0A";

/// Returns every process.
pub(super) fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
}

/// Returns the value of a variable in the environment with which a process began; none when it is not there or not ours to see.
pub(super) fn environment(pid: Pid, name: &str) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
    let mut entries = environment.split(|byte| *byte == 0);
    entries.find_map(|entry| Some(entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec()))
}

/// Whether a process is in a group and alive. A zombie is not: in a container nobody may ever reap it.
pub(super) fn lives_in(pid: Pid, group: Pid) -> bool {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The program's name is in parentheses and may hold any byte, so the fields begin after the last one.
    let Some(name_end) = stat.iter().rposition(|byte| *byte == b')') else { return false };
    let fields = String::from_utf8_lossy(&stat[name_end + 1..]);
    let mut fields = fields.split_whitespace();
    let state = fields.next().unwrap_or("Z");
    let member = fields.nth(1) == Some(group.as_raw_nonzero().to_string().as_str());
    member && !matches!(state, "Z" | "X" | "x")
}

/// Returns the sockets that listen on a port, on whatever address, as `/proc/PID/fd` names them.
pub(super) fn listening(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines.filter_map(|line| listener(line, port)).collect()
}

/// Whether a process holds one of these sockets.
pub(super) fn holds(pid: Pid, sockets: &[String]) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
    let links =
        descriptors.into_iter().flatten().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .into_iter()
        .any(|link| sockets.iter().any(|socket| socket.as_bytes() == link.as_os_str().as_bytes()))
}

/// The socket of a line of the kernel's table, when it listens on the port: `0: 0100007F:1388 00000000:0000 0A … inode`.
fn listener(line: &str, port: u16) -> Option<String> {
    let mut fields = line.split_whitespace();
    let (_, local) = fields.nth(1)?.rsplit_once(':')?;
    let listens = u16::from_str_radix(local, 16).ok()? == port && fields.nth(1)? == LISTENS;
    let inode = fields.nth(5)?;
    listens.then(|| format!("socket:[{inode}]"))
}
