//! Tests of timeouts, the connection limit and the shutdown.
//!
//! The sockets are real, but tokio's clock is paused: it does not advance while there is work and jumps to the next timer
//! otherwise, so no test waits.

use std::net::SocketAddr;

use hyper::http::request::Parts;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::app::App;
use crate::connection::{HEAD_TIMEOUT, LINGER, WRITE_TIMEOUT};
use crate::reply::Reply;

/// Serves an application until `shutdown` completes.
async fn serving(
    app: impl Application,
    max_connections: usize,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(serve_at_most(max_connections, listener, app, shutdown)))
}

/// Serves an application that says hello, for ever.
async fn greeting(max_connections: usize) -> SocketAddr {
    let hello = |_: &Parts| Reply::html("hello");
    serving(hello, max_connections, std::future::pending()).await.0
}

/// Reads until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut response = vec![0; 1024];
    let length = stream.read(&mut response).await.unwrap();
    String::from_utf8_lossy(&response[..length]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn closes_a_connection_without_a_complete_head() {
    let address = greeting(1).await;
    for beginning in ["", "GET / HTTP/1.1\r\nX: "] {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
        assert_eq!(start.elapsed().as_secs(), HEAD_TIMEOUT.as_secs());
        // The server has closed, so its permit is free before the next round.
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn closes_an_idle_connection() {
    let address = greeting(1).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.ends_with("hello"));
    assert!(ask(&mut stream).await.ends_with("hello"));
    let start = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(start.elapsed().as_secs(), HEAD_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_body_is_408() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(&Settings::default(), folder.path()).unwrap();
    let (address, _) = serving(app, 1, std::future::pending()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    let response = rest(&mut stream).await;
    assert!(response.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_above_the_limit_is_503_and_may_retry() {
    let address = greeting(1).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut first).await.ends_with("hello"));
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    drop(first);
    // The server notices the end of the first connection at its next poll.
    loop {
        let mut third = TcpStream::connect(address).await.unwrap();
        if ask(&mut third).await.ends_with("hello") {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_idle_connections() {
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
    // The clock moves only if somebody waits, so neither the deadline nor the linger was used.
    assert_eq!(start.elapsed(), Duration::ZERO);
    for client in [&mut fresh, &mut used, &mut half_sent] {
        assert_eq!(rest(client).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_answers_a_request_that_has_arrived() {
    // The shutdown comes from the system, as a signal does.
    let doorbell = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ring = doorbell.local_addr().unwrap();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async move { drop(doorbell.accept().await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.ends_with("hello"));
    // Nothing waits here, so the server sees both at its next poll.
    let _ring = std::net::TcpStream::connect(ring).unwrap();
    assert_eq!(stream.try_write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap(), 27);
    assert!(rest(&mut stream).await.ends_with("hello"));
    drop(stream);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_a_partial_head() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async { drop(stopped.await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
    tokio::task::yield_now().await;
    drop(stop);
    while TcpStream::connect(address).await.is_ok() {}
    stream.write_all(b": x\r\n\r\n").await.unwrap();
    let response = rest(&mut stream).await;
    assert!(response.ends_with("hello") && response.contains("connection: close\r\n"), "{response}");
    drop(stream);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_at_the_deadline() {
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
async fn closes_a_connection_whose_client_does_not_read() {
    let huge = |_: &Parts| Reply::html(vec![b'x'; 64 * 1024 * 1024]);
    let (address, _) = serving(huge, 1, std::future::pending()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let start = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // The permit is free again when the server has given the connection up.
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
async fn lingering_close_has_a_timeout() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hello = |_: &Parts| Reply::html("hello");
    let (address, served) = serving(hello, 1, async { drop(stopped.await) }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
    let start = Instant::now();
    drop(stop);
    served.await.unwrap();
    assert!(start.elapsed() <= LINGER, "after {:?}", start.elapsed());
}
