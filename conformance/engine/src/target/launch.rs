//! Starts a target according to the launch contract and waits for its first response.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Program;
use super::access::Reached;
use super::chore::{Chores, Teardown};
use super::execute::{Executed, NotRun, Workplace};
use super::port::{PortGuard, free_port};
use super::process::isolation::Confined;
use super::process::{Command, Process};
use super::ready::{GRACE, Greeting, Ready, await_port, await_ready};
use super::scratch::{Dependencies, Scratch};
use super::seed;
use super::unusable::{Port, Unusable, chain};
use crate::http::{HttpClient, Transport};
use conformance_suite::json::Json;
use conformance_suite::suite::{Execution, Profile, Suite};
use conformance_suite::template::{Scope, TemplateError};

/// A target that responds. Dropping it stops the process, runs its teardown and removes its folder.
#[derive(Debug)]
pub struct Running {
    /// Client for requests to the target.
    pub http: HttpClient,
    /// Clients for the other origins of the suite, by name.
    pub others: BTreeMap<String, HttpClient>,
    /// Values captured from the program's output.
    pub output: BTreeMap<String, String>,
    /// Fixtures that the target should hold but does not.
    pub missing: Vec<String>,
    /// Fixtures that the target holds under its own ids, with the values that it returned.
    pub learned: Vec<(String, Json)>,
    /// Readiness request and first response, if this program waited for it.
    pub greeting: Option<Greeting>,
    /// Process; none for a target that was already running.
    pub process: Option<Process>,
    /// Port check; none for a target that was already running.
    guard: Option<PortGuard>,
    teardown: Option<Teardown>,
    /// Background processes of setup commands.
    setup: Vec<Process>,
    /// Folder in which the target runs.
    scratch: Option<Scratch>,
    /// Where the programs of steps run; none for a target that was already running.
    workplace: Option<Workplace>,
}

/// Maximum number of starts if another process takes the chosen port first.
const PORTS_TRIED: usize = 3;

impl Running {
    /// Creates a target that was already running.
    pub(super) fn elsewhere(http: HttpClient) -> Self {
        Self {
            http,
            others: BTreeMap::new(),
            output: BTreeMap::new(),
            missing: Vec::new(),
            learned: Vec::new(),
            greeting: None,
            process: None,
            guard: None,
            teardown: None,
            setup: Vec::new(),
            scratch: None,
            workplace: None,
        }
    }

    /// Returns the client for a request to the named origin, or to the target itself.
    #[must_use]
    pub fn client(&self, origin: Option<&str>) -> Option<&HttpClient> {
        origin.map_or(Some(&self.http), |name| self.others.get(name))
    }

    /// Checks that the process that just responded is the one that was started. Always succeeds for a URL.
    ///
    /// # Errors
    /// Another process listens on the port; the message names it.
    pub fn check_listener(&self) -> Result<(), String> {
        match self.guard.as_ref().zip(self.process.as_ref()) {
            Some((guard, process)) => guard.check(process),
            None => Ok(()),
        }
    }

    /// Returns why the owner of the port could not be verified, if so.
    #[must_use]
    pub fn unverified(&self) -> Option<String> {
        self.guard.as_ref()?.unverified()
    }

    /// Returns why the program of a step cannot run, if so.
    #[must_use]
    pub fn cannot_execute(&self, execution: &Execution) -> Option<String> {
        let Some(workplace) = &self.workplace else {
            let reason = "runs a program: only possible with a target that is started; use `-- COMMAND` in place of a URL";
            return Some(reason.to_owned());
        };
        workplace.lacks(execution).map(|file| format!("the folder of the target has no `{file}`"))
    }

    /// Runs the program of a step in the folder of the target, at most for `limit`.
    ///
    /// # Errors
    /// An expression has no value, or the program cannot be started.
    pub async fn execute(
        &self,
        execution: &Execution,
        scope: &Scope,
        limit: Duration,
    ) -> Result<Executed, NotRun> {
        match &self.workplace {
            Some(workplace) => workplace.execute(execution, scope, limit).await,
            None => Err(NotRun::Start("the target was not started by this program".to_owned())),
        }
    }

    fn close(&self) {
        self.others.values().chain([&self.http]).for_each(HttpClient::close);
    }

    /// Stops the target with its whole process group, and cleans up.
    pub async fn stop(mut self) {
        // Close our connections first, because a server may wait for open connections before it exits.
        self.close();
        if let Some(process) = self.process.take() {
            process.stop(GRACE).await;
        }
        if let Some(teardown) = self.teardown.take() {
            // Teardown commands block. Their failures are ignored.
            tokio::task::spawn_blocking(move || drop(teardown)).await.ok();
        }
    }
}

/// Starts a program for a profile with the given fixtures, and waits until it responds.
///
/// # Errors
/// Why the target did not respond.
pub async fn launch(
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    transport: &Transport,
) -> Result<Running, Unusable> {
    let mut left_out = suite.launch.data.clone();
    left_out.extend(suite.launch.files.iter().map(|(name, _)| name.clone()));
    let (directory, dependencies) = match &program.build {
        Some(build) => (build.folder(program, &left_out).await?, Dependencies::Original),
        None => (program.directory.as_path(), Dependencies::Copied(&program.copies)),
    };
    let start = Start { program, suite, profile, transport, directory };
    let mut ports = Ports::default();
    loop {
        let scratch = Scratch::mirror(directory, &left_out, &dependencies)
            .map_err(|error| Unusable::new(chain(&error)))?;
        if profile.files {
            seed::write(suite, fixtures, &scratch)?;
        }
        if let Some(started) = ports.judge(program, start.first(scratch).await) {
            return started;
        }
    }
}

/// Stops a started target and starts it again in the same folder, with the data that it wrote. Setup and teardown are
/// not repeated.
///
/// # Errors
/// Why the target did not respond again.
pub async fn relaunch(
    running: Running,
    program: &Program,
    suite: &Suite,
    profile: &Profile,
    transport: &Transport,
) -> Result<Running, Unusable> {
    running.close();
    let Running { process, scratch, teardown, setup, .. } = running;
    if let Some(process) = process {
        process.stop(GRACE).await;
    }
    let scratch = scratch.ok_or_else(|| Unusable::new("it was not started by this program"))?;
    let directory = match &program.build {
        Some(build) => build.folder(program, &[]).await?,
        None => program.directory.as_path(),
    };
    let start = Start { program, suite, profile, transport, directory };
    let mut ports = Ports::default();
    let started = loop {
        if let Some(started) = ports.judge(program, start.again(&scratch).await) {
            break started;
        }
    };
    let started = match started {
        Ok(started) => started,
        Err(unusable) => {
            // The commands block, and need the folder.
            tokio::task::spawn_blocking(move || drop((teardown, setup, scratch))).await.ok();
            return Err(unusable);
        }
    };
    Ok(Running { teardown, setup, scratch: Some(scratch), ..started })
}

/// Counts the starts that failed because another process took the port.
#[derive(Default)]
struct Ports {
    tried: usize,
    taken: Option<String>,
}

impl Ports {
    /// Returns the result of the start, or none if the target must be started again on another port.
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
        // The other process is at fault, not the target.
        Some(Err(Unusable { own: false, ..unusable }))
    }
}

/// Parameters of one start.
struct Start<'a> {
    program: &'a Program,
    suite: &'a Suite,
    profile: &'a Profile,
    transport: &'a Transport,
    /// The implementation's folder, or that of its build.
    directory: &'a Path,
}

impl Start<'_> {
    /// Starts the program for the first time in its folder.
    async fn first(&self, scratch: Scratch) -> Result<Running, Unusable> {
        let port = self.port().await?;
        let reached = self.program.access.prepare(&self.suite.origins, &scratch, self.transport)?;
        let env = self.environment(port, &scratch, &reached).map_err(|error| Unusable::new(chain(&error)))?;
        let chores = |commands: &[Vec<String>], purpose| Chores {
            commands: commands.to_vec(),
            directory: scratch.path().to_owned(),
            env: env.clone(),
            pass: self.program.pass.clone(),
            confined: self.confined(&[], &scratch, port, &reached),
            purpose,
        };
        // From here on an early return runs the teardown.
        let teardown = &self.program.teardown;
        let teardown = (!teardown.is_empty()).then(|| Teardown(chores(teardown, "teardown")));
        let setup = if self.program.setup.is_empty() {
            Vec::new()
        } else {
            chores(&self.program.setup, "setup").run_apart().await?
        };
        let started = self.process(port, env.clone(), &scratch, &reached).await?;
        Ok(Running { teardown, setup, scratch: Some(scratch), ..started })
    }

    /// Starts the program again in its folder.
    async fn again(&self, scratch: &Scratch) -> Result<Running, Unusable> {
        let port = self.port().await?;
        let reached = self.program.access.prepare(&self.suite.origins, scratch, self.transport)?;
        let env = self.environment(port, scratch, &reached).map_err(|error| Unusable::new(chain(&error)))?;
        self.process(port, env, scratch, &reached).await
    }

    /// Returns how a command is isolated, if it is.
    fn confined(
        &self,
        command: &[String],
        scratch: &Scratch,
        port: u16,
        reached: &Reached,
    ) -> Option<Confined> {
        let mut confined = self.program.confined(command, scratch.outer(), Some(port))?;
        confined.readable.extend(reached.folder.clone());
        confined.ports.extend(reached.ports());
        if self.program.build.is_some() {
            // Links lead to the dependency folders of the build.
            confined.readable.push(self.directory.to_owned());
        }
        Some(confined)
    }

    async fn port(&self) -> Result<u16, Unusable> {
        match self.program.port {
            // The program has a network of its own.
            Some(port) if self.program.has_own_network() => Ok(port),
            Some(port) => await_port(port).await.map(|()| port),
            None => free_port().map_err(|error| Unusable::new(format!("no port is free: {error}"))),
        }
    }

    /// Starts the process and waits until it responds.
    async fn process(
        &self,
        port: u16,
        env: Vec<(String, String)>,
        scratch: &Scratch,
        reached: &Reached,
    ) -> Result<Running, Unusable> {
        let program = self.program;
        let watch = if program.output.is_empty() { &self.profile.output } else { &program.output };
        let command = self.command();
        let port = Port {
            number: port,
            is_fixed: program.port.is_some(),
            variables: env
                .iter()
                .filter(|(_, value)| value.contains(&port.to_string()))
                .map(|(name, _)| name.clone())
                .collect(),
        };
        let program_folder = command.first().filter(|first| first.contains('/')).map(Path::new);
        let programs = program_folder.and_then(Path::parent).map(|folder| scratch.path().join(folder));
        let workplace = Workplace {
            directory: scratch.path().to_owned(),
            outer: scratch.outer().to_owned(),
            env: env.clone(),
            pass: program.pass.clone(),
            confined: self.confined(&command, scratch, port.number, reached),
            programs,
            count: Arc::default(),
        };
        let process = Process::start(Command {
            confined: self.confined(&command, scratch, port.number, reached),
            program_and_args: command,
            directory: scratch.path().to_owned(),
            env,
            pass: program.pass.clone(),
            watch: watch.clone(),
            kept: 0,
        })
        .map_err(|error| Unusable::new(chain(&error)))?;
        let ready = program.ready.as_ref().or(self.suite.ready(self.profile));
        let Ready { process, http, greeting, guard } =
            await_ready(process, &port, ready, program.start_limit, reached)
                .await
                .map_err(|unusable| unusable.hinting(&port.hint(&program.command).unwrap_or_default()))?;
        let output = if watch.is_empty() {
            BTreeMap::new()
        } else {
            let watched = process.watched_all(program.start_limit).await;
            watched.map_err(|error| Unusable::after(&process, error.to_string()))?
        };
        let others = reached.others(&http)?;
        let running = Running { others, output, greeting, guard, ..Running::elsewhere(http) };
        Ok(Running { process: Some(process), workplace: Some(workplace), ..running })
    }

    fn environment(
        &self,
        port: u16,
        scratch: &Scratch,
        reached: &Reached,
    ) -> Result<Vec<(String, String)>, TemplateError> {
        let mut scope = Scope::default();
        scope.set("host", &"127.0.0.1".into());
        scope.set("port", &port.into());
        reached.set(&mut scope);
        scope.set("scratch", &scratch.path().display().to_string().into());
        (self.suite.launch.env.iter().chain(&self.profile.env).chain(&self.program.env))
            .map(|(name, value)| Ok((name.clone(), value.render(&scope)?)))
            .collect()
    }

    /// Resolves a program path relative to the folder of the command, even outside of the mirrored folder. Symbolic
    /// links are kept, since a Python virtual environment is found through the path it is called by.
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
