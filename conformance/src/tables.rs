//! Writes the tables of several implementations: a page, and two CSV files.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Component, Path, PathBuf};

use conformance_report::comparison::Comparison;
use conformance_report::report::{self, grades};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::percent_encode;

/// The page.
pub(crate) const PAGE: &str = "index.html";
/// A row for each implementation, with the outcome of each requirement.
const RESULTS: &str = "results.csv";
/// A row for each implementation, with its points.
const GRADES: &str = "grades.csv";

/// Writes the tables into a folder.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(comparison: &Comparison, folder: &Path) -> Result<(), Diagnostic> {
    let one = |name: &str, document: fn(&Comparison, &mut dyn std::io::Write) -> std::io::Result<()>| {
        let path = folder.join(name);
        report::write_file(&path, |out| document(comparison, out))
            .map_err(|error| crate::reports::unwritable(&path, &error))
    };
    one(PAGE, report::html::matrix::write)?;
    one(RESULTS, grades::results)?;
    one(GRADES, grades::grades)
}

/// Returns the tables and the JSON Lines reports that an earlier run has written into a folder.
pub(crate) fn earlier(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_file() && is_written(path)).collect();
    found.sort();
    found
}

fn is_written(path: &Path) -> bool {
    let named = |name: &str| path.file_name().is_some_and(|own| own == name);
    let is_stream = path.extension().is_some_and(|extension| extension == "jsonl");
    [PAGE, RESULTS, GRADES].into_iter().any(named) || (is_stream && begins_with_header(path))
}

fn begins_with_header(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut line = Vec::new();
    let read = BufReader::new(file.take(64)).read_until(b',', &mut line);
    read.is_ok() && line.starts_with(b"{\"event\":\"header\"")
}

/// Returns a link from a page in `folder` to a file; none if no relative path exists.
pub(crate) fn link(folder: &Path, file: &Path) -> Option<String> {
    let (folder, file) = (std::path::absolute(folder).ok()?, std::path::absolute(file).ok()?);
    let (folder, file) = (plain(&folder), plain(&file));
    let common = folder.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = file.components().skip(common).map(|part| percent_encode(&part.as_os_str().to_string_lossy()));
    Some(up.chain(down).collect::<Vec<_>>().join("/"))
}

fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_to_the_folder() {
        let link = |folder: &str, file: &str| link(Path::new(folder), Path::new(file)).expect("a link");
        assert_eq!(link("/a/b", "/a/c/d e.html"), "../c/d%20e.html");
        assert_eq!(link("/a/b", "/a/b/../b/x.html"), "x.html");
        assert_eq!(link("kept", "out/x.html"), "../out/x.html");
    }
}
