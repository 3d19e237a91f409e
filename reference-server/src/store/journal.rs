//! The journal of a class, `.db_User.journal`: changes that are not yet in the file.
//!
//! [`Journal::append`] returns when the changes are on disk; its cost does not depend on the number of objects. Each
//! line is a checksum and a JSON record. A record is either a set of changes (an id with its new object, or with
//! `null`) or a base: it says that the file with a certain SHA-256 contains everything before a certain byte of the
//! journal. So the next start can tell which changes a version of the file lacks, wherever a checkpoint was
//! interrupted.
//!
//! Invariant: a line is synced before the next one is written, so only the last line can be torn.

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

/// The journal of a class. The file exists only while it has changes.
pub(super) struct Journal {
    directory: Arc<Directory>,
    path: PathBuf,
    /// `None` while there is no journal file.
    file: Option<File>,
    /// The number of valid bytes; the rest is from a torn or failed write.
    length: u64,
    /// Whether there may be bytes after `length`.
    torn: bool,
    /// Whether the directory entry is synced.
    named: bool,
    /// The version of the file on which a new journal is based.
    version: Version,
}

/// A line of the journal without its checksum.
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

impl Journal {
    /// Opens the journal of a file and returns it with the changes that the file lacks.
    ///
    /// Nothing is written (a torn last line is cut off by the first append), but a journal without further changes is
    /// removed.
    ///
    /// # Errors
    /// If it cannot be read, if it is corrupt before its last line, or if its changes belong to another file.
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
            // The file contains all of it. Remove it, because it must not be applied to another file later; if that
            // fails, the first append overwrites it.
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

    /// Its length in bytes; 0 if there is no file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether another process has removed the journal file.
    pub(super) fn is_lost(&self) -> bool {
        let nameless = |file: &File| file.metadata().map_or(true, |file| file.nlink() == 0);
        self.file.as_ref().is_some_and(nameless)
    }

    /// Appends changes and syncs. On an error none of them is in the journal.
    pub(super) fn append<M: Model>(&mut self, changes: &Changes<M>) -> io::Result<()> {
        let over = (self.length == 0).then(|| Over { version: self.version.clone(), from: 0 });
        self.write(&lines::line(&Record { over, changes: Some(changes) })?)
    }

    /// Records that a file of this version, which is about to be put in place, contains everything before byte `from`.
    pub(super) fn note(&mut self, version: &Version, from: u64) -> io::Result<()> {
        self.write(&over(version.clone(), from)?)
    }

    /// Drops everything before byte `from`, which the file of this `version` contains. From byte `to` on the journal
    /// has only the record of that.
    ///
    /// On an error the journal is still complete, and that record makes it correct.
    pub(super) fn forget(&mut self, version: Version, from: u64, to: u64) -> io::Result<()> {
        self.version = version.clone();
        if from == to {
            self.file = None;
            self.length = 0;
            // If the directory entry survives a power cut, the record in the file does too.
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
            // The next start must not read what was not acknowledged. If truncating fails, the next write retries it.
            self.torn = file.set_len(self.length).is_err();
        }
        written
    }

    fn corrupt(&self, line: usize, reason: String) -> StoreError {
        StoreError::CorruptJournal { path: self.path.clone(), line, reason }
    }
}

/// A line that says which version of the file contains everything before byte `from`.
fn over(version: Version, from: u64) -> io::Result<Vec<u8>> {
    lines::line(&Record::<()> { over: Some(Over { version, from }), changes: None })
}

/// Creates an empty, private file, because it will contain password hashes. An old one is overwritten: its content is
/// obsolete.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
