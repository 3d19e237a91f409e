//! The journal of a class, `.db_User.journal`: changes that are not yet in the file.
//!
//! [`Journal::append`] returns when the changes are on disk; its cost does not depend on the number of objects. Each
//! line has a checksum, a space and a [`Record`] as JSON:
//!
//! ```text
//! 09f2… {"over":{"version":"7a32…","from":0},"changes":[["cf3d…",{"id":"cf3d…", …}]]}
//! 5be1… {"changes":[["9375…",null]]}
//! d41c… {"over":{"version":"1f8e…","from":914}}
//! ```
//!
//! The first line says which version of the file the journal belongs to. Before a new version of the file is put in
//! place, another line says that this version has all changes before a certain byte. So the next start knows which
//! changes the file lacks, wherever a checkpoint was interrupted.
//!
//! A line is synced before the next one is written, so only the last line can be torn. A torn line has no line end: what ends
//! with one and has a wrong checksum was damaged later.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::directory::Directory;
use super::file::Version;
use super::objects::Changes;
use crate::model::{Model, hexadecimal};

/// The length of a checksum: the first half of a SHA-256 in hexadecimal digits, enough to detect a torn line.
const CHECKSUM: usize = 32;

/// The journal of a class. The file exists only while it has changes.
pub(super) struct Journal {
    directory: Arc<Directory>,
    path: PathBuf,
    /// The version of the file to which the next journal belongs.
    version: Version,
    /// `None` while there is no journal file.
    file: Option<File>,
    /// The number of valid bytes.
    length: u64,
    /// Whether the file may have more bytes, from a failed write.
    has_rest: bool,
}

/// The content of a line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<C> {
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<Over>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<C>,
}

/// The file with this version contains everything before byte `from` of the journal.
#[derive(Serialize, Deserialize)]
struct Over {
    version: Version,
    from: u64,
}

/// A record and the bytes of its line.
struct Line<R> {
    record: R,
    start: u64,
    end: u64,
}

impl Journal {
    /// Opens the journal of the file with this version and returns it with the changes that the file lacks.
    ///
    /// A torn last line is cut off. A journal without further changes is removed, so that it cannot be applied to
    /// another file later.
    ///
    /// # Errors
    /// If it cannot be read, if a complete line is corrupt, or if its changes belong to another file. It is not
    /// modified then.
    pub(super) fn open<M: Model>(
        directory: Arc<Directory>,
        version: Version,
    ) -> Result<(Self, Vec<Changes<M>>), StoreError> {
        let path = directory.path_of(M::CLASS, "journal");
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::Unreadable { path, error }),
        };
        let lines = match read::<Record<Changes<M>>>(&content) {
            Ok(lines) => lines,
            Err((line, reason)) => return Err(StoreError::CorruptJournal { path, line, reason }),
        };
        let overs = lines.iter().filter_map(|line| line.record.over.as_ref());
        let from = overs.filter(|over| over.version == version).map(|over| over.from).next_back();
        if from.is_none() && lines.iter().any(|line| line.record.changes.is_some()) {
            let file = directory.path_of(M::CLASS, "json");
            return Err(StoreError::ForeignJournal { path, file });
        }
        let length = lines.last().map_or(0, |line| line.end);
        let missing: Vec<_> = lines
            .into_iter()
            .filter(|line| from.is_some_and(|from| line.start >= from))
            .filter_map(|line| line.record.changes)
            .collect();
        let mut journal = Self { directory, path, version, file: None, length: 0, has_rest: false };
        if missing.is_empty() {
            // If it cannot be removed, the first append overwrites it.
            let _ = fs::remove_file(&journal.path);
        } else {
            let file = OpenOptions::new().write(true).open(&journal.path);
            let file = file.and_then(|file| cut(&file, length).map(|()| file));
            journal.file =
                Some(file.map_err(|error| StoreError::Unreadable { path: journal.path.clone(), error })?);
            journal.length = length;
        }
        Ok((journal, missing))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes; 0 if there is no file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether another process has removed the journal file.
    pub(super) fn is_lost(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.metadata().map_or(true, |file| file.nlink() == 0))
    }

    /// Appends changes and syncs. On an error none of them is in the journal, also after a power cut, unless the disk refuses
    /// to remove them too.
    pub(super) fn append<M: Model>(&mut self, changes: &Changes<M>) -> io::Result<()> {
        let over = (self.length == 0).then(|| Over { version: self.version.clone(), from: 0 });
        self.append_record(&Record { over, changes: Some(changes) })
    }

    /// Records that a file of this version, which is about to be put in place, contains all changes so far.
    pub(super) fn append_version(&mut self, version: &Version) -> io::Result<()> {
        let over = Over { version: version.clone(), from: self.length };
        self.append_record(&Record::<()> { over: Some(over), changes: None })
    }

    /// Removes the journal file: the file of this version contains all changes.
    ///
    /// If the file survives a power cut, its last line says the same.
    pub(super) fn remove(&mut self, version: Version) -> io::Result<()> {
        self.version = version;
        self.file = None;
        self.length = 0;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn append_record(&mut self, record: &impl Serialize) -> io::Result<()> {
        let line = line(record)?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create(&self.path, &self.directory)?),
        };
        if self.has_rest {
            cut(file, self.length)?;
            self.has_rest = false;
        }
        let written = file.write_all_at(&line, self.length).and_then(|()| file.sync_data());
        if written.is_ok() {
            self.length += line.len() as u64;
        } else {
            // The next start must not read what was not acknowledged. If this fails too, the next append tries it again.
            self.has_rest = cut(file, self.length).is_err();
            if self.length == 0 {
                self.file = None;
                let _ = fs::remove_file(&self.path);
                self.has_rest = false;
            }
        }
        written
    }
}

/// Removes everything after the valid bytes, also on disk.
fn cut(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.sync_data()
}

/// Creates an empty journal, also in the directory on disk. It is private, because it will contain password hashes. An
/// old one is overwritten: its content is obsolete.
fn create(path: &Path, directory: &Directory) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    directory.sync()?;
    Ok(file)
}

fn line(record: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record)?;
    Ok([checksum(&json).as_bytes(), b" ", &json, b"\n"].concat())
}

/// The records of a journal, up to a torn write, which leaves a last line without its end.
///
/// # Errors
/// The number of a line, counted from 1, and what is wrong: its checksum, or its record.
fn read<R: DeserializeOwned>(content: &[u8]) -> Result<Vec<Line<R>>, (usize, String)> {
    let mut records = Vec::new();
    let mut end = 0;
    for (line, number) in content.split_inclusive(|&byte| byte == b'\n').zip(1..) {
        let start = end;
        end += line.len() as u64;
        if line.ends_with(b"\n") {
            let json = json(line).ok_or_else(|| (number, "wrong checksum".to_owned()))?;
            let record = serde_json::from_slice(json).map_err(|error| (number, error.to_string()))?;
            records.push(Line { record, start, end });
        }
    }
    Ok(records)
}

/// The JSON of a complete line.
fn json(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(CHECKSUM)?;
    let json = json.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}

fn checksum(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content)[..CHECKSUM / 2])
}

#[cfg(test)]
mod tests;
