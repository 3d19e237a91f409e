//! Medians of rounds, and the lines of a table in Markdown.

use crate::process::Cost;

/// What one contender has cost, round by round.
pub struct Row {
    /// What the table calls it.
    pub name: String,
    /// Its costs, one for each round.
    pub rounds: Vec<Cost>,
}

/// The middle one of some numbers; 0 of none.
#[must_use]
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// The median of the ratios of the rounds: both sides of each were measured right after each other.
#[must_use]
pub fn ratio(row: &Row, base: &Row, value: fn(&Cost) -> f64) -> f64 {
    median(row.rounds.iter().zip(&base.rounds).map(|(own, base)| value(own) / value(base)))
}

/// Prints rows under a title; the first row is what the others are measured by.
pub fn print(title: &str, rows: &[Row]) {
    println!("| {title} | wall ms | CPU ms | peak MiB | ratio wall | ratio CPU |");
    println!("|---|---:|---:|---:|---:|---:|");
    let Some(base) = rows.first() else { return };
    for row in rows {
        let of = |value: fn(&Cost) -> f64| median(row.rounds.iter().map(value));
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} |",
            row.name,
            of(|cost| cost.wall),
            of(|cost| cost.processor),
            of(|cost| cost.peak),
            ratio(row, base, |cost| cost.wall),
            ratio(row, base, |cost| cost.processor),
        );
    }
    println!();
}
