//! Replaces the changed files: all of them or none.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Blessing, Rewritten, edited};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::suite::Folder;

impl Rewritten {
    /// Returns the new text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        edited(self.source.text(), &self.edits)
    }

    fn path(&self) -> PathBuf {
        self.source.path().into()
    }
}

impl Blessing {
    /// Writes the files. All of them are written to temporary files before the first one is replaced.
    ///
    /// # Errors
    /// Fails if a file has changed since it was read, is read-only, or is in a folder that cannot be written; no file is changed then.
    pub fn store(&self) -> Result<(), Diagnostic> {
        let mut ready = Vec::new();
        for file in &self.files {
            let refused = |error: io::Error| {
                let message = format!("nothing was rewritten: {} {error}", file.source.path());
                Diagnostic::new(message)
            };
            ready.push(prepare(file).map_err(refused)?);
        }
        for (file, path) in ready {
            replace(file, &path).map_err(|error| {
                Diagnostic::new(format!("{} cannot be replaced: {error}", path.display()))
            })?;
        }
        Ok(())
    }

    /// Returns the folder with the edits applied in memory.
    pub(super) fn edited(&self) -> Folder {
        let inside = |file: &Rewritten| {
            let path = file.path();
            let name = path.strip_prefix(&self.directory).unwrap_or(&path);
            (name.to_string_lossy().into_owned(), file.text())
        };
        Folder::Edited { folder: self.directory.clone(), texts: self.files.iter().map(inside).collect() }
    }
}

/// Writes the new text to a temporary file in the same folder.
fn prepare(file: &Rewritten) -> io::Result<(NamedTempFile, PathBuf)> {
    // A symbolic link is kept; its destination is replaced.
    let path = file.path().canonicalize().map_err(|error| with_context("cannot be read", &error))?;
    if fs::read(&path).map_err(|error| with_context("cannot be read", &error))?
        != file.source.text().as_bytes()
    {
        return Err(io::Error::other("has changed since the run began; run it again"));
    }
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::other("is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    // Another prefix than that of unfinished reports, which the next run removes.
    let temporary = tempfile::Builder::new().prefix(".bless-").tempfile_in(folder);
    let mut whole = temporary.map_err(|error| with_context("cannot be written", &error))?;
    whole.write_all(file.text().as_bytes()).map_err(|error| with_context("cannot be written", &error))?;
    whole.as_file().set_permissions(permissions)?;
    whole.as_file().sync_all()?;
    Ok((whole, path))
}

/// Replaces a file by a temporary one. A file with several hard links is overwritten, so that all of them have the new text.
fn replace(file: NamedTempFile, path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.nlink() > 1 {
        return fs::copy(file.path(), path).map(drop);
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn with_context(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
