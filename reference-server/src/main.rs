//! The program: `API_HOST=0.0.0.0 API_PORT=5000 AUTH_TYPE=session_auth reference-server`.
//!
//! Reads the environment and the flags, loads the users from the working directory and serves requests until SIGINT or
//! SIGTERM.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use reference_server::{App, Settings, log, run};
use tracing::Level;

use crate::options::{LogLevel, Options};

mod options;

fn main() -> ExitCode {
    match start(&Options::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `eprintln!` would panic if stderr is closed. The exit code still reports the failure.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.man {
        io::stdout().write_all(Options::manual().as_bytes())?;
        return Ok(());
    }
    if let Some(level) = options.log {
        log::to_stderr(match level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
        });
    }
    let settings = Settings { harden: options.harden, ..Settings::from_env()? };
    serve(&settings)
}

#[tokio::main]
async fn serve(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let app = App::open(settings, Path::new("."))?;
    run(settings, app).await?;
    Ok(())
}
