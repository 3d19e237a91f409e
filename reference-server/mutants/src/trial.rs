//! Whether the suite notices.
//!
//! In goes a build of the server with a mutant switched on, out comes an [`Outcome`]. The runner is the only witness, and it sees
//! the server from outside, as it sees any target.
//!
//! A machine that is busy makes right servers late, so what fails is tried once more: a mutant is caught when one step fails twice, or four
//! times if it waited before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use serde::Deserialize;

/// How long a run may take before it is ended.
const LIMIT: Duration = Duration::from_mins(4);

/// What was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A must does not hold: the step, and the requirements that it covers.
    Caught(String),
    /// No must, but a should does not hold.
    Told(String),
    /// Nothing, or nothing that could be seen twice.
    Missed(String),
    /// It does not compile.
    Unviable,
}

/// The runner, the suite and the target file.
pub(crate) struct Bench {
    /// The program.
    pub(crate) conformance: PathBuf,
    /// The suite.
    pub(crate) suite: PathBuf,
    /// The target file.
    pub(crate) target: PathBuf,
    /// Where the runs leave their reports.
    pub(crate) folder: PathBuf,
    /// The profiles that are asked when the first have noticed nothing.
    pub(crate) rest: Vec<String>,
}

/// What a run came to.
struct Run {
    /// The exit code; none when it had to be ended.
    exit: Option<i32>,
    failing: Vec<Step>,
}

/// A step of a report.
#[derive(Debug, Deserialize)]
struct Step {
    id: String,
    scenario: String,
    verdict: String,
    milliseconds: f64,
    covers: BTreeMap<String, String>,
}

/// A step of the suite, as the runner lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    profile: String,
}

/// The profiles that are asked first: most errors show in them, and nothing in them waits.
const FIRST: [&str; 3] = ["open", "basic", "session"];

/// A step that takes so long has waited, so that a busy machine may be to blame for what it says.
const WAITS: f64 = 1000.0;

impl Bench {
    /// Reads from the suite which profiles there are.
    ///
    /// # Errors
    /// A sentence, when the runner does not list its steps.
    pub(crate) fn list_profiles(&mut self) -> Result<(), String> {
        let output = Command::new(&self.conformance)
            .args(["list", "--format", "json", "--suite"])
            .arg(&self.suite)
            .output()
            .map_err(|error| format!("{} does not start: {error}", self.conformance.display()))?;
        let steps: Vec<Listed> = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("the suite is not listed: {}", String::from_utf8_lossy(&output.stderr)))?;
        let all: BTreeSet<String> = steps.into_iter().map(|step| step.profile).collect();
        self.rest = all.into_iter().filter(|name| !FIRST.contains(&name.as_str())).collect();
        Ok(())
    }

    /// Runs the suite with a mutant switched on, or with none.
    #[must_use]
    pub(crate) fn try_out(&self, number: Option<usize>) -> Outcome {
        let mut unsteady = String::new();
        for profiles in [FIRST.to_vec(), self.rest.iter().map(String::as_str).collect()] {
            let selection: &[&str] =
                &profiles.iter().flat_map(|name| ["--profile", name]).collect::<Vec<_>>();
            let run = self.run(number, selection);
            if run.failing.is_empty() && run.exit != Some(0) {
                let why =
                    if run.exit.is_some() { "the target cannot be used" } else { "the run does not end" };
                if self.run(number, selection).exit == run.exit {
                    return Outcome::Caught(why.to_owned());
                }
                unsteady = format!("{why}, but once only");
            }
            if let Some(outcome) = run.failing.first().and_then(|step| self.confirm(number, step, selection))
            {
                return outcome;
            }
            if let Some(step) = run.failing.first() {
                unsteady = format!("{} failed once only", step.id);
            }
        }
        Outcome::Missed(unsteady)
    }

    /// Plays the scenario of a failing step again, by itself, and if it holds there the profiles, as before: it may be another
    /// scenario that makes it fail. None when the step holds now.
    fn confirm(&self, number: Option<usize>, step: &Step, profiles: &[&str]) -> Option<Outcome> {
        let alone = ["--filter", step.scenario.as_str()];
        let times = if step.milliseconds < WAITS { 1 } else { 3 };
        let fails = |selection: &[&str]| {
            let again = self.run(number, selection);
            // A target that starts in no profile is one that cannot be used, and alone there is no other profile.
            again.exit == Some(3) || again.failing.iter().any(|own| own.id == step.id)
        };
        if !(0..times).all(|_| fails(&alone)) && !(0..times).all(|_| fails(profiles)) {
            return None;
        }
        let level = if step.is_must() { Outcome::Caught } else { Outcome::Told };
        Some(level(step.said()))
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
        // A must first, since it is what makes the run fail, and what waits for nothing before what does.
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

    fn said(&self) -> String {
        let covers: Vec<&str> = self.covers.keys().map(String::as_str).collect();
        format!("{} {}", self.id, covers.join(" "))
    }
}

/// Waits for the end of a run, and returns its exit code. One that takes too long is told to end, so that it ends its targets, too.
fn ended(mut child: Child) -> io::Result<Option<i32>> {
    let start = Instant::now();
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if told { None } else { status.code() });
        }
        if start.elapsed() > LIMIT && !told {
            Command::new("kill").arg(child.id().to_string()).status()?;
            told = true;
        }
        if start.elapsed() > LIMIT + Duration::from_secs(30) {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
