//! Writes the events of a run as reports.
pub mod comparison;
pub mod merge;
pub mod report;
