//! Finds many implementations, one in each folder or zip file, for `run --each`. Reads only folders, not files.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::is_unsafe;

/// One of several implementations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Name: path of its folder or zip file relative to the given folder, without `.zip`.
    pub name: String,
    /// Name of its reports, without an ending. No two are the same, even where the system ignores case.
    pub file: String,
    /// What was handed in.
    pub content: Content,
}

/// What was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A folder.
    Folder(PathBuf),
    /// A zip file.
    Zip(PathBuf),
    /// An empty folder.
    Nothing(PathBuf),
}

impl Content {
    /// Path of the folder or the zip file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Zip(path) | Self::Nothing(path) => path,
        }
    }
}

/// Names of folders that are not implementations.
const NONE: [&str; 6] = ["__pycache__", "node_modules", "venv", "env", "vendor", "target"];

/// Maximum length of a file name without its ending, in bytes.
const MAX_NAME: usize = 200;

/// Names of files that `run --each` writes itself.
const RESERVED: [&str; 3] = ["index", "results", "grades"];

/// Returns unique names of reports.
pub(crate) fn file_names(names: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    let mut unique = |name: &String| {
        let is_replaced = |one: char| matches!(one, '/' | '\\' | '\n' | '\t') || is_unsafe(one);
        let name = name.replace(is_replaced, "_");
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| taken.insert(name.to_lowercase()))
            .unwrap_or_default()
    };
    names.iter().map(&mut unique).collect()
}

/// Returns the implementations in a folder, or those that a pattern with `*` matches, sorted by name: all subfolders and zip files
/// that are not hidden and not one of `except`.
///
/// # Errors
/// The folder does not exist or contains no implementation.
pub(crate) fn discover(pattern: &Path, except: &[PathBuf]) -> Result<Vec<Member>, Diagnostic> {
    let mut parts: Vec<Component<'_>> = pattern.components().collect();
    let is_wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let literal = parts.iter().position(is_wild).unwrap_or(parts.len());
    let wild: Vec<Component<'_>> = parts.split_off(literal);
    let root: PathBuf = if parts.is_empty() { PathBuf::from(".") } else { parts.iter().collect() };
    std::fs::read_dir(&root)
        .map_err(|error| Diagnostic::new(format!("the folder {} cannot be read: {error}", root.display())))?;
    let levels = if wild.is_empty() {
        vec![matcher("*")?]
    } else {
        wild.iter().map(|part| matcher(&part.as_os_str().to_string_lossy())).collect::<Result<_, _>>()?
    };
    let mut found = BTreeSet::from([PathBuf::new()]);
    let last = levels.len().saturating_sub(1);
    for (index, level) in levels.iter().enumerate() {
        found = found.iter().flat_map(|below| entries(&root, below, level, index == last)).collect();
    }
    let except: Vec<PathBuf> = except.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let found: Vec<PathBuf> = found
        .into_iter()
        .filter(|below| root.join(below).canonicalize().map_or(true, |path| !except.contains(&path)))
        .collect();
    if found.is_empty() {
        let message = format!("no folder in {} looks like an implementation", pattern.display());
        return Err(Diagnostic::new(message)
            .help("each subfolder or zip file that is not hidden is one; a pattern such as 'all/*/part-2' names deeper ones"));
    }
    let without_zip = |below: &PathBuf| below.with_extension("");
    let names: Vec<String> = (found.iter())
        .map(|below| {
            // A folder and a zip file of the same name are two implementations.
            let stem = without_zip(below);
            let name = if is_zip(below) && !found.contains(&stem) { &stem } else { below };
            name.to_string_lossy().into_owned()
        })
        .collect();
    let files = file_names(&names);
    let members = found.into_iter().zip(names).zip(files).map(|((below, name), file)| {
        let path = root.join(below);
        let content = match path.is_dir() {
            false => Content::Zip(path),
            true if is_empty(&path) => Content::Nothing(path),
            true => Content::Folder(path),
        };
        Member { name, file, content }
    });
    Ok(members.collect())
}

fn matcher(part: &str) -> Result<GlobMatcher, Diagnostic> {
    let glob = GlobBuilder::new(part).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| Diagnostic::new(format!("the pattern `{part}` cannot be read: {}", error.kind())))
}

/// Returns the folders that match a level of a pattern; in the `last` level, also the zip files.
fn entries(root: &Path, below: &Path, level: &GlobMatcher, last: bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(below)).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        !name.starts_with('.') && !NONE.contains(&&*name) && level.is_match(&*name)
    });
    // Follow symbolic links to folders and files.
    named
        .filter(|entry| entry.path().is_dir() || (last && is_zip(&entry.path()) && entry.path().is_file()))
        .map(|entry| below.join(entry.file_name()))
        .collect()
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Whether a folder has nothing but hidden files. An unreadable folder counts as not empty, so that it is reported later.
pub(crate) fn is_empty(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    !entries.flatten().any(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &Path) -> Vec<String> {
        discover(pattern, &[]).expect("members").into_iter().map(|member| member.name).collect()
    }

    #[test]
    fn discovers_every_folder_and_zip_file() {
        let all = tempfile::tempdir().expect("a folder");
        for folder in ["ada", "ben b", "empty", ".git", "node_modules"] {
            std::fs::create_dir(all.path().join(folder)).expect("a folder");
        }
        for file in ["ada/app.py", "ben b/app.py", ".git/config", "node_modules/x.js", "readme.md"] {
            std::fs::write(all.path().join(file), "").expect("a file");
        }
        std::fs::write(all.path().join("cy.zip"), "").expect("a file");
        std::fs::write(all.path().join("ada.zip"), "").expect("a file");
        let members = discover(all.path(), &[]).expect("members");
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["ada", "ada.zip", "ben b", "cy", "empty"]);
        assert!(matches!(members[4].content, Content::Nothing(_)));
        assert!(matches!(members[3].content, Content::Zip(_)));
    }

    #[test]
    fn pattern_matches_nested_folders() {
        let all = tempfile::tempdir().expect("a folder");
        for folder in ["ada/part-1", "ada/part-2", "ben/part-2"] {
            std::fs::create_dir_all(all.path().join(folder)).expect("a folder");
            std::fs::write(all.path().join(folder).join("app.py"), "").expect("a file");
        }
        assert_eq!(names(&all.path().join("*/part-2")), ["ada/part-2", "ben/part-2"]);
        let one = discover(&all.path().join("b*/part-2"), &[]).expect("one");
        assert_eq!(one[0].file, "ben_part-2");
    }

    #[test]
    fn no_two_reports_have_the_same_name() {
        let long = "x".repeat(300);
        let names = ["x/y_z", "x_y/z", "X_Y/Z", "x_y_z-2", "a", &long, &format!("{long}y"), "index"];
        let reports = file_names(&names.map(str::to_owned));
        assert_eq!(reports[..5], ["x_y_z", "x_y_z-2", "X_Y_Z-3", "x_y_z-2-2", "a"]);
        assert_ne!(reports[5], reports[6]);
        assert_eq!(reports[7], "index-2");
        assert!(reports.iter().all(|name| name.len() < 240));
    }
}
