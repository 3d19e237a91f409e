//! Runs the suite of this repository against the reference server, with one trial for each scenario.
//!
//! To test another server: `CONFORMANCE_TARGET=URL CONFORMANCE_PROFILE=session cargo test --test suites`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use conformance::harness;
use conformance::suite::{Folder, Suite};
use conformance::target::{self, Target};
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    harness::main(&Folder::Directory(root.join("scenarios")), |suite| reference_server(&root, suite))
}

/// Returns the target file of the repository, with the paths of the programs of this build.
fn reference_server(root: &Path, suite: &Suite) -> Result<Target, Diagnostics> {
    let programs = build()?;
    let shipped = root.join("reference-server/target.yaml");
    let text = std::fs::read_to_string(&shipped).map_err(|error| Diagnostic::new(error.to_string()))?;
    let file = programs.join("reference-server-under-test.yaml");
    let text = text.replace("../../target/debug", &programs.display().to_string());
    let text = text
        .replace("directory: src", &format!("directory: {}", root.join("reference-server/src").display()));
    std::fs::write(&file, text).map_err(|error| Diagnostic::new(error.to_string()))?;
    target::load(&file, suite)
}

/// Builds the programs of the server and returns their folder; `cargo test` of this package does not build them.
fn build() -> Result<PathBuf, Diagnostic> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "reference-server", "--bins", "--examples"])
        .status()
        .map_err(|error| Diagnostic::new(format!("cargo does not start: {error}")))?;
    if !built.success() {
        return Err(Diagnostic::new("the reference server does not build"));
    }
    let this = std::env::current_exe().map_err(|error| Diagnostic::new(error.to_string()))?;
    // This program is in target/debug/deps.
    let folder = this.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    Ok(folder.to_owned())
}
