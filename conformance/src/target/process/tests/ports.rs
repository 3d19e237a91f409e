//! Real listeners: whose port it is.

use std::path::Path;

use super::{PATIENCE, block_on, start, started};

#[test]
fn it_is_seen_that_the_target_of_another_run_has_the_port() {
    if !Path::new("/proc/net/tcp").exists() {
        return;
    }
    let serve = "import http.server\nlistener = http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler)\nprint('port', listener.server_port, flush=True)\nlistener.serve_forever()";
    let listens = start(&["python3", "-c", serve], Path::new("/"), &[("port", "port ([0-9]+)")]);
    let watched = block_on(listens.watched_all(PATIENCE)).expect("it prints its port");
    let port = watched["port"].parse().expect("a port");
    let waits = started("sleep 300");
    assert!(waits.another_listens(port));
    assert!(!listens.another_listens(port), "it is its own");
    let stranger =
        std::net::TcpListener::bind(("::1", 0)).or_else(|_| std::net::TcpListener::bind(("127.0.0.1", 0)));
    let port = stranger.as_ref().expect("a listener").local_addr().expect("its address").port();
    assert!(!waits.another_listens(port), "what no run has started may be this target's, under another roof");
    drop(stranger);
    assert!(!waits.another_listens(port), "nobody listens");
}
