//! Starting a target by the launch contract.
//!
//! In go a [`Program`], the suite's contract, a profile and its fixtures; out comes a [`Running`] target that has answered once, or
//! the reason why there is none with the target's own last words.

use std::collections::BTreeMap;
use std::path::Path;

use super::Program;
use super::chore::{Chores, Teardown};
use super::port::PortGuard;
use super::process::{Command, Process};
use super::ready::{GRACE, Greeting, Ready, await_port, await_ready, free_port};
use super::scratch::Scratch;
use super::seed;
use super::unusable::Unusable;
use crate::http::{HttpClient, Transport};
use crate::json::Json;
use crate::suite::{Profile, Suite};
use crate::template::{Scope, TemplateError};

/// A target that answers. Dropped, it ends: the process, then its teardown, then its folder.
#[derive(Debug)]
pub struct Running {
    /// The way to it.
    pub http: HttpClient,
    /// What was captured from what it printed.
    pub output: BTreeMap<String, String>,
    /// The fixtures that it should hold and does not.
    pub missing: Vec<String>,
    /// The fixtures that it holds under an id of its own, as it holds them.
    pub learned: Vec<(String, Json)>,
    /// What it answered first, where this program has waited for it.
    pub greeting: Option<Greeting>,
    /// Its process; none for one that was running already.
    pub process: Option<Process>,
    /// Its port; none for one that was running already.
    guard: Option<PortGuard>,
    teardown: Option<Teardown>,
    /// What setup commands have left running.
    setup: Vec<Process>,
    /// Its folder.
    scratch: Option<Scratch>,
}

/// How often a target is started that finds its port taken although it was free a moment before.
const PORTS_TRIED: usize = 3;

impl Running {
    /// Returns a target that was running already.
    pub(super) fn elsewhere(http: HttpClient) -> Self {
        Self {
            http,
            output: BTreeMap::new(),
            missing: Vec::new(),
            learned: Vec::new(),
            greeting: None,
            process: None,
            guard: None,
            teardown: None,
            setup: Vec::new(),
            scratch: None,
        }
    }

    /// Checks that what has just responded is the process that was started. A target that was running already is what its address says.
    ///
    /// # Errors
    /// Another process listens on its port; a sentence that names it.
    pub fn check_listener(&self) -> Result<(), String> {
        match self.guard.as_ref().zip(self.process.as_ref()) {
            Some((guard, process)) => guard.check(process),
            None => Ok(()),
        }
    }

    /// Returns why it could not be verified that the process that responds is the one that was started, if so.
    #[must_use]
    pub fn unverified(&self) -> Option<String> {
        self.guard.as_ref()?.unverified()
    }

    /// Ends the target, its whole process group, and clears up behind it.
    pub async fn stop(mut self) {
        // A server that finishes open connections before it exits need not wait for ours.
        self.http.close();
        if let Some(process) = self.process.take() {
            process.stop(GRACE).await;
        }
        if let Some(teardown) = self.teardown.take() {
            // Dropped on a thread that may block. That it fails is no verdict on the target.
            tokio::task::spawn_blocking(move || drop(teardown)).await.ok();
        }
    }
}

/// Starts a program for a profile, filled with the named fixtures, and waits until it answers.
///
/// # Errors
/// Whatever kept it from answering.
pub async fn launch(
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    transport: &Transport,
) -> Result<Running, Unusable> {
    let mut left_out = suite.launch.data.clone();
    left_out.extend(suite.launch.files.iter().map(|(name, _)| name.clone()));
    let directory = match &program.build {
        Some(build) => build.folder(&left_out).await?,
        None => program.directory.as_path(),
    };
    let start = Start { program, suite, profile, transport };
    let mut ports = Ports::default();
    loop {
        let scratch = Scratch::mirror(directory, &left_out).map_err(|error| Unusable::new(chain(&error)))?;
        if profile.files {
            seed::write(suite, fixtures, &scratch)?;
        }
        if let Some(started) = ports.judge(program, start.first(scratch).await) {
            return started;
        }
    }
}

/// Ends a target that was started and starts it again in the same folder, with all that it has written there. Setup and teardown
/// stand around both.
///
/// # Errors
/// Whatever kept it from answering again.
pub async fn relaunch(
    running: Running,
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    transport: &Transport,
) -> Result<Running, Unusable> {
    running.http.close();
    let Running { process, scratch, teardown, setup, .. } = running;
    if let Some(process) = process {
        process.stop(GRACE).await;
    }
    let scratch = scratch.ok_or_else(|| Unusable::new("it was not started by this program"))?;
    let start = Start { program, suite, profile, transport };
    let mut ports = Ports::default();
    let started = loop {
        if let Some(started) = ports.judge(program, start.again(&scratch).await) {
            break started?;
        }
    };
    Ok(Running { teardown, setup, scratch: Some(scratch), ..started })
}

/// The starts of a target that lost its port to another process.
#[derive(Default)]
struct Ports {
    tried: usize,
    taken: Option<String>,
}

impl Ports {
    /// Returns how the start ended, or none if the target is to be started again on another port.
    fn judge<T>(&mut self, program: &Program, started: Result<T, Unusable>) -> Option<Result<T, Unusable>> {
        let mut unusable = match started {
            Ok(running) => return Some(Ok(running)),
            Err(unusable) => unusable,
        };
        self.tried += 1;
        if !unusable.port_taken {
            if let Some(taken) = self.taken.take() {
                unusable.reason = format!("{}; at the start before, {taken}", unusable.reason);
            }
            return Some(Err(unusable));
        }
        if program.port.is_none() && self.tried < PORTS_TRIED {
            self.taken = Some(unusable.reason);
            return None;
        }
        // Another program's doing, not the target's.
        Some(Err(Unusable { own: false, ..unusable }))
    }
}

/// One start.
struct Start<'a> {
    program: &'a Program,
    suite: &'a Suite,
    profile: &'a Profile,
    transport: &'a Transport,
}

impl Start<'_> {
    /// Starts it for the first time in its folder.
    async fn first(&self, scratch: Scratch) -> Result<Running, Unusable> {
        let port = self.port().await?;
        let env = self.environment(port, &scratch).map_err(|error| Unusable::new(chain(&error)))?;
        let chores = |commands: &[Vec<String>], purpose| Chores {
            commands: commands.to_vec(),
            directory: scratch.path().to_owned(),
            env: env.clone(),
            purpose,
        };
        // From here on whatever returns early clears up.
        let teardown = &self.program.teardown;
        let teardown = (!teardown.is_empty()).then(|| Teardown(chores(teardown, "teardown")));
        let setup = if self.program.setup.is_empty() {
            Vec::new()
        } else {
            chores(&self.program.setup, "setup").run_apart().await?
        };
        let started = self.process(port, env.clone(), &scratch).await?;
        Ok(Running { teardown, setup, scratch: Some(scratch), ..started })
    }

    /// Starts it again in its folder.
    async fn again(&self, scratch: &Scratch) -> Result<Running, Unusable> {
        let port = self.port().await?;
        let env = self.environment(port, scratch).map_err(|error| Unusable::new(chain(&error)))?;
        self.process(port, env, scratch).await
    }

    async fn port(&self) -> Result<u16, Unusable> {
        match self.program.port {
            Some(port) => await_port(port).await.map(|()| port),
            None => free_port().map_err(|error| Unusable::new(format!("no port is free: {error}"))),
        }
    }

    /// Starts the process and waits until it answers.
    async fn process(
        &self,
        port: u16,
        env: Vec<(String, String)>,
        scratch: &Scratch,
    ) -> Result<Running, Unusable> {
        let program = self.program;
        let watch = if program.output.is_empty() { &self.profile.output } else { &program.output };
        let process = Process::start(Command {
            program_and_args: self.command(),
            directory: scratch.path().to_owned(),
            env,
            watch: watch.clone(),
        })
        .map_err(|error| Unusable::new(chain(&error)))?;
        let ready = program.ready.as_ref().or(self.suite.ready(self.profile));
        let port = (port, program.port.is_some());
        let Ready { process, http, greeting, guard } =
            await_ready(process, port, ready, program.start_limit, self.transport).await?;
        let output = if watch.is_empty() {
            BTreeMap::new()
        } else {
            let watched = process.watched_all(program.start_limit).await;
            watched.map_err(|error| Unusable::after(&process, error.to_string()))?
        };
        Ok(Running {
            output,
            greeting,
            process: Some(process),
            guard: Some(guard),
            ..Running::elsewhere(http)
        })
    }

    fn environment(&self, port: u16, scratch: &Scratch) -> Result<Vec<(String, String)>, TemplateError> {
        let mut scope = Scope::default();
        scope.set("host", &"127.0.0.1".into());
        scope.set("port", &port.into());
        scope.set("scratch", &scratch.path().display().to_string().into());
        (self.suite.launch.env.iter().chain(&self.profile.env).chain(&self.program.env))
            .map(|(name, value)| Ok((name.clone(), value.render(&scope)?)))
            .collect()
    }

    /// A program named by a path is found where the command's folder has it, also outside of what is mirrored. Links on the
    /// way are left as they are: a virtual environment of Python knows itself by the path it is called by.
    fn command(&self) -> Vec<String> {
        let mut words = self.program.command.clone();
        if let Some(first) = words.first_mut()
            && first.contains('/')
            && let path = self.program.directory.join(&*first)
            && let Some(Ok(folder)) = path.parent().map(Path::canonicalize)
            && let Ok(own) = self.program.directory.canonicalize()
            && !folder.starts_with(own)
            && let Some(name) = path.file_name()
        {
            *first = folder.join(name).to_string_lossy().into_owned();
        }
        words
    }
}

/// An error with its causes, in one sentence.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        sentence.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    sentence
}
