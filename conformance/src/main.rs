//! The command-line program `conformance`.

mod archive;
mod command;
mod fleet;
mod listing;
mod options;
mod reports;
mod schema;
mod site;
mod tables;
mod watch;

use std::process::ExitCode;

use crate::options::{Command, Options};
use conformance_engine::exit::Exit;

use crate::command::{Stopped, compare, doctor, document, init, inspect, merge, print, run, seed, serve};

fn main() -> ExitCode {
    if let Some(code) = conformance_engine::target::isolation::helper() {
        return code;
    }
    options::complete();
    conformance_engine::run::silence_caught_panics();
    let options = match Options::read() {
        Ok(options) => options,
        Err(message) => {
            reports::say(&message);
            return Exit::Usage.into();
        }
    };
    let done = match options.command {
        Command::Run(options) => run::run(&options),
        Command::List(options) => inspect::list(&options),
        Command::Check(options) => inspect::check(&options),
        Command::Coverage(options) => inspect::coverage(&options),
        Command::Schema(options) => print(&inspect::described(options.of)),
        Command::Completions(options) => print(&options.script()),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Man(options) => options.page().map_err(Stopped::from).and_then(|page| print(&page)),
        Command::Compare(options) => compare::compare(&options),
        Command::Merge(options) => merge::merge(&options),
        Command::Serve(options) => serve::serve(&options),
        Command::Seed(options) => seed::seed(&options),
        Command::Init(options) => init::init(&options),
        Command::Import(options) => document::import(&options),
        Command::Record(options) => document::record(&options),
        Command::Export(options) => document::export(&options),
    };
    match done {
        Ok(code) => code,
        Err(stopped) => {
            reports::say(&stopped.message);
            stopped.exit.into()
        }
    }
}
