//! Prints stale deviations and the requirements of the next stage.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::fold::fold;
use conformance_engine::event::{Footer, Stale};

const BOLD: Style = Style::new().bold();

/// Writes them; writes nothing if there are none.
pub(super) fn write(footer: &Footer, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let red = AnsiColor::Red.on_default().bold();
    for stale in &footer.stale {
        let Stale { at, message } = stale;
        writeln!(out, "{red}STALE{red:#} {at}: {message}; remove the deviation")?;
    }
    if let Some(next) = &footer.next {
        writeln!(out, "{BOLD}The next stage, {}, also requires{BOLD:#}", next.stage)?;
        for demand in &next.requirements {
            let id = format!("{:14} {:6}", demand.id, demand.level.to_string());
            writeln!(out, "          {id} {}", fold(&demand.text, 32, width))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
