//! Waits until files change, for `run --watch`.
//!
//! Polls instead of using file system notifications, because polling works on every file system, and suites and
//! implementations are small.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// State of the files in some folders at one moment, including symbolic links and their targets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, State>);

/// Modification time and size of a file; then those of the symbolic link to it, if there is one.
type State = [Option<(Option<SystemTime>, u64)>; 2];

/// Polling interval.
const INTERVAL: Duration = Duration::from_millis(300);
/// Folders of an implementation that nobody edits by hand. They are watched if they are part of a suite.
const LEFT_OUT: [&str; 5] = ["node_modules", "__pycache__", "venv", "target", "env"];
/// Maximum number of watched files.
const MAX_FILES: usize = 20_000;

impl Snapshot {
    /// Takes a snapshot of the files in `places`, following symbolic links. Leaves out hidden files, folders of an
    /// implementation that nobody edits by hand, and `but`.
    #[must_use]
    pub(crate) fn take(places: &[PathBuf], but: &[PathBuf]) -> Self {
        let but: BTreeSet<PathBuf> = but.iter().map(|path| absolute(path)).collect();
        let mut snapshot = Self::default();
        for place in places {
            snapshot.look(&absolute(place), &but, &mut Vec::new(), false);
        }
        snapshot
    }

    /// Returns the files that differ from an earlier snapshot.
    #[must_use]
    pub(crate) fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        let changed = self.0.iter().filter(|(path, state)| before.0.get(*path) != Some(*state));
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).cloned().collect()
    }

    /// Adds a file, or the files of a folder. `around` contains the canonical paths of the parent folders; `in_suite`
    /// says whether one of them is a suite.
    fn look(&mut self, path: &Path, but: &BTreeSet<PathBuf>, around: &mut Vec<PathBuf>, in_suite: bool) {
        let Ok(own) = path.symlink_metadata() else { return };
        if self.0.len() >= MAX_FILES || but.contains(path) {
            return;
        }
        let state = |about: &Metadata| (about.modified().ok(), about.len());
        let link = own.is_symlink().then(|| state(&own));
        let about = if own.is_symlink() { path.metadata().ok() } else { Some(own) };
        if !about.as_ref().is_some_and(Metadata::is_dir) {
            self.0.insert(path.to_owned(), [about.as_ref().map(state), link]);
            return;
        }
        if link.is_some() {
            self.0.insert(path.to_owned(), [None, link]);
        }
        let Ok(whole) = path.canonicalize() else { return };
        let Ok(entries) = path.read_dir() else { return };
        if around.contains(&whole) {
            return;
        }
        around.push(whole);
        let in_suite = in_suite || path.join("suite.yaml").is_file();
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && (in_suite || !LEFT_OUT.contains(&name.as_str())) {
                self.look(&entry.path(), but, around, in_suite);
            }
        }
        around.pop();
    }
}

/// Waits until files in `places` differ from `before` and have stopped changing; returns the changed files.
pub(crate) async fn changed(before: &Snapshot, places: &[PathBuf], but: &[PathBuf]) -> Vec<PathBuf> {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = Snapshot::take(places, but);
        let changed = now.changed_since(before);
        // Wait for a stable state, because editors write a file in several operations.
        if !changed.is_empty() && now == last {
            return changed;
        }
        last = now;
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_new_changed_and_deleted_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let report = folder.path().join("report.html");
        let places = [folder.path().to_owned()];
        file("stays", "1");
        file("goes", "1");
        file("grows", "1");
        let before = Snapshot::take(&places, std::slice::from_ref(&report));
        std::fs::remove_file(folder.path().join("goes")).unwrap();
        file("grows", "12");
        file("comes", "1");
        file(".hidden", "1");
        file("report.html", "1");
        let after = Snapshot::take(&places, &[report]);
        let mut names: Vec<String> = (after.changed_since(&before).iter())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["comes", "goes", "grows"]);
    }

    #[test]
    fn follows_symlinks_and_ignores_cycles() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("suite/t")).unwrap();
        std::fs::create_dir_all(path("elsewhere/deep")).unwrap();
        std::fs::write(path("real.yaml"), "1").unwrap();
        std::fs::write(path("elsewhere/deep/a.yaml"), "1").unwrap();
        symlink(path("real.yaml"), path("suite/t/link.yaml")).unwrap();
        symlink(path("elsewhere"), path("suite/linked")).unwrap();
        symlink(path("suite"), path("suite/t/circle")).unwrap();
        symlink(path("comes.yaml"), path("suite/dangling.yaml")).unwrap();
        std::fs::write(path("suite/suite.yaml"), "").unwrap();
        std::fs::create_dir_all(path("suite/env")).unwrap();
        let places = [path("suite")];
        let mut before = Snapshot::take(&places, &[]);
        let change = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        for (file, text, seen) in [
            ("real.yaml", "12", "suite/t/link.yaml"),
            ("elsewhere/deep/a.yaml", "12", "suite/linked/deep/a.yaml"),
            ("elsewhere/b.yaml", "1", "suite/linked/b.yaml"),
            ("comes.yaml", "1", "suite/dangling.yaml"),
            ("suite/env/a.yaml", "1", "suite/env/a.yaml"),
        ] {
            change(file, text);
            let after = Snapshot::take(&places, &[]);
            let root = folder.path().canonicalize().unwrap();
            assert_eq!(after.changed_since(&before), [root.join(seen)]);
            before = after;
        }
    }
}
