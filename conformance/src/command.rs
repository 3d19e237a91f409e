//! The commands of the program. A command loads files, calls the library and prints the result; it returns an exit code or an error.

pub(crate) mod bless;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod document;
pub(crate) mod each;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod merge;
pub(crate) mod play;
pub(crate) mod ready;
pub(crate) mod run;
pub(crate) mod seed;
pub(crate) mod serve;

use std::io::{self, Write as _};
use std::process::ExitCode;

use conformance_engine::exit::Exit;
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::plan::PlanError;

/// An error that ends the program.
pub(crate) struct Stopped {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl From<Diagnostics> for Stopped {
    fn from(wrong: Diagnostics) -> Self {
        Self { exit: Exit::Usage, message: wrong.to_string() }
    }
}

impl From<Diagnostic> for Stopped {
    fn from(wrong: Diagnostic) -> Self {
        Diagnostics::from(wrong).into()
    }
}

impl From<PlanError> for Stopped {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Wrong(wrong) => wrong.into(),
            PlanError::Nothing(wrong) => Self { exit: Exit::Nothing, ..wrong.into() },
        }
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self { exit: Exit::Internal, message: format!("error: {error}") }
    }
}

/// Prints a text to standard output.
pub(crate) fn print(text: &str) -> Result<ExitCode, Stopped> {
    written(io::stdout().write_all(text.as_bytes()))
}

/// Returns exit code 0 if everything was written, or if the reader, such as `head`, closed the pipe.
pub(crate) fn written(written: io::Result<()>) -> Result<ExitCode, Stopped> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}
