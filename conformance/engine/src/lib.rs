//! Runs a plan against a target: starts it, sends requests, judges the responses and emits events.
pub mod deviation;
pub mod event;
pub mod exit;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod http;
pub mod jsonl;
pub mod judge;
pub mod limit;
pub mod memory;
pub mod outcome;
pub mod redact;
pub mod run;
pub mod shard;
pub mod target;
pub mod verdict;
