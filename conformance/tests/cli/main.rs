//! The program from outside: real processes, real sockets, and what is left behind.
//!
//! `BLESS=1 cargo test -p conformance --test cli` writes the golden files anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broken;
mod documents;
mod events;
mod faults;
mod golden;
mod import;
mod list;
mod load;
mod people;
mod program;
mod reports;
mod sandbox;
mod secrets;
mod signals;
mod unusable;
mod wrong;
