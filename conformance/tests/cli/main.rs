//! The program from outside: real processes, real sockets, and what is left behind.
//!
//! `BLESS=1 cargo test -p conformance --test cli` writes the golden files anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod again;
mod agreement;
mod bless;
mod bombs;
mod broken;
mod connections;
mod coverage;
mod curl_parity;
mod decoding;
mod deviations;
mod documents;
mod events;
mod export;
mod faults;
mod fidelity;
mod fleet;
mod golden;
mod half;
mod hostile;
mod hurl;
mod import;
mod interrupted;
mod language;
mod large;
mod list;
mod load;
mod modules;
mod network;
mod odd;
mod people;
mod places;
mod port_owner;
mod program;
mod readme;
mod reference;
mod reports;
mod sandbox;
mod schedule;
mod screen;
mod scripted;
mod secrets;
mod seed;
mod server;
mod shards;
mod shared_target;
mod signals;
mod simple;
mod stage;
mod target_file;
mod timeouts;
mod under_load;
mod unusable;
mod values;
mod whole;
mod wrong;
