//! A TCP server that follows a script, chosen by the first segment of the request's path, and records every byte that it reads.
//!
//! A script is a line of words. It has a part for each request with that path, separated by `//`; the last part is used for all later
//! requests. The server reads a request with its body before it follows a part, unless the part begins with `head`.
//!
//! | word | the server |
//! |---|---|
//! | `head` | reads the head of the request only |
//! | `body` | reads the body of the request |
//! | `"bytes"` | sends bytes; `\r \n \t \0 \\ \" \xff` are escapes, `$ORIGIN $PORT $OTHER` addresses of the server |
//! | `slow "bytes"` | sends each byte in a segment of its own |
//! | `repeat N "bytes"` | sends the bytes N times |
//! | `200` | sends `HTTP/1.1 200 OK` and CRLF |
//! | `ok` | sends a complete response with the body `ok` |
//! | `pause` | waits 20 ms |
//! | `wait N` | waits N ms |
//! | `echo` | sends back the body while it reads it |
//! | `close` | ends its side of the connection, and reads to the end of the client's |
//! | `leave` | the same, but what it reads is not recorded |
//! | `hold` | sends nothing more, and reads to the end of the client's side |
//! | `reset` | resets the connection |
//!
//! A part without `close`, `leave`, `hold` or `reset` keeps the connection open for the next request.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;

/// A read timeout far above the duration of any read.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The name of the script for all paths without a script of their own.
pub(crate) const ANY: &str = "*";

#[derive(Debug, Clone, PartialEq)]
enum Act {
    Head,
    Body,
    Send(Vec<u8>),
    Slow(Vec<u8>),
    Repeat(usize, Vec<u8>),
    Wait(u64),
    Echo,
    Close,
    Leave,
    Hold,
    Reset,
}

/// What the server does with each request of one path.
type Script = Vec<Vec<Act>>;

/// A request as the server has read it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The first segment of its path.
    pub(crate) name: String,
    /// The number of its connection, in the order of acceptance.
    pub(crate) connection: usize,
    /// All of its bytes.
    pub(crate) bytes: Vec<u8>,
}

struct Shared {
    scripts: BTreeMap<String, Script>,
    /// What the server does with every connection before it reads a request.
    greeting: Option<Vec<Act>>,
    origin: String,
    port: u16,
    other: String,
    log: Mutex<Log>,
    ended: Condvar,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    accepted: usize,
    open: usize,
}

/// A server with two ports. It runs until the test ends.
pub(crate) struct Server {
    shared: Arc<Shared>,
    ports: [u16; 2],
}

impl Server {
    /// Starts a server with scripts by the first segment of the path; [`ANY`] matches every other path.
    pub(crate) fn start<N: AsRef<str>, S: AsRef<str>>(scripts: &[(N, S)]) -> Self {
        Self::with(scripts, None, None)
    }

    /// Starts a server that follows a script as soon as it accepts a connection, and reads no request before.
    pub(crate) fn greeting(script: &str) -> Self {
        let greeting = parse(script).unwrap().remove(0);
        Self::with::<&str, &str>(&[], None, Some(greeting))
    }

    /// Starts a server whose socket buffers have a size in bytes.
    pub(crate) fn with_buffers(scripts: &[(&str, &str)], buffers: usize) -> Self {
        Self::with(scripts, Some(buffers), None)
    }

    fn with<N: AsRef<str>, S: AsRef<str>>(
        scripts: &[(N, S)],
        buffers: Option<usize>,
        greeting: Option<Vec<Act>>,
    ) -> Self {
        let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = [0, 1].map(|at: usize| sockets[at].local_addr().unwrap().port());
        let scripts = scripts.iter().map(|(name, script)| {
            let script = parse(script.as_ref()).unwrap_or_else(|wrong| panic!("{}: {wrong}", name.as_ref()));
            (name.as_ref().to_owned(), script)
        });
        let shared = Arc::new(Shared {
            scripts: scripts.collect(),
            greeting,
            origin: format!("http://127.0.0.1:{}", ports[0]),
            port: ports[0],
            other: format!("http://127.0.0.1:{}", ports[1]),
            log: Mutex::default(),
            ended: Condvar::new(),
        });
        for socket in sockets {
            if let Some(size) = buffers {
                // Accepted sockets inherit the sizes.
                sockopt::set_socket_recv_buffer_size(&socket, size).unwrap();
                sockopt::set_socket_send_buffer_size(&socket, size).unwrap();
            }
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&socket, &shared));
        }
        Self { shared, ports }
    }

    /// The address of the first port.
    pub(crate) fn url(&self) -> String {
        self.shared.origin.clone()
    }

    /// Both ports.
    pub(crate) fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// Returns every request, once all connections have ended. The clients have ended before.
    pub(crate) fn requests(&self) -> Vec<Request> {
        // Connections are accepted in order, so all earlier ones were accepted too.
        for port in self.ports {
            let mut fence = TcpStream::connect(("127.0.0.1", port)).unwrap();
            fence.write_all(b"FENCE\r\n\r\n").ok();
            fence.read_to_end(&mut Vec::new()).ok();
        }
        let log = self.shared.lock();
        let (log, waited) = self.shared.ended.wait_timeout_while(log, TIMEOUT, |log| log.open > 0).unwrap();
        assert!(!waited.timed_out(), "{} connections are still open", log.open);
        let fence = |request: &&Request| request.bytes.starts_with(b"FENCE");
        log.requests.iter().filter(|request| !fence(request)).cloned().collect()
    }

    /// Returns the requests of one path.
    pub(crate) fn requests_for(&self, name: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.name == name);
        requests
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Inserts the addresses of the server into what it sends.
    fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let mut filled = bytes.to_vec();
        for (name, value) in
            [("$ORIGIN", &self.origin), ("$PORT", &self.port.to_string()), ("$OTHER", &self.other)]
        {
            while let Some(at) = position(&filled, name.as_bytes()) {
                filled.splice(at..at + name.len(), value.bytes());
            }
        }
        filled
    }
}

fn position(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

fn accept(socket: &TcpListener, shared: &Arc<Shared>) {
    for stream in socket.incoming() {
        let stream = stream.unwrap();
        let mut log = shared.lock();
        let number = log.accepted;
        log.accepted += 1;
        log.open += 1;
        drop(log);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            stream.set_read_timeout(Some(TIMEOUT)).unwrap();
            stream.set_nodelay(true).unwrap();
            let mut connection =
                Connection { stream, number, shared: &shared, buffer: Vec::new(), current: None };
            match &shared.greeting {
                Some(greeting) => {
                    connection.begin(String::new(), Vec::new());
                    greeting.iter().all(|act| connection.play(act, ""));
                }
                None => connection.serve(),
            }
            drop(connection);
            shared.lock().open -= 1;
            shared.ended.notify_all();
        });
    }
}

struct Connection<'a> {
    stream: TcpStream,
    number: usize,
    shared: &'a Shared,
    /// Bytes that were read and are not yet part of a request.
    buffer: Vec<u8>,
    /// The index of the current request in the log.
    current: Option<usize>,
}

impl Connection<'_> {
    /// Starts a request in the log; returns the number of earlier ones with this name.
    fn begin(&mut self, name: String, head: Vec<u8>) -> usize {
        let mut log = self.shared.lock();
        let before = log.requests.iter().filter(|request| request.name == name).count();
        self.current = Some(log.requests.len());
        log.requests.push(Request { name, connection: self.number, bytes: head });
        before
    }

    fn serve(&mut self) {
        while self.head().is_some() {
            if self.buffer.starts_with(b"FENCE") {
                return;
            }
            let end = position(&self.buffer, b"\r\n\r\n").map_or(self.buffer.len(), |at| at + 4);
            let head: Vec<u8> = self.buffer.drain(..end).collect();
            let text = String::from_utf8_lossy(&head).into_owned();
            let name = name(&text);
            let script = name
                .as_deref()
                .and_then(|name| self.shared.scripts.get(name).or_else(|| self.shared.scripts.get(ANY)));
            let before = self.begin(name.unwrap_or_default(), head);
            let Some(script) = script else {
                self.send(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                self.close(true);
                return;
            };
            let part = &script[before.min(script.len() - 1)];
            if part.first() != Some(&Act::Head) {
                self.body(&text, false);
            }
            if !part.iter().all(|act| self.play(act, &text)) {
                return;
            }
        }
        let rest = std::mem::take(&mut self.buffer);
        self.record(&rest);
    }

    /// Performs an action; false if the connection must be closed.
    fn play(&mut self, act: &Act, head: &str) -> bool {
        match act {
            Act::Head => {}
            Act::Body => self.body(head, false),
            Act::Echo => self.body(head, true),
            Act::Send(bytes) => self.send(&self.shared.fill(bytes)),
            Act::Slow(bytes) => {
                for byte in self.shared.fill(bytes) {
                    self.send(&[byte]);
                    thread::sleep(Duration::from_millis(1));
                }
            }
            Act::Repeat(number, bytes) => self.send(&bytes.repeat(*number)),
            Act::Wait(milliseconds) => thread::sleep(Duration::from_millis(*milliseconds)),
            Act::Close => self.close(true),
            Act::Leave => self.close(false),
            Act::Hold => self.drain(true),
            Act::Reset => {
                sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
            }
        }
        !matches!(act, Act::Close | Act::Leave | Act::Hold | Act::Reset)
    }

    /// Reads more; `None` at the end of the connection.
    fn more(&mut self) -> Option<usize> {
        let mut bytes = [0; 16 * 1024];
        let length = self.stream.read(&mut bytes).ok().filter(|length| *length > 0)?;
        self.buffer.extend_from_slice(&bytes[..length]);
        Some(length)
    }

    /// Reads until the head of a request is in the buffer.
    fn head(&mut self) -> Option<()> {
        while position(&self.buffer, b"\r\n\r\n").is_none() {
            self.more()?;
        }
        Some(())
    }

    /// Reads the body that a head declares. With `echo`, sends it back at once.
    fn body(&mut self, head: &str, echo: bool) {
        let chunked = field(head, "transfer-encoding").is_some();
        let mut left = field(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if chunked {
            while position(&self.buffer, b"0\r\n\r\n").is_none() && self.more().is_some() {}
            left = position(&self.buffer, b"0\r\n\r\n").map_or(self.buffer.len(), |at| at + 5);
        }
        while left > 0 {
            if self.buffer.is_empty() && self.more().is_none() {
                return;
            }
            let length = left.min(self.buffer.len());
            let bytes: Vec<u8> = self.buffer.drain(..length).collect();
            left -= length;
            self.record(&bytes);
            if echo {
                self.send(&bytes);
            }
        }
    }

    fn record(&self, bytes: &[u8]) {
        if let Some(at) = self.current {
            self.shared.lock().requests[at].bytes.extend_from_slice(bytes);
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        // The client may close the connection early.
        self.stream.write_all(bytes).ok();
    }

    fn close(&mut self, records: bool) {
        self.stream.shutdown(Shutdown::Write).ok();
        self.drain(records);
    }

    fn drain(&mut self, records: bool) {
        while self.more().is_some() {
            if !records {
                self.buffer.clear();
            }
        }
        if records {
            let rest = std::mem::take(&mut self.buffer);
            self.record(&rest);
        }
    }
}

/// The first segment of the path of a request, if it is a request.
fn name(head: &str) -> Option<String> {
    let mut words = head.lines().next()?.split(' ');
    let method = words.next()?;
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let target = words.next()?;
    // A proxy receives absolute URLs, or a host and a port.
    let path =
        target.strip_prefix("http://").map_or(Some(target), |rest| rest.find('/').map(|at| &rest[at..]));
    let path = path.unwrap_or_default().trim_start_matches('/');
    Some(path.split(['/', '?', '#']).next().unwrap_or_default().to_owned())
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

fn parse(script: &str) -> Result<Script, String> {
    let mut parts = vec![Vec::new()];
    let mut words = words(script)?.into_iter();
    while let Some(word) = words.next() {
        let mut argument = || words.next().ok_or_else(|| format!("`{word:?}` needs a value"));
        let act = match &word {
            Word::Bytes(bytes) => Act::Send(bytes.clone()),
            Word::Plain(plain) => match plain.as_str() {
                "//" => {
                    parts.push(Vec::new());
                    continue;
                }
                "head" => Act::Head,
                "body" => Act::Body,
                "echo" => Act::Echo,
                "pause" => Act::Wait(20),
                "wait" => Act::Wait(argument()?.number()?.try_into().unwrap()),
                "slow" => Act::Slow(argument()?.bytes()?),
                "repeat" => Act::Repeat(argument()?.number()?, argument()?.bytes()?),
                "200" => Act::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                "ok" => Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()),
                "close" => Act::Close,
                "leave" => Act::Leave,
                "hold" => Act::Hold,
                "reset" => Act::Reset,
                other => return Err(format!("unknown word `{other}`")),
            },
        };
        parts.last_mut().unwrap().push(act);
    }
    Ok(parts)
}

#[derive(Debug)]
enum Word {
    Plain(String),
    Bytes(Vec<u8>),
}

impl Word {
    fn bytes(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Plain(plain) => Err(format!("`{plain}` is not in quotes")),
        }
    }

    fn number(self) -> Result<usize, String> {
        match self {
            Self::Plain(plain) => plain.parse().map_err(|_| format!("`{plain}` is not a number")),
            Self::Bytes(_) => Err("a number has no quotes".to_owned()),
        }
    }
}

fn words(script: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = script.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut bytes = Vec::new();
            let mut letters = quoted.char_indices();
            let end = loop {
                let (at, letter) = letters.next().ok_or("a quote is not closed")?;
                let escape = if letter == '\\' { letters.next().map(|(_, escape)| escape) } else { None };
                match (letter, escape) {
                    ('"', _) => break at,
                    (_, None) => bytes.extend(letter.to_string().bytes()),
                    (_, Some('r')) => bytes.push(b'\r'),
                    (_, Some('n')) => bytes.push(b'\n'),
                    (_, Some('t')) => bytes.push(b'\t'),
                    (_, Some('0')) => bytes.push(0),
                    (_, Some('x')) => {
                        let digits = quoted.get(at + 2..at + 4).unwrap_or_default();
                        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| "\\x needs two digits")?);
                        letters.by_ref().take(2).for_each(drop);
                    }
                    (_, Some(other)) => bytes.extend(other.to_string().bytes()),
                }
            };
            words.push(Word::Bytes(bytes));
            rest = quoted[end + 1..].trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            words.push(Word::Plain(word.to_owned()));
            rest = after.trim_start();
        }
    }
    Ok(words)
}
