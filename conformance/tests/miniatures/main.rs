//! Proves that the suite bites: one right server, made wrong in one way at a time.
//!
//! `targets/python/faults.py` holds the errors; `miniatures.yaml` names for each the profile in which a client can see it, the
//! requirement that has to catch it, and those that truly do not hold either because of it. A trial runs the suite in that profile
//! against the server with that one fault, and fails when other requirements do not hold than these, or fewer.
//!
//! `cargo test --test miniatures logout` tries those whose name has `logout` in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use conformance::deviation::Deviations;
use conformance::event::Footer;
use conformance::exchange::Transport;
use conformance::plan::{Plan, Selection};
use conformance::redact::Redactor;
use conformance::run::{self, Interrupt, Options};
use conformance::source::Source;
use conformance::suite::{Folder, Suite};
use conformance::target::{self, Target};
use conformance::template::Text;
use conformance::verdict::Verdict;
use conformance::yaml::{self, Ordered};
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use tokio::runtime::Runtime;

/// The table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    miniatures: Ordered<Miniature>,
}

/// One wrong server.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Miniature {
    /// The profile in which a client can see it.
    profile: String,
    /// What has to catch it.
    #[serde(default)]
    caught: Vec<String>,
    /// What does not hold either because of it.
    #[serde(default)]
    also: Vec<String>,
    /// What may show it too, as chance will have it.
    #[serde(default)]
    sometimes: Vec<String>,
    /// Whether it keeps the server from starting, so that nothing can be said of it.
    #[serde(default)]
    stops: bool,
}

/// What all trials share.
struct Bench {
    suite: Arc<Suite>,
    target: PathBuf,
    /// Where programs are looked for.
    path: String,
    runtime: Runtime,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A trial waits more than it computes.
    arguments.test_threads.get_or_insert(6);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/miniatures");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let suite = Suite::load(&Folder::Directory(scenarios)).expect("the suite loads");
    let runtime = Runtime::new().expect("a runtime starts");
    let bench = Arc::new(Bench {
        suite: Arc::new(suite),
        target: here.join("target.yaml"),
        path: path_with_python_first(),
        runtime,
    });
    let text = std::fs::read_to_string(here.join("miniatures.yaml")).expect("the table can be read");
    let table: Table = yaml::read(&Source::new("miniatures.yaml", text)).expect("the table is one");

    let mut trials = vec![Trial::test("every-fault-is-in-the-table", {
        let named: BTreeSet<String> = table.miniatures.0.iter().map(|(name, _)| name.value.clone()).collect();
        move || the_table_is_whole(&named)
    })];
    for profile in &bench.suite.profiles {
        let right = Miniature { profile: profile.name.clone(), ..Miniature::default() };
        let bench = Arc::clone(&bench);
        trials.push(Trial::test(format!("right@{}", profile.name), move || try_out(&bench, "", &right)));
    }
    for (name, miniature) in table.miniatures.0 {
        let bench = Arc::clone(&bench);
        let title = format!("{}@{}", name.value, miniature.profile);
        trials.push(Trial::test(title, move || try_out(&bench, &name.value, &miniature)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Where programs are looked for: first where the interpreter is that `python3` means, then as before.
///
/// Managers of versions put a script in its place, which takes several times as long as the interpreter, and a trial starts up to
/// a dozen servers.
fn path_with_python_first() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let printed = Command::new("python3").args(["-S", "-c", "import sys; print(sys.executable)"]).output();
    let executable = printed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match executable.as_deref().map(Path::new).ok().and_then(Path::parent) {
        Some(folder) if folder.is_absolute() => format!("{}:{path}", folder.display()),
        _ => path,
    }
}

/// Every fault of the server is in the table, and nothing else is.
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
fn try_out(bench: &Bench, fault: &str, miniature: &Miniature) -> Result<(), Failed> {
    let footer = bench.run(fault, &miniature.profile)?;
    let failing: BTreeSet<&str> = (footer.requirements.iter())
        .filter(|standing| standing.verdict >= Some(Verdict::Fail))
        .map(|standing| standing.id.as_str())
        .collect();
    if miniature.stops {
        // Exit code 3: the target cannot be used.
        return if failing.is_empty() && footer.exit == 3 {
            Ok(())
        } else {
            Err(format!("it should not start; exit {}, failing: {failing:?}", footer.exit).into())
        };
    }
    let expected: BTreeSet<&str> =
        miniature.caught.iter().chain(&miniature.also).map(String::as_str).collect();
    let mut wrong = Vec::new();
    for id in expected.difference(&failing) {
        wrong.push(format!("{id} should have caught it"));
    }
    let sometimes = |id: &str| miniature.sometimes.iter().any(|own| own == id);
    for id in failing.difference(&expected).filter(|id| !sometimes(id)) {
        wrong.push(format!("{id} is blamed too"));
    }
    if !fault.is_empty() && miniature.caught.is_empty() {
        wrong.push("no requirement is named that has to catch it".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

impl Bench {
    fn run(&self, fault: &str, profile: &str) -> Result<Footer, Failed> {
        let mut target = target::load(&self.target, &self.suite).map_err(|wrong| wrong.to_string())?;
        if let Target::Programs { program, profiles, .. } = &mut target {
            let all = program.as_deref_mut().into_iter().chain(profiles.values_mut().flatten());
            for program in all {
                program.env.push(("FAULT".to_owned(), Text::literal(fault)));
                program.env.push(("PATH".to_owned(), Text::literal(&self.path)));
            }
        }
        let selection = Selection { profiles: vec![profile.to_owned()], ..Selection::default() };
        let plan = Plan::new(Arc::clone(&self.suite), &selection).map_err(|error| error.to_string())?;
        // One scenario at a time, so that what one does to the target is not blamed on another.
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
            answers: None,
        };
        Ok(self.runtime.block_on(run::run(plan, target, options, |_| {})))
    }
}
