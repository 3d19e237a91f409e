//! Random requests to the reference server and to the course in Flask at once: what they answer is the same, but for a written
//! list of intended differences.
//!
//! Requests come in batches ([`story`]), each for a fresh pair of servers in one profile ([`pair`]). What they answer is compared
//! with roles in the place of ids ([`answer`]), held against `intended.yaml` ([`intended`]), and what is left is made as short
//! as it can be ([`shrink`]).
//!
//! `REQUESTS=1000000 SEED=7` make it longer and another run; the seed of each run is printed, and repeats it.

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

/// How many requests a pair of servers gets before a fresh one takes its place.
const BATCH: usize = 500;

/// How many differences are told: more than these say the same once more.
const TOLD: usize = 10;

#[test]
#[ignore = "installs the current Flask from the package index"]
fn the_reference_server_and_flask_answer_random_requests_alike() {
    let (requests, seed) = (number("REQUESTS", 10_000), number("SEED", 1));
    println!("SEED={seed} REQUESTS={requests}");
    let run = Run { programs: programs(), intended: Intended::read(), seed, found: Mutex::default() };
    let (next, batches) = (AtomicUsize::new(0), requests.div_ceil(BATCH));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while run.found.lock().unwrap().len() < TOLD {
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
    let told: Vec<_> = found.into_iter().collect();
    assert!(told.is_empty(), "{} differences that nobody intended:\n\n{}", told.len(), told.join("\n\n"));
    println!("{}", run.intended);
    // The rarest are met once in some ten thousand.
    if requests >= 100_000 {
        assert_eq!(run.intended.unmet(), Vec::<&str>::new(), "no request has met these; they can go");
    }
}

/// One run: what it needs, and what it has found.
struct Run {
    programs: Programs,
    intended: Intended,
    seed: usize,
    found: Mutex<BTreeSet<String>>,
}

impl Run {
    /// Sends one batch, as far as its first difference that nobody intended.
    fn batch(&self, batch: usize, length: usize) {
        let profile = &PROFILES[batch % PROFILES.len()];
        let requests = story::requests(profile, self.seed, batch, length);
        let mut from = 0;
        // After some intended differences the two do not hold the same users any more: a fresh pair goes on.
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
                    let told =
                        format!("batch {batch} of SEED={}\n{}", self.seed, self.tell(profile, &needed));
                    self.found.lock().unwrap().insert(told);
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

    /// Plays requests once more, and shows each as it was sent to either, with what came back for the last.
    fn tell(&self, profile: &Profile, requests: &[Request]) -> String {
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

/// How far a batch went.
enum Played {
    /// All answers were alike, or intended not to be.
    Alike,
    /// At this request they parted, as intended.
    Parted(usize),
    /// At this request they differed, and nobody intended it.
    Different(usize),
}

/// The programs of both sides; the server is built if it is not.
fn programs() -> Programs {
    let built =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "reference-server"]).status();
    assert!(built.unwrap().success());
    let folder = targets("flask");
    // This program stands in target/debug/deps.
    let deps = std::env::current_exe().unwrap();
    let reference: PathBuf = deps.parent().unwrap().with_file_name("reference-server");
    let python = environment(&folder.join("requirements-current.txt")).join("bin/python3");
    Programs { reference, python, flask: folder }
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}
