//! CSV tables of several implementations: the outcome of each requirement, and the points.

use std::io::{self, Write};

use super::score::{percent, points};
use crate::comparison::{Comparison, Implementation};
use conformance_engine::outcome::Conclusion;
use conformance_suite::safe;
use conformance_suite::suite::Level;

/// Writes a row for each implementation with the outcome of each requirement.
///
/// # Errors
/// Writing to `out` fails.
pub fn results(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    let mut head: Vec<String> = ["implementation", "result", "reason"].map(str::to_owned).to_vec();
    head.extend(Level::ALL.iter().flat_map(|level| [format!("{level} passed"), format!("{level} tested")]));
    head.extend(comparison.requirements.iter().map(|row| safe::cell(&row.id)));
    table.write_record(&head)?;
    for one in &comparison.implementations {
        let mut row = about(one).to_vec();
        for (held, tried) in Level::ALL.map(|level| one.held(level)) {
            row.extend([held.to_string(), tried.to_string()]);
        }
        let outcomes = comparison.requirements.iter().map(|row| one.outcomes.get(&row.id));
        row.extend(outcomes.map(|outcome| outcome.map_or("untested", |one| one.as_str()).to_owned()));
        table.write_record(&row)?;
    }
    table.flush()
}

/// Writes a row for each implementation with its points. Without points of a teacher, each MUST is worth one.
///
/// # Errors
/// Writing to `out` fails.
pub fn grades(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["implementation", "points", "maximum", "percent", "result", "reason"])?;
    for one in &comparison.implementations {
        let [name, result, reason] = about(one);
        let (earned, maximum) = one.score;
        let percent = percent(earned, maximum);
        table.write_record([name, points(earned), points(maximum), percent, result, reason])?;
    }
    table.flush()
}

/// Returns the name, the result and the reason of an implementation.
fn about(one: &Implementation) -> [String; 3] {
    let result = if one.unusable.is_some() { "unusable" } else { Conclusion::of(one.exit).title() };
    let reason = one.unusable.as_ref().or(one.inconclusive.as_ref());
    [safe::cell(&one.name), result.to_owned(), safe::cell(reason.map_or("", String::as_str))]
}
