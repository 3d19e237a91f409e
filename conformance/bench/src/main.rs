//! Compares the runner with a bare reqwest loop and Hurl, for the same exchanges with the same server.
//!
//! Usage: `runner-bench CONFORMANCE ROUNDS [TABLE…]`; `make bench-runner` supplies the arguments. The contenders of a table run
//! alternately, round by round, so that other load on the machine affects all of them. The output is Markdown.

mod process;
mod suite;
mod table;

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use process::{Cost, Server, run};
use suite::{Connections, DESCRIPTION, Kind, STEPS, Suite};
use table::{Row, median, print};

/// Number of scenarios of the fixed suite, and of a suite a hundred times as large.
const FIXED: usize = 100;
const GROWN: usize = 10_000;
/// How many runs are compared for equal verdicts.
const COMPARED: usize = 100;
/// The reports of the row with all reports.
const REPORTS: [&str; 5] = ["jsonl", "junit", "html", "tap", "badge"];

type Done = Result<(), Box<dyn Error>>;

/// The name of a table and the function that creates it.
type Table = (&'static str, fn(&Bench) -> Done);

struct Bench {
    conformance: PathBuf,
    own: PathBuf,
    server: Server,
    hurl: bool,
    rounds: usize,
    scratch: TempDir,
}

/// A contender: its row title and the measured command.
type Contender<'a> = (String, Box<dyn Fn() -> Command + 'a>);

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Done {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some(([conformance, rounds], names)) = arguments.split_first_chunk() else {
        return Err("usage: runner-bench CONFORMANCE ROUNDS [TABLE…]".into());
    };
    let own = std::env::current_exe()?.parent().ok_or("this program is nowhere")?.to_owned();
    let hurl = Command::new("hurl")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !hurl {
        eprintln!("hurl is not installed (`cargo install hurl`): it is left out");
    }
    let bench = Bench {
        conformance: Path::new(conformance).canonicalize()?,
        server: Server::start(&own.join("small_server"))?,
        own,
        hurl,
        rounds: rounds.parse()?,
        scratch: tempfile::tempdir()?,
    };
    let tables: [Table; 7] = [
        ("requests", Bench::requests),
        ("openapi", Bench::openapi),
        ("reports", Bench::reports),
        ("start", Bench::start),
        ("growth", Bench::growth),
        ("large", Bench::large),
        ("verdicts", Bench::verdicts),
    ];
    if let Some(unknown) = names.iter().find(|name| tables.iter().all(|(table, _)| table != name)) {
        let known: Vec<_> = tables.iter().map(|(table, _)| *table).collect();
        return Err(format!("there is no table {unknown}; there are {}", known.join(", ")).into());
    }
    for (table, measure) in tables {
        if names.is_empty() || names.iter().any(|name| name == table) {
            measure(&bench)?;
        }
    }
    Ok(())
}

impl Bench {
    /// Measures the fixed suite, one request at a time and eight in parallel.
    fn requests(&self) -> Done {
        for connections in [Connections::Fresh, Connections::Reuse] {
            let suite = Suite::write(self.scratch.path(), "fixed", FIXED, Kind::Right, connections)?;
            for jobs in [1, 8] {
                let mut contenders =
                    vec![self.bare(&suite, jobs), self.own("conformance", &suite, jobs, &[])];
                if connections == Connections::Reuse {
                    contenders.extend(self.hurl("Hurl", &suite, jobs, &[]));
                }
                self.measure(&title(jobs, connections), &contenders)?;
            }
        }
        Ok(())
    }

    /// Measures the cost of a description that every exchange is checked against.
    fn openapi(&self) -> Done {
        let description = self.scratch.path().join("openapi.yaml");
        fs::write(&description, DESCRIPTION)?;
        let described = ["--openapi".to_owned(), description.display().to_string()];
        for connections in [Connections::Fresh, Connections::Reuse] {
            let suite = Suite::write(self.scratch.path(), "fixed", FIXED, Kind::Right, connections)?;
            for jobs in [1, 8] {
                let contenders = [
                    self.own("without a description", &suite, jobs, &[]),
                    self.own("checked against a description", &suite, jobs, &described),
                ];
                self.measure(&title(jobs, connections), &contenders)?;
            }
        }
        Ok(())
    }

    /// Measures the cost of reports, compared with a run without.
    fn reports(&self) -> Done {
        let suite = Suite::write(self.scratch.path(), "fixed", FIXED, Kind::Right, Connections::Fresh)?;
        let (fresh, older) = (self.scratch.path().join("fresh"), self.scratch.path().join("older"));
        fs::create_dir(&older)?;
        let path = |folder: &Path, name: &str| folder.join(name).display().to_string();
        let to = |folder: &Path, kinds: &[&str]| -> Vec<String> {
            let report = |kind: &&str| ["--report".to_owned(), format!("{kind}={}", path(folder, kind))];
            kinds.iter().flat_map(report).collect()
        };
        for jobs in [1, 8] {
            let own =
                |name: &str, kinds: &[&str]| afresh(&fresh, self.own(name, &suite, jobs, &to(&fresh, kinds)));
            let mut contenders = vec![
                own("no report but that for people", &[]),
                own("JSON Lines", &["jsonl"]),
                own("JUnit", &["junit"]),
                own("HTML", &["html"]),
                own("all: JSON Lines, JUnit, HTML, TAP, badge", &REPORTS),
                self.own("all, each in the place of an older one", &suite, jobs, &to(&older, &REPORTS)),
            ];
            let hurl = |kind: &str| [format!("--report-{kind}"), path(&fresh, kind)];
            let all: Vec<String> = ["junit", "html", "json", "tap"].into_iter().flat_map(hurl).collect();
            let others = [("Hurl, JUnit", &all[..2]), ("Hurl, all: JUnit, HTML, JSON, TAP", &all[..])];
            for (name, arguments) in others {
                contenders.extend(
                    self.hurl(name, &suite, jobs, arguments).map(|contender| afresh(&fresh, contender)),
                );
            }
            self.measure(&format!("2,000 requests, reports, {jobs} at once"), &contenders)?;
        }
        Ok(())
    }

    /// Measures one scenario, including the start of the program.
    fn start(&self) -> Done {
        let suite = Suite::write(self.scratch.path(), "one", 1, Kind::Right, Connections::Fresh)?;
        let mut contenders = vec![self.bare(&suite, 1), self.own("conformance", &suite, 1, &[])];
        contenders.extend(self.hurl("Hurl", &suite, 1, &[]));
        self.measure("20 requests, start included", &contenders)?;
        let mut starts = Vec::new();
        for _ in 0..self.rounds.max(5) {
            let report = self.scratch.path().join("start.jsonl");
            let arguments = ["--report".to_owned(), format!("jsonl={}", report.display())];
            let cost = run(self.own("", &suite, 1, &arguments).1())?;
            starts.push(cost.wall - footer(&report)?.0);
        }
        println!("Before and after the run itself: {:.1} ms.\n", median(starts.into_iter()));
        Ok(())
    }

    /// Measures a suite that is a hundred times as large.
    fn growth(&self) -> Done {
        let fixed = Suite::write(self.scratch.path(), "fixed", FIXED, Kind::Right, Connections::Fresh)?;
        let grown = Suite::write(self.scratch.path(), "grown", GROWN, Kind::Right, Connections::Fresh)?;
        println!(
            "| steps | load ms | load, peak MiB | run µs/step, one at a time | 8 at once | run, peak MiB |"
        );
        println!("|---:|---:|---:|---:|---:|---:|");
        for suite in [&fixed, &grown] {
            let mut measured: [Vec<f64>; 5] = Default::default();
            for _ in 0..if suite.scenarios == GROWN { 1.max(self.rounds / 4) } else { self.rounds } {
                let check = || {
                    let mut command = Command::new(&self.conformance);
                    command.arg("check").arg("--suite").arg(&suite.folder);
                    command
                };
                let load = run(check())?;
                right("check", load)?;
                // Peak memory is measured without reports; the time of each step needs a run with the smallest one.
                let peak = run(self.own("", suite, 1, &[]).1())?;
                right("run", peak)?;
                let report = self.scratch.path().join("growth.jsonl");
                let arguments = ["--report".to_owned(), format!("jsonl={}", report.display())];
                let per_step = |jobs| -> Result<f64, Box<dyn Error>> {
                    right("run", run(self.own("", suite, jobs, &arguments).1())?)?;
                    let (milliseconds, steps) = footer(&report)?;
                    fs::remove_file(&report)?;
                    Ok(milliseconds * 1000.0 / steps)
                };
                let (one, eight) = (per_step(1)?, per_step(8)?);
                for (numbers, number) in
                    measured.iter_mut().zip([load.wall, load.peak, one, eight, peak.peak])
                {
                    numbers.push(number);
                }
            }
            let [load, load_peak, one, eight, peak] = measured.map(|numbers| median(numbers.into_iter()));
            let steps = suite.scenarios * STEPS;
            println!("| {steps} | {load:.0} | {load_peak:.1} | {one:.1} | {eight:.1} | {peak:.1} |");
        }
        println!();
        Ok(())
    }

    /// Measures a response of 1 GiB: once if a step needs only the status, once if it needs the body.
    fn large(&self) -> Done {
        println!("| an answer of 1 GiB to a step that expects | wall ms | peak MiB | exit code |");
        println!("|---|---:|---:|---:|");
        for (name, expect) in [("its status", "{status: 200}"), ("its text", "{text: !length 1073741824}")] {
            let folder = Suite::large(self.scratch.path(), &name.replace(' ', "-"), expect)?;
            let mut costs = Vec::new();
            for _ in 0..self.rounds {
                costs.push(run(self.command(&folder, 1, &[]))?);
            }
            let of = |value: fn(&Cost) -> f64| median(costs.iter().map(value));
            println!(
                "| {name} | {:.1} | {:.1} | {:.0} |",
                of(|cost| cost.wall),
                of(|cost| cost.peak),
                of(|cost| f64::from(cost.exit))
            );
        }
        println!();
        Ok(())
    }

    /// Checks that verdicts do not depend on the number of parallel scenarios.
    fn verdicts(&self) -> Done {
        let suite = Suite::write(self.scratch.path(), "wrong", FIXED, Kind::Wrong, Connections::Fresh)?;
        let report = self.scratch.path().join("verdicts.jsonl");
        let arguments = ["--report".to_owned(), format!("jsonl={}", report.display())];
        let verdicts = |jobs| -> Result<Vec<(String, String)>, Box<dyn Error>> {
            run(self.own("", &suite, jobs, &arguments).1())?;
            let lines = fs::read_to_string(&report)?;
            let steps = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let steps = steps.into_iter().filter(|line| line["event"] == "step");
            Ok(steps.map(|step| (text(&step["id"]), text(&step["verdict"]))).collect())
        };
        let first = verdicts(1)?;
        for number in 1..=COMPARED {
            for jobs in [64, 1] {
                if verdicts(jobs)? != first {
                    return Err(format!(
                        "run {number} with {jobs} jobs comes to other verdicts than the first"
                    )
                    .into());
                }
            }
        }
        let failed = first.iter().filter(|(_, verdict)| verdict != "pass").count();
        println!(
            "{} verdicts, {failed} of them not pass, are the same in {COMPARED} runs with 64 jobs and {COMPARED} with one.\n",
            first.len()
        );
        Ok(())
    }

    fn bare(&self, suite: &Suite, jobs: usize) -> Contender<'_> {
        let (scenarios, connections) = (suite.scenarios, suite.connections);
        let command = move || {
            let mut command = Command::new(self.own.join("bare_loop"));
            command.args([
                &self.server.base,
                &scenarios.to_string(),
                &jobs.to_string(),
                connections.as_str(),
            ]);
            command
        };
        ("bare reqwest loop".to_owned(), Box::new(command))
    }

    fn own(&self, name: &str, suite: &Suite, jobs: usize, arguments: &[String]) -> Contender<'_> {
        let (folder, arguments) = (suite.folder.clone(), arguments.to_vec());
        (name.to_owned(), Box::new(move || self.command(&folder, jobs, &arguments)))
    }

    fn command(&self, folder: &Path, jobs: usize, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.conformance);
        command.arg("run").arg(&self.server.base).args([
            "--profile",
            "sessions",
            "--jobs",
            &jobs.to_string(),
        ]);
        command.arg("--suite").arg(folder).args(arguments);
        command
    }

    fn hurl<'a>(
        &'a self,
        name: &str,
        suite: &'a Suite,
        jobs: usize,
        arguments: &[String],
    ) -> Option<Contender<'a>> {
        let arguments = arguments.to_vec();
        let command = move || {
            let mut command = Command::new("hurl");
            command.args(["--test", "--jobs", &jobs.to_string(), "--variable"]);
            command.arg(format!("target={}", self.server.base)).args(&arguments).args(&suite.hurl);
            command
        };
        self.hurl.then(|| (name.to_owned(), Box::new(command) as Box<dyn Fn() -> Command + 'a>))
    }

    fn measure(&self, title: &str, contenders: &[Contender<'_>]) -> Done {
        let mut rows: Vec<Row> =
            contenders.iter().map(|(name, _)| Row { name: name.clone(), rounds: Vec::new() }).collect();
        // The first round warms caches and is not counted.
        for round in 0..=self.rounds {
            for ((name, command), row) in contenders.iter().zip(&mut rows) {
                let cost = run(command())?;
                right(name, cost)?;
                if round > 0 {
                    row.rounds.push(cost);
                }
            }
        }
        print(title, &rows);
        Ok(())
    }
}

/// Returns the title of a table with the fixed suite.
fn title(jobs: usize, connections: Connections) -> String {
    let what = if jobs == 1 { "one at a time".to_owned() } else { format!("{jobs} at once") };
    let how = match connections {
        Connections::Fresh => "a connection for each",
        Connections::Reuse => "connections kept",
    };
    format!("2,000 requests, {what}, {how}")
}

/// Empties a folder before a contender runs: Hurl appends to existing reports, and replacing a file costs more than creating one.
fn afresh<'a>(folder: &'a Path, (name, command): Contender<'a>) -> Contender<'a> {
    let empty = move || {
        // The folder may not exist yet; other errors show when the program runs.
        let _ = fs::remove_dir_all(folder);
        let _ = fs::create_dir(folder);
        command()
    };
    (name, Box::new(empty))
}

/// Fails unless the run passed: failed runs are not measured.
fn right(name: &str, cost: Cost) -> Done {
    if cost.exit == 0 { Ok(()) } else { Err(format!("{name} ended with exit code {}", cost.exit).into()) }
}

/// Reads milliseconds and steps from the footer of a report.
///
/// Reads line by line: a child process would count the memory of its parent as its own.
fn footer(report: &Path) -> Result<(f64, f64), Box<dyn Error>> {
    let lines = BufReader::new(fs::File::open(report)?).lines();
    let last = lines.last().ok_or("the report is empty")??;
    let footer: Value = serde_json::from_str(&last)?;
    let milliseconds = footer["milliseconds"].as_f64().ok_or("the report has no footer")?;
    let steps =
        footer["steps"].as_object().into_iter().flat_map(|steps| steps.values()).filter_map(Value::as_f64);
    Ok((milliseconds, steps.sum()))
}
