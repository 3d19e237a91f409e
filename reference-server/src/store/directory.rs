//! The directory of the files, locked by one process at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StoreError;

/// A locked directory: no other process writes its `.db_*.json` files.
///
/// The lock is on the directory itself, so it leaves no file and ends with the process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Opens and locks a directory.
    ///
    /// # Errors
    /// If it cannot be opened, or if another process has locked it.
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        // The working directory would be printed as "." otherwise.
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

    /// Syncs the directory: only then is a rename durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}
