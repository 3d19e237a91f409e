//! Prints the comparison table of implementations and requirements.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::comparison::{Comparison, Row};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::amount::amount;
use conformance_suite::suite::Level;

/// Writes the counts of each implementation, then the failing requirements, the most frequent first, then inconclusive ones.
///
/// # Errors
/// Writing to `out` fails.
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
            (held, tried) => Some(format!("{} {held}/{tried}", level.to_string().to_uppercase())),
        });
        let (style, counts) = match (&one.trouble, &one.undecided) {
            (Some(reason), _) => (inconclusive(), format!("cannot be used: {reason}")),
            (None, Some(reason)) => (inconclusive(), format!("inconclusive: {reason}")),
            (None, None) if one.outcomes.values().all(|outcome| *outcome == Outcome::Skipped) => {
                (inconclusive(), "no requirement was tested".to_owned())
            }
            (None, None) => (conclusion(one.exit), counts.collect::<Vec<_>>().join(" · ")),
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
        writeln!(out, "\nno requirement fails")?;
        return part("inconclusive", &undecided, comparison, out);
    }
    let most = rows.iter().take_while(|(failures, _)| failures * 2 > comparison.judged()).count();
    let (most, others) = rows.split_at(if comparison.judged() > 1 { most } else { 0 });
    part("failed by most", most, comparison, out)?;
    part(if most.is_empty() { "failed by some" } else { "failed by others" }, others, comparison, out)?;
    part("inconclusive", &undecided, comparison, out)
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
        write!(out, "{:14} {:6} {failures:5}", row.id, row.level.to_string().to_uppercase())?;
        for one in implementations {
            let (mark, style) = mark(one.outcomes.get(&row.id).copied());
            write!(out, "  {style}{mark}{style:#}")?;
        }
        writeln!(out, "  {}", row.text)?;
    }
    Ok(())
}

fn mark(outcome: Option<Outcome>) -> (char, Style) {
    match outcome {
        Some(Outcome::Passed) => ('✓', good()),
        Some(Outcome::Failed | Outcome::OptionalFailed | Outcome::Error) => ('✕', bad()),
        Some(Outcome::Inconclusive | Outcome::OptionalInconclusive) => ('?', inconclusive()),
        Some(Outcome::Known) => ('~', Style::new().dimmed()),
        Some(Outcome::Skipped) => ('–', Style::new().dimmed()),
        None => (' ', Style::new()),
    }
}

fn conclusion(exit: u8) -> Style {
    match Conclusion::of(exit) {
        Conclusion::Conforms => good(),
        Conclusion::DoesNotConform => bad(),
        Conclusion::Inconclusive => inconclusive(),
    }
}

fn good() -> Style {
    AnsiColor::Green.on_default()
}

fn inconclusive() -> Style {
    AnsiColor::Yellow.on_default()
}

fn bad() -> Style {
    AnsiColor::Red.on_default()
}
