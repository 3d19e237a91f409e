//! End-to-end tests of the server: real processes, real sockets, real `curl`.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod curl;
mod disk;
mod durability;
mod examples;
mod gate;
mod limits;
mod operation;
mod process;
mod routes;
mod start;
mod storm;
mod transcripts;
mod users;
mod wire;
