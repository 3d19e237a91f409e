//! Whatever a document prints: an import says what it left out, and what it wrote can be read.
#![no_main]

use std::io;
use std::path::Path;

use conformance::import::{self, Wanted};
use conformance::source::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted = Wanted { origin: None, profile: None, suite: None, files: &files };
    for name in ["fuzz.md", "fuzz.txt"] {
        match import::document(&Source::new(name, text), &wanted) {
            Ok(import) => {
                let _ = (import.summary(Path::new("suite")), import.complaints(), import.unsure().count());
            }
            Err(wrong) => assert!(!wrong.to_string().is_empty()),
        }
    }
    let _ = import::har(&Source::new("fuzz.har", text), &wanted);
});
