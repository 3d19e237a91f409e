//! Tests of the program from outside: real processes, real sockets, and no leftovers.
//!
//! `BLESS=1 cargo test -p conformance-http --test cli` rewrites the golden files.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod again;
mod agreement;
mod bless;
mod bombs;
mod book;
mod broken;
mod collections;
mod connections;
mod corpus;
mod coverage;
mod curl_parity;
mod decoding;
mod deviations;
mod doctor;
mod documents;
mod events;
mod executions;
mod export;
mod faults;
mod fidelity;
mod fleet;
mod golden;
mod half;
mod hostile;
mod http2;
mod hurl;
mod import;
mod init;
mod interrupted;
#[cfg(target_os = "linux")]
mod isolation;
mod language;
mod large;
mod list;
mod load;
mod manual;
mod modules;
mod network;
mod odd;
mod openapi;
mod outputs;
mod people;
mod places;
mod port_owner;
mod program;
mod reference;
mod registry;
mod reports;
mod sandbox;
mod schedule;
mod screen;
mod scripted;
mod secret_forms;
mod secrets;
mod seed;
mod serve;
mod server;
mod shards;
mod shared_target;
mod signals;
mod simple;
mod stage;
mod strangers;
mod target_file;
mod timely;
mod timeouts;
mod transports;
mod under_load;
mod unusable;
mod values;
mod whole;
mod wrong;
