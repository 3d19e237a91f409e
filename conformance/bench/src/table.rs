//! Computes medians and prints Markdown tables.

use crate::process::Cost;

/// The measurements of one contender.
pub struct Row {
    /// Its title in the table.
    pub name: String,
    /// Its resource usage, one for each round.
    pub rounds: Vec<Cost>,
}

/// Returns the median; 0 if there are no numbers.
#[must_use]
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// Returns the median of the ratios of the rounds, because the two sides of a round were measured close together.
#[must_use]
pub fn ratio(row: &Row, base: &Row, value: fn(&Cost) -> f64) -> f64 {
    median(row.rounds.iter().zip(&base.rounds).map(|(own, base)| value(own) / value(base)))
}

/// Prints a table. The first row is the reference for the others.
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
