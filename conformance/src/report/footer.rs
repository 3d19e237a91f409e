//! What a run says beyond its verdicts: known failures that have gone, and what comes next.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::fold::fold;
use crate::event::{Footer, Stale};

const BOLD: Style = Style::new().bold();

/// Writes it for people; nothing when there is nothing.
pub(super) fn write(footer: &Footer, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let red = AnsiColor::Red.on_default().bold();
    for stale in &footer.stale {
        let Stale { at, message } = stale;
        writeln!(out, "{red}STALE{red:#} {at}: {message}; take the deviation out")?;
    }
    if let Some(next) = &footer.next {
        writeln!(out, "{BOLD}The next stage, {}, would also demand{BOLD:#}", next.stage)?;
        for demand in &next.requirements {
            let id = format!("{:14} {:6}", demand.id, demand.level.to_string());
            writeln!(out, "          {id} {}", fold(&demand.text, 32, width))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
