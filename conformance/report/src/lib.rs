//! Writes the events of a run as reports: terminal, HTML, `JUnit`, TAP, GitHub, badge, JSON Lines.
//!
//! A `Report` receives the events of a run, one after the other. Without the feature `writers` (on by default) the crate has only
//! [`failure()`], which prints a failed step.

#[cfg(feature = "writers")]
pub mod changes;
#[cfg(feature = "writers")]
pub mod comparison;
mod failure;
#[cfg(feature = "writers")]
pub mod merge;
mod printable;
#[cfg(feature = "writers")]
pub mod report;
mod reproduce;
mod style;

pub use failure::failure;
