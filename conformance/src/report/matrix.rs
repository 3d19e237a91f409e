//! The table of implementations by requirements, for a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::amount::amount;
use crate::comparison::{Comparison, Row};
use crate::suite::Level;
use crate::verdict::Verdict;

/// Writes who holds how much, and every requirement that does not hold somewhere, the most frequent first; then those of which
/// nothing was decided somewhere and that fail nowhere.
///
/// # Errors
/// Those of the place that it is written to.
pub fn write(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    const BOLD: Style = Style::new().bold();
    let implementations = &comparison.implementations;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}: {}\n",
        comparison.suite,
        amount(implementations.len(), "implementation")
    )?;
    let width = implementations.iter().map(|one| one.name.chars().count()).max().unwrap_or(0).clamp(8, 40);
    for (index, one) in implementations.iter().enumerate() {
        let counts = Level::ALL.into_iter().filter_map(|level| match one.held(level) {
            (_, 0) => None,
            (held, tried) => Some(format!("{level} {held} of {tried}")),
        });
        let (held, tried) = one.held(Level::Must);
        let (style, counts) = match (&one.trouble, &one.undecided) {
            (Some(reason), _) => (unclear(), format!("cannot be used: {reason}")),
            (None, Some(reason)) => (unclear(), format!("nothing was decided: {reason}")),
            (None, None) if one.verdicts.values().all(|verdict| *verdict == Verdict::Skipped) => {
                (unclear(), "no requirement was tried".to_owned())
            }
            (None, None) => {
                (if held == tried { good() } else { bad() }, counts.collect::<Vec<_>>().join(" · "))
            }
        };
        writeln!(out, "{:3}  {:width$}  {style}{counts}{style:#}", index + 1, one.name)?;
    }
    let mut rows: Vec<_> = (comparison.requirements.iter())
        .map(|row| (comparison.failures(&row.id), row))
        .filter(|(failures, _)| *failures > 0)
        .collect();
    rows.sort_by_key(|(failures, _)| std::cmp::Reverse(*failures));
    let undecided: Vec<_> = (comparison.requirements.iter())
        .filter(|row| comparison.failures(&row.id) == 0 && comparison.undecided(&row.id) > 0)
        .map(|row| (0, row))
        .collect();
    if rows.is_empty() {
        writeln!(out, "\nnothing fails anywhere")?;
        return part("what is undecided", &undecided, comparison, out);
    }
    let most = rows.iter().take_while(|(failures, _)| failures * 2 > comparison.judged()).count();
    let (most, others) = rows.split_at(if comparison.judged() > 1 { most } else { 0 });
    part("what most get wrong", most, comparison, out)?;
    part(
        if most.is_empty() { "what some get wrong" } else { "what others get wrong" },
        others,
        comparison,
        out,
    )?;
    part("what is undecided", &undecided, comparison, out)
}

fn part(
    title: &str,
    rows: &[(usize, &Row)],
    comparison: &Comparison,
    out: &mut impl Write,
) -> io::Result<()> {
    const BOLD: Style = Style::new().bold();
    if rows.is_empty() {
        return Ok(());
    }
    let implementations = &comparison.implementations;
    let numbers = (1..=implementations.len()).map(|number| format!("{number:>3}"));
    writeln!(out, "\n{BOLD}{title:21} fails{}{BOLD:#}", numbers.collect::<String>())?;
    for (failures, row) in rows {
        write!(out, "{:14} {:6} {failures:5}", row.id, row.level.to_string())?;
        for one in implementations {
            let (mark, style) = mark(one.verdicts.get(&row.id).copied());
            write!(out, "  {style}{mark}{style:#}")?;
        }
        writeln!(out, "  {}", row.text)?;
    }
    Ok(())
}

fn mark(verdict: Option<Verdict>) -> (char, Style) {
    match verdict {
        Some(Verdict::Pass) => ('✓', good()),
        Some(Verdict::Fail | Verdict::Error) => ('✕', bad()),
        Some(Verdict::Inconclusive) => ('?', unclear()),
        Some(Verdict::Skipped) => ('–', Style::new().dimmed()),
        None => (' ', Style::new()),
    }
}

fn good() -> Style {
    AnsiColor::Green.on_default()
}

fn unclear() -> Style {
    AnsiColor::Yellow.on_default()
}

fn bad() -> Style {
    AnsiColor::Red.on_default()
}
