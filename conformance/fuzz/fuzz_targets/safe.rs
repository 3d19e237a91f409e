//! Whatever a text contains, it is safe in the place for which it was escaped: no line of a log is a command, no control character
//! reaches a terminal or a shell, no markup ends an element, no comment line ends a comment.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "property/safe.rs"]
mod property;

fuzz_target!(|text: &str| property::holds(text));
