//! Mutation test of the scenario suite: changes the reference server in one place at a time and counts the changes that
//! the suite catches.
//!
//! cargo-mutants lists the mutants. The server is built once with all of them, each switched off, and the suite runs
//! once for each mutant with that mutant switched on. A mutant that cannot be switched gets its own build. The modules
//! in order of use: `listing` → `schema` → `tree` → `trial` → `outcomes` → `known`.

mod known;
mod listing;
mod outcomes;
mod schema;
mod tree;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use clap::Parser;

use crate::known::Known;
use crate::listing::Mutant;
use crate::outcomes::Outcomes;
use crate::tree::{Built, Tree};
use crate::trial::{Bench, Outcome};

/// Mutation test: change the reference server in one place at a time and count the changes that the suite catches.
#[derive(Parser)]
struct Options {
    /// Test every N-th mutant, starting at the K-th (from 0)
    #[arg(long, value_name = "K/N", default_value = "0/1")]
    shard: String,
    /// Test only mutants whose description, which starts with the file, contains this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// Resume: skip mutants that an earlier run caught or that are known to be missed
    #[arg(long)]
    again: bool,
    /// Number of concurrent runs of the suite; a run mostly waits
    #[arg(long, value_name = "N", default_value = "4")]
    jobs: usize,
    /// Runner to use; by default it is built from this repository
    #[arg(long, value_name = "FILE")]
    conformance: Option<PathBuf>,
    /// Suite to use; by default that of this repository
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether every mutant was caught that is not known to be missed.
fn run(options: &Options) -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let list = fs::read_to_string(root.join("reference-server/mutants/missed.txt")).unwrap_or_default();
    let known = Known::read(&list).map_err(|error| format!("missed.txt: {error}"))?;
    let folder = root.join("target/mutants");
    let mut outcomes = Outcomes::open(&folder.join("outcomes.tsv"), options.again)?;
    let selected = select(listing::list(&root)?, options)?;
    // A mutant that was missed before and is in the list is not tested again.
    let is_settled = |mutant: &Mutant| {
        outcomes.settles(mutant)
            || outcomes.of(mutant).is_some() && known.reason(mutant, &text_of(mutant, &root)).is_some()
    };
    let mut untried: Vec<Mutant> = selected.iter().filter(|mutant| !is_settled(mutant)).cloned().collect();
    if selected.is_empty() {
        return Err("no mutant is selected".to_owned());
    }
    // Mutants that were missed before come last.
    untried.sort_by_key(|mutant| outcomes.of(mutant).is_some());
    if !untried.is_empty() {
        try_out(&untried, options, &root, &mut outcomes)?;
    }
    let is_whole = options.shard == "0/1" && options.name.is_empty();
    Ok(report(&selected, is_whole, &outcomes, &known, &root))
}

/// Builds the server with the mutants and runs the suite once for each.
fn try_out(
    mutants: &[Mutant],
    options: &Options,
    root: &Path,
    outcomes: &mut Outcomes,
) -> Result<(), String> {
    let conformance = match &options.conformance {
        Some(program) => program.canonicalize().map_err(|error| format!("{}: {error}", program.display()))?,
        None => build_conformance(root)?,
    };
    let work = tempfile::Builder::new().prefix("mutants-").tempdir().map_err(|error| error.to_string())?;
    let tree = Tree::copy(root, work.path().join("tree"), root.join("target/mutants/build"))?;
    println!("{} mutants; building the server with all of them takes a minute or two", mutants.len());
    let built = tree.build_switched(mutants)?;
    let mut bench = Bench {
        conformance,
        suite: options.suite.clone().unwrap_or_else(|| tree.path("scenarios")),
        target: target_file(&tree, work.path())?,
        folder: work.path().to_owned(),
        rest: Vec::new(),
    };
    bench.list_profiles()?;
    match bench.try_out(None) {
        Outcome::Missed(_) => {}
        other => return Err(format!("the server must pass with all mutants switched off: {other:?}")),
    }
    for number in &built.unviable {
        outcomes.keep(&mutants[*number], Outcome::Unviable);
    }
    try_switched(&bench, mutants, &built, options.jobs, outcomes);
    for number in &built.apart {
        let mutant = &mutants[*number];
        let outcome = if tree.build_with(mutant)? { bench.try_out(Some(*number)) } else { Outcome::Unviable };
        outcomes.keep(mutant, outcome);
    }
    Ok(())
}

/// Tests the mutants that can be switched, several at a time.
fn try_switched(bench: &Bench, mutants: &[Mutant], built: &Built, jobs: usize, outcomes: &mut Outcomes) {
    let switched: Vec<usize> = (0..mutants.len())
        .filter(|number| !built.unviable.contains(number) && !built.apart.contains(number))
        .collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(outcomes));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(number) = switched.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = bench.try_out(Some(*number));
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.keep(&mutants[*number], outcome);
                }
            });
        }
    });
}

fn select(mutants: Vec<Mutant>, options: &Options) -> Result<Vec<Mutant>, String> {
    let invalid = || format!("--shard {}: expected K/N, such as 0/4", options.shard);
    let (first, of) = options.shard.split_once('/').ok_or_else(invalid)?;
    let (first, of): (usize, usize) =
        first.parse().ok().zip(of.parse().ok()).filter(|(first, of)| first < of).ok_or_else(invalid)?;
    Ok(mutants
        .into_iter()
        .filter(|mutant| mutant.name.contains(&options.name))
        .skip(first)
        .step_by(of)
        .collect())
}

fn build_conformance(root: &Path) -> Result<PathBuf, String> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "conformance"])
        .env("CARGO_TARGET_DIR", root.join("target"))
        .current_dir(root)
        .status();
    if status.is_ok_and(|status| status.success()) {
        Ok(root.join("target/release/conformance"))
    } else {
        Err("cannot build conformance".to_owned())
    }
}

/// Writes the target file of the repository with the programs of this build.
fn target_file(tree: &Tree, folder: &Path) -> Result<PathBuf, String> {
    let shipped = tree.path("reference-server/target.yaml");
    let text = fs::read_to_string(&shipped).map_err(|error| format!("{}: {error}", shipped.display()))?;
    let text = text
        .replace("../../target/debug", &tree.programs().to_string_lossy())
        .replace("directory: src", &format!("directory: {}", tree.path("reference-server/src").display()));
    let path = folder.join("target.yaml");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The text of a mutant's file; empty if it cannot be read.
fn text_of(mutant: &Mutant, root: &Path) -> String {
    fs::read_to_string(root.join(&mutant.file)).unwrap_or_default()
}

/// Prints the results, and for a run of all mutants the stale entries of the list. Returns whether every mutant was
/// caught that is not known to be missed.
fn report(mutants: &[Mutant], is_whole: bool, outcomes: &Outcomes, known: &Known, root: &Path) -> bool {
    let (mut caught, mut reported, mut unviable, mut explained, mut missed) = (0, 0, 0, 0, Vec::new());
    for mutant in mutants {
        let text = text_of(mutant, root);
        match outcomes.of(mutant) {
            Some(Outcome::Caught(_)) => caught += 1,
            Some(Outcome::Reported(_)) => reported += 1,
            Some(Outcome::Unviable) => unviable += 1,
            _ if known.reason(mutant, &text).is_some() => explained += 1,
            _ => missed.push((mutant, known::entry(mutant, &text))),
        }
    }
    for (mutant, entry) in &missed {
        println!("missed: {}\n        {entry}", mutant.name);
    }
    if is_whole {
        for entry in known.stale(mutants.iter().map(|mutant| (mutant, text_of(mutant, root)))) {
            println!("stale:  {entry}\n        no mutant matches this entry of missed.txt");
        }
    }
    let visible = caught + reported + missed.len();
    let tenths = (1000 * (caught + reported)).checked_div(visible).unwrap_or(1000);
    println!(
        "{} mutants: {caught} caught by a must, {reported} reported by a should, {} missed, {explained} known to be missed, \
         {unviable} unviable; {}.{} % of the visible ones caught or reported",
        mutants.len(),
        missed.len(),
        tenths / 10,
        tenths % 10
    );
    missed.is_empty()
}
