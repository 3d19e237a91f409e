//! Gives fuzz targets access to private modules.
//!
//! Compiled only with `cfg(fuzzing)`, which `cargo fuzz` sets. The fuzz targets are in `fuzz/fuzz_targets`.

use conformance_suite::response::Response;
use tokio::io::AsyncRead;

use crate::http::{self, Reading, TransportError};

/// The maximum size of a response head in bytes; much smaller when fuzzing.
pub const LARGEST_HEAD: usize = http::LARGEST_HEAD;

/// Reads one response. Returns whether the connection can be reused, and the response as far as it was received.
///
/// # Errors
/// Why the response is incomplete.
pub async fn response<S: AsyncRead + Unpin>(
    stream: &mut S,
    bodiless: bool,
    reading: Reading,
) -> (Result<bool, TransportError>, Option<Response>) {
    let mut received = http::Received::default();
    let read = http::read(stream, bodiless, &reading, &(), &mut received).await;
    (read.map(|()| received.reusable && received.surplus == 0), received.response)
}
