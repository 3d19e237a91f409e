//! The server from outside: real processes, real sockets, real `curl`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod curl;
mod durability;
mod examples;
mod limits;
mod process;
mod start;
mod transcripts;
