//! Converts a panic into an error value, so that a bug in this program fails one scenario and not the whole run.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
use std::pin::pin;

use tokio::task::{JoinError, JoinSet};

thread_local! {
    /// Whether panics on this thread are caught.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
    /// Source location of the panic that was caught last.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs a panic hook that prints nothing for caught panics, which are reported as verdicts. Other panics are
/// printed as before.
pub fn silence_caught_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if CATCHES.get() {
            LOCATION.set(panic.location().map(|location| format!("{}:{}", location.file(), location.line())));
        } else {
            print(panic);
        }
    }));
}

/// Calls a function and catches its panic.
///
/// # Errors
/// The panic message and its source location.
pub(super) fn caught<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHES.replace(true);
    // Unwind safety: the scenario is over, so nothing uses the state that the panic left.
    let done = catch_unwind(AssertUnwindSafe(function));
    CATCHES.set(outer);
    done.map_err(|panic| {
        let location = LOCATION.take().map(|location| format!(" ({location})")).unwrap_or_default();
        format!("internal error of conformance: {}{location}", message(&*panic))
    })
}

/// Awaits a future and catches its panic.
///
/// # Errors
/// The panic message and its source location.
pub(super) async fn caught_in<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| match caught(|| future.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(message) => std::task::Poll::Ready(Err(message)),
    })
    .await
}

/// Waits for all tasks. If a task panicked, the panic is resumed here.
pub(super) async fn join(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        resume(ended);
    }
}

/// Resumes the panic of a task that ended, if it panicked.
pub(super) fn resume(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        resume_unwind(error.into_panic());
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without a message",
    }
}
