//! Completes option values in a shell: names of the suite and kinds of reports.
//!
//! The shell runs the program with `CONFORMANCE_COMPLETE` set and the words of its command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _};
use clap_complete::env::{CompleteEnv, Shells};
use conformance_report::report::FORMATS;
use conformance_suite::suite::Suite;

use super::{Options, folder};

/// The variable that asks for candidates.
const VARIABLE: &str = "CONFORMANCE_COMPLETE";

/// Answers a request of a shell and ends the program; returns if this is an ordinary run.
pub(crate) fn answer() {
    CompleteEnv::with_factory(Options::command).var(VARIABLE).complete();
}

/// Returns the script that registers the program as its own completer.
pub(super) fn script(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&shell.to_string()) {
        // Writing to memory does not fail.
        let _ = shell.write_registration(VARIABLE, "conformance", "conformance", "conformance", &mut script);
    }
    // Bash completes file names where the program has nothing to offer.
    String::from_utf8_lossy(&script).replace("-o bashdefault", "-o bashdefault -o default")
}

pub(super) fn stages() -> ArgValueCompleter {
    of_suite(|suite, _| suite.stages.clone())
}

pub(super) fn profiles() -> ArgValueCompleter {
    of_suite(|suite, _| suite.profiles.iter().map(|profile| profile.name.clone()).collect())
}

/// Completes scenarios and requirements, and steps after `SCENARIO::`.
pub(super) fn filters() -> ArgValueCompleter {
    of_suite(|suite, current| {
        let scenarios = suite.scenarios.iter();
        if current.contains("::") {
            let steps = scenarios.flat_map(|scenario| {
                scenario.steps.iter().map(|step| format!("{}::{}", scenario.id, step.id))
            });
            return steps.collect();
        }
        let ids = scenarios.map(|scenario| scenario.id.clone());
        ids.chain(suite.requirements.iter().map(|requirement| requirement.id.to_string())).collect()
    })
}

/// Completes kinds of reports, and paths after `KIND=`.
pub(super) fn reports() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy();
        if let Some((kind, path)) = current.split_once('=') {
            let paths = PathCompleter::any().complete(OsStr::new(path)).into_iter();
            return paths.map(|path| path.add_prefix(format!("{kind}="))).collect();
        }
        let kinds = FORMATS.iter().map(|format| format!("{}=", format.name));
        candidates(kinds.chain(["github".to_owned()]).collect(), &current)
    })
}

fn of_suite(names: fn(&Suite, &str) -> Vec<String>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let current = current.to_string_lossy();
        // A suite that cannot be read has no names; `check` says why.
        let suite = Suite::load(&folder(suite_option().as_ref()));
        suite.map(|suite| candidates(names(&suite, &current), &current)).unwrap_or_default()
    })
}

fn candidates(mut names: Vec<String>, current: &str) -> Vec<CompletionCandidate> {
    names.retain(|name| name.starts_with(current));
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Returns the value of `--suite` on the command line that is being completed. Bash splits words at `=`.
fn suite_option() -> Option<PathBuf> {
    let mut words = std::env::args_os().skip_while(|word| word != "--").skip(2);
    while let Some(word) = words.next() {
        match word.to_string_lossy().strip_prefix("--suite") {
            Some("") => return words.find(|value| value != "=").map(PathBuf::from),
            Some(value) if value.starts_with('=') => return Some(value.trim_start_matches('=').into()),
            _ => {}
        }
    }
    None
}
