//! Runs the suite against a mutant and decides whether the suite catches it.
//!
//! The runner sees the server only from outside, as it sees any target.
//!
//! On a busy machine a correct server may respond too late, so a failure is repeated: a mutant is caught if the same
//! step fails twice, or four times if the step took long before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use serde::Deserialize;

/// The maximum duration of a run.
const LIMIT: Duration = Duration::from_mins(4);

/// The outcome of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A must fails: the step and its requirements.
    Caught(String),
    /// No must fails, but a should does.
    Reported(String),
    /// Nothing failed, or no failure could be repeated.
    Missed(String),
    /// The mutant does not compile.
    Unviable,
}

/// The runner, the suite and the target file.
pub(crate) struct Bench {
    /// The runner program.
    pub(crate) conformance: PathBuf,
    pub(crate) suite: PathBuf,
    pub(crate) target: PathBuf,
    /// The folder for the reports of the runs.
    pub(crate) folder: PathBuf,
    /// The profiles to run if the first ones catch nothing.
    pub(crate) rest: Vec<String>,
}

/// The result of a run.
struct Run {
    /// The exit code; `None` if the run was killed.
    exit: Option<i32>,
    failing: Vec<Step>,
}

/// A step result from a report.
#[derive(Debug, Deserialize)]
struct Step {
    id: String,
    scenario: String,
    verdict: String,
    milliseconds: f64,
    covers: BTreeMap<String, String>,
}

/// A step as the runner lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    profile: String,
}

/// The profiles to run first: most mutants fail there, and these profiles never wait.
const FIRST: [&str; 3] = ["open", "basic", "session"];

/// A step of at least this many milliseconds has waited, so a busy machine may be the cause of its failure.
const WAITS: f64 = 1000.0;

impl Bench {
    /// Reads the names of the profiles from the suite.
    ///
    /// # Errors
    /// A message if the runner cannot list the steps.
    pub(crate) fn list_profiles(&mut self) -> Result<(), String> {
        let output = Command::new(&self.conformance)
            .args(["list", "--format", "json", "--suite"])
            .arg(&self.suite)
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.conformance.display()))?;
        let steps: Vec<Listed> = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("cannot list the suite: {}", String::from_utf8_lossy(&output.stderr)))?;
        let all: BTreeSet<String> = steps.into_iter().map(|step| step.profile).collect();
        self.rest = all.into_iter().filter(|name| !FIRST.contains(&name.as_str())).collect();
        Ok(())
    }

    /// Runs the suite with one mutant switched on, or with none.
    #[must_use]
    pub(crate) fn try_out(&self, number: Option<usize>) -> Outcome {
        let mut unsteady = String::new();
        for profiles in [FIRST.to_vec(), self.rest.iter().map(String::as_str).collect()] {
            let selection: &[&str] =
                &profiles.iter().flat_map(|name| ["--profile", name]).collect::<Vec<_>>();
            let run = self.run(number, selection);
            if run.failing.is_empty() && run.exit != Some(0) {
                let why = if run.exit.is_some() { "the target is unusable" } else { "the run timed out" };
                if self.run(number, selection).exit == run.exit {
                    return Outcome::Caught(why.to_owned());
                }
                unsteady = format!("{why}, but only once");
            }
            if let Some(outcome) = run.failing.first().and_then(|step| self.confirm(number, step, selection))
            {
                return outcome;
            }
            if let Some(step) = run.failing.first() {
                unsteady = format!("{} failed only once", step.id);
            }
        }
        Outcome::Missed(unsteady)
    }

    /// Repeats the scenario of a failing step alone, and, if it passes alone, the whole profiles, because another
    /// scenario may be the cause. `None` if the step passes now.
    fn confirm(&self, number: Option<usize>, step: &Step, profiles: &[&str]) -> Option<Outcome> {
        let alone = ["--filter", step.scenario.as_str()];
        let times = if step.milliseconds < WAITS { 1 } else { 3 };
        let fails = |selection: &[&str]| {
            let again = self.run(number, selection);
            // Exit code 3: the target starts in no profile; alone, a scenario has only one profile.
            again.exit == Some(3) || again.failing.iter().any(|own| own.id == step.id)
        };
        if !(0..times).all(|_| fails(&alone)) && !(0..times).all(|_| fails(profiles)) {
            return None;
        }
        let level = if step.is_must() { Outcome::Caught } else { Outcome::Reported };
        Some(level(step.summary()))
    }

    fn run(&self, number: Option<usize>, selection: &[&str]) -> Run {
        let name = number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        let report = self.folder.join(format!("{name}.jsonl"));
        let mut command = Command::new(&self.conformance);
        command
            .arg("run")
            .arg("--suite")
            .arg(&self.suite)
            .arg("--target")
            .arg(&self.target)
            .args(["--jobs", "16", "--timeout", "5s", "--quiet", "--report"])
            .arg(format!("jsonl={}", report.display()))
            .env("MUTANT", &name)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.args(selection);
        let exit = command.spawn().ok().and_then(|child| ended(child).ok().flatten());
        let text = fs::read_to_string(&report).unwrap_or_default();
        let _ = fs::remove_file(&report);
        let steps = text.lines().filter_map(|line| serde_json::from_str::<Step>(line).ok());
        let mut failing: Vec<Step> = steps.filter(Step::counts).collect();
        // A must first, because it makes the run fail; then steps that do not wait.
        failing.sort_by_key(|step| (!step.is_must(), step.milliseconds >= WAITS));
        Run { exit, failing }
    }
}

impl Step {
    fn counts(&self) -> bool {
        let may = !self.covers.is_empty() && self.covers.values().all(|level| level == "may");
        matches!(self.verdict.as_str(), "fail" | "error") && !may
    }

    fn is_must(&self) -> bool {
        self.covers.is_empty() || self.covers.values().any(|level| level == "must")
    }

    fn summary(&self) -> String {
        let covers: Vec<&str> = self.covers.keys().map(String::as_str).collect();
        format!("{} {}", self.id, covers.join(" "))
    }
}

/// Waits for the end of a run and returns its exit code. A run that takes too long gets a SIGTERM, so that it also ends
/// its targets.
fn ended(mut child: Child) -> io::Result<Option<i32>> {
    let start = Instant::now();
    let mut terminated = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if terminated { None } else { status.code() });
        }
        if start.elapsed() > LIMIT && !terminated {
            Command::new("kill").arg(child.id().to_string()).status()?;
            terminated = true;
        }
        if start.elapsed() > LIMIT + Duration::from_secs(30) {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
