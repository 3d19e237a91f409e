//! The server: `API_HOST=0.0.0.0 API_PORT=5000 AUTH_TYPE=session_auth reference-server`.
//!
//! Reads the environment, opens the users of the working directory and serves them until it is told to stop.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use reference_server::{App, Settings, run};

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics when nobody reads stderr: the exit code says it then.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let app = App::open(&settings, Path::new("."))?;
    run(&settings, app).await?;
    Ok(())
}
