//! Tests the reports for CI systems, GitHub, browsers and badges, and the comparison table.

mod compare;
mod machines;
mod page;
mod schema;
mod terminal;
mod words;

use std::sync::LazyLock;

use crate::program::Finished;
use crate::sandbox::Sandbox;

/// A run of a target with several failures, with all of its reports.
struct Documents {
    finished: Finished,
    sandbox: Sandbox,
}

/// Runs once for all tests that only read the reports.
static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| {
    let mut sandbox = Sandbox::python().with("FAULT", "user-times-missing");
    let summary = sandbox.path("summary.md").display().to_string();
    sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary);
    let kinds = ["html", "jsonl", "junit", "tap", "badge", "ctrf", "csv", "gradescope", "codegrade"];
    let reports = kinds.map(|kind| format!("--report={kind}={}", sandbox.path(kind).display()));
    let mut arguments = vec!["run", "--jobs", "4", "--report=github"];
    arguments.extend(reports.iter().map(String::as_str));
    arguments.extend([
        "--filter",
        "session/7-login",
        "--filter",
        "session/4-cookie",
        "--filter",
        "basic/0-users",
    ]);
    arguments.extend(["--", "python3", "server.py"]);
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    Documents { finished, sandbox }
});

/// Returns the text of a report.
fn document(kind: &str) -> String {
    DOCUMENTS.sandbox.read(kind)
}
