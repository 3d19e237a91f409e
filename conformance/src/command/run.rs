//! `run`: runs a suite against a target, repeatedly with `--watch`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::options::Run;
use crate::watch::{self, Snapshot};
use conformance_engine::exit::Exit;
use conformance_engine::target::Target;
use conformance_suite::suite::Folder;

use time::OffsetDateTime;

use super::Stopped;
use super::bless::bless;
use super::each::each;
use super::play::{SIGNALLED, interrupted, play};
use super::ready::ready;

/// Runs the suite; with `--watch`, repeatedly until a signal.
pub(crate) fn run(options: &Run) -> Result<ExitCode, Stopped> {
    if let Some(pattern) = &options.each {
        return each(pattern, options);
    }
    let mut done = round(options, None)?;
    while options.watch && done.code < SIGNALLED {
        done = next_round(options, done)?;
    }
    // The platform reads the result from the report.
    let ended = done.code < SIGNALLED && done.code != Exit::Internal.code();
    if ended && options.output.exits_with_0() {
        return Ok(Exit::Conforms.into());
    }
    Ok(done.code.into())
}

/// One run of the suite, or of a part of it.
struct Round {
    code: u8,
    /// Whether all selected steps ran.
    whole: bool,
    /// Ids of the failed steps.
    wrong: BTreeSet<String>,
    /// Watched files and folders, and their state before the run.
    places: Vec<PathBuf>,
    files: Snapshot,
}

fn round(options: &Run, only: Option<BTreeSet<String>>) -> Result<Round, Stopped> {
    let whole = only.is_none();
    let ready = ready(options, only)?;
    let places = if options.watch { places(options, &ready.target) } else { Vec::new() };
    let files = Snapshot::take(&places, &options.written());
    let mut reports = crate::reports::open(&options.output, options.write_deviations.as_deref())?;
    let mut wrong = BTreeSet::new();
    let (suite, responses) = (Arc::clone(&ready.plan.suite), ready.how.responses.clone());
    let redactor = ready.how.redactor.clone();
    let code = play(ready, &mut reports, &mut wrong)?;
    match responses {
        Some(_) if code >= SIGNALLED => {
            crate::reports::say("nothing was updated: the run was interrupted");
        }
        Some(responses) => bless(options, &suite, &responses, &redactor)?,
        None => {}
    }
    Ok(Round { code, whole, wrong, places, files })
}

/// Runs the failed steps again after a file changed, or everything once they pass.
fn next_round(options: &Run, mut last: Round) -> Result<Round, Stopped> {
    if !last.whole && last.wrong.is_empty() {
        return round(options, None);
    }
    loop {
        crate::reports::say("\nwaiting for changes; press Ctrl-C to stop");
        let written = options.written();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let changed = runtime.block_on(async {
            tokio::select! {
                changed = watch::changed(&last.files, &last.places, &written) => Ok(changed),
                code = interrupted() => Err(code),
            }
        });
        let changed = match changed {
            Ok(changed) => changed,
            Err(code) => return Ok(Round { code, ..last }),
        };
        let names =
            changed.iter().take(3).map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let more = if changed.len() > 3 { format!(" and {} more", changed.len() - 3) } else { String::new() };
        crate::reports::say(&format!("\n{} {} changed: {names}{more}", "─".repeat(8), clock()));
        let mut again = last.wrong.clone();
        again.extend(changed.iter().filter_map(|path| options.selection.folder().scenario(path)));
        let next = match round(options, Some(again).filter(|again| !again.is_empty())) {
            // The failed steps no longer exist.
            Err(stopped) if stopped.exit == Exit::Nothing => round(options, None),
            other => other,
        };
        match next {
            Ok(next) => return Ok(next),
            // A file is incomplete or invalid; wait for the next change.
            Err(stopped) => {
                crate::reports::say(&stopped.message);
                last.files = Snapshot::take(&last.places, &written);
            }
        }
    }
}

/// Returns the time of day, local if the system says what that is.
fn clock() -> String {
    let (now, zone) = match OffsetDateTime::now_local() {
        Ok(now) => (now, ""),
        Err(_) => (OffsetDateTime::now_utc(), " UTC"),
    };
    format!("{:02}:{:02}:{:02}{zone}", now.hour(), now.minute(), now.second())
}

/// Returns the paths to watch: the suite, the files that options name, and the implementation.
fn places(options: &Run, target: &Target) -> Vec<PathBuf> {
    let named = options
        .target
        .iter()
        .chain(&options.variables.vars)
        .chain(&options.points)
        .chain(&options.deviations);
    let named = named.chain(&options.openapi.openapi);
    let mut places: Vec<PathBuf> = named.cloned().collect();
    if let Folder::Directory(suite) = options.selection.folder() {
        places.push(suite);
    }
    places.extend(target.directories().map(PathBuf::from));
    places.sort();
    places.dedup();
    places
}
