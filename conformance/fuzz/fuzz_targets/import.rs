//! Whatever a document contains, the import reports what it left out, and the suite that it writes loads.
#![no_main]

use std::io;
use std::path::Path;

use conformance_convert::import::{self, Import, Wanted};
use conformance_suite::source::Source;
use conformance_suite::suite::{Folder, Suite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted = Wanted { origin: None, profile: None, suite: None, files: &files, shape: false, present: &|_| None };
    for name in ["fuzz.md", "fuzz.txt"] {
        match import::document(&Source::new(name, text), &wanted) {
            Ok(import) => check(&import),
            Err(wrong) => assert!(!wrong.to_string().is_empty()),
        }
    }
    match import::har(&Source::new("fuzz.har", text), &wanted) {
        Ok(import) => check(&import),
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
    }
});

fn check(import: &Import) {
    let _ = (import.summary(Path::new("suite")), import.complaints(), import.unsure().count());
    if import.exchanges == 0 {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in &import.files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    if let Err(wrong) = Suite::load(&Folder::Directory(folder.path().to_owned())) {
        panic!("{wrong}\n{}", import.files.iter().map(|(_, text)| text.as_str()).collect::<String>());
    }
}
