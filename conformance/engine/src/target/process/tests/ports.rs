//! Tests with real listeners: which process owns the port.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::{PATIENCE, Process, block_on, start, started};
use crate::target::process::Listener;

const SERVE: &str = "import socket, time
listener = socket.create_server(('127.0.0.1', 0))
print('port', listener.getsockname()[1], flush=True)
time.sleep(300)";

#[test]
fn detects_other_process_that_listens_on_the_port() {
    if !Path::new("/proc/net/tcp").exists() {
        return;
    }
    let (listens, address) = listening(&["python3", "-c", SERVE]);
    let waits = started("sleep 300");
    let Listener::Own(socket) = listens.listener(address) else { panic!("{:?}", listens.listener(address)) };
    assert!(socket.is_held());
    let other = waits.listener(address);
    assert!(
        matches!(&other, Listener::Other(who) if who.starts_with("`python3") && who.contains("(process ")),
        "{other:?}"
    );
    drop(listens);
    assert!(!socket.is_held());
    assert!(matches!(waits.listener(address), Listener::Unknown(_)), "nobody listens");
    let own = TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
    let other = waits.listener(own.local_addr().expect("an address"));
    assert!(matches!(&other, Listener::Other(_)), "{other:?}");
}

#[test]
fn accepts_listening_child_process() {
    if !Path::new("/proc/net/tcp").exists() {
        return;
    }
    for wrapper in [
        "python3 -c \"$0\"; true",
        "setsid python3 -c \"$0\" & wait",
        "env -i setsid \"$(command -v python3)\" -c \"$0\"; true",
    ] {
        let (process, address) = listening(&["sh", "-c", wrapper, SERVE]);
        let found = process.listener(address);
        assert!(matches!(found, Listener::Own(_)), "{wrapper}: {found:?}");
    }
}

#[test]
fn detects_port_shared_with_another_process() {
    if !Path::new("/proc/net/tcp").exists() {
        return;
    }
    let shared = "import socket, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(('127.0.0.1', int(sys.argv[1])))
listener.listen()
print('port', listener.getsockname()[1], flush=True)
time.sleep(300)";
    let (one, address) = listening(&["python3", "-c", shared, "0"]);
    assert!(matches!(one.listener(address), Listener::Own(_)));
    let (other, again) = listening(&["python3", "-c", shared, &address.port().to_string()]);
    assert_eq!(again, address);
    assert!(matches!(one.listener(address), Listener::Other(_)));
    assert!(matches!(other.listener(address), Listener::Other(_)));
}

fn listening(words: &[&str]) -> (Process, SocketAddr) {
    let process = start(words, Path::new("/"), &[("port", "port ([0-9]+)")]);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it prints its port");
    let port = watched.get("port").and_then(|port| port.parse().ok()).expect("a port");
    (process, SocketAddr::from(([127, 0, 0, 1], port)))
}
