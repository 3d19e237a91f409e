//! What happens to connections that wait too long, or are too many.
//!
//! The clock stands still while there is something to do and jumps to the next timer when there is not: the
//! sockets are real, the waiting is not.

use std::net::SocketAddr;

use hyper::http::request::Parts;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::app::App;
use crate::connection::{HEAD_TIMEOUT, LINGER, WRITE_TIMEOUT};
use crate::reply::Reply;

/// Serves an application until `shutdown` ends.
async fn serving(
    app: impl Application,
    max_connections: usize,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(serve_at_most(max_connections, listener, app, shutdown)))
}

/// An application that says hello, and serves for ever.
async fn greeting(max_connections: usize) -> SocketAddr {
    let hello = |_: &Parts| Reply::html("hello");
    serving(hello, max_connections, std::future::pending()).await.0
}

/// All that comes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_finish_a_head_is_let_go() {
    let address = greeting(1).await;
    for beginning in ["", "GET / HTTP/1.1\r\nX: "] {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
        assert_eq!(start.elapsed().as_secs(), HEAD_TIMEOUT.as_secs());
        // The place is free again before the next round: the server closed first.
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stays_idle_between_two_requests_is_let_go() {
    let address = greeting(1).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.ends_with("hello"));
    assert!(ask(&mut stream).await.ends_with("hello"));
    let start = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(start.elapsed().as_secs(), HEAD_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_finish_a_body_is_told_408() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(&Settings::default(), folder.path()).unwrap();
    let (address, _) = serving(app, 1, std::future::pending()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn one_connection_too_many_is_told_to_come_back_and_may() {
    let address = greeting(1).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut first).await.ends_with("hello"));
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    drop(first);
    // The server hears of the end of the first when it next looks.
    loop {
        let mut third = TcpStream::connect(address).await.unwrap();
        if ask(&mut third).await.ends_with("hello") {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_at_once_when_the_server_stops() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 3, async { drop(stopped.await) }).await;
    let mut fresh = TcpStream::connect(address).await.unwrap();
    let mut used = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut used).await.ends_with("hello"));
    let mut half_sent = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut half_sent).await.ends_with("hello"));
    half_sent.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
    let start = Instant::now();
    drop(stop);
    served.await.unwrap();
    // The clock moves only where somebody waits: neither the deadline nor the linger is waited for.
    assert_eq!(start.elapsed(), Duration::ZERO);
    for client in [&mut fresh, &mut used, &mut half_sent] {
        assert_eq!(rest(client).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_arrived_when_the_server_stops_is_answered() {
    // The stop comes from the system, as a signal does.
    let bell = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ring = bell.local_addr().unwrap();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async move { drop(bell.accept().await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.ends_with("hello"));
    // Nothing here waits, so the server finds both when it is next polled.
    let _ring = std::net::TcpStream::connect(ring).unwrap();
    assert_eq!(stream.try_write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap(), 27);
    assert!(rest(&mut stream).await.ends_with("hello"));
    drop(stream);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_head_half_sent_on_a_new_connection_may_be_finished_after_the_stop() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async { drop(stopped.await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
    tokio::task::yield_now().await;
    drop(stop);
    while TcpStream::connect(address).await.is_ok() {}
    stream.write_all(b": x\r\n\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.ends_with("hello") && answer.contains("connection: close\r\n"), "{answer}");
    drop(stream);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_holds_the_stop_up_until_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(&Settings::default(), folder.path()).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (address, served) = serving(app, 1, async { drop(stopped.await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut continued = [0; 25];
    stream.read_exact(&mut continued).await.unwrap();
    let start = Instant::now();
    drop(stop);
    served.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), SHUTDOWN_DEADLINE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
    let huge = |_: &Parts| Reply::html(vec![b'x'; 64 * 1024 * 1024]);
    let (address, _) = serving(huge, 1, std::future::pending()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let start = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // Its place is free again when the server has given it up.
    loop {
        let mut other = TcpStream::connect(address).await.unwrap();
        if !rest(&mut other).await.starts_with("HTTP/1.1 503 ") {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(start.elapsed() >= WRITE_TIMEOUT, "after {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hears_the_end_and_stays_is_let_go() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async { drop(stopped.await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
    let start = Instant::now();
    drop(stop);
    served.await.unwrap();
    assert!(start.elapsed() <= LINGER.0, "after {:?}", start.elapsed());
}
