//! Writes the events of a run as reports: terminal, HTML, `JUnit`, TAP, GitHub, badge, JSON Lines.
//!
//! A [`report::Report`] receives the events of a run, one after the other. Without the feature `writers` (on by default) the crate has only
//! [`report::failure`], which prints a failed step.
#[cfg(feature = "writers")]
pub mod comparison;
#[cfg(feature = "writers")]
pub mod merge;
mod printable;
pub mod report;
