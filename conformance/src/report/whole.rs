//! A file that is put into its place when it is whole: an interrupted run leaves an older one as it was.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// So many bytes are written at once.
const PIECE: usize = 64 * 1024;

/// A file that is being written.
pub(super) struct WholeFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl WholeFile {
    /// Returns a file that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // A link stays; what it leads to is replaced.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if path.exists() && !path.is_file() {
            // A device or a pipe would be gone for everybody.
            return Err(io::Error::other("it is no file, and would be replaced by one"));
        }
        // A report is no secret: as readable as the umask lets any file be.
        let readable = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new()
            .prefix(".conformance-")
            .permissions(readable)
            .tempfile_in(folder(path))?;
        Ok(Self { file: BufWriter::with_capacity(PIECE, file), path: path.to_owned() })
    }

    /// The folder that it will stand in.
    pub(super) fn folder(&self) -> &Path {
        folder(&self.path)
    }

    /// Puts it into its place.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn finish(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
