//! Starting a target by the launch contract.
//!
//! In go a [`Program`], the suite's contract, a profile and its fixtures; out comes a [`Running`] target that has answered once, or
//! the reason why there is none with the target's own last words.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::Program;
use super::process::{Command, Process};
use super::scratch::Scratch;
use crate::exchange::{Breakage, Wire};
use crate::suite::{Profile, Suite};
use crate::template::{Scope, render};

/// A target that answers.
#[derive(Debug)]
pub struct Running {
    /// The way to it.
    pub wire: Wire,
    /// What was captured from what it printed.
    pub output: BTreeMap<String, String>,
    /// The fixtures that it should hold and does not.
    pub missing: Vec<String>,
    /// Its process; none for one that was running already.
    pub process: Option<Process>,
    /// Its folder, removed with it.
    scratch: Option<Scratch>,
}

/// Why a target cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// What happened, in one sentence.
    pub reason: String,
    /// The last lines that the target printed.
    pub last_words: String,
    /// Whether it came up and never answered, so that trying again would cost as long again.
    pub silent: bool,
}

/// How long the runner waits between two looks at a target that is not ready.
const POLL: Duration = Duration::from_millis(5);
/// How long a target has to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How many lines of a target's output are shown.
const LINES: usize = 20;

impl Unusable {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), last_words: String::new(), silent: false }
    }

    fn after(process: &Process, reason: impl Into<String>) -> Self {
        Self { last_words: process.output_tail(LINES).trim_end().to_owned(), ..Self::new(reason) }
    }
}

impl Display for Unusable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Running {
    /// Ends the target, its whole process group.
    pub async fn stop(self) {
        if let Some(process) = self.process {
            process.stop(GRACE).await;
        }
    }
}

/// Reaches a target that is already running, and looks which of the named fixtures it holds. An exchange with it may take `limit`.
///
/// # Errors
/// No connection, or something that does not speak HTTP.
pub async fn reach(
    base: &str,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    limit: Duration,
) -> Result<Running, Unusable> {
    let wire = Wire::new(base, limit).map_err(Unusable::new)?;
    if let Some(ready) = suite.ready(profile) {
        let request = ready.prepare(&Scope::default()).map_err(|error| Unusable::new(error.to_string()))?;
        wire.send(&request).await.map_err(|breakage| Unusable::new(format!("{breakage} ({base})")))?;
    }
    let mut missing = Vec::new();
    if let Some(present) = &profile.present {
        for fixture in fixtures.iter().filter_map(|name| suite.fixture(name)) {
            let mut scope = suite.scope();
            scope.set("fixture", &fixture.value);
            let request =
                present.request.prepare(&scope).map_err(|error| Unusable::new(error.to_string()))?;
            let response =
                wire.send(&request).await.map_err(|breakage| Unusable::new(breakage.to_string()))?;
            if !present.status.allows(response.status) {
                missing.push(fixture.name.clone());
            }
        }
    }
    Ok(Running { wire, output: BTreeMap::new(), missing, process: None, scratch: None })
}

/// Starts a program for a profile, filled with the named fixtures, and waits until it answers. An exchange with it may take `limit`.
///
/// # Errors
/// Whatever kept it from answering.
pub async fn launch(
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    limit: Duration,
) -> Result<Running, Unusable> {
    let unusable = |error: &dyn std::error::Error| Unusable::new(chain(error));
    let mut left_out = suite.launch.data.clone();
    left_out.extend(suite.launch.files.iter().map(|(name, _)| name.clone()));
    let scratch = Scratch::mirror(&program.directory, &left_out).map_err(|error| unusable(&error))?;
    if profile.files {
        write_files(suite, fixtures, &scratch)?;
    }
    start(program, suite, profile, scratch, limit).await
}

/// Ends a target that was started and starts it again in the same folder, with all that it has written there.
///
/// # Errors
/// Whatever kept it from answering again.
pub async fn relaunch(
    running: Running,
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    limit: Duration,
) -> Result<Running, Unusable> {
    let Running { process, scratch, .. } = running;
    if let Some(process) = process {
        process.stop(GRACE).await;
    }
    let scratch = scratch.ok_or_else(|| Unusable::new("it was not started by this program"))?;
    start(program, suite, profile, scratch, limit).await
}

/// Starts a program in its folder and waits until it answers.
async fn start(
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    scratch: Scratch,
    limit: Duration,
) -> Result<Running, Unusable> {
    let unusable = |error: &dyn std::error::Error| Unusable::new(chain(error));
    let host = "127.0.0.1";
    let port = match program.port {
        Some(port) => port,
        None => free_port().map_err(|error| Unusable::new(format!("no port is free: {error}")))?,
    };
    let mut scope = Scope::default();
    scope.set("host", &json!(host));
    scope.set("port", &json!(port));
    scope.set("scratch", &json!(scratch.path()));
    let env = (suite.launch.env.iter().chain(&profile.env).chain(&program.env))
        .map(|(name, value)| Ok((name.clone(), value.render(&scope)?)))
        .collect::<Result<_, crate::template::TemplateError>>()
        .map_err(|error| unusable(&error))?;
    let watch = if program.output.is_empty() { profile.output.clone() } else { program.output.clone() };
    let watches = !watch.is_empty();
    let process = Process::start(Command {
        program_and_args: resolve(&program.command, program),
        directory: scratch.path().to_owned(),
        env,
        watch,
    })
    .map_err(|error| unusable(&error))?;
    let base = format!("http://{host}:{port}");
    let wire = Wire::new(&base, limit).map_err(Unusable::new)?;
    let ready = program.ready.as_ref().or(suite.ready(profile));
    let process = await_ready(process, &wire, ready, program.start_limit).await?;
    let output = if watches {
        process
            .watched_all(program.start_limit)
            .await
            .map_err(|error| Unusable::after(&process, error.to_string()))?
    } else {
        BTreeMap::new()
    };
    Ok(Running { wire, output, missing: Vec::new(), process: Some(process), scratch: Some(scratch) })
}

/// A program named by a path is found where the command's folder has it, also outside of what is mirrored.
fn resolve(command: &[String], program: &Program) -> Vec<String> {
    let mut words = command.to_vec();
    if let Some(first) = words.first_mut()
        && first.contains('/')
        && let Ok(path) = program.directory.join(&*first).canonicalize()
        && let Ok(folder) = program.directory.canonicalize()
        && !path.starts_with(folder)
    {
        *first = path.to_string_lossy().into_owned();
    }
    words
}

fn write_files(suite: &Suite, fixtures: &[String], scratch: &Scratch) -> Result<(), Unusable> {
    for (name, content) in seed(suite, fixtures).map_err(Unusable::new)? {
        scratch.write(&name, content.as_bytes()).map_err(|error| Unusable::new(chain(&error)))?;
    }
    Ok(())
}

/// Returns the files of the launch contract, filled with the named fixtures.
///
/// # Errors
/// A template that does not render, in one sentence.
pub(crate) fn seed(suite: &Suite, fixtures: &[String]) -> Result<Vec<(String, String)>, String> {
    let held = fixtures.iter().filter_map(|name| suite.fixture(name)).map(|fixture| fixture.value.clone());
    let mut scope = suite.scope();
    scope.set("fixtures", &Json::Array(held.collect()));
    let file = |(name, template): &(String, String)| match render(template, &scope) {
        Ok(content) => Ok((name.clone(), content)),
        Err(cause) => Err(format!("the launch contract's file `{name}` cannot be made: {cause}")),
    };
    suite.launch.files.iter().map(file).collect()
}

async fn await_ready(
    process: Process,
    wire: &Wire,
    ready: Option<&crate::request::Request>,
    limit: Duration,
) -> Result<Process, Unusable> {
    let Some(ready) = ready else { return Ok(process) };
    let request = ready.prepare(&Scope::default()).map_err(|error| Unusable::new(error.to_string()))?;
    let deadline = Instant::now() + limit;
    let mut silent = false;
    loop {
        match wire.send(&request).await {
            Ok(_) => return Ok(process),
            Err(breakage @ Breakage::Unsendable(_)) => return Err(Unusable::new(breakage.to_string())),
            Err(breakage) => silent |= breakage.is_answer(),
        }
        if let Some(exit) = process.exited() {
            return Err(Unusable::after(&process, format!("the target {exit} before it answered")));
        }
        if Instant::now() >= deadline {
            let what = if silent { "gave no answer of HTTP" } else { "did not listen" };
            let reason = format!("the target {what} at {} within {limit:?}", wire.base());
            let unusable = Unusable { silent: true, ..Unusable::after(&process, reason) };
            process.stop(GRACE).await;
            return Err(unusable);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// An error with its causes, in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        sentence.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    sentence
}
