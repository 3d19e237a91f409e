//! Runs a plan against a target: starts the target, sends the requests, judges the responses, and returns the results as events.
//!
//! [`run::Runner`] runs a whole plan. [`judge`] compares a response with what a step expects, without network and clock. [`http`] is the
//! HTTP/1.1 client, and [`target`] starts programs in a scratch folder. Nothing here prints.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpListener;
//! use std::sync::Arc;
//!
//! use conformance_engine::deviation::Deviations;
//! use conformance_engine::event::Event;
//! use conformance_engine::http::Transport;
//! use conformance_engine::redact::Redactor;
//! use conformance_engine::run::{Interrupt, Options, Runner};
//! use conformance_engine::target::Target;
//! use conformance_engine::verdict::Verdict;
//! use conformance_suite::plan::{Plan, Selection};
//! use conformance_suite::suite::{Folder, Suite};
//!
//! // A suite with one step, and a server that responds to it.
//! let folder = tempfile::tempdir()?;
//! let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
//! write("suite.yaml", "format: 1\ntitle: Greetings\norigin: http://127.0.0.1:5000\nprofiles:\n  plain: {title: as it is}\n")?;
//! write("requirements.yaml", "format: 1\nrequirements:\n  - {id: G-1, level: must, text: GET / returns 200, clause: \"1\"}\n")?;
//! std::fs::create_dir(folder.path().join("hello"))?;
//! write(
//!     "hello/root.yaml",
//!     "format: 1\ntitle: The root\nprofile: plain\nsteps:\n  - id: get\n    title: GET / returns 200\n    covers: [G-1]\n    request: curl http://127.0.0.1:5000/\n    expect: {status: 200}\n",
//! )?;
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let base = format!("http://{}", listener.local_addr()?);
//! std::thread::spawn(move || {
//!     for mut connection in listener.incoming().flatten() {
//!         connection.read(&mut [0; 1024]).ok();
//!         connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
//!     }
//! });
//!
//! let suite = Arc::new(Suite::load(&Folder::Directory(folder.path().to_owned()))?);
//! let options = Options {
//!     jobs: 1,
//!     transport: Transport::default(),
//!     redactor: Redactor::new(&suite),
//!     deviations: Deviations::default(),
//!     shows_passes: false,
//!     interrupt: Interrupt::default(),
//!     responses: None,
//!     seed: 7,
//!     fail_fast: false,
//!     deadline: None,
//!     described: None,
//! };
//! let plan = Plan::new(suite, &Selection::default())?;
//! let target = Target::Url { base, profile: "plain".to_owned() };
//! let mut verdicts = Vec::new();
//! tokio::runtime::Runtime::new()?.block_on(async {
//!     let mut run = Runner::start(plan, &target, options);
//!     while let Some(event) = run.next().await {
//!         if let Event::Step(record) = event {
//!             verdicts.push((record.id.clone(), record.verdict));
//!         }
//!     }
//! });
//! assert_eq!(verdicts, [("hello/root::get".to_owned(), Verdict::Pass)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
pub mod deviation;
pub mod event;
pub mod exit;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod http;
mod identity;
pub mod jsonl;
pub mod judge;
pub mod limit;
pub mod memory;
pub mod outcome;
pub mod redact;
pub mod run;
mod score;
pub mod shard;
pub mod target;
pub mod verdict;
