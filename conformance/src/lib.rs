//! Replays a specification against any implementation.

pub mod environment;
pub mod harness;

pub use conformance_engine::target;
pub use conformance_suite::{diagnostic, suite};
