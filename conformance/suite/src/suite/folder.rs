//! Reads the files of a suite from a directory or from the copy inside this program.
//!
//! The only module of the suite that reads files.

use std::collections::BTreeMap;
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, DirEntry as Embedded};
use sha2::{Digest as _, Sha256};

use crate::budget;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// The files of a suite.
#[derive(Debug, Clone)]
pub enum Folder {
    /// A directory.
    Directory(PathBuf),
    /// A suite embedded in a program.
    Embedded(&'static Dir<'static>),
    /// A directory, with other contents for some of its files.
    Edited {
        /// The directory.
        folder: PathBuf,
        /// The contents, by file name relative to the directory.
        texts: BTreeMap<String, String>,
    },
}

/// Maximum size of a file in bytes: a hundred times the largest one written by hand so far.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Files that cannot be used, with the errors.
type Unusable = Vec<(String, Diagnostic)>;

impl Folder {
    /// The name that messages show.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Directory(path) | Self::Edited { folder: path, .. } => path.display().to_string(),
            Self::Embedded(_) => "scenarios".to_owned(),
        }
    }

    /// Returns the id of the scenario in a file.
    #[must_use]
    pub fn scenario(&self, path: &Path) -> Option<String> {
        let Self::Directory(folder) = self else { return None };
        let inside = path.strip_prefix(folder.canonicalize().ok()?).ok()?;
        inside.to_str()?.strip_suffix(".yaml").map(str::to_owned)
    }

    /// Returns the names of the YAML files relative to the folder, in natural order (`7-login` before `10-stored`), and an error
    /// for each file that cannot be used, with its name.
    ///
    /// # Errors
    /// The directory does not exist or cannot be read.
    pub(super) fn files(&self) -> Result<(Vec<String>, Unusable), Diagnostic> {
        let mut search =
            FileSearch { root: self.name().trim_end_matches('/').to_owned(), ..FileSearch::default() };
        match self {
            Self::Directory(path) | Self::Edited { folder: path, .. } => {
                search.search(path).map_err(|error| {
                    Diagnostic::new(format!("cannot read the suite `{}`: {error}", self.name()))
                        .help("--suite names a folder that holds suite.yaml, requirements.yaml and folders of scenarios")
                })?;
            }
            Self::Embedded(suite) => collect_embedded(suite, &mut search.names),
        }
        if search.seen > MOST {
            let message = format!(
                "the suite {} has more than {MOST} files and folders, including those reached through links",
                search.root
            );
            let error = Diagnostic::new(message).help("remove links between its folders");
            return Err(error);
        }
        let FileSearch { mut names, mut errors, .. } = search;
        names.sort_by_cached_key(|name| natural(name));
        errors.sort_by_key(|(name, _)| natural(name));
        Ok((names, errors))
    }

    /// Reads a file of the suite.
    ///
    /// # Errors
    /// The file does not exist, is not a regular file, is larger than 8 MiB, cannot be read, or is outside of the folder: by its
    /// name, or through a link.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let inside = inside(name)
            .ok_or_else(|| io::Error::other("it is outside of the suite's folder; copy it into the suite"))?;
        match self {
            Self::Directory(folder) => read_below(folder, name),
            Self::Edited { folder, texts } => match texts.get(&inside) {
                Some(text) => Ok(text.clone().into_bytes()),
                None => read_below(folder, name),
            },
            Self::Embedded(suite) => {
                let file = suite.get_file(inside).ok_or(io::ErrorKind::NotFound)?;
                Ok(file.contents().to_vec())
            }
        }
    }

    /// Returns the SHA-256 of the names and contents of files. Unreadable files count as empty; loading reports them.
    pub(super) fn digest(&self, names: &[String]) -> String {
        let mut digest = Sha256::new();
        for name in names {
            let content = self.read(name).unwrap_or_default();
            digest.update(format!("{name}\n{}\n", content.len()));
            digest.update(&content);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the name of a file that a scenario names relative to its own folder.
    pub(super) fn relative(scenario: &str, name: &str) -> String {
        let parent = Path::new(scenario).parent().unwrap_or(Path::new(""));
        parent.join(name).to_string_lossy().into_owned()
    }

    /// Reads a file as a [`Source`] of values and messages.
    ///
    /// # Errors
    /// The file does not exist, cannot be read or is not UTF-8.
    pub(super) fn source(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let shown = format!("{}/{name}", self.name().trim_end_matches('/'));
        let bytes = self.read(name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Diagnostic::new(format!("the file {shown} does not exist")).help(
                "a suite is a folder that holds suite.yaml, requirements.yaml and folders of scenarios",
            ),
            _ => Diagnostic::new(format!("cannot read {shown}: {error}")),
        })?;
        String::from_utf8(bytes).map(|text| Source::new(shown.as_str(), text)).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let source = Source::new(shown.as_str(), String::from_utf8_lossy(error.as_bytes()));
            let replaced = Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
            let is_utf16 = matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            let message = if is_utf16 { "this file is UTF-16, not UTF-8" } else { "this is not UTF-8" };
            let wrong = Diagnostic::at(source.place(replaced), message);
            let is_csv = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
            let also = if is_csv { "; a spreadsheet calls it \"CSV UTF-8\"" } else { "" };
            wrong.help(format!("save the file in UTF-8{also}"))
        })
    }
}

/// Returns a file name without `.` and `..`; none for a name that is absolute or leads out of the folder.
fn inside(name: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// Reads a file of a folder, unless a link leads out of the folder.
fn read_below(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    let whole = folder.join(name).canonicalize()?;
    if !whole.starts_with(folder.canonicalize()?) {
        return Err(io::Error::other("a link leads out of the suite's folder; copy the file into the suite"));
    }
    let bytes = read_all(open(&whole)?)?;
    budget::spend(bytes.len() as u64)?;
    Ok(bytes)
}

/// Opens a file for reading. Pipes and devices could block or never end; only those that a shell opens (`<(…)`, `/dev/stdin`) are
/// accepted.
///
/// # Errors
/// The file cannot be opened, or is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let is_from_shell = ["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|own| path.starts_with(own));
    let about = path.metadata()?;
    if about.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if !about.is_file() && !is_from_shell {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// Reads a file of at most 8 MiB; see [`open`].
///
/// # Errors
/// The file cannot be read, or is larger.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_all(open(path)?)
}

fn read_all(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("the file is larger than 8 MiB"));
    }
    Ok(bytes)
}

/// Reads a text file that is not part of the suite; `what` names it in messages.
///
/// # Errors
/// A file that cannot be read, is larger than 8 MiB, or is not UTF-8.
pub fn read_source(path: &Path, what: &str) -> Result<Arc<Source>, Diagnostic> {
    let text = read_file(path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::Error::other("the file is not UTF-8")));
    let shown = path.display().to_string();
    match text {
        Ok(text) => Ok(Source::new(shown, text)),
        Err(error) => Err(Diagnostic::new(format!("cannot read the {what} {shown}: {error}"))),
    }
}

/// Maximum number of files and folders to visit: links between folders can lead to any number of them.
const MOST: usize = 100_000;

/// Collects the YAML files of a directory.
#[derive(Default)]
struct FileSearch {
    /// The directory, as messages show it.
    root: String,
    /// The directory without links.
    real: PathBuf,
    names: Vec<String>,
    /// Errors, by file name.
    errors: Vec<(String, Diagnostic)>,
    /// Number of files and folders visited.
    seen: usize,
}

impl FileSearch {
    fn search(&mut self, folder: &Path) -> io::Result<()> {
        self.real = folder.canonicalize()?;
        self.collect(folder, "", &mut Vec::new())
    }

    /// Visits a folder and follows links. `around` holds the canonical paths of the folders above it.
    fn collect(&mut self, folder: &Path, prefix: &str, around: &mut Vec<PathBuf>) -> io::Result<()> {
        let own = folder.canonicalize()?;
        // A link to a folder above this one adds nothing new.
        if around.contains(&own) {
            return Ok(());
        }
        let entries = folder.read_dir()?.collect::<io::Result<Vec<_>>>()?;
        around.push(own);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            self.seen += 1;
            if self.seen > MOST {
                break;
            }
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            self.entry(&entry, path, around);
        }
        around.pop();
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, name: String, around: &mut Vec<PathBuf>) {
        let shown = format!("{}/{name}", self.root);
        let about = match entry.path().metadata() {
            Ok(about) => about,
            Err(error) => {
                let error = match entry.path().read_link() {
                    Ok(to) if error.kind() == io::ErrorKind::NotFound => Diagnostic::new(format!(
                        "the link {shown} is broken: {} does not exist",
                        to.display()
                    ))
                    .help("remove the link, or restore the file"),
                    _ => Diagnostic::new(format!("cannot read {shown}: {error}")),
                };
                return self.errors.push((name, error));
            }
        };
        let matters = about.is_dir() || is_yaml(&name);
        if matters && let Some(to) = self.outside(entry) {
            let message = format!("the link {shown} leads out of the suite, to {}", to.display());
            self.errors.push((name, Diagnostic::new(message).help("copy the files into the suite")));
        } else if about.is_dir() {
            if let Err(error) = self.collect(&entry.path(), &name, around) {
                self.errors.push((name, Diagnostic::new(format!("cannot read the folder {shown}: {error}"))));
            }
        } else if is_yaml(&name) && !has_ending(&name, "yaml") {
            let error = Diagnostic::new(format!("{shown} is ignored: suite files must end in .yaml"));
            self.errors.push((name, error.help("rename the file, or move it out of the suite")));
        } else if is_yaml(&name) && !about.is_file() {
            self.errors.push((name, Diagnostic::new(format!("{shown} is not a regular file"))));
        } else if is_yaml(&name) {
            self.names.push(name);
        }
    }

    /// Returns where a link leads, if that is outside of the directory.
    fn outside(&self, entry: &DirEntry) -> Option<PathBuf> {
        let to = entry.path().read_link().ok()?;
        // What has no path, such as an open pipe, is not inside.
        let is_inside = entry.path().canonicalize().is_ok_and(|whole| whole.starts_with(&self.real));
        (!is_inside).then_some(to)
    }
}

fn collect_embedded(folder: &Dir<'_>, names: &mut Vec<String>) {
    for entry in folder.entries() {
        match entry {
            Embedded::Dir(folder) => collect_embedded(folder, names),
            Embedded::File(file) => {
                let name = file.path().to_string_lossy().replace('\\', "/");
                if is_yaml(&name) {
                    names.push(name);
                }
            }
        }
    }
}

/// Whether a name has the extension of a YAML file, in any case.
fn is_yaml(name: &str) -> bool {
    let ending = Path::new(name).extension().map(|own| own.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("yaml" | "yml"))
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}

/// Returns a sort key that compares digits in a name as numbers.
fn natural(name: &str) -> (Vec<(Option<u64>, String)>, String) {
    let parts = name.split_inclusive(|character: char| !character.is_ascii_digit()).map(|piece| {
        let digits = piece.trim_end_matches(|character: char| !character.is_ascii_digit());
        (digits.parse().ok(), piece[digits.len()..].to_owned())
    });
    (parts.collect(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_names_in_natural_order() {
        let mut names =
            ["session/10-stored.yaml", "session/7-login.yaml", "basic/11.yaml", "suite.yaml", "basic/2.yaml"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(
            names,
            ["basic/2.yaml", "basic/11.yaml", "session/7-login.yaml", "session/10-stored.yaml", "suite.yaml"]
        );
    }

    #[test]
    fn missing_folder_is_reported_with_a_hint() {
        let message = Folder::Directory("nowhere".into()).files().unwrap_err().to_string();
        assert!(
            message.contains("cannot read the suite `nowhere`") && message.contains("--suite"),
            "{message}"
        );
    }
}
