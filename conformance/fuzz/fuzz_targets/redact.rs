//! Whatever surrounds a secret, no redacted text contains it, and redaction neither fails nor shows a secret that it has hidden once.
//! Fields with a secret name are hidden whatever their value is. The first line of the input is the secret, the rest the text around it.
#![no_main]

use std::sync::LazyLock;

use conformance_engine::redact::Redactor;
use conformance_suite::suite::Suite;
use libfuzzer_sys::fuzz_target;

mod bench;
#[path = "property/redact.rs"]
mod property;

const SCENARIO: &str = "format: 1\ntitle: one\nprofile: open\nsteps:\n  - id: a\n    title: a\n    covers: [A-1.1]\n    \
                        request: {path: /}\n    expect: {status: 200}\n";

static SUITE: LazyLock<Suite> = LazyLock::new(|| bench::load(SCENARIO).expect("a valid suite"));

fuzz_target!(|input: &str| {
    let Some((secret, text)) = input.split_once('\n') else { return };
    property::holds(&Redactor::new(&SUITE), secret, text);
});
