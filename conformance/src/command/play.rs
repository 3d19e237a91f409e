//! Runs a plan until it ends or a signal interrupts it.

use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use conformance_engine::event::Event;
use conformance_engine::exit::Exit;
use conformance_engine::run::{Activity, Interrupt, LoadTest, Runner};
use conformance_engine::target::process::Orphans;
use conformance_engine::target::{Target, scratch};
use conformance_report::report::Report;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::Stopped;
use super::ready::Ready;

/// First exit code that means that a signal ended the program.
pub(crate) const SIGNALLED: u8 = 128;

/// Runs a plan against a target. Returns the exit code of the run, or of the signal that interrupted it.
pub(crate) fn play(
    ready: Ready,
    reports: &mut [Box<dyn Report>],
    wrong: &mut BTreeSet<String>,
) -> Result<u8, Stopped> {
    let orphans = Orphans::adopt();
    let runtime = runtime(&ready).enable_all().build()?;
    let interrupt = ready.how.interrupt.clone();
    let mut invocation = ready.invocation;
    let signals = Signals::watch(interrupt.clone())?;
    let mut sink = Sink { reports, wrong, error: None, exit: Exit::Internal.code() };
    let code = runtime.block_on(async {
        let run = async {
            if let Some(time) = ready.load {
                let mut test = LoadTest::start(ready.plan, &ready.target, ready.how, time);
                while let Some(event) = test.next().await {
                    sink.take(&event);
                }
            } else {
                let mut run = Runner::start(ready.plan, &ready.target, ready.how);
                let (activity, mut tick) = (run.activity(), tokio::time::interval(TICK));
                loop {
                    let next = tokio::select! {
                        biased;
                        next = run.next() => next,
                        _ = tick.tick() => {
                            sink.show(&activity);
                            continue;
                        }
                    };
                    let Some(mut event) = next else { break };
                    if let Event::Header(header) = &mut event {
                        let isolate = if header.isolation.is_some() { "--isolate " } else { "" };
                        header.command = invocation.take().map(|command| format!("{isolate}{command}"));
                    }
                    sink.take(&event);
                }
            }
        };
        tokio::select! {
            () = run => None,
            // A second signal does not wait for the cleanup.
            code = signals.second() => Some(code),
        }
    });
    // Drops running tasks and kills the started processes. Does not wait for judging that still runs.
    runtime.shutdown_timeout(SHUTDOWN);
    orphans.end();
    drop(signals);
    match sink.error {
        Some(error) => Err(error.into()),
        None => Ok(interrupt.exit().or(code).unwrap_or(sink.exit)),
    }
}

/// Passes the events of a run to the reports.
struct Sink<'a> {
    reports: &'a mut [Box<dyn Report>],
    /// Ids of the steps that failed.
    wrong: &'a mut BTreeSet<String>,
    /// The first error of a report.
    error: Option<io::Error>,
    /// Exit code of the run.
    exit: u8,
}

impl Sink<'_> {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Step(record) if record.outcome().needs_attention() => {
                self.wrong.insert(record.id.clone());
            }
            Event::Footer(footer) => self.exit = footer.exit,
            _ => {}
        }
        self.each(|report| report.on_event(event));
    }

    fn show(&mut self, activity: &Activity) {
        self.each(|report| report.on_activity(activity));
    }

    fn each(&mut self, report_to: impl Fn(&mut dyn Report) -> io::Result<()>) {
        for report in &mut *self.reports {
            if let Err(error) = report_to(report.as_mut()) {
                // Ignore a closed pipe, for example to `head`, but not a later error.
                if error.kind() != io::ErrorKind::BrokenPipe {
                    self.error.get_or_insert(error);
                }
            }
        }
    }
}

/// How often reports show what the run is doing.
const TICK: Duration = Duration::from_millis(250);
/// Maximum time for tasks to end after the run.
const SHUTDOWN: Duration = Duration::from_millis(300);
/// Maximum time for the program to end after the second signal.
const LAST_MOMENT: Duration = Duration::from_millis(700);

/// A thread that only waits for signals, so that a busy run does not delay them.
struct Signals {
    second: watch::Receiver<Option<u8>>,
    over: mpsc::Sender<()>,
    /// Dropped to end the thread.
    _waits: oneshot::Sender<()>,
}

impl Signals {
    /// Interrupts the run at the first signal, and exits soon after the second.
    fn watch(interrupt: Interrupt) -> io::Result<Self> {
        let (sender, second) = watch::channel(None);
        let (over, is_over) = mpsc::channel();
        let (waits, ended) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut wanted = runtime.block_on(async { Wanted::listen() })?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let code = runtime.block_on(async {
                let twice = async {
                    interrupt.now(wanted.next().await);
                    wanted.next().await
                };
                tokio::select! {
                    code = twice => Some(code),
                    _ = ended => None,
                }
            });
            let Some(code) = code else { return };
            sender.send_replace(Some(code));
            if is_over.recv_timeout(LAST_MOMENT) == Err(RecvTimeoutError::Timeout) {
                // The watcher processes stop the targets when this program ends.
                scratch::remove_all();
                std::process::exit(code.into());
            }
        })?;
        Ok(Self { second, over, _waits: waits })
    }

    /// Waits for the second signal.
    async fn second(&self) -> u8 {
        let mut second = self.second.clone();
        match second.wait_for(Option::is_some).await.ok().and_then(|code| *code) {
            Some(code) => code,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // The thread may have ended.
        self.over.send(()).ok();
    }
}

/// Signals that end the program.
struct Wanted {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Wanted {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal and returns its exit code.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = self.hangup.recv() => 129,
        }
    }
}

/// Creates the runtime. Its threads run the scenarios; the calling thread writes the reports. If only one request is sent at a time,
/// one thread is enough and faster, unless a target has to be started.
fn runtime(ready: &Ready) -> Builder {
    let mut builder = Builder::new_multi_thread();
    if ready.how.jobs == 1 && matches!(ready.target, Target::Url { .. }) {
        builder.worker_threads(1);
    }
    builder
}

/// Waits for a signal and returns its exit code.
pub(crate) async fn interrupted() -> u8 {
    match Wanted::listen() {
        Ok(mut wanted) => wanted.next().await,
        Err(_) => std::future::pending().await,
    }
}
