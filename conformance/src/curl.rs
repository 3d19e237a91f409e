//! Curl commands: read as requests, and written to repeat one.

mod option;
mod parse;
mod render;
mod words;

pub use parse::{Files, parse};
pub use render::render;
