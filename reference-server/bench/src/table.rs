//! Medians of rounds, and Markdown tables.

use crate::load::Outcome;

/// The median; 0 for no numbers.
#[must_use]
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// The outcomes of one server, one for each round.
pub struct Row {
    /// The name of the server.
    pub name: String,
    pub rounds: Vec<Outcome>,
}

/// Prints rows under a title; ratios are relative to the first row.
///
/// A ratio is the median of the ratios of the rounds: in each round both servers were measured right after each other.
pub fn print(title: &str, rows: &[Row]) {
    println!("| {title} | requests/s | p50 µs | p99 µs | CPU µs/request | ratio requests/s | ratio CPU |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let Some(base) = rows.first() else { return };
    for row in rows {
        let of = |value: fn(&Outcome) -> f64| median(row.rounds.iter().map(value));
        let ratio = |value: fn(&Outcome) -> f64| {
            median(row.rounds.iter().zip(&base.rounds).map(|(own, base)| value(own) / value(base)))
        };
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.1} | {:.2} | {:.2} |",
            row.name,
            of(|outcome| outcome.rate),
            of(|outcome| outcome.p50),
            of(|outcome| outcome.p99),
            of(|outcome| outcome.processor),
            ratio(|outcome| outcome.rate),
            ratio(|outcome| outcome.processor),
        );
    }
    println!();
}
