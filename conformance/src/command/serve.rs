//! `serve`: starts a target as `run` does, and keeps it until a signal, to repeat requests by hand.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::options::Serve;
use conformance::environment::one_profile;
use conformance_engine::exit::Exit;
use conformance_engine::http::Transport;
use conformance_engine::redact::Redactor;
use conformance_engine::target::process::Orphans;
use conformance_engine::target::{self, Running, Target, launch};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::{Plan, Selection};
use conformance_suite::safe::Log;
use conformance_suite::shell::quote;
use conformance_suite::suite::{Profile, Suite};

use super::Stopped;
use super::play::interrupted;

/// How often to print what the target prints.
const INTERVAL: Duration = Duration::from_millis(200);

/// Starts the target in a profile and waits for Ctrl-C.
pub(crate) fn serve(options: &Serve) -> Result<ExitCode, Stopped> {
    let mut suite = Suite::load(&options.selection.folder())?;
    suite.give(&options.variables.values()?, &conformance::environment::environment)?;
    let suite = Arc::new(suite);
    let name = one_profile(&options.selection.profile, &suite, "--profile")?;
    let profile = suite.profile(&name).cloned().ok_or_else(|| {
        let known = suite.profiles.iter().map(|profile| profile.name.as_str());
        Diagnostic::new(format!("the suite has no profile `{name}`")).suggest(&name, known)
    })?;
    let mut target = match &options.target {
        Some(file) => target::load(file, &suite)?,
        None => Target::command(options.program.clone(), ".".into()),
    };
    options.isolate(&mut target)?;
    let mut program = target.program(&profile).map_err(Diagnostic::new)?.clone();
    program.port = options.port.or(program.port);
    let selection = Selection { profiles: vec![name], ..options.selection.selection() };
    let fixtures = fixtures(&Plan::new(Arc::clone(&suite), &selection)?);
    let orphans = Orphans::adopt();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let transport = Transport::default();
        // One future for both: a signal between two of them would be lost.
        let mut signal = pin!(interrupted());
        let started = tokio::select! {
            started = launch(&program, &suite, &profile, &fixtures, &transport) => started,
            _ = &mut signal => return Ok(Exit::Conforms),
        };
        let running = started.map_err(|unusable| Stopped {
            exit: Exit::Unusable,
            message: format!("error: {unusable}\n{}", unusable.last_words),
        })?;
        let redactor = if options.show_secrets { Redactor::none() } else { Redactor::new(&suite) };
        print(&redactor, &suite, &profile, &fixtures, &running)?;
        let exit = tokio::select! {
            exit = follow(&running, &redactor) => Some(exit),
            _ = signal => None,
        };
        running.stop().await;
        match exit {
            None => Ok(Exit::Conforms),
            Some(exit) => Err(Stopped { exit: Exit::Unusable, message: format!("error: the target {exit}") }),
        }
    });
    drop(runtime);
    orphans.end();
    code.map(ExitCode::from)
}

/// Returns the fixtures that the scenarios of a plan need, in the order of the suite.
fn fixtures(plan: &Plan) -> Vec<String> {
    let needed: BTreeSet<&String> = plan.groups.iter().flat_map(|group| &group.fixtures).collect();
    let all = plan.suite.fixtures.iter().map(|fixture| &fixture.name);
    all.filter(|name| needed.contains(name)).cloned().collect()
}

/// Prints the address, the environment and the fixtures.
fn print(
    redactor: &Redactor,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    running: &Running,
) -> io::Result<()> {
    let mut text = format!("{}\n", running.http.base());
    let env = profile.env.iter().map(|(name, value)| format!("{name}={}", quote(value.written())));
    let env = env.collect::<Vec<_>>().join(" ");
    text += &format!("profile {}: {}\n", profile.name, if env.is_empty() { &profile.title } else { &env });
    for fixture in fixtures.iter().filter_map(|name| suite.fixture(name)) {
        let members = fixture.value.as_object().into_iter().flatten();
        let members = members.map(|(name, value)| {
            let value =
                if redactor.hides(&format!("/{name}")) { "<redacted>".to_owned() } else { value.to_string() };
            format!("{name}={value}")
        });
        text += &format!("  {:12} {}\n", fixture.name, members.collect::<Vec<_>>().join(" "));
    }
    text += "press Ctrl-C to stop\n";
    let mut out = Log::plain(io::stdout());
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints what the target prints until it exits, without the secrets of the suite.
async fn follow(running: &Running, redactor: &Redactor) -> String {
    let Some(process) = &running.process else { return std::future::pending().await };
    let mut mark = process.mark();
    loop {
        let exit = process.exited();
        if exit.is_some() {
            // The readers may not have read the last lines yet.
            tokio::time::sleep(INTERVAL).await;
        }
        let (printed, next) = process.lines_since(mark);
        // Ignore errors: standard error is closed.
        let mut err = Log::plain(io::stderr());
        err.write_all(redactor.lines(printed).as_bytes()).and_then(|()| err.flush()).ok();
        mark = next;
        if let Some(exit) = exit {
            return exit.to_string();
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
