//! Finds many implementations, one in each folder, for `run --each`. Reads only folders, not files.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use conformance_suite::diagnostic::Diagnostic;

/// One of several implementations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Name: path of its folder relative to the given folder.
    pub name: String,
    /// Folder of the implementation.
    pub directory: PathBuf,
}

/// Names of folders that are not implementations.
const NONE: [&str; 6] = ["__pycache__", "node_modules", "venv", "env", "vendor", "target"];

/// Maximum length of a file name without its ending, in bytes.
const MAX_NAME: usize = 200;

/// Returns the file names of the reports. No two are the same, even where the system ignores case.
#[must_use]
pub(crate) fn report_names(members: &[Member]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut unique = |member: &Member| {
        let name = member.name.replace(['/', '\\'], "_");
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let name = std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| taken.insert(name.to_lowercase()))
            .unwrap_or_default();
        format!("{name}.jsonl")
    };
    members.iter().map(&mut unique).collect()
}

/// Returns the implementations in a folder, or those that a pattern with `*` matches, sorted by name: all subfolders
/// that are not hidden, not empty and not `except`.
///
/// # Errors
/// The folder does not exist or contains no implementation.
pub(crate) fn discover(pattern: &Path, except: &Path) -> Result<Vec<Member>, Diagnostic> {
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
    for level in levels {
        found = found.iter().flat_map(|below| folders(&root, below, &level)).collect();
    }
    let except = except.canonicalize().ok();
    let members = found
        .into_iter()
        .map(|below| Member { name: below.to_string_lossy().into_owned(), directory: root.join(below) });
    let members: Vec<Member> =
        members.filter(|member| except.is_none() || member.directory.canonicalize().ok() != except).collect();
    if members.is_empty() {
        let message = format!("no folder in {} looks like an implementation", pattern.display());
        return Err(Diagnostic::new(message)
            .help("each subfolder that is not hidden and not empty is one; a pattern such as 'all/*/part-2' names deeper ones"));
    }
    Ok(members)
}

fn matcher(part: &str) -> Result<GlobMatcher, Diagnostic> {
    let glob = GlobBuilder::new(part).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| Diagnostic::new(format!("the pattern `{part}` cannot be read: {}", error.kind())))
}

fn folders(root: &Path, below: &Path, level: &GlobMatcher) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(below)).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        !name.starts_with('.') && !NONE.contains(&&*name) && level.is_match(&*name)
    });
    // Follow symbolic links to folders.
    named
        .filter(|entry| entry.path().is_dir() && !is_empty(&entry.path()))
        .map(|entry| below.join(entry.file_name()))
        .collect()
}

/// Whether a folder is empty. An unreadable folder counts as not empty, so that it is reported later.
fn is_empty(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    !entries.flatten().any(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &Path) -> Vec<String> {
        discover(pattern, Path::new("")).expect("members").into_iter().map(|member| member.name).collect()
    }

    #[test]
    fn discovers_every_nonempty_folder() {
        let all = tempfile::tempdir().expect("a folder");
        for folder in ["ada", "ben b", "empty", ".git", "node_modules"] {
            std::fs::create_dir(all.path().join(folder)).expect("a folder");
        }
        for file in ["ada/app.py", "ben b/app.py", ".git/config", "node_modules/x.js", "readme.md"] {
            std::fs::write(all.path().join(file), "").expect("a file");
        }
        assert_eq!(names(all.path()), ["ada", "ben b"]);
    }

    #[test]
    fn pattern_matches_nested_folders() {
        let all = tempfile::tempdir().expect("a folder");
        for folder in ["ada/part-1", "ada/part-2", "ben/part-2"] {
            std::fs::create_dir_all(all.path().join(folder)).expect("a folder");
            std::fs::write(all.path().join(folder).join("app.py"), "").expect("a file");
        }
        assert_eq!(names(&all.path().join("*/part-2")), ["ada/part-2", "ben/part-2"]);
        let one = discover(&all.path().join("b*/part-2"), Path::new("")).expect("one");
        assert_eq!(report_names(&one), ["ben_part-2.jsonl"]);
    }

    #[test]
    fn no_two_reports_have_the_same_name() {
        let long = "x".repeat(300);
        let names = ["x/y_z", "x_y/z", "X_Y/Z", "x_y_z-2", "a", &long, &format!("{long}y")];
        let member = |name: &&str| Member { name: (*name).to_owned(), directory: PathBuf::new() };
        let reports = report_names(&names.iter().map(member).collect::<Vec<_>>());
        assert_eq!(
            reports[..5],
            ["x_y_z.jsonl", "x_y_z-2.jsonl", "X_Y_Z-3.jsonl", "x_y_z-2-2.jsonl", "a.jsonl"]
        );
        assert_ne!(reports[5], reports[6]);
        assert!(reports.iter().all(|name| name.len() < 255));
    }
}
