//! How the program ends.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: the target conforms: every must that was tried holds.
    Conforms = 0,
    /// 1: the target answered, and a must does not hold.
    Fails = 1,
    /// 2: a file or a flag is wrong; nothing was sent.
    Usage = 2,
    /// 3: the target cannot be used, the run stayed inconclusive, or this program failed in a scenario.
    Unusable = 3,
    /// 4: nothing was selected.
    Nothing = 4,
    /// 70: this program failed, and the run with it.
    Internal = 70,
}

impl Exit {
    /// The number.
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
