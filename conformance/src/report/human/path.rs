//! What made the run as long as it was.

use std::io::{self, Write};

use super::{BOLD, DIM};
use crate::amount::time;
use crate::event::CriticalPath;

/// Writes the chain of starts and scenarios that ended last.
pub(super) fn write(path: &CriticalPath, whole: f64, out: &mut impl Write) -> io::Result<()> {
    let (own, whole) = (time(path.milliseconds), time(whole));
    writeln!(out, "{BOLD}The critical path{BOLD:#} took {own} of the {whole} of the run")?;
    for link in &path.links {
        let what = if link.start { format!("the target of {} starts", link.name) } else { link.name.clone() };
        writeln!(out, "  {:>8}  {what}", time(link.milliseconds))?;
    }
    if path.others > 0 {
        writeln!(out, "  {DIM}and {} that took less, between them{DIM:#}", path.others)?;
    }
    writeln!(out)
}
