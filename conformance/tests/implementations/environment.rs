//! Locates the implementations and creates a virtual environment for each Flask version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a virtual environment with these packages; creates it if necessary.
pub(crate) fn environment(requirements: &Path) -> PathBuf {
    let wanted = fs::read_to_string(requirements).unwrap();
    let name = requirements.file_stem().unwrap().to_string_lossy().into_owned();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).ok().as_ref() == Some(&wanted) {
        return folder;
    }
    let run = |program: &Path, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).status().unwrap();
        assert!(status.success(), "{} {arguments:?}: {status}", program.display());
    };
    let (path, list) = (folder.to_str().unwrap(), requirements.to_str().unwrap());
    run(Path::new("python3"), &["-m", "venv", "--clear", path]);
    run(&folder.join("bin/pip"), &["install", "--quiet", "--disable-pip-version-check", "-r", list]);
    fs::write(installed, wanted).unwrap();
    folder
}

/// Returns the folder of an implementation.
pub(crate) fn targets(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(name)
}
