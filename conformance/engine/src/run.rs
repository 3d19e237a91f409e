//! Runs a plan against a target.
//!
//! [`Runner`] schedules the scenarios of a plan and returns the events of the run in plan order. It consists of two parts, which also
//! serve single scenarios and load tests ([`LoadTest`]): [`TargetPool`] starts, restarts and stops targets, and
//! [`ScenarioRunner`] plays one scenario on one of them.

mod activity;
mod caught;
mod context;
mod interrupt;
mod load;
mod operations;
mod order;
mod reach;
mod response_collector;
mod runner;
mod scenario_runner;
mod tally;
mod target_pool;

pub use crate::event::EVENTS_VERSION;
pub use activity::Activity;
pub use caught::silence_caught_panics;
pub use context::{Context, Deadline, Described, Options};
pub use interrupt::Interrupt;
pub use load::LoadTest;
pub use operations::{Operations, cover, regrouped};
pub use response_collector::{CollectedResponse, ResponseCollector};
pub use runner::Runner;
pub use scenario_runner::ScenarioRunner;
pub use tally::{Tally, settle};
pub use target_pool::TargetPool;
