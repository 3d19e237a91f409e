//! Sends random requests to the reference server and to the Flask implementation, and compares the responses.
//!
//! Requests are sent in batches ([`story`]), each to a fresh pair of servers in one profile ([`pair`]). Responses are compared with roles
//! in place of ids ([`answer`]). Differences listed in `intended.yaml` ([`intended`]) are accepted; for any other one, the requests are
//! minimized ([`shrink`]).
//!
//! `REQUESTS=1000000` sets the number of requests. Each run prints its seed; `SEED=7` repeats it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::environment::{environment, targets};
use intended::Intended;
use pair::{Pair, Programs};
use story::{PROFILES, Profile, Request};

mod answer;
mod intended;
mod pair;
mod shrink;
mod story;

/// The number of requests before a pair of servers is replaced by a fresh one.
const BATCH: usize = 500;

/// The maximum number of differences to report; more tend to repeat the first.
const MAX_REPORTED: usize = 10;

#[test]
#[ignore = "installs the current Flask from the package index"]
fn reference_server_and_flask_respond_alike_to_random_requests() {
    let (requests, seed) = (number("REQUESTS", 10_000), number("SEED", 1));
    println!("SEED={seed} REQUESTS={requests}");
    let run = Run { programs: programs(), intended: Intended::read(), seed, found: Mutex::default() };
    let (next, batches) = (AtomicUsize::new(0), requests.div_ceil(BATCH));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while run.found.lock().unwrap().len() < MAX_REPORTED {
                    let batch = next.fetch_add(1, Ordering::Relaxed);
                    if batch >= batches {
                        break;
                    }
                    run.batch(batch, BATCH.min(requests - batch * BATCH));
                }
            });
        }
    });
    let found = run.found.into_inner().unwrap();
    let report: Vec<_> = found.into_iter().collect();
    assert!(
        report.is_empty(),
        "{} differences that nobody intended:\n\n{}",
        report.len(),
        report.join("\n\n")
    );
    println!("{}", run.intended);
    // The rarest occur about once in ten thousand requests.
    if requests >= 100_000 {
        assert_eq!(
            run.intended.unmet(),
            Vec::<&str>::new(),
            "these intended differences never occurred; remove them"
        );
    }
}

/// The inputs and results of one run.
struct Run {
    programs: Programs,
    intended: Intended,
    seed: usize,
    found: Mutex<BTreeSet<String>>,
}

impl Run {
    /// Sends one batch, up to its first unintended difference.
    fn batch(&self, batch: usize, length: usize) {
        let profile = &PROFILES[batch % PROFILES.len()];
        let requests = story::requests(profile, self.seed, batch, length);
        let mut from = 0;
        // Some intended differences leave the two servers with different users, so continue with a fresh pair.
        while from < requests.len() {
            let rest = &requests[from..];
            match self.play(profile, rest) {
                Played::Alike => return,
                Played::Parted(at) => from += at + 1,
                Played::Different(at) => {
                    let needed = shrink::shrink(
                        rest[..=at].to_vec(),
                        |requests| matches!(self.play(profile, requests), Played::Different(at) if at + 1 == requests.len()),
                    );
                    let report =
                        format!("batch {batch} of SEED={}\n{}", self.seed, self.describe(profile, &needed));
                    self.found.lock().unwrap().insert(report);
                    return;
                }
            }
        }
    }

    fn play(&self, profile: &Profile, requests: &[Request]) -> Played {
        let mut pair = Pair::start(&self.programs, profile);
        for (at, request) in requests.iter().enumerate() {
            let [reference, flask] = pair.ask(request).map(|answer| self.intended.spelled(answer.compared()));
            if reference == flask {
                continue;
            }
            match self.intended.find(&request.to_string(), &reference, &flask) {
                None => return Played::Different(at),
                Some(difference) if difference.parts => return Played::Parted(at),
                Some(_) => {}
            }
        }
        Played::Alike
    }

    /// Sends requests again; describes each command and the responses to the last one.
    fn describe(&self, profile: &Profile, requests: &[Request]) -> String {
        let mut pair = Pair::start(&self.programs, profile);
        let mut lines = vec![format!("environment {}", profile.environment())];
        for (at, request) in requests.iter().enumerate() {
            lines.extend(pair.commands(request));
            let answers = pair.ask(request);
            if at + 1 == requests.len() {
                lines.extend(answers.map(|answer| format!("--- {answer}")));
            }
        }
        lines.join("\n")
    }
}

/// The result of a batch.
enum Played {
    /// All responses were equal or intended to differ.
    Alike,
    /// An intended difference at this request changed the state of one server.
    Parted(usize),
    /// An unintended difference at this request.
    Different(usize),
}

/// Returns the programs of both sides; builds the server if necessary.
fn programs() -> Programs {
    let built =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "reference-server"]).status();
    assert!(built.unwrap().success());
    let folder = targets("flask");
    // This program is in target/debug/deps.
    let deps = std::env::current_exe().unwrap();
    let reference: PathBuf = deps.parent().unwrap().with_file_name("reference-server");
    let python = environment(&folder.join("requirements-current.txt")).join("bin/python3");
    Programs { reference, python, flask: folder }
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}
