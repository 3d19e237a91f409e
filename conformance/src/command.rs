//! What the program does for each of its commands.
//!
//! In go the options of one command, out comes an exit code or the sentence with which the program stops. Nothing is decided here
//! that the library could decide: a command loads, calls and prints.

pub(crate) mod bless;
pub(crate) mod compare;
pub(crate) mod document;
pub(crate) mod each;
pub(crate) mod merge;
pub(crate) mod paper;
pub(crate) mod play;
pub(crate) mod ready;
pub(crate) mod run;
pub(crate) mod seed;

use std::io::{self, Write as _};
use std::process::ExitCode;

use conformance::diagnostic::{Diagnostic, Diagnostics};
use conformance::exit::Exit;
use conformance::plan::PlanError;

/// Why the program ends before it has done anything.
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

/// Prints a text that is whole.
pub(crate) fn print(text: &str) -> Result<ExitCode, Stopped> {
    written(io::stdout().write_all(text.as_bytes()))
}

/// Says that everything was written. A reader that has seen enough, such as `head`, is no fault.
pub(crate) fn written(written: io::Result<()>) -> Result<ExitCode, Stopped> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conforms.into()),
    }
}
