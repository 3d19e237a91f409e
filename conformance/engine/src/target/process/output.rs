//! Reads a target's output, keeps the end of it, and matches each line against the watched patterns.
//!
//! Two threads read standard output and standard error. Lines are merged in the order in which they are completed and
//! are never interleaved. This module prints nothing.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use regex::Regex;
use tokio::sync::Notify;

/// Number of bytes that are kept, and the maximum length of a line.
const CAPACITY: usize = 64 * 1024;

/// Watched values that were not printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the output never showed {}{}", quoted(missing), if *ended { ", and has ended" } else { "" })]
pub struct WatchError {
    /// Names of the values.
    pub missing: Vec<String>,
    /// Whether the program closed its output, so that no more values can come.
    pub ended: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Shared handle to the output.
#[derive(Debug, Clone)]
pub(super) struct Output(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: Mutex<Log>,
    closed: Condvar,
    news: Notify,
}

#[derive(Debug, Default)]
struct Log {
    kept: VecDeque<u8>,
    /// Total number of bytes stored so far, including those that were dropped.
    total: u64,
    unfinished: [Vec<u8>; 2],
    open: usize,
    /// Number of bytes of each stream to keep separately.
    most: usize,
    separate: [Vec<u8>; 2],
    /// Whether a stream was longer.
    cut: [bool; 2],
    wanted: Vec<(String, Regex)>,
    watched: BTreeMap<String, String>,
}

impl Output {
    /// `most` is the number of bytes of each stream that are kept separately, from its beginning.
    pub(super) fn new(watch: Vec<(String, Regex)>, most: usize) -> Output {
        let log = Mutex::new(Log { wanted: watch, most, ..Log::default() });
        Output(Arc::new(Shared { log, closed: Condvar::new(), news: Notify::new() }))
    }

    /// Starts a thread that reads the stream to its end.
    pub(super) fn read(&self, stream: Stream, mut source: Box<dyn Read + Send>) -> io::Result<()> {
        let shared = Arc::clone(&self.0);
        self.log().open += 1;
        let reading = thread::Builder::new().name("target output".to_owned()).spawn(move || {
            let mut chunk = vec![0; 16 * 1024];
            loop {
                match source.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(length) => {
                        if locked(&shared.log).take(stream, &chunk[..length]) {
                            shared.news.notify_waiters();
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            locked(&shared.log).close(stream);
            shared.closed.notify_all();
            shared.news.notify_waiters();
        });
        reading.map(|_| ())
    }

    /// Blocks until both streams have ended or `limit` has passed.
    pub(super) fn settle(&self, limit: Duration) {
        // Ignore the timeout: late output is dropped.
        let _ = self.0.closed.wait_timeout_while(self.log(), limit, |log| log.open > 0);
    }

    pub(super) fn tail(&self, lines: usize) -> String {
        let text = self.since(0);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    pub(super) fn mark(&self) -> u64 {
        self.log().total
    }

    pub(super) fn since(&self, mark: u64) -> String {
        self.log().since(mark)
    }

    pub(super) fn lines_since(&self, mark: u64) -> (String, u64) {
        let log = self.log();
        (log.finished_since(mark), log.total)
    }

    /// Returns the beginnings of both streams, and whether they were longer.
    pub(super) fn streams(&self) -> [(Vec<u8>, bool); 2] {
        let log = self.log();
        [0, 1].map(|stream| (log.separate[stream].clone(), log.cut[stream]))
    }

    pub(super) fn watched(&self) -> BTreeMap<String, String> {
        self.log().watched.clone()
    }

    pub(super) async fn watched_all(&self, limit: Duration) -> Result<BTreeMap<String, String>, WatchError> {
        let complete = async {
            loop {
                // Created before the check, so that a notification in between is not lost.
                let news = self.0.news.notified();
                if let Some(answer) = self.log().answer() {
                    return answer;
                }
                news.await;
            }
        };
        match tokio::time::timeout(limit, complete).await {
            Ok(answer) => answer,
            Err(_) => Err(self.log().missing()),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.0.log)
    }
}

impl Log {
    /// Stores a chunk. Returns whether it contained a watched value.
    fn take(&mut self, stream: Stream, chunk: &[u8]) -> bool {
        let before = self.watched.len();
        let separate = &mut self.separate[stream as usize];
        let room = self.most.saturating_sub(separate.len());
        separate.extend_from_slice(&chunk[..chunk.len().min(room)]);
        self.cut[stream as usize] |= chunk.len() > room;
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.unfinished[stream as usize];
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() >= CAPACITY {
                self.finish(stream);
            }
        }
        self.watched.len() > before
    }

    fn close(&mut self, stream: Stream) {
        self.finish(stream);
        self.open -= 1;
    }

    fn finish(&mut self, stream: Stream) {
        let mut line = std::mem::take(&mut self.unfinished[stream as usize]);
        if line.is_empty() {
            return;
        }
        self.look_for_watched(&line);
        // An incomplete last line of one stream must not be joined with the other stream.
        if self.kept.back().is_some_and(|byte| *byte != b'\n') {
            line.insert(0, b'\n');
        }
        self.total += line.len() as u64;
        self.kept.extend(line);
        let surplus = self.kept.len().saturating_sub(CAPACITY);
        self.kept.drain(..surplus);
    }

    fn look_for_watched(&mut self, line: &[u8]) {
        if self.wanted.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        let watched = &mut self.watched;
        for (name, pattern) in &self.wanted {
            if watched.contains_key(name) {
                continue;
            }
            let Some(found) = pattern.captures(text) else { continue };
            if let Some(value) = found.get(usize::from(found.len() > 1)) {
                watched.insert(name.clone(), value.as_str().to_owned());
            }
        }
        self.wanted.retain(|(name, _)| !watched.contains_key(name));
    }

    /// Returns the output since `mark` without the lines that are not complete yet.
    fn finished_since(&self, mark: u64) -> String {
        String::from_utf8_lossy(&self.kept_since(mark)).into_owned()
    }

    fn kept_since(&self, mark: u64) -> Vec<u8> {
        let start = self.total - self.kept.len() as u64;
        let skip = usize::try_from(mark.saturating_sub(start)).unwrap_or(usize::MAX);
        let mut bytes: Vec<u8> = self.kept.iter().copied().skip(skip).collect();
        // Drop an incomplete first line.
        let torn = mark < start;
        if let Some(end) = bytes.iter().position(|byte| *byte == b'\n').filter(|_| torn) {
            bytes.drain(..=end);
        }
        bytes
    }

    fn since(&self, mark: u64) -> String {
        let mut bytes = self.kept_since(mark);
        for line in self.unfinished.iter().filter(|line| !line.is_empty()) {
            if bytes.last().is_some_and(|byte| *byte != b'\n') {
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(line);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns all values, or an error if some can no longer come. `None` while they may still come.
    fn answer(&self) -> Option<Result<BTreeMap<String, String>, WatchError>> {
        match (self.wanted.is_empty(), self.open) {
            (true, _) => Some(Ok(self.watched.clone())),
            (false, 0) => Some(Err(self.missing())),
            (false, _) => None,
        }
    }

    fn missing(&self) -> WatchError {
        let mut missing: Vec<String> = self.wanted.iter().map(|(name, _)| name.clone()).collect();
        missing.dedup();
        WatchError { missing, ended: self.open == 0 }
    }
}

/// After a panic in a reader thread the log is still worth showing.
fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
