//! Reads a suite of YAML scenarios and plans a run. Sends nothing.
pub mod amount;
pub mod capture;
pub mod cookie;
pub mod count;
pub mod curl;
pub mod diagnostic;
pub mod expectation;
pub mod format;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod jar;
pub mod json;
pub mod matcher;
pub mod members;
pub mod plan;
pub mod request;
pub mod response;
pub mod shell;
pub mod source;
pub mod suite;
pub mod template;
pub mod visible;
pub mod yaml;
