//! Exit codes of the program.

use std::process::ExitCode;

/// Exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: the target conforms: every MUST that was tested passes.
    Conforms = 0,
    /// 1: a MUST fails.
    Fails = 1,
    /// 2: a file or a command-line option is invalid; nothing was sent.
    Usage = 2,
    /// 3: the target cannot be used, steps are inconclusive, or this program failed in a scenario.
    Unusable = 3,
    /// 4: no step was selected.
    Nothing = 4,
    /// 70: internal error; the run was aborted.
    Internal = 70,
}

impl Exit {
    /// Numeric code.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
