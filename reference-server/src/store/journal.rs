//! The journal of a class: `.db_User.journal`, beside the file, while changes are not yet in the file.
//!
//! Changes go in, a line at a time, and are on disk when [`Journal::append`] returns: what a change costs does not
//! depend on how many objects there are. Each line is a checksum and a JSON record. A record holds changes made
//! together (an id with the object it has now, or with `null`), or tells which version of the file
//! it is over: that the file with such a content holds everything before a place in the journal. Whichever
//! version is found at the next start, the changes that it lacks are known, however a fold was interrupted.
//!
//! Invariant: a line is on disk before the next is written, so a torn write leaves nothing whole behind it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::directory::Directory;
use super::objects::Changes;
use super::version::Version;
use crate::model::Model;

mod lines;

/// The journal of a class. There is a file of it only while it has something to tell.
pub(super) struct Journal {
    directory: Arc<Directory>,
    path: PathBuf,
    /// Open while there is a journal.
    file: Option<File>,
    /// How many of its bytes count; what is behind them is the rest of a torn or failed write.
    length: u64,
    /// Whether something may be behind them.
    torn: bool,
    /// Whether its name in the directory is on disk.
    named: bool,
    /// The version of the file that a new journal is over.
    version: Version,
}

/// A line of the journal, without its checksum.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<C> {
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<Over>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<C>,
}

/// A file of this version holds everything that comes before byte `from` of the journal.
#[derive(Serialize, Deserialize)]
struct Over {
    version: Version,
    from: u64,
}

impl Journal {
    /// Opens the journal beside a file of some version; returns it, and the changes that the file lacks.
    ///
    /// Nothing is written (a torn last line is cut off by the first append), but what has nothing to tell any
    /// more is removed.
    ///
    /// # Errors
    /// When it cannot be read, when it is wrong before its last line, or when its changes belong to another
    /// file than this.
    pub(super) fn open<M: Model>(
        directory: Arc<Directory>,
        version: Version,
    ) -> Result<(Self, Vec<Changes<M>>), StoreError> {
        let path = directory.file_of(M::CLASS, "journal");
        let mut journal = Self { directory, path, file: None, length: 0, torn: false, named: true, version };
        let unreadable = |error, path: &Path| StoreError::Unreadable { path: path.to_owned(), error };
        let content = match fs::read(&journal.path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((journal, Vec::new())),
            Err(error) => return Err(unreadable(error, &journal.path)),
        };
        let lines = lines::read::<Record<Changes<M>>>(&content)
            .map_err(|lines::Wrong { line, reason }| journal.corrupt(line, reason))?;
        let overs = lines.iter().filter_map(|line| line.record.over.as_ref());
        let from = overs.filter(|over| over.version == journal.version).map(|over| over.from).next_back();
        if from.is_none() && lines.iter().any(|line| line.record.changes.is_some()) {
            let file = journal.directory.file_of(M::CLASS, "json");
            return Err(StoreError::ForeignJournal { path: journal.path, file });
        }
        let length = lines.last().map_or(0, |line| line.end);
        let lacking: Vec<_> = lines
            .into_iter()
            .filter(|line| from.is_some_and(|from| line.start >= from))
            .filter_map(|line| line.record.changes)
            .collect();
        if lacking.is_empty() {
            // Its file holds all of it. It must not stand beside the next one that somebody puts there; if it
            // stays, the first append writes over it.
            let _ = fs::remove_file(&journal.path);
        } else {
            let file = OpenOptions::new().read(true).write(true).open(&journal.path);
            journal.file = Some(file.map_err(|error| unreadable(error, &journal.path))?);
            journal.length = length;
            journal.torn = content.len() as u64 > length;
        }
        Ok((journal, lacking))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has; 0 when there is none.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether there was a journal, and somebody has taken its name away.
    pub(super) fn is_lost(&self) -> bool {
        let nameless = |file: &File| file.metadata().map_or(true, |file| file.nlink() == 0);
        self.file.as_ref().is_some_and(nameless)
    }

    /// Adds changes. When it returns, they are on disk; when it fails, none of them is there.
    pub(super) fn append<M: Model>(&mut self, changes: &Changes<M>) -> io::Result<()> {
        let over = (self.length == 0).then(|| Over { version: self.version.clone(), from: 0 });
        self.write(&lines::line(&Record { over, changes: Some(changes) })?)
    }

    /// Notes that a file of that version, which is about to be the one that is there, holds everything that
    /// comes before byte `from`.
    pub(super) fn note(&mut self, version: &Version, from: u64) -> io::Result<()> {
        self.write(&over(version.clone(), from)?)
    }

    /// Lets go of what comes before byte `from`, after the file has become `version`, which holds it. From byte
    /// `to` on there is nothing but the note of that.
    ///
    /// When it fails, all is still there, which the note makes up for.
    pub(super) fn forget(&mut self, version: Version, from: u64, to: u64) -> io::Result<()> {
        self.version = version.clone();
        if from == to {
            self.file = None;
            self.length = 0;
            // If the name is still there after the power has gone, so is the note.
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let Some(file) = &self.file else { return Ok(()) };
        let mut content = over(version, 0)?;
        let kept = content.len();
        content.resize(kept + usize::try_from(to - from).map_err(io::Error::other)?, 0);
        file.read_exact_at(&mut content[kept..], from)?;
        let draft = self.path.with_extension("journal.tmp");
        let mut file = create(&draft)?;
        file.write_all(&content).and_then(|()| file.sync_all())?;
        fs::rename(&draft, &self.path)?;
        self.file = Some(file);
        self.length = content.len() as u64;
        self.torn = false;
        self.named = false;
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                self.named = false;
                none.insert(create(&self.path)?)
            }
        };
        let mut write = || {
            if self.torn {
                file.set_len(self.length)?;
                self.torn = false;
            }
            file.write_all_at(line, self.length)?;
            file.sync_data()?;
            if !self.named {
                self.directory.sync()?;
                self.named = true;
            }
            Ok(())
        };
        let written = write();
        if written.is_ok() {
            self.length += line.len() as u64;
        } else if self.length == 0 {
            self.file = None;
            let _ = fs::remove_file(&self.path);
        } else {
            // What was not stored must not be found at the next start; if this fails too, the next write
            // begins with it.
            self.torn = file.set_len(self.length).is_err();
        }
        written
    }

    fn corrupt(&self, line: usize, reason: String) -> StoreError {
        StoreError::CorruptJournal { path: self.path.clone(), line, reason }
    }
}

/// The line that tells which version of the file holds everything that comes before byte `from`.
fn over(version: Version, from: u64) -> io::Result<Vec<u8>> {
    lines::line(&Record::<()> { over: Some(Over { version, from }), changes: None })
}

/// An empty file for its owner alone, as there are passwords in it. What was there is worth nothing any more.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
