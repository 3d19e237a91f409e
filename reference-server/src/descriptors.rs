//! Raises the limit of open files and derives the number of connections.
//!
//! The limit applies to the whole process, so only [`run`](crate::run) changes it, and never [`serve`](crate::serve).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors that are not for clients: the runtime, the listener, files, connections that are being refused.
const RESERVED: u64 = 128;

/// Raises the soft limit of open files to the hard limit and returns how many connections that allows.
///
/// Shells often set a soft limit of 1024, for programs that use `select`.
pub(crate) fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        // The limit stays unchanged.
        Err(_) => limit.current,
    };
    // `None` means unlimited.
    let descriptors = descriptors.unwrap_or(u64::MAX);
    usize::try_from(descriptors.saturating_sub(RESERVED).max(1)).unwrap_or(usize::MAX)
}
