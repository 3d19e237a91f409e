//! Texts about points.

use super::evidence::evidence;
use conformance_engine::event::{FinishedRun, Footer, Record, Standing};
use conformance_engine::verdict::Verdict;

/// Returns points with at most two decimals, as in `7`, `2.5` and `0.33`.
#[must_use]
pub fn points(points: f64) -> String {
    let text = format!("{points:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns the score in one line; none if the requirements of the run have no points.
#[must_use]
pub fn score(footer: &Footer) -> Option<String> {
    let (earned, maximum) = footer.score();
    let percent = percent(earned, maximum);
    (footer.graded && maximum > 0.0)
        .then(|| format!("{} of {} points ({percent} %)", points(earned), points(maximum)))
}

/// Returns the share of the points in percent; 0 if there are none to earn.
pub(super) fn percent(earned: f64, maximum: f64) -> String {
    points(if maximum > 0.0 { earned / maximum * 100.0 } else { 0.0 })
}

/// Returns the steps that cover a requirement and did not pass, those that fail before those that are inconclusive.
pub(super) fn reasons<'r>(run: &'r FinishedRun, requirement: &Standing) -> Vec<&'r Record> {
    let mut records: Vec<&Record> = (run.records.iter().map(|record| &**record))
        .filter(|record| record.verdict > Verdict::Pass && record.covers.contains_key(&requirement.id))
        .collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.verdict));
    records
}

/// Maximum number of steps to show for a requirement.
const STEPS: usize = 3;

/// Returns the evidence of the first steps that cover a requirement and did not pass.
pub(super) fn evidence_of(run: &FinishedRun, requirement: &Standing) -> String {
    let reasons = reasons(run, requirement);
    let mut texts: Vec<String> =
        reasons.iter().take(STEPS).map(|record| evidence(record, Some(&run.header))).collect();
    if let Some(more) = reasons.len().checked_sub(STEPS).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join("\n")
}
