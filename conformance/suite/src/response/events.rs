//! Reads the events of a stream from pieces of its body: `text/event-stream` (HTML standard, section 9.2), or lines.
//!
//! Every event becomes an object. `data` is its text, and `json` its value: the JSON that the text is, or else the text itself. An event
//! of `text/event-stream` also has `event`, and `id` and `retry` once the stream has set them.

use crate::json::{self, Json, Number};

/// Reads the events of one stream.
#[derive(Debug)]
pub struct EventReader {
    kind: Kind,
    /// Bytes that are not read yet.
    unread: Vec<u8>,
    /// Number of the first bytes of `unread` that have no line end.
    looked: usize,
    /// The bytes that were read since they were last taken.
    read: Vec<u8>,
    /// Whether the last line ended with CR, so that LF is a part of its end.
    after_cr: bool,
    at_begin: bool,
    /// Number of lines so far.
    lines: usize,
    block: Block,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `text/event-stream`.
    ServerSent,
    /// Lines of JSON.
    Json,
    /// Lines of any text.
    Text,
}

/// The fields of an event that is not complete.
#[derive(Debug, Default)]
struct Block {
    event: String,
    data: Option<String>,
    /// The last values of the stream, which further events keep.
    id: Option<String>,
    retry: Option<Number>,
}

/// Media types with one JSON value on each line. In `json-seq` (RFC 7464), a record separator comes before it.
const JSON_LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-seq",
];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The record separator of `application/json-seq`.
const SEPARATOR: char = '\u{1e}';

impl EventReader {
    /// Creates a reader for a body with this `Content-Type`.
    #[must_use]
    pub fn new(content_type: Option<&str>) -> Self {
        let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let kind = match media_type.as_str() {
            "text/event-stream" => Kind::ServerSent,
            other if JSON_LINES.contains(&other) => Kind::Json,
            _ => Kind::Text,
        };
        Self {
            kind,
            unread: Vec::new(),
            looked: 0,
            read: Vec::new(),
            after_cr: false,
            at_begin: true,
            lines: 0,
            block: Block::default(),
        }
    }

    /// Adds a piece of the body.
    pub fn add(&mut self, piece: &[u8]) {
        self.unread.extend_from_slice(piece);
    }

    /// Number of bytes since they were last taken.
    #[must_use]
    pub fn size(&self) -> usize {
        self.unread.len() + self.read.len()
    }

    /// Takes the bytes of the events that were read; `whole` takes also those after them, and leaves a copy of them.
    pub fn take_bytes(&mut self, whole: bool) -> Vec<u8> {
        let mut taken = std::mem::take(&mut self.read);
        if whole {
            taken.extend_from_slice(&self.unread);
        }
        taken
    }

    /// Takes the next complete event. `is_end` says that no further piece comes, so that a last line needs no line end.
    ///
    /// # Errors
    /// A line that is not what the media type says, as a sentence.
    pub fn next(&mut self, is_end: bool) -> Result<Option<Json>, String> {
        while let Some(line) = self.line(is_end) {
            self.lines += 1;
            let event = match self.kind {
                Kind::ServerSent => self.field(&String::from_utf8_lossy(&line)),
                Kind::Json => self.json(&line)?,
                Kind::Text => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    (!line.trim().is_empty()).then(|| {
                        let value =
                            json::parse(&line).map_or_else(|_| Json::from(line.as_str()), |one| one.value);
                        event(line, value)
                    })
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Takes a line, without its end.
    fn line(&mut self, is_end: bool) -> Option<Vec<u8>> {
        if self.at_begin {
            if !is_end
                && self.unread.len() < BYTE_ORDER_MARK.len()
                && BYTE_ORDER_MARK.starts_with(&self.unread)
            {
                return None;
            }
            if self.unread.starts_with(BYTE_ORDER_MARK) {
                self.take(BYTE_ORDER_MARK.len());
            }
            self.at_begin = false;
        }
        if self.after_cr && !self.unread.is_empty() {
            if self.unread.first() == Some(&b'\n') {
                self.take(1);
            }
            self.after_cr = false;
        }
        // Lines of JSON end with LF; a CR before it is white space.
        let ends = |byte: &u8| *byte == b'\n' || (*byte == b'\r' && self.kind == Kind::ServerSent);
        let Some(end) = self.unread.get(self.looked..).and_then(|new| new.iter().position(ends)) else {
            self.looked = self.unread.len();
            // An event of `text/event-stream` without its end is dropped.
            let last = is_end && self.kind != Kind::ServerSent && !self.unread.is_empty();
            return last.then(|| self.take(self.unread.len()));
        };
        let mut line = self.take(self.looked + end + 1);
        self.after_cr = line.pop() == Some(b'\r');
        if self.kind != Kind::ServerSent && line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    /// Takes bytes, which count as read.
    fn take(&mut self, length: usize) -> Vec<u8> {
        self.looked = 0;
        let taken: Vec<u8> = self.unread.drain(..length).collect();
        self.read.extend_from_slice(&taken);
        taken
    }

    fn json(&self, line: &[u8]) -> Result<Option<Json>, String> {
        let wrong = |cause: &dyn std::fmt::Display| format!("line {} is not JSON: {cause}", self.lines);
        let line = std::str::from_utf8(line).map_err(|_| wrong(&"it is not UTF-8"))?;
        let line = line.trim_start_matches(SEPARATOR);
        if line.trim().is_empty() {
            return Ok(None);
        }
        let document = json::parse(line).map_err(|error| wrong(&error))?;
        Ok(Some(event(line.to_owned(), document.value)))
    }

    /// Interprets a line of `text/event-stream`, and returns the event that it ends.
    fn field(&mut self, line: &str) -> Option<Json> {
        let block = &mut self.block;
        if line.is_empty() {
            let name = std::mem::take(&mut block.event);
            return block.data.take().map(|data| block.dispatch(&name, data));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut block.event),
            "data" => match &mut block.data {
                None => block.data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            "id" if !value.contains('\0') => block.id = Some(value.to_owned()).filter(|id| !id.is_empty()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                let digits = value.trim_start_matches('0');
                block.retry = Number::parse(if digits.is_empty() { "0" } else { digits });
            }
            // A comment has no name; other fields are ignored.
            _ => {}
        }
        None
    }
}

impl Block {
    fn dispatch(&self, name: &str, data: String) -> Json {
        let value = json::parse(&data).map_or_else(|_| Json::from(data.as_str()), |one| one.value);
        let mut event = event(data, value);
        if let Json::Object(members) = &mut event {
            let name = if name.is_empty() { "message" } else { name };
            members.insert("event".to_owned(), name.into());
            members.extend(self.id.as_deref().map(|id| ("id".to_owned(), id.into())));
            members.extend(self.retry.clone().map(|retry| ("retry".to_owned(), Json::Number(retry))));
        }
        event
    }
}

fn event(data: String, value: Json) -> Json {
    Json::Object([("data".to_owned(), Json::String(data)), ("json".to_owned(), value)].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body in pieces of `size` bytes.
    fn events(media_type: &str, body: &[u8], size: usize) -> Result<Vec<String>, String> {
        let mut reader = EventReader::new(Some(media_type));
        let mut events = Vec::new();
        for piece in body.chunks(size) {
            reader.add(piece);
            while let Some(event) = reader.next(false)? {
                events.push(event.to_string());
            }
        }
        while let Some(event) = reader.next(true)? {
            events.push(event.to_string());
        }
        assert_eq!(reader.take_bytes(true), body);
        Ok(events)
    }

    #[test]
    fn reads_server_sent_events_in_any_pieces() {
        let body = "\u{feff}: hello\r\nretry: 30\r\ndata: {\"n\":\rdata:1}\n\nid: 7\nevent: é\ndata\ndata\n\n\
            data\r\n\r\nevent: dropped\n\nnothing: x\ndata:  y\nid\nretry: 1s\n\ndata: no end";
        let expected = [
            r#"{"data":"{\"n\":\n1}","event":"message","json":{"n":1},"retry":30}"#,
            r#"{"data":"\n","event":"é","id":"7","json":"\n","retry":30}"#,
            r#"{"data":"","event":"message","id":"7","json":"","retry":30}"#,
            r#"{"data":" y","event":"message","json":" y","retry":30}"#,
        ];
        for size in 1..body.len() {
            assert_eq!(events("Text/Event-Stream; charset=utf-8", body.as_bytes(), size).unwrap(), expected);
        }
    }

    #[test]
    fn reads_lines_of_json_and_of_text() {
        let body = b"{\"a\": 1}\r\n\n\x1e2\nnull";
        for size in 1..body.len() {
            let expected = [
                r#"{"data":"{\"a\": 1}","json":{"a":1}}"#,
                r#"{"data":"2","json":2}"#,
                r#"{"data":"null","json":null}"#,
            ];
            assert_eq!(events("application/json-seq", body, size).unwrap(), expected);
        }
        let wrong = events("application/x-ndjson", b"1\n{\n", 3).unwrap_err();
        assert!(wrong.starts_with("line 2 is not JSON: "), "{wrong}");
        assert!(events("application/jsonl", b"\xff\n", 1).unwrap_err().contains("UTF-8"));
        assert_eq!(
            events("text/plain", b"a\n1", 1).unwrap(),
            [r#"{"data":"a","json":"a"}"#, r#"{"data":"1","json":1}"#]
        );
    }
}
