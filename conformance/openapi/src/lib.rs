//! Reads OpenAPI descriptions (3.0, 3.1 and 3.2; YAML or JSON; several files), and checks requests and responses against them.
//!
//! [`Description::load`] reads a description; [`Description::check`] compares one exchange with it. Checking is pure: no clock, no
//! network, no printing.
pub mod check;
pub mod coverage;
mod description;
mod dialect;
mod files;
mod media;
mod model;
mod parameter;
mod path;
mod read;
mod reader;
pub mod sample;
mod shape;

pub use check::{Checked, Violation};
pub use description::Description;
pub use files::ReadFile;
pub use model::{Body, Location, Media, Operation, Parameter, Reply, Schema, Scheme, Within};
