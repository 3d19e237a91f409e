//! How many sockets the process may have at once.
//!
//! Nothing goes in, a number comes out. The limit is the whole process's, so only [`run`](crate::run) asks, and never
//! [`serve`](crate::serve).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors are left to everything that is no client: the runtime, the listener, files, the
/// clients that are being refused.
const RESERVED: u64 = 128;

/// Asks for as many file descriptors as the system allows, and returns how many connections they are good for.
///
/// The limit that a shell hands down is often 1024, for the sake of programs that use `select`.
pub(crate) fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        // Then it stays as it was.
        Err(_) => limit.current,
    };
    // Without a limit there is none.
    let descriptors = descriptors.unwrap_or(u64::MAX);
    usize::try_from(descriptors.saturating_sub(RESERVED).max(1)).unwrap_or(usize::MAX)
}
