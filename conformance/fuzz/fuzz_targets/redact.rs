//! Whatever surrounds a secret, no redacted text contains it, and redaction neither fails nor shows a secret that it has hidden once.
//! The first line of the input is the secret, the rest the text around it.
#![no_main]

use std::sync::LazyLock;

use conformance_suite::suite::Suite;

use conformance_engine::redact::Redactor;
use conformance_suite::json::Json;
use libfuzzer_sys::fuzz_target;

mod bench;

const SCENARIO: &str = "format: 1\ntitle: one\nprofile: open\nsteps:\n  - id: a\n    title: a\n    covers: [A-1.1]\n    \
                        request: {path: /}\n    expect: {status: 200}\n";

static SUITE: LazyLock<Suite> = LazyLock::new(|| bench::load(SCENARIO).expect("a valid suite"));

/// Names of fields that are secret. A text with one of them may be such a name, and names are shown.
const NAMES: [&str; 8] = ["auth", "cookie", "key", "pass", "pwd", "secret", "session", "token"];

fuzz_target!(|input: &str| {
    let Some((secret, text)) = input.split_once('\n') else { return };
    let small = secret.to_lowercase();
    if !(8..=200).contains(&secret.len()) || NAMES.iter().any(|name| small.contains(name)) {
        return;
    }
    // The placeholder would show a part of itself.
    if "<redacted>".contains(secret) || secret.contains("<redacted>") {
        return;
    }
    let redactor = Redactor::new(&SUITE);
    redactor.hide(&Json::from(secret.to_owned()));
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for form in [secret, &encoded] {
        for text in [format!("{text}{form}"), format!("{form}{text}"), format!("{text} {form} {text}")] {
            for shown in [redactor.text(text.as_str()), redactor.lines(text.as_str())] {
                assert!(!shown.contains(form), "{form:?} in {shown:?}");
            }
            let bytes = redactor.bytes(text.clone().into_bytes());
            assert!(!String::from_utf8_lossy(&bytes).contains(form));
            // A mask keeps the length, so that carets stay under their words.
            assert_eq!(redactor.mask(&text).len(), text.len());
        }
    }
});
