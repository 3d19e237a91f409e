//! Helper that loads a suite from a folder, with one file from the fuzzer.

use std::path::Path;
use std::sync::OnceLock;

use conformance_suite::diagnostic::Diagnostics;
use conformance_suite::suite::{Folder, Suite};
use tempfile::TempDir;

const MANIFEST: &str = r#"format: 1
title: fuzz
origin: http://0.0.0.0:5000
stages: [one, two]
launch:
  ready: curl "http://0.0.0.0:5000/status"
profiles:
  open: {title: open}
  basic: {title: basic}
  session: {title: session, output: {user_id: 'id (\S+)'}}
features: [uploads]
fixtures:
  bob: {id: 1, email: bob@example.org, password: secret}
  ada: {id: 2, email: ada@example.org, password: "it's", last_name: null}
"#;
const REGISTER: &str = "format: 1\nrequirements:\n  - {id: A-1.1, level: must, clause: \"1\", text: It answers.}\n";

/// Loads the suite with this text as its only scenario.
pub fn load(scenario: &str) -> Result<Suite, Diagnostics> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("suite.yaml", MANIFEST);
        write("requirements.yaml", REGISTER);
        std::fs::create_dir(folder.path().join("story")).expect("a folder");
        folder
    });
    let path: &Path = folder.path();
    std::fs::write(path.join("story/one.yaml"), scenario).expect("a file");
    Suite::load(&Folder::Directory(path.to_owned()))
}
