//! What made the run as long as it was.

use std::io::{self, Write};

use super::{BOLD, DIM};
use crate::event::CriticalPath;

/// Writes the chain of starts and scenarios that ended last.
pub(super) fn write(path: &CriticalPath, whole: f64, out: &mut impl Write) -> io::Result<()> {
    let (own, whole) = (seconds(path.milliseconds), seconds(whole));
    writeln!(out, "{BOLD}The critical path{BOLD:#} took {own} of the {whole} of the run")?;
    for link in &path.links {
        let what = if link.start { format!("the target of {} starts", link.name) } else { link.name.clone() };
        writeln!(out, "  {:>8}  {what}", seconds(link.milliseconds))?;
    }
    if path.others > 0 {
        writeln!(out, "  {DIM}and {} that took less, between them{DIM:#}", path.others)?;
    }
    writeln!(out)
}

fn seconds(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.2} s", milliseconds / 1000.0)
    }
}
