//! Puts rewritten files into their places: all of them, or none.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Blessing, Rewritten, edited};
use crate::diagnostic::Diagnostic;
use crate::suite::Folder;

impl Rewritten {
    /// The file's text with its edits made.
    #[must_use]
    pub fn text(&self) -> String {
        edited(self.source.text(), &self.edits)
    }

    fn path(&self) -> PathBuf {
        self.source.path().into()
    }
}

impl Blessing {
    /// Writes the files. Each is whole beside its place before the first takes it.
    ///
    /// # Errors
    /// A file that has changed since it was read, that may not be written, or whose folder may not: nothing is changed then.
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
            file.persist(&path).map_err(|error| {
                Diagnostic::new(format!("{} cannot be replaced: {}", path.display(), error.error))
            })?;
        }
        Ok(())
    }

    /// The folder of the suite as it will be.
    pub(super) fn edited(&self) -> Folder {
        let inside = |file: &Rewritten| {
            let path = file.path();
            let name = path.strip_prefix(&self.directory).unwrap_or(&path);
            (name.to_string_lossy().into_owned(), file.text())
        };
        Folder::Edited { folder: self.directory.clone(), texts: self.files.iter().map(inside).collect() }
    }
}

/// Writes a file whole beside its place.
fn prepare(file: &Rewritten) -> io::Result<(NamedTempFile, PathBuf)> {
    // A link stays; what it leads to is replaced.
    let path = file.path().canonicalize().map_err(|error| said("cannot be read", &error))?;
    if fs::read(&path).map_err(|error| said("cannot be read", &error))? != file.source.text().as_bytes() {
        return Err(io::Error::other("has changed since the run began; run it again"));
    }
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::other("is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = tempfile::Builder::new().prefix(".conformance-").tempfile_in(folder);
    let mut whole = beside.map_err(|error| said("cannot be written", &error))?;
    whole.write_all(file.text().as_bytes()).map_err(|error| said("cannot be written", &error))?;
    whole.as_file().set_permissions(permissions)?;
    whole.as_file().sync_all()?;
    Ok((whole, path))
}

fn said(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
