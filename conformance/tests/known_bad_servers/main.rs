//! Verifies that the suite detects errors: runs it against a correct server with one fault at a time.
//!
//! `targets/python/faults.py` implements the faults. For each, `servers.yaml` names the profile in which it is visible, the requirement
//! that must detect it, and other requirements that fail because of it. A trial fails if more or fewer requirements fail. A fault that is
//! visible in several ways has several entries, such as `password-md5@open`.
//!
//! `cargo test --test known_bad_servers logout` runs the trials with `logout` in their name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use conformance::suite::{Folder, Suite};
use conformance::target::{self, Target};
use conformance_engine::deviation::Deviations;
use conformance_engine::event::{Event, Footer, Record};
use conformance_engine::http::Transport;
use conformance_engine::redact::Redactor;
use conformance_engine::run::{Interrupt, Options, Runner};
use conformance_engine::verdict::Verdict;
use conformance_report::report::cause;
use conformance_suite::plan::{Plan, Selection};
use conformance_suite::source::Source;
use conformance_suite::template::Text;
use conformance_suite::yaml::{self, Ordered};
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use tokio::runtime::Runtime;

/// The content of `servers.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    servers: Ordered<KnownBadServer>,
}

/// A known-bad server.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownBadServer {
    /// The profile in which a client can see the fault.
    profile: String,
    /// Other profiles of the same run.
    #[serde(default)]
    with: Vec<String>,
    /// The stage to judge; default: the last one.
    stage: Option<String>,
    /// The requirement that must detect the fault.
    #[serde(default)]
    caught: Vec<String>,
    /// Other requirements that fail because of the fault.
    #[serde(default)]
    also: Vec<String>,
    /// Requirements that may fail, depending on chance.
    #[serde(default)]
    sometimes: Vec<String>,
    /// The steps that must be inconclusive, and no others.
    inconclusive: Option<Vec<String>>,
    /// The requirements that must pass, not be skipped or inconclusive.
    #[serde(default)]
    passes: Vec<String>,
    /// The exit code, if it matters.
    exit: Option<u16>,
    /// The requirement of the first failure shown, if it matters.
    leads: Option<String>,
    /// Whether the fault keeps the server from starting, so that nothing can be judged.
    #[serde(default)]
    stops: bool,
}

/// What all trials share.
struct Bench {
    suite: Arc<Suite>,
    target: PathBuf,
    /// The search path for programs.
    path: String,
    runtime: Runtime,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Trials mostly wait, so run more of them than there are processors.
    arguments.test_threads.get_or_insert(6);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known_bad_servers");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let suite = Suite::load(&Folder::Directory(scenarios)).expect("the suite loads");
    let runtime = Runtime::new().expect("a runtime starts");
    let bench = Arc::new(Bench {
        suite: Arc::new(suite),
        target: here.join("target.yaml"),
        path: path_with_python_first(),
        runtime,
    });
    let text = std::fs::read_to_string(here.join("servers.yaml")).expect("the table can be read");
    let table: Table = yaml::read(&Source::new("servers.yaml", text)).expect("the table is one");

    let mut trials = vec![Trial::test("every-fault-is-in-the-table", {
        let named = table.servers.0.iter().map(|(name, _)| fault_of(&name.value).to_owned());
        let named: BTreeSet<String> = named.collect();
        move || the_table_is_whole(&named)
    })];
    for profile in &bench.suite.profiles {
        let right = KnownBadServer { profile: profile.name.clone(), ..KnownBadServer::default() };
        let bench = Arc::clone(&bench);
        trials.push(Trial::test(format!("right@{}", profile.name), move || try_out(&bench, "", &right)));
    }
    for (name, server) in table.servers.0 {
        let bench = Arc::clone(&bench);
        let title = if name.value.contains('@') {
            name.value.clone()
        } else {
            format!("{}@{}", name.value, server.profile)
        };
        trials.push(Trial::test(title, move || try_out(&bench, fault_of(&name.value), &server)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Returns the fault of an entry: the part before the `@`.
fn fault_of(name: &str) -> &str {
    name.split_once('@').map_or(name, |(fault, _)| fault)
}

/// Returns the search path, with the folder of the real `python3` interpreter first.
///
/// Version managers replace it by a script that takes several times as long to start, and a trial starts up to a dozen servers.
fn path_with_python_first() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let printed = Command::new("python3").args(["-S", "-c", "import sys; print(sys.executable)"]).output();
    let executable = printed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match executable.as_deref().map(Path::new).ok().and_then(Path::parent) {
        Some(folder) if folder.is_absolute() => format!("{}:{path}", folder.display()),
        _ => path,
    }
}

/// Checks that the table lists exactly the faults of the server.
fn the_table_is_whole(named: &BTreeSet<String>) -> Result<(), Failed> {
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets/python/faults.py");
    let printed = Command::new("python3").arg(faults).output()?;
    let printed = String::from_utf8(printed.stdout)?;
    let faults: BTreeSet<String> =
        printed.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect();
    let differing: Vec<&String> = faults.symmetric_difference(named).collect();
    if differing.is_empty() {
        Ok(())
    } else {
        Err(format!("in one and not in the other: {differing:?}").into())
    }
}

/// Runs the suite against the server with one fault, or with none.
fn try_out(bench: &Bench, fault: &str, server: &KnownBadServer) -> Result<(), Failed> {
    let (footer, failures) = bench.run(fault, server)?;
    let with = |is: &dyn Fn(Verdict) -> bool| -> BTreeSet<&str> {
        let standings = footer.requirements.iter().filter(|standing| standing.verdict.is_some_and(is));
        standings.map(|standing| standing.id.as_str()).collect()
    };
    let failing = with(&|verdict| verdict >= Verdict::Fail);
    let passing = with(&|verdict| verdict == Verdict::Pass);
    if server.stops {
        // Exit code 3: the target cannot be used.
        return if failing.is_empty() && footer.exit == 3 {
            Ok(())
        } else {
            Err(format!("it should not start; exit {}, failing: {failing:?}", footer.exit).into())
        };
    }
    let expected: BTreeSet<&str> = server.caught.iter().chain(&server.also).map(String::as_str).collect();
    let mut wrong = Vec::new();
    for id in expected.difference(&failing) {
        wrong.push(format!("{id} should have caught it"));
    }
    let sometimes = |id: &str| server.sometimes.iter().any(|own| own == id);
    for id in failing.difference(&expected).filter(|id| !sometimes(id)) {
        wrong.push(format!("{id} is blamed too"));
    }
    for id in server.passes.iter().filter(|id| !passing.contains(id.as_str())) {
        wrong.push(format!("{id} should pass"));
    }
    if let Some(inconclusive) = &server.inconclusive {
        let expected: BTreeSet<&str> = inconclusive.iter().map(String::as_str).collect();
        let found = with(&|verdict| verdict == Verdict::Inconclusive);
        if found != expected {
            wrong.push(format!("inconclusive: {found:?}; expected {expected:?}"));
        }
    }
    if let Some(exit) = server.exit.filter(|exit| *exit != u16::from(footer.exit)) {
        wrong.push(format!("the exit code is {}, and not {exit}", footer.exit));
    }
    if let Some(leads) = &server.leads {
        let causes = cause::causes(&failures, &footer.requirements);
        let first = causes.first().and_then(|cause| cause.records.first());
        if !first.is_some_and(|record| record.covers.contains_key(leads)) {
            wrong.push(format!("the first failure shown is {:?}", first.map(|record| &record.id)));
        }
    }
    if !fault.is_empty() && server.caught.is_empty() {
        wrong.push("no requirement is named that has to catch it".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

impl Bench {
    /// Runs the suite; returns its output and the failed steps.
    fn run(&self, fault: &str, server: &KnownBadServer) -> Result<(Footer, Vec<Record>), Failed> {
        let mut target = target::load(&self.target, &self.suite).map_err(|wrong| wrong.to_string())?;
        if let Target::Programs { program, profiles, .. } = &mut target {
            let all = program.as_deref_mut().into_iter().chain(profiles.values_mut().flatten());
            for program in all {
                program.env.push(("FAULT".to_owned(), Text::literal(fault)));
                program.env.push(("PATH".to_owned(), Text::literal(&self.path)));
            }
        }
        let profiles = std::iter::once(&server.profile).chain(&server.with).cloned().collect();
        let selection = Selection { profiles, stage: server.stage.clone(), ..Selection::default() };
        let plan = Plan::new(Arc::clone(&self.suite), &selection).map_err(|error| error.to_string())?;
        // Run one scenario at a time, so that an effect on the target is not blamed on another scenario.
        let transport = Transport { limit: Duration::from_secs(5), ..Transport::default() };
        let redactor = Redactor::none();
        let (deviations, interrupt) = (Deviations::default(), Interrupt::default());
        let options = Options {
            jobs: 1,
            transport,
            redactor,
            deviations,
            shows_passes: false,
            interrupt,
            responses: None,
            seed: 0,
            fail_fast: false,
            deadline: None,
            described: None,
        };
        let mut failures = Vec::new();
        let footer = self.runtime.block_on(async {
            let (mut run, mut footer) = (Runner::start(plan, &target, options), None);
            while let Some(event) = run.next().await {
                match event {
                    Event::Step(record) if record.verdict > Verdict::Pass => {
                        failures.push(Record::clone(&record));
                    }
                    Event::Footer(last) => footer = Some(last),
                    _ => {}
                }
            }
            footer
        });
        Ok((footer.ok_or("the run has no footer")?, failures))
    }
}
