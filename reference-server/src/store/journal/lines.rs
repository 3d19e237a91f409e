//! The lines of a journal: a checksum, a space, a record as JSON.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::version::checksum;

/// A record and its length in bytes.
pub(super) struct Line<R> {
    pub(super) record: R,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// A line that is wrong although a torn write cannot be the cause.
pub(super) struct Wrong {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

/// Formats a record as a line.
pub(super) fn line(record: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record)?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

/// The records of a journal, up to a torn write.
///
/// # Errors
/// If a line is wrong although a later one is right, or although its checksum is right.
pub(super) fn read<R: DeserializeOwned>(content: &[u8]) -> Result<Vec<Line<R>>, Wrong> {
    let mut records = Vec::new();
    let mut end = 0;
    let mut torn = None;
    for (index, line) in content.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let start = end;
        end += line.len() as u64;
        match (json(line), torn) {
            (None, None) => torn = Some(index + 1),
            (None, Some(_)) => {}
            (Some(_), Some(line)) => {
                return Err(Wrong { line, reason: "wrong checksum".to_owned() });
            }
            (Some(json), None) => {
                let record = serde_json::from_slice(json)
                    .map_err(|error| Wrong { line: index + 1, reason: error.to_string() })?;
                records.push(Line { record, start, end });
            }
        }
    }
    Ok(records)
}

/// The JSON of a complete line.
fn json(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(32)?;
    let json = json.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}
