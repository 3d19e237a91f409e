//! Writes a static site about several implementations: the table, a page, a badge and a report for each. An earlier site in the folder
//! shows what has changed.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{fleet, tables};
use conformance_engine::jsonl;
use conformance_report::changes::Changes;
use conformance_report::comparison::{Comparison, check_comparable};
use conformance_report::report::{FORMATS, Format};
use conformance_suite::diagnostic::Diagnostic;

/// Folder of the reports in the site.
const REPORTS: &str = "reports";

/// Writes the site. With `force`, suites and selections may differ.
///
/// # Errors
/// A report cannot be read, or a file cannot be written.
pub(crate) fn write(reports: &[PathBuf], folder: &Path, force: bool) -> Result<(), Diagnostic> {
    let mut comparison = Comparison::read(reports, true, force)?;
    let names: Vec<String> = comparison.implementations.iter().map(|one| one.name.clone()).collect();
    let files = fleet::file_names(&names);
    for ((path, file), one) in reports.iter().zip(&files).zip(&mut comparison.implementations) {
        let run = jsonl::read_run(path)?;
        let earlier = folder.join(REPORTS).join(format!("{file}.jsonl"));
        if earlier.is_file() {
            let before = jsonl::read_run(&earlier)?;
            // A new version of the suite says nothing about the implementation.
            let comparable = check_comparable((&earlier, &before.header), (path, &run.header)).is_ok();
            one.changes = comparable.then(|| Changes::of(&before, &run));
        }
        let places = [
            (format("html")?, folder.join(format!("{file}.html"))),
            (format("badge")?, folder.join(format!("{file}.svg"))),
            (Format::json_lines(), earlier),
        ];
        crate::reports::replay(run, &mut crate::reports::files(&places)?)
            .map_err(|error| crate::reports::unwritable(folder, &error))?;
        one.page = tables::link(folder, &folder.join(format!("{file}.html")));
        one.badge = tables::link(folder, &folder.join(format!("{file}.svg")));
    }
    remove_gone(folder, &files)?;
    tables::write(&comparison, folder)
}

/// Removes the page and the badge of each implementation of the earlier site that has no report now. Its report stays: if the
/// implementation returns, the site shows what changed.
fn remove_gone(folder: &Path, files: &[String]) -> Result<(), Diagnostic> {
    for report in tables::earlier(&folder.join(REPORTS)) {
        let Some(file) = report.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { continue };
        if files.contains(&file) {
            continue;
        }
        for kind in ["html", "svg"] {
            let path = folder.join(format!("{file}.{kind}"));
            match fs::remove_file(&path) {
                Ok(()) => crate::reports::say(&format!("removed {}: it has no report now", path.display())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(crate::reports::unwritable(&path, &error)),
            }
        }
    }
    Ok(())
}

fn format(name: &str) -> Result<&'static Format, Diagnostic> {
    let format = FORMATS.iter().find(|format| format.name == name);
    format.ok_or_else(|| Diagnostic::new(format!("this program has no report `{name}`")))
}
