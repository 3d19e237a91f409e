//! Bounds the memory that a suite needs once it is loaded, whatever its files contain: a short file can name a long one many times.

use std::cell::Cell;
use std::io;

/// The budget in bytes.
const BUDGET: u64 = 512 * 1024 * 1024;

thread_local! {
    /// The rest of the budget of the suite that this thread loads.
    static LEFT: Cell<u64> = const { Cell::new(BUDGET) };
}

/// Begins a new suite.
pub(crate) fn start() {
    LEFT.set(BUDGET);
}

/// Takes bytes from the budget.
///
/// # Errors
/// The suite needs more than its budget.
pub(crate) fn spend(bytes: u64) -> io::Result<()> {
    let left = LEFT.get().checked_sub(bytes);
    LEFT.set(left.unwrap_or(0));
    match left {
        Some(_) => Ok(()),
        None => Err(io::Error::other(
            "the files, patterns and schemas of the suite need more than 512 MiB of memory",
        )),
    }
}
