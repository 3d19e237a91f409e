//! Errors of opening a store. Each message names the file or directory.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A store that cannot be opened.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory cannot be opened.
    #[error("the directory {} cannot be opened: {error}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another process has locked the directory.
    #[error("the directory {} is in use by another server", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("the file {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is malformed. The error has the line and the column.
    #[error("the file {} is corrupt and was not changed: {error}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        error: serde_json::Error,
    },
    /// A journal is corrupt before its end, where a torn write cannot be the cause.
    #[error(
        "the journal {} is corrupt at line {line} and was not changed: {reason}; to start without its \
         changes, move it away",
        path.display()
    )]
    CorruptJournal {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal belongs to another file than the one that exists.
    #[error(
        "the journal {} belongs to another version of {}; neither was changed: restore that version, or move the \
         journal away to start without its changes",
        path.display(),
        file.display()
    )]
    ForeignJournal {
        /// The journal.
        path: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// The writer thread cannot be started.
    #[error("cannot start the writer thread of the store: {error}")]
    NoThread {
        /// Why.
        error: io::Error,
    },
}
