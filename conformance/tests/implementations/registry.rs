//! Runs the suite for the OCI Distribution Specification against the registry of Debian.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs docker-registry"]
fn docker_registry_differs_only_as_known() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--jobs", "2", "--color", "never", "--suite"])
        .arg(tests.join("suites/oci"))
        .arg("--target")
        .arg(tests.join("targets/docker-registry/target.yaml"))
        .arg("--deviations")
        .arg(tests.join("targets/docker-registry/known.yaml"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
}
