//! Plays a plan to its end, or to the signal that ends it.

use std::collections::BTreeSet;
use std::io;

use conformance::event::Event;
use conformance::report::Report;
use conformance::run;
use conformance::target::Target;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::Stopped;
use super::ready::Ready;

/// Exit codes from this on say that a signal ended the program.
pub(crate) const SIGNALLED: u8 = 128;

/// Runs a plan against one target and returns its exit code, or that of the signal that ended it.
pub(crate) fn play(
    ready: Ready,
    reports: &mut [Box<dyn Report>],
    wrong: &mut BTreeSet<String>,
) -> Result<u8, Stopped> {
    let runtime = runtime(&ready).enable_all().build()?;
    let mut broken = None;
    let code = runtime.block_on(async {
        let tell = |event: &Event| {
            if let Event::Step(record) = event
                && record.outcome().needs_attention()
            {
                wrong.insert(record.id.clone());
            }
            for report in &mut *reports {
                if let Err(error) = report.tell(event) {
                    // A reader that has seen enough, such as `head`, is no fault, and hides none.
                    if error.kind() != io::ErrorKind::BrokenPipe {
                        broken.get_or_insert(error);
                    }
                }
            }
        };
        let interrupt = ready.how.interrupt.clone();
        let run = async {
            match ready.load {
                Some(time) => run::under_load(ready.plan, ready.target, ready.how, time, tell).await,
                None => run::run(ready.plan, ready.target, ready.how, tell).await,
            }
        };
        let mut run = std::pin::pin!(run);
        tokio::select! {
            footer = &mut run => footer.exit,
            code = interrupted() => {
                interrupt.now(code);
                // A second signal does not wait for what is being cleaned up.
                tokio::select! {
                    _ = run => {}
                    _ = interrupted() => {}
                }
                code
            }
        }
    });
    // What is still running is dropped here, and with it every process that was started.
    drop(runtime);
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(code),
    }
}

/// Scenarios are played by the threads of the runtime, and told by this one. Where one request is sent at a time one thread is
/// enough, and no request wanders from one to the other; a target that is started keeps a thread busy meanwhile.
fn runtime(ready: &Ready) -> Builder {
    let mut builder = Builder::new_multi_thread();
    if ready.how.jobs == 1 && matches!(ready.target, Target::Url { .. }) {
        builder.worker_threads(1);
    }
    builder
}

/// Returns the exit code of the signal that asks the program to end, once one comes.
pub(crate) async fn interrupted() -> u8 {
    let listen = |kind| signal(kind).map_err(|error| error.to_string());
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    }
}
