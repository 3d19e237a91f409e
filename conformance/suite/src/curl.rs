//! Reads curl commands as requests, and writes commands that repeat a request.

mod address;
mod form;
mod option;
mod parse;
mod reader;
mod render;
mod words;

pub use parse::COMPRESSED;
pub use parse::parse;
pub use render::{command, render, render_with_file};
