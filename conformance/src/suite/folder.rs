//! Where the files of a suite come from: a directory, or the copy inside this program.
//!
//! The only room of the suite that reads files.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, DirEntry as Embedded, include_dir};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};

/// The files of a suite.
#[derive(Debug, Clone)]
pub enum Folder {
    /// A directory.
    Directory(PathBuf),
    /// The suite inside this program.
    Embedded,
    /// A directory, some of whose files have another text than on the disk.
    Edited {
        /// The directory.
        folder: PathBuf,
        /// The texts, by the files' names below it.
        texts: BTreeMap<String, String>,
    },
}

/// The files that a file of a suite names, and whether one was read.
pub(super) struct Beside<'a> {
    folder: &'a Folder,
    was_read: Cell<bool>,
}

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../scenarios");

/// The largest file that is read, in bytes: a hundred times the largest that anyone has written by hand.
const LARGEST: u64 = 8 * 1024 * 1024;

impl Folder {
    /// The name that messages show.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Directory(path) | Self::Edited { folder: path, .. } => path.display().to_string(),
            Self::Embedded => "scenarios".to_owned(),
        }
    }

    /// Returns the id of the scenario that a file holds.
    #[must_use]
    pub fn scenario(&self, path: &Path) -> Option<String> {
        let Self::Directory(folder) = self else { return None };
        let inside = path.strip_prefix(folder.canonicalize().ok()?).ok()?;
        inside.to_str()?.strip_suffix(".yaml").map(str::to_owned)
    }

    /// Returns the names of its YAML files, below it, in natural order (`7-login` before `10-stored`), and what keeps others from being read.
    ///
    /// # Errors
    /// A directory that is not there or cannot be read.
    pub(super) fn files(&self) -> Result<(Vec<String>, Diagnostics), Diagnostic> {
        let mut found = Found { root: self.name().trim_end_matches('/').to_owned(), ..Found::default() };
        match self {
            Self::Directory(path) | Self::Edited { folder: path, .. } => {
                found.collect(path, "", &mut Vec::new()).map_err(|error| {
                    Diagnostic::new(format!("the suite `{}` cannot be read: {error}", self.name()))
                        .help("--suite names a folder that holds suite.yaml, requirements.yaml and folders of scenarios")
                })?;
            }
            Self::Embedded => collect_embedded(&EMBEDDED, &mut found.names),
        }
        if found.seen > MOST {
            let message =
                format!("the suite {} has more than {MOST} files and folders, with its links", found.root);
            let wrong = Diagnostic::new(message).help("remove links between its folders");
            return Err(wrong);
        }
        let Found { mut names, mut wrong, .. } = found;
        names.sort_by_cached_key(|name| natural(name));
        wrong.sort_by_key(|(name, _)| natural(name));
        let mut all = Diagnostics::default();
        for (_, wrong) in wrong {
            all.push(wrong);
        }
        Ok((names, all))
    }

    /// Returns a file's bytes.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Directory(path) => read_file(&path.join(name)),
            Self::Edited { folder, texts } => match texts.get(name) {
                Some(text) => Ok(text.clone().into_bytes()),
                None => read_file(&folder.join(name)),
            },
            Self::Embedded => {
                let file = EMBEDDED.get_file(name).ok_or(io::ErrorKind::NotFound)?;
                Ok(file.contents().to_vec())
            }
        }
    }

    /// Returns a file as the source of values and messages.
    ///
    /// # Errors
    /// A file that is not there, cannot be read, or is not UTF-8.
    pub(super) fn source(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let shown = format!("{}/{name}", self.name().trim_end_matches('/'));
        let bytes = self.read(name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Diagnostic::new(format!("there is no file {shown}")).help(
                "a suite is a folder that holds suite.yaml, requirements.yaml and folders of scenarios",
            ),
            _ => Diagnostic::new(format!("the file {shown} cannot be read: {error}")),
        })?;
        let whole = |mut text: String| {
            text.shrink_to_fit();
            Source::new(shown.as_str(), text)
        };
        String::from_utf8(bytes).map(whole).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let source = Source::new(shown.as_str(), String::from_utf8_lossy(error.as_bytes()));
            let replaced = Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
            Diagnostic::at(source.place(replaced), "this is not UTF-8").help("save the file in UTF-8")
        })
    }
}

impl<'a> Beside<'a> {
    /// Returns the files of a folder, none of which was read.
    pub(super) fn new(folder: &'a Folder) -> Self {
        Self { folder, was_read: Cell::new(false) }
    }

    /// Returns the bytes of a file that stands beside another of the suite, or is reached from there.
    ///
    /// # Errors
    /// Those of [`Folder::read`].
    pub(super) fn read(&self, file: &str, name: &str) -> io::Result<Vec<u8>> {
        self.was_read.set(true);
        self.folder.read(&below(file, name))
    }

    /// Returns such a file as the source of values and messages.
    ///
    /// # Errors
    /// Those of [`Folder::source`].
    pub(super) fn source(&self, file: &str, name: &str) -> Result<Arc<Source>, Diagnostic> {
        self.was_read.set(true);
        self.folder.source(&below(file, name))
    }

    /// Whether a file was read.
    pub(super) fn was_read(&self) -> bool {
        self.was_read.get()
    }
}

fn below(file: &str, name: &str) -> String {
    let beside = Path::new(file).parent().unwrap_or(Path::new(""));
    beside.join(name).to_string_lossy().into_owned()
}

/// Reads a file that someone has written by hand.
///
/// # Errors
/// One that cannot be read, or that is larger than anyone writes: a device that never ends is read no further either.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // With room for the end to be seen, a file is read at once. A device has no length.
    let length = file.metadata().map_or(0, |about| about.len()).min(LARGEST);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 8 MiB"));
    }
    Ok(bytes)
}

/// Reads a file of text that someone has written by hand.
///
/// # Errors
/// Those of [`read_file`], and a file that is not UTF-8.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_file(path)?).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// The most files and folders that are looked at: links between folders lead to any number of them.
const MOST: usize = 100_000;

/// The YAML files of a directory.
#[derive(Default)]
struct Found {
    /// The directory, as messages name it.
    root: String,
    names: Vec<String>,
    /// What is not read, by its name.
    wrong: Vec<(String, Diagnostic)>,
    /// How many files and folders have been looked at.
    seen: usize,
}

impl Found {
    /// Looks through a folder. Links are followed; `around` has the folders that this one stands in, as the system names them.
    fn collect(&mut self, folder: &Path, prefix: &str, around: &mut Vec<PathBuf>) -> io::Result<()> {
        let own = folder.canonicalize()?;
        // All that a link leads back to is read already.
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
                let wrong = match entry.path().read_link() {
                    Ok(to) if error.kind() == io::ErrorKind::NotFound => Diagnostic::new(format!(
                        "the link {shown} leads to {}, which is not there",
                        to.display()
                    ))
                    .help("remove it, or put back what it leads to"),
                    _ => Diagnostic::new(format!("{shown} cannot be read: {error}")),
                };
                return self.wrong.push((name, wrong));
            }
        };
        if about.is_dir() {
            if let Err(error) = self.collect(&entry.path(), &name, around) {
                self.wrong
                    .push((name, Diagnostic::new(format!("the folder {shown} cannot be read: {error}"))));
            }
        } else if is_yaml(&name) && !has_ending(&name, "yaml") {
            let wrong = Diagnostic::new(format!("the file {shown} would not be read"));
            self.wrong.push((name, wrong.help("the files of a suite end in .yaml")));
        } else if is_yaml(&name) && !about.is_file() {
            self.wrong.push((name, Diagnostic::new(format!("{shown} is not a file"))));
        } else if is_yaml(&name) {
            self.names.push(name);
        }
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

/// Whether a file is one of YAML, however its ending is written.
fn is_yaml(name: &str) -> bool {
    let ending = Path::new(name).extension().map(|own| own.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("yaml" | "yml"))
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}

/// What a name is sorted by so that numbers in it count as numbers.
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
    fn numbers_in_names_count_as_numbers() {
        let mut names =
            ["session/10-stored.yaml", "session/7-login.yaml", "basic/11.yaml", "suite.yaml", "basic/2.yaml"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(
            names,
            ["basic/2.yaml", "basic/11.yaml", "session/7-login.yaml", "session/10-stored.yaml", "suite.yaml"]
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_the_remedy() {
        let message = Folder::Directory("nowhere".into()).files().unwrap_err().to_string();
        assert!(message.contains("`nowhere` cannot be read") && message.contains("--suite"), "{message}");
    }
}
