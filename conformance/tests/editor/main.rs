//! The format in an editor: the YAML language server, driven as an editor drives it, over the suite's own files and wrong ones.
//!
//! It needs Node and `npm ci` in this folder, so it runs only when it is asked for:
//! `cargo test -p conformance --test editor -- --ignored`.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs the packages beside it"]
fn an_editor_completes_and_checks_scenarios() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new("node")
        .current_dir(package.join("tests/editor"))
        .args(["--test", "editor.test.mjs"])
        .env("FOLDER", package.join("..").canonicalize().unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
}
