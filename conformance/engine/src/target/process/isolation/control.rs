//! Messages between the runner and the keeper of an isolated program, and how the runner starts a keeper.

use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType, recvmsg, sendmsg, shutdown,
    socketpair,
};
use tokio::io::Interest;
use tokio::net::{TcpSocket, UnixStream};
use tokio::sync::Mutex;

use super::{Confined, HELPER, Mechanism, Spawned, Spec};
use crate::http::{Connecting, Dialer};

/// A message of the runner.
pub(super) enum Request {
    /// Open a TCP socket in the network of the program. The number is repeated in the answer.
    Socket {
        ipv6: bool,
        number: u8,
    },
    /// Send SIGTERM to all processes.
    Terminate,
    Unknown,
    /// The runner has gone or wants everything to end.
    Closed,
}

/// First bytes of messages.
const SOCKET_4: u8 = b'4';
const SOCKET_6: u8 = b'6';
const TERMINATE: u8 = b't';
const START: u8 = b's';
/// Number of descriptors in the first message.
const STARTED_WITH: usize = 4;
/// Path of this program in the namespaces of bubblewrap.
const INSIDE: &str = "/.conformance";

/// The runner's end of the control socket.
#[derive(Debug)]
pub(in crate::target) struct Control {
    socket: OwnedFd,
    has_own_network: bool,
}

impl Control {
    /// Starts the keeper of a program, which starts the program.
    pub(in crate::target) fn spawn(
        confined: &Confined,
        command: Vec<String>,
        directory: &Path,
        env: Vec<(String, String)>,
    ) -> io::Result<Spawned> {
        let isolation = &confined.isolation;
        let own = std::env::current_exe()?;
        let readable: Vec<PathBuf> = isolation.readable.iter().chain(&confined.readable).cloned().collect();
        let with_namespaces = isolation.mechanism == Mechanism::Bubblewrap;
        let wrapper =
            if with_namespaces { bubblewrap(confined, &own, directory, &readable)? } else { Vec::new() };
        let spec = Spec {
            command,
            directory: directory.to_owned(),
            env,
            limits: isolation.limits,
            landlock: !with_namespaces,
            readable,
            ports: confined.ports.clone(),
        };
        let mut settings = tempfile::tempfile()?;
        settings.write_all(&serde_json::to_vec(&spec)?)?;
        io::Seek::rewind(&mut settings)?;
        let messages = tempfile::tempfile()?;

        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let (output, output_end) = io::pipe()?;
        let (errors, errors_end) = io::pipe()?;
        let (status, status_end) = io::pipe()?;
        let executable = if with_namespaces { PathBuf::from(INSIDE) } else { own };
        // `--die-with-parent` ends bubblewrap when the thread that started it ends. The shell has only one thread.
        let child = Command::new("/bin/sh")
            .args(["-c", r#""$@"; exit $?"#, "sh"])
            .args(wrapper)
            .arg(executable)
            .args([HELPER, "keep"])
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(messages.try_clone()?)
            .process_group(0)
            .spawn()?;
        let descriptors = [settings.as_fd(), status_end.as_fd(), output_end.as_fd(), errors_end.as_fd()];
        // An error means that the keeper has already ended, which its status reports.
        send(&socket, &[START], &descriptors).ok();
        let control = Self { socket, has_own_network: with_namespaces };
        Ok(Spawned { child, control, output, errors, status, messages })
    }

    /// Sends SIGTERM to all processes of the program.
    pub(in crate::target) fn terminate(&self) {
        // An error means that the keeper has ended.
        send(&self.socket, &[TERMINATE], &[]).ok();
    }

    /// Makes the keeper kill all processes of the program.
    pub(in crate::target) fn close(&self) {
        shutdown(&self.socket, Shutdown::Both).ok();
    }

    /// Whether the program has a network namespace.
    pub(in crate::target) fn has_own_network(&self) -> bool {
        self.has_own_network
    }

    /// Returns a dialer for the program's own network, if it has one.
    pub(in crate::target) fn dialer(&self) -> io::Result<Option<KeeperDialer>> {
        if !self.has_own_network {
            return Ok(None);
        }
        // Tokio has no type for sequenced packets; it only polls this socket.
        let socket = StdUnixStream::from(self.socket.try_clone()?);
        socket.set_nonblocking(true)?;
        Ok(Some(KeeperDialer { control: Mutex::new((UnixStream::from_std(socket)?, 0)) }))
    }
}

/// Opens connections in the network namespace of an isolated program.
///
/// The keeper creates each socket, which then belongs to its namespace, and passes it to the runner. So the connection
/// leads directly to the program, without a relay that could change what the runner observes.
#[derive(Debug)]
pub(in crate::target) struct KeeperDialer {
    /// Control socket, and the number of the last request.
    control: Mutex<(UnixStream, u8)>,
}

impl Dialer for KeeperDialer {
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        Box::pin(async move {
            let family = if address.is_ipv6() { SOCKET_6 } else { SOCKET_4 };
            let ended = || io::Error::new(io::ErrorKind::ConnectionRefused, "Connection refused");
            let socket = StdTcpStream::from(self.socket(family).await?.ok_or_else(ended)?);
            socket.set_nonblocking(true)?;
            TcpSocket::from_std_stream(socket).connect(address).await
        })
    }
}

impl KeeperDialer {
    /// Returns a socket in the namespace. None if the keeper has ended.
    async fn socket(&self, family: u8) -> io::Result<Option<OwnedFd>> {
        let mut control = self.control.lock().await;
        let (control, last) = &mut *control;
        *last = last.wrapping_add(1);
        let request = [family, *last];
        control.async_io(Interest::WRITABLE, || send(&*control, &request, &[])).await?;
        loop {
            let answer = control.async_io(Interest::READABLE, || receive_descriptors(&*control)).await?;
            match answer {
                (mut descriptors, Some(message)) if message.get(1) == Some(last) => {
                    return Ok(descriptors.pop());
                }
                // The answer to a request whose timeout has passed.
                (_, Some(_)) => {}
                (_, None) => return Ok(None),
            }
        }
    }
}

/// Returns the command that starts the keeper in namespaces of its own.
fn bubblewrap(
    confined: &Confined,
    own: &Path,
    directory: &Path,
    readable: &[PathBuf],
) -> io::Result<Vec<std::ffi::OsString>> {
    let temporary = confined.outer.join("tmp");
    let shared = confined.outer.join("shm");
    for folder in [&temporary, &shared] {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut words: Vec<std::ffi::OsString> = vec![confined.isolation.bwrap.clone().into()];
    words.extend(
        "--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup-try \
         --die-with-parent --cap-drop ALL --proc /proc --dev /dev --bind"
            .split_whitespace()
            .map(Into::into),
    );
    // Not a file system in memory, which a program could fill.
    words.extend([shared.into_os_string(), "/dev/shm".into(), "--remount-ro".into(), "/dev".into()]);
    words.extend(["--bind".into(), temporary.into_os_string(), "/tmp".into()]);
    let mut readable: Vec<&Path> = readable.iter().map(PathBuf::as_path).collect();
    readable.sort();
    // A folder shows what it contains, and bubblewrap cannot mount on a symbolic link, such as the Python of a virtual environment.
    readable.dedup_by(|path, folder| path.starts_with(folder));
    for path in readable {
        words.extend(["--ro-bind-try".into(), path.into(), path.into()]);
    }
    words.extend(["--bind".into(), directory.into(), directory.into()]);
    words.extend(["--ro-bind".into(), own.into(), INSIDE.into(), "--remount-ro".into(), "/".into()]);
    words.extend(["--chdir".into(), directory.into(), "--".into()]);
    Ok(words)
}

/// Receives the first message: the descriptors of the [`Spec`], of the status pipe, and of the program's output.
pub(super) fn receive_start(control: &OwnedFd) -> io::Result<[OwnedFd; STARTED_WITH]> {
    let (descriptors, ..) = receive_descriptors(control)?;
    descriptors.try_into().map_err(|_| io::Error::other("the first message is incomplete"))
}

/// Receives a message of the runner.
pub(super) fn receive(control: &OwnedFd) -> io::Result<Request> {
    let (_, message) = receive_descriptors(control)?;
    Ok(match message.as_deref() {
        None => Request::Closed,
        Some(&[SOCKET_4, number]) => Request::Socket { ipv6: false, number },
        Some(&[SOCKET_6, number]) => Request::Socket { ipv6: true, number },
        Some(&[TERMINATE]) => Request::Terminate,
        Some(_) => Request::Unknown,
    })
}

/// Answers a request for a socket. Without a socket, the runner takes the connection as refused.
pub(super) fn send_socket(control: &OwnedFd, socket: Option<&OwnedFd>, number: u8) -> io::Result<()> {
    send(control, &[START, number], socket.map(AsFd::as_fd).as_slice())
}

fn send(control: impl AsFd, message: &[u8], descriptors: &[std::os::fd::BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STARTED_WITH))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    sendmsg(control, &[IoSlice::new(message)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a message and its descriptors. The message is none if the other end is closed.
fn receive_descriptors(control: impl AsFd) -> io::Result<(Vec<OwnedFd>, Option<Vec<u8>>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STARTED_WITH))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 8];
    let received =
        recvmsg(control, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    let message = bytes.get(..received.bytes).filter(|message| !message.is_empty()).map(<[u8]>::to_vec);
    Ok((descriptors, message))
}
