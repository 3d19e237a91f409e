//! Reads curl commands as requests, and writes commands that repeat a request.

mod address;
mod config;
mod cookies;
mod form;
mod netrc;
mod option;
mod parse;
mod place;
mod reader;
mod render;
mod typed;
mod words;

pub use address::ELSEWHERE;
pub use parse::{COMPRESSED, origin_of, parse, parse_words};
pub use render::{command, render, render_with_file};
pub use typed::literal;
