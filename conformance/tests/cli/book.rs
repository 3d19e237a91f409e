//! The book in `docs/`: its commands run and print what the pages show, its links lead somewhere, and its contents are complete.
//!
//! A comment before a code block says what the test does with the block:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- copy: PATH -->` | copies a file, or the content of a folder, of this repository into the folder of the page |
//! | `<!-- file: NAME -->` | the next block is written to this file |
//! | `<!-- exit: 1 -->` | the commands of the next block end with this exit code, not with 0 |
//! | `<!-- until: TEXT -->` | the commands of the next block run in the background; the test waits until they print the text |
//! | `<!-- output -->` | the last commands have printed the lines of the next block, in this order; `…` matches anything |
//!
//! Commands are the blocks marked `sh`. Blocks marked `sh,ignore` do not run, but their flags must exist.
//! `PAGE=name` in the environment runs only one page.

mod commands;
mod contents;
mod examples;
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::conformance_in;

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The Markdown files of the book, without its contents, and the README.
fn pages() -> Vec<PathBuf> {
    let files = fs::read_dir(repository("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<PathBuf> = pages.filter(|path| !path.ends_with("SUMMARY.md")).collect();
    pages.push(repository("README.md"));
    pages.sort();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// The help of a command, or an empty text if there is no such command.
fn help(command: &str) -> String {
    let finished = conformance_in(Path::new("."), &["help", command]);
    if finished.code == Some(0) { finished.stdout } else { String::new() }
}
