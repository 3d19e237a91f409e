//! Waits until files change, for `run --watch`.
//!
//! It looks again and again rather than asking the system to tell: that holds on every file system, and a suite and an
//! implementation are small.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The files under some folders, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

/// How long it rests between two looks.
const REST: Duration = Duration::from_millis(300);
/// Folders that no one edits by hand.
const LEFT_OUT: [&str; 5] = ["node_modules", "__pycache__", "venv", "target", "env"];
/// More files than these are not looked at.
const MOST: usize = 20_000;

impl Snapshot {
    /// Looks at the files under `places`, but for hidden ones, those that nobody edits by hand, and `but`.
    #[must_use]
    pub fn take(places: &[PathBuf], but: &[PathBuf]) -> Self {
        let but: BTreeSet<PathBuf> = but.iter().map(|path| absolute(path)).collect();
        let mut snapshot = Self::default();
        for place in places {
            snapshot.look(&absolute(place), &but);
        }
        snapshot
    }

    /// Returns the files that are not as they were before.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        let changed = self.0.iter().filter(|(path, state)| before.0.get(*path) != Some(*state));
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).cloned().collect()
    }

    fn look(&mut self, path: &Path, but: &BTreeSet<PathBuf>) {
        let Ok(about) = path.symlink_metadata() else { return };
        if self.0.len() >= MOST || but.contains(path) {
            return;
        }
        if !about.is_dir() {
            self.0.insert(path.to_owned(), (about.modified().ok(), about.len()));
            return;
        }
        let Ok(entries) = path.read_dir() else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()) {
                self.look(&entry.path(), but);
            }
        }
    }
}

/// Waits until something under `places` is not as it was `before`, and has come to rest; returns what changed.
pub async fn changed(before: &Snapshot, places: &[PathBuf], but: &[PathBuf]) -> Vec<PathBuf> {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(REST).await;
        let now = Snapshot::take(places, but);
        let changed = now.changed_since(before);
        // An editor writes a file in several goes.
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
    fn what_is_new_other_or_gone_has_changed_and_a_report_has_not() {
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
}
