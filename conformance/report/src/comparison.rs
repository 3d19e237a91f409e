//! Compares the JSON Lines reports of several implementations. Incomplete reports are rejected.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::changes::Changes;
use crate::printable;
use conformance_engine::event::{FinishedRun, Header, Record, Shard};
use conformance_engine::jsonl;
use conformance_engine::limit;
use conformance_engine::outcome::{self, Outcome};
use conformance_engine::verdict::Verdict;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::line;
use conformance_suite::suite::Level;
use serde_json::json;

/// Results of several implementations for each requirement.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Title of the suite.
    pub suite: String,
    /// Requirements that were tested with any implementation, in the order of the register.
    pub requirements: Vec<Row>,
    /// The implementations in the given order.
    pub implementations: Vec<Implementation>,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Clause of the specification.
    pub clause: String,
    /// Text of the requirement.
    pub text: String,
}

/// The run of an implementation.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// Name: the title of the target if it is unique, else the name of the report.
    pub name: String,
    /// Outcome of each tested requirement.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Failing steps as JSON; empty unless requested.
    pub evidence: Vec<String>,
    /// Why the target could not be used, if so.
    pub unusable: Option<String>,
    /// Why the run was inconclusive although the target could be used.
    pub inconclusive: Option<String>,
    /// Exit code of its run.
    pub exit: u8,
    /// Link to the page of its run, if there is one.
    pub page: Option<String>,
    /// Earned points and maximum.
    pub score: (f64, f64),
    /// Whether the suite or the user gave points to requirements.
    pub graded: bool,
    /// What changed since an earlier run, if there was one.
    pub changes: Option<Changes>,
    /// Link to its badge.
    pub badge: Option<String>,
    /// Header of its report.
    pub header: Header,
    /// Path of its report.
    path: PathBuf,
    rows: Vec<Row>,
}

impl Comparison {
    /// Reads reports; `with_evidence` keeps the failing steps. With `force`, suites and selections may differ.
    ///
    /// # Errors
    /// A report cannot be read, is invalid or incomplete, or is of another suite or selection than the first.
    pub fn read(paths: &[impl AsRef<Path>], with_evidence: bool, force: bool) -> Result<Self, Diagnostic> {
        let mut implementations = Vec::new();
        for path in paths {
            let run = jsonl::read_run(path.as_ref())?;
            implementations.push(Implementation::of(run, path.as_ref(), with_evidence)?);
        }
        Self::of(implementations, force)
    }

    /// Compares implementations. With `force`, suites and selections may differ.
    ///
    /// # Errors
    /// A run is of another suite or selection than the first.
    pub fn of(mut implementations: Vec<Implementation>, force: bool) -> Result<Self, Diagnostic> {
        let Some(first) = implementations.first() else {
            return Err(Diagnostic::new("no report to compare"));
        };
        let suite = first.header.suite.clone();
        for other in implementations.iter().skip(1).filter(|_| !force) {
            check_comparable((&first.path, &first.header), (&other.path, &other.header))?;
        }
        name(&mut implementations);
        // A target that cannot be used has the same maximum as those with a result.
        let used = implementations.iter().filter(|one| one.unusable.is_none());
        if let Some(maximum) = used.map(|one| one.score.1).reduce(f64::max) {
            for one in implementations.iter_mut().filter(|one| one.unusable.is_some()) {
                one.score.1 = maximum;
            }
        }
        let mut requirements: Vec<Row> = Vec::new();
        for row in implementations.iter().flat_map(|one| &one.rows) {
            let tried = implementations.iter().any(|one| one.outcomes.contains_key(&row.id));
            if tried && !requirements.iter().any(|known| known.id == row.id) {
                requirements.push(row.clone());
            }
        }
        Ok(Self { suite, requirements, implementations })
    }

    /// Returns the number of implementations that fail a requirement.
    #[must_use]
    pub fn failures(&self, requirement: &str) -> usize {
        self.count(requirement, |outcome| {
            matches!(outcome, Outcome::Failed | Outcome::OptionalFailed | Outcome::Error)
        })
    }

    /// Returns the number of implementations for which a requirement is inconclusive, without targets that could not be used.
    #[must_use]
    pub fn inconclusive(&self, requirement: &str) -> usize {
        self.count(requirement, |outcome| {
            matches!(outcome, Outcome::Inconclusive | Outcome::OptionalInconclusive)
        })
    }

    /// Returns the number of implementations with a result.
    #[must_use]
    pub fn with_result(&self) -> usize {
        self.implementations.iter().filter(|one| one.unusable.is_none() && one.inconclusive.is_none()).count()
    }

    fn count(&self, requirement: &str, is: impl Fn(Outcome) -> bool) -> usize {
        let used = self.implementations.iter().filter(|one| one.unusable.is_none());
        used.filter_map(|one| one.outcomes.get(requirement)).filter(|outcome| is(**outcome)).count()
    }
}

/// Checks that two runs are of the same suite and selection.
///
/// # Errors
/// They are not; the message says what differs.
pub fn check_comparable(
    (path, one): (&Path, &Header),
    (other_path, other): (&Path, &Header),
) -> Result<(), Diagnostic> {
    let list = |texts: &[String]| if texts.is_empty() { "all".to_owned() } else { texts.join(", ") };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let digest = |header: &Header| header.suite_digest.chars().take(12).collect::<String>();
    let has_digests = !one.suite_digest.is_empty() && !other.suite_digest.is_empty();
    let parts = [
        ("suite", format!("“{}”", one.suite), format!("“{}”", other.suite)),
        ("version of the suite", or_none(&one.suite_version), or_none(&other.suite_version)),
        ("stage", or_none(&one.stage), or_none(&other.stage)),
        ("filters", list(&one.filters), list(&other.filters)),
        ("profiles", list(&one.profiles), list(&other.profiles)),
        ("files of the suite (SHA-256)", digest(one), digest(other)),
    ];
    let differs =
        parts.iter().find(|(what, one, other)| one != other && (has_digests || !what.starts_with("files")));
    let Some((what, one, other)) = differs else { return Ok(()) };
    let message = format!(
        "the reports {} and {} cannot be compared: they differ in the {what}: {one} and {other}",
        path.display(),
        other_path.display()
    );
    Err(Diagnostic::new(message).help("--force compares them anyway"))
}

impl Implementation {
    /// Takes what a comparison needs of a run, whose report is at `path`. The report is not read, since a target may have changed it.
    ///
    /// # Errors
    /// The run is only a shard.
    pub fn of(run: FinishedRun, path: &Path, with_evidence: bool) -> Result<Self, Diagnostic> {
        implementation(run, path, with_evidence)
    }

    /// Returns how many requirements of a level pass, and how many were tested.
    #[must_use]
    pub fn held(&self, level: Level) -> (usize, usize) {
        let of_level = self.rows.iter().filter(|row| row.level == level);
        outcome::count(of_level.filter_map(|row| self.outcomes.get(&row.id)).copied())
    }
}

fn implementation(run: FinishedRun, path: &Path, with_evidence: bool) -> Result<Implementation, Diagnostic> {
    let FinishedRun { header, records, footer } = run;
    if let Some(shard) = &header.shard {
        return Err(in_part(path, shard));
    }
    let failing = records.into_iter().filter(|record| record.verdict > Verdict::Pass);
    let first_reason = failing.clone().find_map(|record| record.reason.clone());
    // The target could be used if a step was sent or is blocked by one that was sent.
    let unsent = |record: &Record| record.unstarted || (record.tries == 0 && record.waits_for.is_none());
    let never: HashSet<String> =
        failing.clone().filter(|record| unsent(record)).map(|record| record.id.clone()).collect();
    let met = failing.clone().any(|record| {
        !unsent(&record) && record.waits_for.as_ref().is_none_or(|blocks| !never.contains(blocks))
    });
    let (score, graded) = (footer.score(), footer.graded);
    let standings = footer.requirements;
    let judged = standings.iter().any(|one| matches!(one.verdict, Some(Verdict::Pass | Verdict::Fail)));
    let reason = first_reason.filter(|_| !judged);
    let (unusable, inconclusive) = if met { (None, reason) } else { (reason, None) };
    Ok(Implementation {
        name: String::new(),
        outcomes: standings.iter().filter_map(|one| Some((one.id.clone(), one.outcome()?))).collect(),
        evidence: if with_evidence { evidence(failing) } else { Vec::new() },
        unusable,
        inconclusive,
        exit: footer.exit,
        page: None,
        changes: None,
        badge: None,
        score,
        graded,
        header,
        path: path.to_owned(),
        rows: standings
            .into_iter()
            .map(|one| Row { id: one.id, level: one.level, clause: one.clause, text: one.text })
            .collect(),
    })
}

/// Maximum size of the failing steps of an implementation with their exchanges, in bytes. Further steps have no exchanges.
const MAX_EVIDENCE: usize = 120 * 1024;

/// Returns the failing steps as JSON, with what the page shows.
fn evidence(failing: impl Iterator<Item = Arc<Record>>) -> Vec<String> {
    let mut bytes = 0;
    let texts = failing.map(|record| {
        let text = step(record, bytes < MAX_EVIDENCE);
        bytes += text.len();
        text
    });
    texts.collect()
}

/// Returns a step as JSON, cut to what the page shows: reports of version 0.1.0 have bodies of any size.
fn step(record: Arc<Record>, with_exchange: bool) -> String {
    let mut record = Arc::unwrap_or_clone(record);
    record.findings.truncate(limit::FINDINGS);
    for finding in &mut record.findings {
        cut(&mut finding.label, limit::LABEL);
        cut(&mut finding.expected, limit::VALUE);
        cut(&mut finding.received, limit::VALUE);
    }
    record.printed = printable::plain(&record.printed).into_owned();
    cut(&mut record.printed, limit::PRINTED);
    record.exchange = record.exchange.filter(|_| with_exchange && record.waits_for.is_none());
    if let Some(exchange) = &mut record.exchange {
        cut(&mut exchange.again, limit::BODY);
        let sent = &mut exchange.sent;
        let (begin, rest) = sent.beginning(limit::SHORT_BODY);
        sent.body = sent.body.is_some().then(|| with_rest(begin, rest));
        if let Some(received) = &mut exchange.received {
            let (begin, rest) = received.beginning(limit::SHORT_BODY);
            received.body = with_rest(begin, rest);
        }
    }
    record.execution = record.execution.filter(|_| with_exchange && record.waits_for.is_none());
    for stream in record.execution.iter_mut().flat_map(|one| [&mut one.stdout, &mut one.stderr]) {
        let (begin, rest) = stream.beginning(limit::SHORT_BODY);
        stream.text = with_rest(begin, rest);
    }
    // The script of the page shows the text as it is.
    let record = printable::record(&record);
    let findings = record
        .findings
        .iter()
        .map(|finding| json!({ "what": finding.part, "label": finding.label, "expected": finding.expected }));
    // The page shows only the last response.
    let exchange = record.exchange.as_ref().map(|exchange| {
        let received = exchange.received.as_ref().map(|received| {
            json!({ "status": received.status, "headers": received.headers, "body": received.body })
        });
        let sent = &exchange.sent;
        json!({
            "sent": { "method": sent.method, "target": sent.target, "headers": sent.headers, "body": sent.body },
            "received": received,
            "again": exchange.again,
        })
    });
    let execution = record.execution.as_ref().map(|execution| {
        let streams = execution.streams().map(|(name, stream)| json!([name, stream.text]));
        json!({
            "command": execution.command,
            "ended": execution.ended(),
            "streams": streams.collect::<Vec<_>>(),
        })
    });
    json!({
        "id": record.id,
        "title": record.title,
        "profile": record.profile,
        "place": { "file": line(record.place.source().path()), "line": record.place.line() },
        "covers": record.covers,
        "findings": findings.collect::<Vec<_>>(),
        "reason": record.reason,
        "exchange": exchange,
        "execution": execution,
        "printed": if with_exchange { record.printed.as_str() } else { "" },
    })
    .to_string()
}

fn with_rest(begin: &str, rest: Option<String>) -> String {
    match rest {
        Some(rest) => format!("{begin}\n{rest}"),
        None => begin.to_owned(),
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

fn in_part(path: &Path, shard: &Shard) -> Diagnostic {
    let Shard { index, of, .. } = shard;
    Diagnostic::new(format!("the report {} is of shard {index} of {of}", path.display()))
        .help("merge the shards into one report with `conformance merge`")
}

/// Gives each implementation a unique name.
fn name(implementations: &mut [Implementation]) {
    let target = |one: &Implementation| {
        let identity = one.header.implementation.as_ref();
        let named = identity.and_then(|identity| Some((identity.name.clone()?, identity.version.clone())));
        match named {
            Some((name, Some(version))) => format!("{name} {version}"),
            Some((name, None)) => name,
            None => one.header.target.clone(),
        }
    };
    let targets: Vec<String> = implementations.iter().map(target).collect();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: Vec<String> = implementations.iter().map(|one| stem(&one.path)).collect();
    let once = |names: &[String], name: &String| names.iter().filter(|other| *other == name).count() == 1;
    for (index, one) in implementations.iter_mut().enumerate() {
        one.name = match (&targets[index], &stems[index]) {
            (target, _) if once(&targets, target) => target.clone(),
            (_, stem) if once(&stems, stem) => stem.clone(),
            _ => one.path.display().to_string(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"event":"header","version":1,"conformance":"0.1.0","started":"","suite":"S","target":"t","stage":null,"steps":1}"#;
    const FOOTER: &str = r#"{"event":"footer","steps":{"fail":1},"exit":1,"milliseconds":1.0,"requirements":[
        {"id":"A-1.1","level":"must","clause":"1","text":"x","verdict":"fail"},
        {"id":"A-1.2","level":"must","clause":"1","text":"y","verdict":null}]}"#;

    fn written(lines: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<String> = lines.iter().map(|line| line.replace('\n', "")).collect();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        file
    }

    #[test]
    fn reads_tested_requirements_and_names_reports_of_one_target_by_file() {
        let (one, two) = (written(&[HEADER, FOOTER]), written(&[HEADER, FOOTER]));
        let comparison = Comparison::read(&[one.path(), two.path()], true, false).unwrap();
        assert_eq!(comparison.requirements.len(), 1);
        assert_eq!(comparison.failures("A-1.1"), 2);
        assert_ne!(comparison.implementations[0].name, comparison.implementations[1].name);
        assert_eq!(comparison.implementations[0].held(Level::Must), (0, 1));
    }

    #[test]
    fn does_not_count_inconclusive_requirements_as_failures() {
        let inconclusive = FOOTER.replace("\"fail\"},", "\"inconclusive\"},");
        let step = |more: &str| {
            let step = r#"{"event":"step","id":"s","scenario":"s","profile":"p","title":"t","verdict":"inconclusive","covers":{},
                    "place":{"file":"s.yaml","line":1,"column":1,"width":1},"source":{"line":1,"text":""},"milliseconds":0.0"#;
            format!("{step},\"reason\":\"why\"{more}}}")
        };
        let (failed, waits, unmet) =
            (written(&[HEADER, FOOTER]), step(r#","tries":0,"waits_for":"a""#), step(r#","tries":0"#));
        let (waits, unmet) =
            (written(&[HEADER, &waits, &inconclusive]), written(&[HEADER, &unmet, &inconclusive]));
        let comparison = Comparison::read(&[failed.path(), waits.path(), unmet.path()], true, false).unwrap();
        assert_eq!((comparison.failures("A-1.1"), comparison.inconclusive("A-1.1")), (1, 1));
        assert_eq!(comparison.with_result(), 1);
        let [_, waits, unmet] = comparison.implementations.as_slice() else { panic!("three reports") };
        assert_eq!((waits.unusable.as_deref(), waits.inconclusive.as_deref()), (None, Some("why")));
        assert_eq!((unmet.unusable.as_deref(), unmet.inconclusive.as_deref()), (Some("why"), None));
    }

    #[test]
    fn rejects_an_incomplete_report() {
        for lines in [&[HEADER][..], &[HEADER, r#"{"event":"step","id":"#][..]] {
            let file = written(lines);
            let message = Comparison::read(&[file.path()], true, false).unwrap_err().to_string();
            assert!(message.contains("is incomplete"), "{message}");
        }
    }

    #[test]
    fn rejects_other_files_and_reports_of_other_suites() {
        let (other, none) =
            (written(&[&HEADER.replace("\"S\"", "\"T\""), FOOTER]), written(&["no", "report"]));
        let good = written(&[HEADER, FOOTER]);
        let message = Comparison::read(&[good.path(), other.path()], true, false).unwrap_err().to_string();
        assert!(message.contains("differ in the suite: “S” and “T”"), "{message}");
        let message = Comparison::read(&[none.path()], true, false).unwrap_err().to_string();
        assert!(message.contains("is not a report: line 1"), "{message}");
        let newer = written(&[&HEADER.replace("\"version\":1", "\"version\":9"), FOOTER]);
        let message = Comparison::read(&[newer.path()], true, false).unwrap_err().to_string();
        assert!(message.contains("has version 9"), "{message}");
    }
}
