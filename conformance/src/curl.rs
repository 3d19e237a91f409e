//! Curl commands: read as requests, and written to repeat one.

mod address;
mod form;
mod option;
mod parse;
mod reader;
mod render;
mod words;

pub(crate) use parse::COMPRESSED;
pub use parse::parse;
pub use render::{command, render, render_with_file};
