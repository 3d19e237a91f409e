//! A target that starts in one profile and not in another, and one that starts in none.

use crate::events;
use crate::sandbox::Sandbox;

#[test]
fn a_target_that_starts_in_one_profile_only_fails_what_is_said_of_the_other() {
    let told =
        events::run(&Sandbox::odd(), &["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    assert_eq!(told.finished.code, Some(1));
    assert_eq!(told.step("desk/1-left::answers")["verdict"], "pass");
    assert_eq!(told.step("desk/3-guests::ann")["verdict"], "pass");
    for step in ["desk/2-right::answers", "desk/2-right::again"] {
        let step = told.step(step);
        assert_eq!(step["verdict"], "fail");
        let reason = "the target exited with status 1 before it answered: OSError: the right half is locked";
        assert_eq!(step["reason"], reason);
        assert_eq!(step["printed"], "OSError: the right half is locked");
    }
}

#[test]
fn a_profile_that_does_not_start_is_told_once_with_the_last_words_of_the_target() {
    let finished = Sandbox::odd().run(&["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    let words = "before it answered: OSError: the right half is locked";
    assert!(finished.stdout.contains(words), "{}", finished.stdout);
    assert!(finished.stdout.contains("printed   OSError: the right half is locked"), "{}", finished.stdout);
}

#[test]
fn a_target_that_starts_first_in_the_later_profile_fails_the_earlier_one() {
    // The verdict on the first profile is known only when the second has come up.
    let sandbox = Sandbox::odd();
    sandbox.write(
        "implementation/target.yaml",
        "format: 1\ntitle: right only\ncommand: python3 odd.py\nprofiles:\n  left: {command: python3 odd.py lacks}\n",
    );
    let told = events::run(&sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(told.finished.code, Some(1));
    assert_eq!(told.step("desk/1-left::answers")["verdict"], "fail");
    assert_eq!(told.step("desk/2-right::answers")["verdict"], "pass");
}

#[test]
fn a_package_that_is_not_installed_is_the_first_that_is_told() {
    let finished = Sandbox::odd().run(&["run", "--suite", "../suite", "--", "python3", "odd.py", "lacks"]);
    assert_eq!(finished.code, Some(3));
    let told = finished.stdout.lines().find(|line| line.starts_with("INCONCLUSIVE")).unwrap();
    assert_eq!(
        told,
        "INCONCLUSIVE 6 steps in left, right: the target exited with status 1 before it answered: \
         ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    );
}
