//! Whatever a curl command says: it is refused with a caret, or it is a request whose command says the same again.
#![no_main]

use std::io;

use conformance::curl;
use conformance::source::{Source, Span};
use conformance::template::Scope;
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "http://0.0.0.0:5000";

fuzz_target!(|text: &str| {
    for line in text.lines() {
        let source = Source::new("fuzz", line);
        let place = source.place(Span::new(0, line.len()));
        let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
        match curl::parse(line, ORIGIN, &files, &place) {
            Err(wrong) => assert!(!wrong.to_string().is_empty()),
            Ok(request) => {
                let Ok(prepared) = request.prepare(&Scope::default()) else { continue };
                let _ = curl::render(&prepared, ORIGIN);
            }
        }
    }
});
