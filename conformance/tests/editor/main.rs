//! Tests the JSON schemas in an editor: runs the YAML language server on the files of the suite and on invalid ones.
//!
//! Needs Node and `npm ci` in this folder, so it runs only on request: `cargo test -p conformance-http --test editor -- --ignored`.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs `npm ci` in this folder"]
fn editor_completes_and_validates_scenarios() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new("node")
        .current_dir(package.join("tests/editor"))
        .args(["--test", "editor.test.mjs"])
        .env("FOLDER", package.join("..").canonicalize().unwrap())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{output}{}", String::from_utf8_lossy(&done.stderr));
}
