//! The properties of the fuzz targets for escaping and redaction, with random texts of hostile pieces. The texts are the same in
//! each run.

use conformance_engine::redact::Redactor;
use conformance_suite::suite::{Folder, Suite};

use crate::sandbox::Sandbox;

#[path = "../../fuzz/fuzz_targets/property/redact.rs"]
mod redact;
#[path = "../../fuzz/fuzz_targets/property/safe.rs"]
mod safe;

const PIECES: [&str; 72] = [
    "a",
    "B",
    "7",
    "0",
    " ",
    "  ",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "é",
    "ü",
    "日",
    "😀",
    "\u{1b}[31m",
    "\u{1b}[0m",
    "\u{1b}]8;;http://x\u{7}",
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{9b}",
    "\u{85}",
    "\0",
    "\u{7f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffe}",
    "\u{e0041}",
    "\u{a0}",
    "::",
    ":",
    "error",
    "##",
    "#",
    "[",
    "]",
    "vso",
    "teamcity",
    "group",
    "<",
    ">",
    "&",
    "\"",
    "'",
    "`",
    "```",
    "</script>",
    "]]>",
    "|",
    "*",
    "_",
    "=",
    "+",
    "-",
    "@",
    "%",
    "%41",
    "\\",
    "\\n",
    "\\u0041",
    "&amp;",
    "&#65;",
    "=20",
    "$(x)",
    "!",
    "{",
    "}",
    "--",
    "# ",
    ",",
    "redacted",
];

/// A generator of pseudorandom numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self, most: usize) -> String {
        (0..self.below(most)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

#[test]
fn random_text_is_safe_in_every_place() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        safe::holds(&random.text(24));
    }
}

#[test]
fn random_secrets_are_hidden() {
    let sandbox = Sandbox::moody();
    let suite = Suite::load(&Folder::Directory(sandbox.path("suite"))).unwrap();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..200 {
        let (secret, text) = (random.text(16), random.text(16));
        // A redactor of its own knows no secret of another round.
        let redactor = Redactor::new(&suite).hiding([("password", "")]);
        redact::holds(&redactor, &secret, &text);
    }
}
