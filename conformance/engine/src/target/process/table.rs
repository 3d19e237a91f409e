//! Reads information about processes and their sockets from `/proc`. Returns nothing on systems without `/proc`.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

/// State of a listening socket in the kernel's tables (`TCP_LISTEN`).
const LISTENS: &str = "0A";

/// Returns all processes.
pub(super) fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(process_id))
}

/// What a process shows of its initial environment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Environment {
    /// The variables, each as `NAME=value`, separated by zero bytes. Empty if the process has none or they are not readable.
    Known(Vec<u8>),
    /// Nothing yet: the process is in the middle of `execve`.
    Starting,
}

impl Environment {
    /// Whether a variable has this value.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let Self::Known(variables) = self else { return false };
        let wanted = format!("{name}={value}");
        variables.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    }
}

/// Returns the initial environment of a process.
pub(super) fn environment(pid: Pid) -> Environment {
    let file = |name: &str| PathBuf::from(format!("/proc/{}/{name}", pid.as_raw_nonzero()));
    let read = |name: &str| read_at_once(&file(name)).unwrap_or_default();
    let variables = match read_at_once(&file("environ")) {
        // Kernel threads and zombies have no program.
        Ok(variables) if variables.is_empty() && fs::read_link(file("exe")).is_ok() => variables,
        other => return Environment::Known(other.unwrap_or_default()),
    };
    // During `execve`, the arguments are empty too. It may end, and another one begin, between two reads.
    let has_none = (0..3).all(|_| !read("cmdline").is_empty() && read("environ").is_empty());
    if has_none { Environment::Known(variables) } else { Environment::Starting }
}

/// Reads a file of `/proc/PID`, with one system call if it has less than 128 KiB. During `execve`, a second call would return
/// nothing more: the memory of the former program is gone.
fn read_at_once(file: &Path) -> io::Result<Vec<u8>> {
    const AT_ONCE: usize = 128 * 1024;
    let mut file = BufReader::with_capacity(AT_ONCE, File::open(file)?);
    let mut content = file.fill_buf()?.to_vec();
    if content.len() == AT_ONCE {
        file.consume(AT_ONCE);
        file.read_to_end(&mut content)?;
    }
    Ok(content)
}

/// Whether a process is in a group and alive. A zombie is not alive; in a container nothing may ever reap it.
pub(super) fn lives_in(pid: Pid, group: Pid) -> bool {
    entry(pid).is_some_and(|entry| entry.group == Some(group))
}

/// A process as listed in `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: Pid,
    /// None if the parent is outside of this PID namespace.
    pub(super) parent: Option<Pid>,
    pub(super) group: Option<Pid>,
}

/// Returns all live processes. Zombies are left out, because in a container nothing may ever reap them.
pub(super) fn living() -> Vec<Entry> {
    processes().filter_map(entry).collect()
}

fn entry(pid: Pid) -> Option<Entry> {
    read_stat(pid, &fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
}

/// Returns the id of a process or group, or `None` for 0 and for -1, which the kernel shows for a process that is just ending.
fn process_id(raw: i32) -> Option<Pid> {
    if raw > 0 { Pid::from_raw(raw) } else { None }
}

/// Reads `/proc/PID/stat`. Zombies are left out.
fn read_stat(pid: Pid, stat: &[u8]) -> Option<Entry> {
    // The program's name is in parentheses and may hold any byte, so the fields begin after the last one.
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = String::from_utf8_lossy(stat.get(name_end + 1..)?);
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let mut number = || fields.next()?.parse().ok().map(process_id);
    let (parent, group) = (number()?, number()?);
    (!matches!(state, "Z" | "X" | "x")).then_some(Entry { pid, parent, group })
}

/// Returns how long the threads of a process were ready to run but had to wait for a processor. Zero if the system does not count it.
///
/// Threads wait at the same time, so the longest wait counts.
pub(super) fn waited_for_processor(pid: Pid) -> Duration {
    let threads =
        fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).into_iter().flatten().flatten();
    let waited =
        threads.filter_map(|thread| read_wait(&fs::read_to_string(thread.path().join("schedstat")).ok()?));
    waited.max().unwrap_or_default()
}

/// Reads the second field of `/proc/PID/task/TID/schedstat`, the nanoseconds that the thread waited on a run queue.
fn read_wait(schedstat: &str) -> Option<Duration> {
    schedstat.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

/// Returns the program name of a process, without control characters.
pub(super) fn name(pid: Pid) -> Option<String> {
    let name = fs::read(format!("/proc/{}/comm", pid.as_raw_nonzero())).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().escape_debug().to_string())
}

/// Whether a process has this number as an argument.
pub(super) fn has_argument(pid: Pid, number: u16) -> bool {
    let arguments = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let number = number.to_string();
    arguments.split(|byte| *byte == 0).any(|argument| argument == number.as_bytes())
}

/// Returns the sockets that a connection to this address may reach, as `/proc/PID/fd` names them: `socket:[inode]`.
/// There are several if processes share a port (`SO_REUSEPORT`).
///
/// # Errors
/// The system does not list its sockets.
pub(super) fn listening(address: SocketAddr) -> io::Result<Vec<String>> {
    let mut found: Vec<(u8, String)> = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match File::open(table) {
            Ok(table) => {
                for line in BufReader::new(table).lines() {
                    found.extend(listener(&line?, address));
                }
            }
            // A kernel without IPv6 lacks this table.
            Err(error) if error.kind() == io::ErrorKind::NotFound && table.ends_with('6') => {}
            Err(error) => return Err(error),
        }
    }
    let best = found.iter().map(|(rank, _)| *rank).max();
    Ok(found.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, socket)| socket).collect())
}

/// Returns all listening sockets, each with its port.
///
/// # Errors
/// The system does not list its sockets.
pub(super) fn listening_sockets() -> io::Result<Vec<(u16, String)>> {
    sockets_in("/proc/net")
}

/// Returns the listening TCP sockets in the network of a process, if that is not the network of this program.
pub(super) fn sockets_elsewhere(pid: Pid) -> Vec<(u16, String)> {
    let pid = pid.as_raw_nonzero();
    let network = |of: &str| fs::read_link(format!("/proc/{of}/ns/net")).ok();
    match (network("self"), network(&pid.to_string())) {
        (Some(own), Some(other)) if own != other => {
            sockets_in(&format!("/proc/{pid}/net")).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn sockets_in(folder: &str) -> io::Result<Vec<(u16, String)>> {
    let table = |name: &str| fs::read_to_string(format!("{folder}/{name}"));
    let tables = table("tcp")? + &table("tcp6").unwrap_or_default();
    let socket = |line: &str| {
        let mut fields = line.split_whitespace();
        let (_, port) = fields.nth(1)?.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let listens = fields.nth(1)? == LISTENS;
        listens.then_some((port, format!("socket:[{}]", fields.nth(5)?)))
    };
    Ok(tables.lines().filter_map(socket).collect())
}

/// Returns those of the sockets that a process holds.
pub(super) fn held(pid: Pid, sockets: &[String]) -> Vec<String> {
    let descriptors =
        fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).into_iter().flatten().flatten();
    let links = descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok()?.into_os_string().into_string().ok());
    links.filter(|link| sockets.contains(link)).collect()
}

/// Returns the file descriptor through which a process holds one of these sockets, and the socket.
///
/// # Errors
/// The descriptors of the process cannot be read.
pub(super) fn holds(pid: Pid, sockets: &[String]) -> io::Result<Option<(PathBuf, String)>> {
    for descriptor in fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()))? {
        let path = descriptor?.path();
        // The descriptor may have been closed meanwhile.
        let Ok(link) = fs::read_link(&path) else { continue };
        if let Some(socket) = sockets.iter().find(|socket| link.as_os_str() == socket.as_str()) {
            return Ok(Some((path, socket.clone())));
        }
    }
    Ok(None)
}

/// Parses a line of the kernel's socket table: `0: 0100007F:1388 00000000:0000 0A … inode`. Returns the socket if a
/// connection to the address may reach it, with a rank. The kernel prefers a socket bound to the exact address, then
/// one bound to all addresses, then an IPv6 socket that also accepts IPv4.
fn listener(line: &str, address: SocketAddr) -> Option<(u8, String)> {
    let mut fields = line.split_whitespace();
    let (local, port) = fields.nth(1)?.rsplit_once(':')?;
    let listens = u16::from_str_radix(port, 16).ok()? == address.port() && fields.nth(1)? == LISTENS;
    let inode = fields.nth(5)?;
    let (local, wanted) = (self::address(local)?, address.ip());
    let rank =
        match (local.to_canonical() == wanted, local.is_unspecified(), local.is_ipv4() == wanted.is_ipv4()) {
            (true, _, _) => 3,
            (_, true, true) => 2,
            (_, true, false) if wanted.is_ipv4() => 1,
            _ => return None,
        };
    listens.then(|| (rank, format!("socket:[{inode}]")))
}

/// Parses an address as the kernel prints it: 32-bit words in host byte order.
fn address(printed: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(printed.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match printed.len() {
        8 => Some(IpAddr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?);
            }
            Some(IpAddr::from(bytes))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_sockets_that_a_connection_reaches() {
        let at = |address: &str| address.parse::<SocketAddr>().expect("an address");
        let line = |local: &str, state: &str| {
            let remote = "00000000:0000";
            listener(
                &format!("   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 0 0 77 1"),
                at("127.0.0.1:5000"),
            )
        };
        let found = |rank| Some((rank, "socket:[77]".to_owned()));
        let number = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        let port = "1388";
        let loopback = number([127, 0, 0, 1]);
        assert_eq!(line(&format!("{loopback}:{port}"), "0A"), found(3));
        assert_eq!(line(&format!("{}:{port}", number([0; 4])), "0A"), found(2));
        assert_eq!(line(&format!("{:032}:{port}", 0), "0A"), found(1));
        let mapped = [number([0; 4]), number([0; 4]), number([0, 0, 0xff, 0xff]), loopback.clone()].concat();
        assert_eq!(line(&format!("{mapped}:{port}"), "0A"), found(3));
        assert_eq!(line(&format!("{loopback}:1389"), "0A"), None, "another port");
        assert_eq!(line(&format!("{loopback}:{port}"), "01"), None, "a connection");
        assert_eq!(line(&format!("{}:{port}", number([10, 0, 0, 1])), "0A"), None, "another address");
        let last = number([0, 0, 0, 1]);
        let six = format!("{:024}{last}:{port}", 0);
        assert_eq!(line(&six, "0A"), None, "IPv6 alone");
        assert_eq!(listener("  sl  local_address rem_address   st", at("127.0.0.1:5000")), None);
    }

    #[test]
    fn a_process_that_shares_one_processor_waits_for_it() {
        assert_eq!(read_wait("179823 3443409 17\n"), Some(Duration::from_nanos(3_443_409)));
        assert_eq!(read_wait("179823"), None);
        let this = process_id(std::process::id().cast_signed()).expect("a process id");
        assert!(waited_for_processor(this) < Duration::from_hours(1));
    }

    #[test]
    fn stat_of_an_ending_process_has_no_group() {
        let pid = process_id(7).expect("a process id");
        let entry = read_stat(pid, b"7 (a (b) c) S -1 -1 -1 0").expect("a living process");
        assert_eq!(entry, Entry { pid, parent: None, group: None });
        assert_eq!(read_stat(pid, b"7 (x) S 1 5 5 0").expect("a living process").group, process_id(5));
        assert_eq!(read_stat(pid, b"7 (x) Z 1 5 5 0"), None);
    }
}
