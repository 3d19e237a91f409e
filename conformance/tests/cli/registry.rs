//! The suite for the OCI Distribution Specification, against a small registry that implements all of it. `--test implementations` runs it against
//! the registry of Debian.

use std::collections::BTreeSet;

use crate::events::{self, RunReport};
use crate::program::{conformance_in, copy, data};
use crate::sandbox::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    copy(&data("../suites/oci"), &sandbox.path("suite"));
    copy(&data("../targets/registry"), &sandbox.path("implementation"));
    sandbox
}

fn run(options: &[&str], fault: &str) -> RunReport {
    events::run(
        &sandbox(),
        &[&["run", "--suite", "../suite"], options, &["--", "python3", "registry.py", fault]].concat(),
    )
}

#[test]
fn oci_suite_has_no_warnings() {
    let finished = conformance_in(&data("../suites/oci"), &["check", "--strict", "--suite", "."]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
}

#[test]
fn warns_of_a_status_alone_unless_the_sentence_ends_in_it() {
    let sandbox = sandbox();
    let register = sandbox.read("suite/requirements.yaml");
    let longer = register.replace("GET /v2/ returns 200.", "GET /v2/ returns 200 and an empty page.");
    sandbox.write("suite/requirements.yaml", &longer);
    let finished = sandbox.run(&["check", "--suite", "../suite"]);
    let warnings: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(warnings, ["warning: the steps that cover the requirement `SUPPORT.1` check only the status"]);
}

#[test]
fn complete_registry_passes_every_step_but_those_for_other_registries() {
    let report = run(&["--jobs", "2"], "");
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    let others: BTreeSet<&str> =
        report.verdicts().into_iter().filter(|(_, verdict)| *verdict != "pass").map(|(id, _)| id).collect();
    let refused = ["push/single-post-refused::started", "push/single-post-refused::finish"];
    assert_eq!(others, BTreeSet::from(refused));
}

#[test]
fn each_fault_of_a_registry_is_found_by_the_requirement_that_forbids_it() {
    for (fault, requirement, scenario) in [
        ("one-session", "PUSH-BLOB.7", "push/blobs"),
        ("any-digest", "PUSH-BLOB.8", "push/blobs"),
        ("range-beyond", "PUSH-CHUNK.4", "push/chunks"),
        ("any-order", "PUSH-CHUNK.6", "push/chunks-gap"),
        ("no-spaces", "PUSH-MANIFEST.4", "push/manifests"),
        ("other-code", "PUSH.2", "push/subject"),
        ("by-bytes", "TAGS.4", "discovery/tags-case"),
        ("n-zero", "TAGS.8", "discovery/tags"),
        ("no-subject", "SUBJECT.1", "discovery/referrers"),
        ("no-types", "REFERRERS.6", "discovery/referrers"),
        ("no-annotations", "REFERRERS.9", "discovery/referrers"),
        ("silent-filter", "REFERRERS.13", "discovery/referrers"),
    ] {
        let report = run(&["--filter", scenario], fault);
        assert_eq!(report.finished.code, Some(1), "{fault}: {}", report.finished.stdout);
        assert_eq!(report.requirement(requirement)["verdict"], "fail", "{fault}: {}", report.finished.stdout);
    }
}
