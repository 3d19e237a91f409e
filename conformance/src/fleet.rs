//! Finds many implementations, one in each folder, for `run --each`. Reads only folders, not files.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::is_unsafe;

/// One of several implementations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Name: path of its folder relative to the given folder.
    pub name: String,
    /// Folder of the implementation.
    pub directory: PathBuf,
    /// File name of its report; no other member has it.
    pub report: String,
}

/// Names of folders that are not implementations.
const NONE: [&str; 6] = ["__pycache__", "node_modules", "venv", "env", "vendor", "target"];

/// Maximum size of the file name of a report without its number and extension, in bytes.
const LONGEST: usize = 200;

/// Gives each member a file name for its report that no other has, also where the case of letters does not count.
fn name_reports(members: &mut [Member]) {
    let mut taken = BTreeSet::new();
    for member in members {
        let plain = |one: char| if matches!(one, '/' | '\\') || is_unsafe(one) { '_' } else { one };
        let mut name: String = member.name.chars().map(plain).collect();
        name.truncate(name.floor_char_boundary(LONGEST));
        let mut names =
            std::iter::once(name.clone()).chain((2_usize..).map(|number| format!("{name}-{number}")));
        // There are more numbers than members.
        let free = names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default();
        member.report = format!("{free}.jsonl");
    }
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
    let members = found.into_iter().map(|below| Member {
        name: below.to_string_lossy().into_owned(),
        directory: root.join(below),
        report: String::new(),
    });
    let mut members: Vec<Member> =
        members.filter(|member| except.is_none() || member.directory.canonicalize().ok() != except).collect();
    if members.is_empty() {
        let message = format!("no folder in {} looks like an implementation", pattern.display());
        return Err(Diagnostic::new(message)
            .help("each subfolder that is not hidden and not empty is one; a pattern such as 'all/*/part-2' names deeper ones"));
    }
    name_reports(&mut members);
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
        assert_eq!(one[0].report, "ben_part-2.jsonl");
    }

    #[test]
    fn no_two_implementations_share_a_report_file() {
        let member = |name: &str| Member {
            name: name.to_owned(),
            directory: PathBuf::from(name),
            report: String::new(),
        };
        let long = "x".repeat(300);
        let names = ["x/y_z", "x_y/z", "X/Y/Z", "x_y_z-2", "x\\y/z", "a\u{1b}b", &long, &format!("{long}y")];
        let mut members = names.map(member);
        name_reports(&mut members);
        let reports: BTreeSet<String> = members.iter().map(|one| one.report.to_lowercase()).collect();
        assert_eq!(reports.len(), names.len(), "{reports:?}");
        assert!(reports.iter().all(|name| name.len() < 255 && !name.contains(['/', '\\', '\u{1b}'])));
        assert_eq!((&*members[0].report, &*members[1].report), ("x_y_z.jsonl", "x_y_z-2.jsonl"));
    }
}
