//! Prints the comparison table of implementations and requirements.

use std::io::{self, Write};

use anstyle::Style;

use crate::comparison::{Comparison, Row};
use crate::report::score::points;
use crate::style::{BOLD, DIM, GREEN, RED, YELLOW};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::amount::amount;
use conformance_suite::safe::{line, terminal};
use conformance_suite::suite::Level;

/// Writes the counts of each implementation, then the failing requirements, the most frequent first, then inconclusive ones.
///
/// # Errors
/// Writing to `out` fails.
pub fn write(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    let implementations = &comparison.implementations;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}: {}\n",
        line(&comparison.suite),
        amount(implementations.len(), "implementation")
    )?;
    let names: Vec<String> = implementations.iter().map(|one| line(&one.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(8, 40);
    for (index, (one, name)) in implementations.iter().zip(&names).enumerate() {
        let counts = Level::ALL.into_iter().filter_map(|level| match one.held(level) {
            (_, 0) => None,
            (held, tried) => Some(format!("{} {held}/{tried}", level.to_string().to_uppercase())),
        });
        let (style, counts) = match (&one.unusable, &one.inconclusive) {
            (Some(reason), _) => (YELLOW, format!("cannot be used: {}", terminal(reason))),
            (None, Some(reason)) => (YELLOW, format!("inconclusive: {}", terminal(reason))),
            (None, None) if one.outcomes.values().all(|outcome| *outcome == Outcome::Skipped) => {
                (YELLOW, "no requirement was tested".to_owned())
            }
            (None, None) => {
                let score = format!("{} of {} points", points(one.score.0), points(one.score.1));
                let parts = counts.chain(one.graded.then_some(score));
                (conclusion(one.exit), parts.collect::<Vec<_>>().join(" · "))
            }
        };
        writeln!(out, "{:3}  {:width$}  {style}{counts}{style:#}", index + 1, name)?;
    }
    let mut rows: Vec<_> = (comparison.requirements.iter())
        .map(|row| (comparison.failures(&row.id), row))
        .filter(|(failures, _)| *failures > 0)
        .collect();
    rows.sort_by_key(|(failures, _)| std::cmp::Reverse(*failures));
    let unclear: Vec<_> = (comparison.requirements.iter())
        .filter(|row| comparison.failures(&row.id) == 0 && comparison.inconclusive(&row.id) > 0)
        .map(|row| (0, row))
        .collect();
    if rows.is_empty() {
        writeln!(out, "\nno requirement fails")?;
        return part("inconclusive", &unclear, comparison, out);
    }
    let most = rows.iter().take_while(|(failures, _)| failures * 2 > comparison.with_result()).count();
    let (most, others) = rows.split_at(if comparison.with_result() > 1 { most } else { 0 });
    part("failed by most", most, comparison, out)?;
    part(if most.is_empty() { "failed by some" } else { "failed by others" }, others, comparison, out)?;
    part("inconclusive", &unclear, comparison, out)
}

fn part(
    title: &str,
    rows: &[(usize, &Row)],
    comparison: &Comparison,
    out: &mut impl Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let implementations = &comparison.implementations;
    let numbers = (1..=implementations.len()).map(|number| format!("{number:>3}"));
    writeln!(out, "\n{BOLD}{title:21} fails{}{BOLD:#}", numbers.collect::<String>())?;
    for (failures, row) in rows {
        write!(out, "{:14} {:6} {failures:5}", line(&row.id), row.level.to_string().to_uppercase())?;
        for one in implementations {
            let (mark, style) = mark(one.outcomes.get(&row.id).copied());
            write!(out, "  {style}{mark}{style:#}")?;
        }
        writeln!(out, "  {}", line(&row.text))?;
    }
    Ok(())
}

fn mark(outcome: Option<Outcome>) -> (char, Style) {
    match outcome {
        Some(Outcome::Passed) => ('✓', GREEN),
        Some(Outcome::Failed | Outcome::OptionalFailed | Outcome::Error) => ('✕', RED),
        Some(Outcome::Inconclusive | Outcome::OptionalInconclusive) => ('?', YELLOW),
        Some(Outcome::Known) => ('~', DIM),
        Some(Outcome::Skipped) => ('–', DIM),
        None => (' ', Style::new()),
    }
}

fn conclusion(exit: u8) -> Style {
    match Conclusion::of(exit) {
        Conclusion::Conforms => GREEN,
        Conclusion::DoesNotConform => RED,
        Conclusion::Inconclusive => YELLOW,
    }
}
