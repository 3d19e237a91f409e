//! The directory of the files: held by one process at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StoreError;

/// A directory whose `.db_*.json` files no other process writes.
///
/// The lock is on the directory itself, so it leaves no file behind and goes when the process goes, however
/// it ends.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Opens and locks a directory.
    ///
    /// # Errors
    /// When it cannot be opened, or when another process holds it.
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        // The whole path makes the clearer sentence: the working directory is "." otherwise.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let opened = File::open(&path);
        let handle = opened.map_err(|error| StoreError::NoDirectory { path: path.clone(), error })?;
        match handle.try_lock() {
            Ok(()) => Ok(Arc::new(Self { path, handle })),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
            Err(TryLockError::Error(error)) => Err(StoreError::NoDirectory { path, error }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the names in the directory durable: a renamed file is only then where it seems to be.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}
