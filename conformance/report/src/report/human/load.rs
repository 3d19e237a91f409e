//! Prints the results of a load test: changed verdicts, throughput and the slowest steps.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::style::{BOLD, BOLD_RED, DIM, GREEN};
use conformance_engine::event::{Load, Pace};
use conformance_suite::amount::amount;

/// Number of slowest steps to print; JSON Lines reports have all of them.
const SLOWEST: usize = 12;

/// Writes the results, with every step or only the slowest and those with changed verdicts.
pub(super) fn write(load: &Load, every: bool, out: &mut impl Write) -> io::Result<()> {
    let scenarios = amount(load.scenarios, "scenario");
    let repetitions = amount(load.repetitions, "repetition");
    let (seconds, jobs) = (load.seconds, load.jobs);
    writeln!(
        out,
        "{BOLD}Load test{BOLD:#}: {repetitions} of {scenarios} in {seconds:.1} s, {jobs} at a time"
    )?;
    let (lost, style) = match load.exchanges - load.kept {
        0 => ("no verdict changed".to_owned(), GREEN),
        lost => (format!("{lost} changed their verdict"), BOLD_RED),
    };
    let exchanges = amount(load.exchanges, "exchange");
    writeln!(out, "  {exchanges}, {}/s: {style}{lost}{style:#}", load.per_second)?;
    if load.timeouts > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a share needs less than 52 bits of precision")]
        let share = load.timeouts as f64 * 100.0 / load.exchanges.max(1) as f64;
        let timeouts = amount(load.timeouts, "request");
        writeln!(out, "  {BOLD_RED}{timeouts} timed out{BOLD_RED:#}, {share:.2} % of all")?;
    }
    if load.resent > 0 {
        let resent = amount(load.resent, "request");
        let verb = if load.resent == 1 { "was" } else { "were" };
        writeln!(
            out,
            "  {resent} {verb} sent again: the target had closed the reused connection before any response, or refused `Expect`"
        )?;
    }
    if let Some(ended) = &load.ended {
        writeln!(out, "  ended early: {ended}")?;
    }
    if load.exchanges > 0 {
        table(load, every, out)?;
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &load.left_out {
        reasons.entry(&one.reason).or_default().push(&one.scenario);
    }
    for (reason, scenarios) in reasons {
        let named =
            if every || scenarios.len() <= 3 { format!(" ({})", scenarios.join(" ")) } else { String::new() };
        writeln!(out, "  {DIM}not repeated{DIM:#} {}: {reason}{named}", amount(scenarios.len(), "scenario"))?;
    }
    writeln!(out)
}

fn table(load: &Load, every: bool, out: &mut impl Write) -> io::Result<()> {
    let mut steps: Vec<&Pace> = load.steps.iter().filter(|step| step.exchanges > 0).collect();
    if !every {
        steps.sort_by(|one, other| other.p99.total_cmp(&one.p99));
        let (lost, held): (Vec<&Pace>, Vec<&Pace>) =
            steps.into_iter().partition(|step| step.kept < step.exchanges);
        steps = lost.into_iter().chain(held.into_iter().take(SLOWEST)).collect();
    }
    let heads = ["p50", "p90", "p99", "p99.9", "max"].map(|head| format!("{head:>8}")).join(" ");
    writeln!(out, "  {DIM}{:56} {:>9} {heads}{DIM:#}", "in milliseconds", "exchanges")?;
    for step in &steps {
        let times =
            [step.p50, step.p90, step.p99, step.p999, step.max].map(|time| format!("{time:8.2}")).join(" ");
        let lost = step.exchanges - step.kept;
        let lost = if lost > 0 { format!("  {BOLD_RED}{lost} changed{BOLD_RED:#}") } else { String::new() };
        writeln!(out, "  {:56} {:>9} {times}{lost}", step.id, step.exchanges)?;
    }
    if let Some(more @ 1..) = load.steps.len().checked_sub(steps.len()) {
        writeln!(out, "  {DIM}and {more} faster ones; --verbose shows each{DIM:#}")?;
    }
    Ok(())
}
