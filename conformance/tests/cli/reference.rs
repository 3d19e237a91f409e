//! The reference server as a target, with its real programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds the server's programs and writes a target file for them into a folder; returns its path.
pub(crate) fn target_file(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let shipped = fs::read_to_string(root.join("reference-server/target.yaml")).unwrap();
    let server = root.join("reference-server/src");
    let text = shipped
        .replace("../../target/debug", programs().to_str().unwrap())
        .replace("directory: src", &format!("directory: {}", server.display()));
    let file = folder.join("reference-server.yaml");
    fs::write(&file, text).unwrap();
    file
}

/// The folder of the programs. They are built here, because testing this package alone does not build them.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let arguments = ["build", "--quiet", "--package", "reference-server", "--bins", "--examples"];
        assert!(Command::new(env!("CARGO")).args(arguments).status().unwrap().success());
        // The program under test is in target/debug.
        Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap().to_owned()
    })
}
