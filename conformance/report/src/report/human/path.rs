//! Prints the critical path of a run.

use std::io::{self, Write};

use super::{BOLD, DIM};
use conformance_engine::event::CriticalPath;
use conformance_suite::amount::time;

/// Writes the chain of target starts and scenarios that determined the duration of the run.
pub(super) fn write(path: &CriticalPath, whole: f64, out: &mut impl Write) -> io::Result<()> {
    let (own, whole) = (time(path.milliseconds), time(whole));
    writeln!(out, "{BOLD}Critical path{BOLD:#}: {own} of {whole}")?;
    for link in &path.links {
        let what =
            if link.start { format!("start of the target of {}", link.name) } else { link.name.clone() };
        writeln!(out, "  {:>8}  {what}", time(link.milliseconds))?;
    }
    if path.others > 0 {
        writeln!(out, "  {DIM}and {} shorter ones in between{DIM:#}", path.others)?;
    }
    writeln!(out)
}
