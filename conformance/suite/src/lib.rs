//! Reads a suite of YAML scenarios, checks all of it, and plans a run. Sends nothing.
//!
//! A suite is a folder: `suite.yaml`, `requirements.yaml`, and scenario files in subfolders. [`suite::Suite::load`] reads it and reports
//! every mistake at once, with file, line and column. [`plan::Plan::new`] selects the steps to run.
//!
//! ```
//! use std::sync::Arc;
//!
//! use conformance_suite::plan::{Plan, Selection};
//! use conformance_suite::suite::{Folder, Suite};
//!
//! let folder = tempfile::tempdir()?;
//! let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
//! write("suite.yaml", "format: 1\ntitle: Greetings\norigin: http://127.0.0.1:5000\nprofiles:\n  plain: {title: as it is}\n")?;
//! write("requirements.yaml", "format: 1\nrequirements:\n  - {id: G-1, level: must, text: GET / returns 200, clause: \"1\"}\n")?;
//! std::fs::create_dir(folder.path().join("hello"))?;
//! write(
//!     "hello/root.yaml",
//!     "format: 1\ntitle: The root\nprofile: plain\nsteps:\n  - id: get\n    title: GET / returns 200\n    covers: [G-1]\n    request: curl http://127.0.0.1:5000/\n    expect: {status: 200}\n",
//! )?;
//!
//! let suite = Suite::load(&Folder::Directory(folder.path().to_owned()))?;
//! let plan = Plan::new(Arc::new(suite), &Selection::default())?;
//! assert_eq!(plan.scenarios()[0].id(), "hello/root");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
pub mod amount;
mod budget;
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
pub mod safe;
pub mod shell;
pub mod source;
pub mod suite;
pub mod template;
pub mod visible;
pub mod yaml;
