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
    #[error("the directory {} is in use: another process keeps its users there", path.display())]
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
    #[error("the file {} is corrupt and is left as it is: {error}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        error: serde_json::Error,
    },
    /// A journal is corrupt before its end, where a torn write cannot be the cause.
    #[error(
        "the journal {} is corrupt at line {line} and is left as it is: {reason}; moved away, it is no longer in \
         the way, and its changes are lost",
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
        "the journal {} has changes to another {} than the one that is there, and both are left as they are: \
         put the former file back, or move the journal away to go on without its changes",
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
    #[error("the writer of the store cannot be started: {error}")]
    NoThread {
        /// Why.
        error: io::Error,
    },
}

impl StoreError {
    pub(super) fn no_thread(error: io::Error) -> Self {
        Self::NoThread { error }
    }
}
