//! Merges the JSON Lines reports of all shards into one run, in plan order. An incomplete set of shards is rejected.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use conformance_engine::event::{FinishedRun, Footer, Header, OPERATIONS, Record, Shard, Stale, Standing};
use conformance_engine::jsonl::{self, not_a_report};
use conformance_engine::run::{Tally, regrouped, settle};
use conformance_engine::verdict::Verdict;
use conformance_suite::diagnostic::Diagnostic;

/// The report of one shard.
struct Piece<'a> {
    path: &'a Path,
    header: Header,
    shard: Shard,
    records: Vec<Arc<Record>>,
    footer: Footer,
}

/// Merges the reports of all shards of a run. A single report of a whole run stays as it is. The start is that of the first shard, the duration that of the longest.
///
/// # Errors
/// A report cannot be read, is invalid, incomplete or not of a shard; the shards are of different suites, targets or splits; or a
/// shard is missing or given twice.
pub fn merge(paths: &[impl AsRef<Path>]) -> Result<FinishedRun, Diagnostic> {
    if let [path] = paths {
        let run = jsonl::read_run(path.as_ref())?;
        if run.header.shard.is_none() {
            return Ok(run);
        }
    }
    let mut pieces = Vec::new();
    for path in paths {
        pieces.push(read(path.as_ref())?);
    }
    check(&pieces)?;
    let Some(first) = pieces.first() else { return Err(Diagnostic::new("there is no report to merge")) };
    let mut header = Header { shard: None, ..first.header.clone() };
    header.steps = pieces.iter().fold(0, |steps, piece| steps.saturating_add(piece.header.steps));
    // UTC times in the same format sort as text.
    header.started = pieces.iter().map(|piece| piece.header.started.clone()).min().unwrap_or_default();
    let milliseconds = pieces.iter().map(|piece| piece.footer.milliseconds).fold(0.0, f64::max);
    let next = first.footer.next.clone();
    let graded = pieces.iter().any(|piece| piece.footer.graded);
    let mut tally = Tally::new(register(&pieces)).graded(graded);
    let mut stale: Vec<Stale> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut scenarios: BTreeMap<usize, Vec<Arc<Record>>> = BTreeMap::new();
    for piece in pieces {
        for note in piece.footer.notes {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        for one in piece.footer.stale {
            if !stale.iter().any(|other| other.at == one.at) {
                stale.push(one);
            }
        }
        let by_scenario =
            piece.records.chunk_by(|one, next| one.scenario == next.scenario).map(<[_]>::to_vec);
        scenarios.extend(piece.shard.positions.into_iter().zip(by_scenario));
    }
    let mut records: Vec<Arc<Record>> = scenarios.into_values().flatten().collect();
    let came_up =
        records.iter().any(|one| !one.unstarted && matches!(one.verdict, Verdict::Pass | Verdict::Fail));
    for record in &mut records {
        settle(Arc::make_mut(record), came_up);
        tally.count(record);
    }
    for record in regrouped(header.openapi.clone(), &records) {
        tally.count(&record);
        records.push(Arc::new(record));
    }
    let footer = Footer { next, notes, milliseconds, ..tally.close(stale) };
    Ok(FinishedRun { header, records, footer })
}

fn read(path: &Path) -> Result<Piece<'_>, Diagnostic> {
    let FinishedRun { header, mut records, footer } = jsonl::read_run(path)?;
    // They are made again from the steps of all shards.
    records.retain(|record| record.scenario != OPERATIONS);
    let Some(shard) = header.shard.clone() else {
        let message = format!("the report {} is not of a shard", path.display());
        return Err(
            Diagnostic::new(message).help("write one with `conformance run --shard 1/2 --report jsonl=FILE`")
        );
    };
    Ok(Piece { path, header, shard, records, footer })
}

/// Returns an error if the reports are not the shards of one run.
fn check(pieces: &[Piece<'_>]) -> Result<(), Diagnostic> {
    let Some(first) = pieces.first() else { return Ok(()) };
    let mut seen: BTreeMap<usize, &Path> = BTreeMap::new();
    for piece in pieces {
        let (own, whole) = (piece.path.display(), first.path.display());
        for (what, one, other) in [
            ("suite", &piece.header.suite, &first.header.suite),
            ("target", &piece.header.target, &first.header.target),
        ] {
            if one != other {
                let message = format!("the report {own} is of the {what} “{one}”, and {whole} of “{other}”");
                return Err(Diagnostic::new(message));
            }
        }
        let (shard, other) = (&piece.shard, &first.shard);
        if shard.of != other.of {
            let message = format!("{own} is one of {} shards, and {whole} one of {}", shard.of, other.of);
            return Err(Diagnostic::new(message));
        }
        if shard.whole != other.whole || shard.scenarios != other.scenarios {
            let message = format!("{own} and {whole} are not parts of the same run");
            return Err(Diagnostic::new(message)
                .help("use the same suite, stage, profiles and filters on every machine"));
        }
        if let Some(twin) = seen.insert(shard.index, piece.path) {
            let message =
                format!("{} and {own} are both of shard {} of {}", twin.display(), shard.index, shard.of);
            return Err(Diagnostic::new(message));
        }
        let scenarios = piece.records.chunk_by(|one, other| one.scenario == other.scenario).count();
        if scenarios != shard.positions.len() {
            return Err(not_a_report(piece.path, "its scenarios are not those of its shard"));
        }
    }
    let of = first.shard.of;
    if let Some(missing) = (1..=of).find(|index| !seen.contains_key(index)) {
        return Err(Diagnostic::new(format!("the report of shard {missing} of {of} is missing")));
    }
    let mut positions: Vec<usize> =
        pieces.iter().flat_map(|piece| piece.shard.positions.iter().copied()).collect();
    positions.sort_unstable();
    if !positions.iter().copied().eq(0..first.shard.scenarios) {
        let message = "the shards do not fit together: a scenario is in none of them or in several";
        return Err(Diagnostic::new(message).help("use the same report for --shard-by on every machine"));
    }
    Ok(())
}

/// Returns the requirements without results; untested ones keep the reason of the first shard.
fn register(pieces: &[Piece<'_>]) -> Vec<Standing> {
    let Some(first) = pieces.first() else { return Vec::new() };
    let standings = first.footer.requirements.iter().enumerate().map(|(index, standing)| {
        let said = pieces.iter().filter_map(|piece| piece.footer.requirements.get(index));
        let mut untried = said.filter(|other| other.id == standing.id && other.verdict.is_none());
        let reason = untried.find_map(|other| other.reason.clone());
        // A shard that did not test a requirement has no points for it.
        let points = pieces.iter().find_map(|piece| piece.footer.requirements.get(index)?.points);
        Standing {
            verdict: None,
            deviates: false,
            outcome: None,
            reason,
            points,
            earned: None,
            ..standing.clone()
        }
    });
    standings.collect()
}
