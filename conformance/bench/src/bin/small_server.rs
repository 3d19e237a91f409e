//! The target of the benchmark: a server with sessions in a map. Usage: `small_server PORT`
//!
//! `POST /login` opens a session, `GET /me` needs one, `DELETE /logout` ends it. `GET /large` returns 1 GiB.

use std::collections::HashSet;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body_util::Either;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const USER: &str = r#"{"id": "7b8f2c1e-2a49-4a1f-9a55-0c6a3a0f6a11", "email": "ada@example.org", "first_name": "Ada", "last_name": null, "visits": 3}"#;
const FORBIDDEN: &str = r#"{"error": "Forbidden"}"#;
const LARGE: u64 = 1 << 30;

#[derive(Default)]
struct Sessions {
    open: Mutex<HashSet<u64>>,
    next: AtomicU64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).ok_or("usage: small_server PORT")?.parse()?;
    let sessions = Arc::new(Sessions::default());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let sessions = Arc::clone(&sessions);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = sessions.answer(&request);
            async { Ok::<_, Infallible>(answer) }
        });
        // How a connection ends is up to the client.
        tokio::spawn(async { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await });
    }
}

type Answer = Response<Either<String, Gibibyte>>;

impl Sessions {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = session(request);
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/login") => {
                let id = self.next.fetch_add(1, Ordering::Relaxed);
                open.insert(id);
                let mut answer = json(StatusCode::OK, USER);
                if let Ok(cookie) = HeaderValue::from_str(&format!("sid=session-{id:024}; Path=/")) {
                    answer.headers_mut().insert(SET_COOKIE, cookie);
                }
                answer
            }
            (&Method::GET, "/me") if own.is_some_and(|id| open.contains(&id)) => json(StatusCode::OK, USER),
            (&Method::DELETE, "/logout") if own.is_some_and(|id| open.remove(&id)) => {
                json(StatusCode::OK, "{}")
            }
            (&Method::GET, "/users/ada") => json(StatusCode::OK, USER),
            (&Method::GET, "/large") => Response::new(Either::Right(Gibibyte(LARGE))),
            _ => json(StatusCode::FORBIDDEN, FORBIDDEN),
        }
    }
}

fn session(request: &Request<Incoming>) -> Option<u64> {
    let cookie = request.headers().get(COOKIE)?.to_str().ok()?;
    cookie.strip_prefix("sid=session-")?.parse().ok()
}

fn json(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Either::Left(body.to_owned()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A body of the given size, generated while it is sent.
struct Gibibyte(u64);

impl Body for Gibibyte {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 1 << 16] = [b'x'; 1 << 16];
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= CHUNK.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}
