//! Writes reports atomically.
//!
//! A file is written to a temporary file and renamed at the end, so that an interrupted run does not damage an older report.
//! Standard output, pipes and character devices such as `/dev/null` are written directly, because a rename would replace them.

use std::fs::{File, FileType, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Size of the write buffer in bytes.
const BUFFER: usize = 64 * 1024;
/// Maximum number of symbolic links to follow.
const MAX_LINKS: usize = 40;
/// Paths that mean standard output.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// A report that is being written.
pub(super) struct OutputFile {
    out: BufWriter<Sink>,
}

enum Sink {
    /// A temporary file that is renamed at the end.
    Replacing(NamedTempFile, PathBuf),
    Stream(File),
    Stdout(io::Stdout),
}

/// Whether a path means standard output: `-`, a name of the device, or a link to it.
#[must_use]
pub fn is_stdout(path: &Path) -> bool {
    matches!(followed(path), Ok(None))
}

/// Returns the absolute path of the file that a report at `path` replaces; none for a stream.
#[must_use]
pub fn replaced(path: &Path) -> Option<PathBuf> {
    let path = followed(path).ok().flatten()?;
    let is_stream = |kind: FileType| kind.is_char_device() || kind.is_fifo();
    if path.metadata().is_ok_and(|about| is_stream(about.file_type())) {
        return None;
    }
    let folder = folder(&path);
    let folder = folder.canonicalize().or_else(|_| std::path::absolute(folder)).ok()?;
    Some(folder.join(path.file_name()?))
}

/// Writes a stream, or a file that replaces the one at `path` when it is complete.
///
/// # Errors
/// Writing fails, or `write` does.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = OutputFile::create(path)?;
    write(&mut file)?;
    file.finish()
}

impl OutputFile {
    /// Creates a report that will be at `path`. If that is a symbolic link, its target is replaced.
    ///
    /// # Errors
    /// The folder cannot be created or is not writable, or the path is neither a file nor a stream.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { out: BufWriter::with_capacity(BUFFER, Sink::open(path)?) })
    }

    /// Whether the report is written to a stream.
    pub(super) fn is_stream(&self) -> bool {
        !matches!(self.out.get_ref(), Sink::Replacing(..))
    }

    /// Flushes the report and moves a file to its path.
    ///
    /// # Errors
    /// Writing fails.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        match self.out.into_inner().map_err(io::IntoInnerError::into_error)? {
            Sink::Replacing(file, path) => file.persist(path).map(drop).map_err(|error| error.error),
            Sink::Stream(_) | Sink::Stdout(_) => Ok(()),
        }
    }
}

impl Sink {
    fn open(path: &Path) -> io::Result<Self> {
        let Some(path) = followed(path)? else { return Ok(Self::Stdout(io::stdout())) };
        if let Ok(about) = path.metadata() {
            let kind = about.file_type();
            if kind.is_char_device() || kind.is_fifo() {
                return OpenOptions::new().write(true).open(&path).map(Self::Stream);
            }
            if let Some(what) = unwritable(kind) {
                return Err(io::Error::other(format!("it is {what}, not a file")));
            }
            if is_descriptor(&path) {
                // A file that the shell opened for this program; other programs may write to it as well.
                return OpenOptions::new().append(true).open(&path).map(Self::Stream);
            }
        }
        // Temporary files are private by default; use the permissions of an ordinary file.
        let readable = Permissions::from_mode(0o666);
        let folder = folder(&path);
        std::fs::create_dir_all(folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                io::Error::other(format!("{} is not a folder", folder.display()))
            }
            _ => error,
        })?;
        remove_leftovers(folder);
        loop {
            let new =
                tempfile::Builder::new().prefix(PREFIX).permissions(readable.clone()).tempfile_in(folder)?;
            // The lock says that this program is alive. A file system without locks keeps leftovers.
            new.as_file().try_lock().ok();
            // Another run may have removed the file before it was locked.
            if new.as_file().metadata()?.nlink() > 0 {
                return Ok(Self::Replacing(new, path));
            }
        }
    }
}

/// Beginning of the names of temporary files.
const PREFIX: &str = ".conformance-";

/// Removes the temporary files of runs that were killed: those that no program has locked.
fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !is_temporary || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // Another run may have removed it.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

fn unwritable(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_dir() => Some("a directory"),
        kind if kind.is_socket() => Some("a socket"),
        kind if kind.is_block_device() => Some("a block device"),
        _ => None,
    }
}

/// Resolves symbolic links, even to a missing file; none if they lead to standard output.
fn followed(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if STDOUT.iter().any(|name| path == Path::new(name)) {
            return Ok(None);
        }
        if is_descriptor(&path) {
            return Ok(Some(path));
        }
        match path.read_link() {
            Ok(target) => path = folder(&path).join(target),
            // Not a link.
            Err(_) => return Ok(Some(path)),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// Whether a path names an open file of this process. Its link target may be a name that means something else.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)))
        || path == Path::new("/dev/stderr")
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Replacing(file, _) => file.write(bytes),
            Self::Stream(file) => file.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Replacing(file, _) => file.flush(),
            Self::Stream(file) => file.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}
