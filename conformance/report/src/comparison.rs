//! Compares the JSON Lines reports of several implementations. Incomplete reports are rejected.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use conformance_engine::event::{Exchange, Shard};
use conformance_engine::jsonl::{self, not_a_report};
use conformance_engine::limit;
use conformance_engine::outcome::{self, Outcome};
use conformance_engine::run::EVENTS_VERSION;
use conformance_engine::verdict::Verdict;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::suite::Level;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
    pub trouble: Option<String>,
    /// Why the run was inconclusive although the target could be used.
    pub undecided: Option<String>,
    /// Exit code of its run.
    pub exit: u8,
    suite: String,
    stage: Option<String>,
    target: String,
    rows: Vec<Row>,
}

/// A failing step of a report.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Step {
    /// Its id.
    id: String,
    /// Title of the step.
    title: String,
    /// The verdict.
    verdict: Verdict,
    /// The requirements that it covers, with their levels.
    covers: BTreeMap<String, Level>,
    /// Source location.
    place: serde_json::Value,
    /// The mismatches.
    #[serde(default)]
    findings: Vec<Finding>,
    /// Reason of the verdict.
    #[serde(default)]
    reason: Option<String>,
    /// The request and the response.
    #[serde(default)]
    exchange: Option<Exchange>,
    /// Output of the target.
    #[serde(default)]
    printed: String,
    /// Number of attempts.
    #[serde(default, skip_serializing)]
    tries: u32,
    /// The step that blocks it.
    #[serde(default, skip_serializing)]
    waits_for: Option<String>,
}

/// A mismatch as the page shows it.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Finding {
    label: String,
    expected: String,
}

impl Step {
    /// Returns the step as JSON, cut to what the page shows: reports of version 0.1.0 have bodies of any size.
    fn evidence(mut self) -> String {
        self.findings.truncate(limit::FINDINGS);
        for finding in &mut self.findings {
            cut(&mut finding.label, limit::LABEL);
            cut(&mut finding.expected, limit::VALUE);
        }
        cut(&mut self.printed, limit::PRINTED);
        if let Some(exchange) = &mut self.exchange {
            // The page shows only the last response.
            exchange.hops.clear();
            cut(&mut exchange.again, limit::BODY);
            let sent = &mut exchange.sent;
            let (begin, rest) = sent.beginning(limit::SHORT_BODY);
            sent.body = sent.body.is_some().then(|| shown(begin, rest));
            if let Some(received) = &mut exchange.received {
                let (begin, rest) = received.beginning(limit::SHORT_BODY);
                received.body = shown(begin, rest);
            }
        }
        // Serialising deserialised JSON cannot fail.
        serde_json::to_string(&self).unwrap_or_default()
    }
}

fn shown(begin: &str, rest: Option<String>) -> String {
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

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Header {
        version: u32,
        suite: String,
        target: String,
        stage: Option<String>,
        #[serde(default)]
        shard: Option<Shard>,
    },
    Step(Box<Step>),
    Load {},
    Footer {
        requirements: Vec<Standing>,
        exit: u8,
        #[serde(default)]
        interrupted: bool,
    },
}

#[derive(Deserialize)]
struct Standing {
    id: String,
    level: Level,
    clause: String,
    text: String,
    verdict: Option<Verdict>,
    #[serde(default)]
    deviates: bool,
    #[serde(default)]
    outcome: Option<Outcome>,
}

impl Standing {
    /// Reports of version 0.1.0 have no outcome.
    fn outcome(&self) -> Option<Outcome> {
        let of = |verdict| Outcome::of_requirement(verdict, self.level, self.deviates);
        self.outcome.or_else(|| self.verdict.map(of))
    }
}

impl Comparison {
    /// Reads reports; `with_evidence` keeps the failing steps.
    ///
    /// # Errors
    /// A report cannot be read, is invalid or incomplete, or is of another suite than the first.
    pub fn read(paths: &[impl AsRef<Path>], with_evidence: bool) -> Result<Self, Diagnostic> {
        let mut implementations = Vec::new();
        for path in paths {
            implementations.push(read(path.as_ref(), with_evidence)?);
        }
        let suite = implementations.first().map(|first| first.suite.clone()).unwrap_or_default();
        if let Some(at) = implementations.iter().position(|other| other.suite != suite) {
            let (path, other) = (paths[at].as_ref().display(), &implementations[at].suite);
            let message =
                format!("the report {path} is of the suite “{other}”, and the first is of “{suite}”");
            return Err(Diagnostic::new(message));
        }
        let stage = implementations.first().and_then(|first| first.stage.clone());
        if let Some(at) = implementations.iter().position(|other| other.stage != stage) {
            let message =
                format!("the report {} is for another stage than the first", paths[at].as_ref().display());
            return Err(Diagnostic::new(message));
        }
        name(&mut implementations, paths);
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
    pub fn undecided(&self, requirement: &str) -> usize {
        self.count(requirement, |outcome| {
            matches!(outcome, Outcome::Inconclusive | Outcome::OptionalInconclusive)
        })
    }

    /// Returns the number of implementations that could be used.
    #[must_use]
    pub fn judged(&self) -> usize {
        self.implementations.iter().filter(|one| one.trouble.is_none() && one.undecided.is_none()).count()
    }

    fn count(&self, requirement: &str, is: impl Fn(Outcome) -> bool) -> usize {
        let used = self.implementations.iter().filter(|one| one.trouble.is_none());
        used.filter_map(|one| one.outcomes.get(requirement)).filter(|outcome| is(**outcome)).count()
    }
}

impl Implementation {
    /// Returns how many requirements of a level pass, and how many were tested.
    #[must_use]
    pub fn held(&self, level: Level) -> (usize, usize) {
        let of_level = self.rows.iter().filter(|row| row.level == level);
        outcome::count(of_level.filter_map(|row| self.outcomes.get(&row.id)).copied())
    }
}

fn read(path: &Path, with_evidence: bool) -> Result<Implementation, Diagnostic> {
    let shown = path.display();
    let mut header = None;
    let mut footer = None;
    let (mut reason, mut met, mut evidence) = (None, false, Vec::new());
    for line in jsonl::read(path) {
        let line: Line = line?;
        match line {
            Line::Header { version, .. } if version > EVENTS_VERSION => {
                let message = format!(
                    "the report {shown} has version {version}; this program reads version {EVENTS_VERSION}"
                );
                return Err(Diagnostic::new(message).help("use a newer version of conformance"));
            }
            Line::Header { shard: Some(shard), .. } => return Err(in_part(path, &shard)),
            Line::Header { suite, target, stage, .. } => header = Some((suite, target, stage)),
            Line::Step(step) if step.verdict > Verdict::Pass => {
                // The target could be used if a step was sent or is blocked by another.
                met |= step.tries > 0 || step.waits_for.is_some();
                reason = reason.or_else(|| step.reason.clone());
                if with_evidence {
                    evidence.push(step.evidence());
                }
            }
            Line::Step(_) | Line::Load {} => {}
            Line::Footer { interrupted: true, .. } => return Err(interrupted(path)),
            Line::Footer { requirements, exit, .. } => footer = Some((requirements, exit)),
        }
    }
    let Some((suite, target, stage)) = header else { return Err(not_a_report(path, "it has no header")) };
    let Some((standings, exit)) = footer else { return Err(jsonl::cut(path)) };
    let outcomes: BTreeMap<String, Outcome> =
        standings.iter().filter_map(|one| Some((one.id.clone(), one.outcome()?))).collect();
    let judged = standings.iter().any(|one| matches!(one.verdict, Some(Verdict::Pass | Verdict::Fail)));
    let rows = standings.into_iter().map(|one| Row {
        id: one.id,
        level: one.level,
        clause: one.clause,
        text: one.text,
    });
    let rows = rows.collect();
    let reason = reason.filter(|_| !judged);
    let (trouble, undecided) = if met { (None, reason) } else { (reason, None) };
    let name = String::new();
    Ok(Implementation { name, outcomes, evidence, trouble, undecided, exit, suite, stage, target, rows })
}

pub(crate) fn interrupted(path: &Path) -> Diagnostic {
    Diagnostic::new(format!("the report {} is incomplete: its run was interrupted", path.display()))
        .help("run it again")
}

fn in_part(path: &Path, shard: &Shard) -> Diagnostic {
    let Shard { index, of, .. } = shard;
    Diagnostic::new(format!("the report {} is of shard {index} of {of}", path.display()))
        .help("merge the shards into one report with `conformance merge`")
}

/// Gives each implementation a unique name.
fn name(implementations: &mut [Implementation], paths: &[impl AsRef<Path>]) {
    let targets: Vec<String> = implementations.iter().map(|one| one.target.clone()).collect();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: Vec<String> = paths.iter().map(|path| stem(path.as_ref())).collect();
    let once = |names: &[String], name: &String| names.iter().filter(|other| *other == name).count() == 1;
    for (index, one) in implementations.iter_mut().enumerate() {
        one.name = match (&targets[index], &stems[index]) {
            (target, _) if once(&targets, target) => target.clone(),
            (_, stem) if once(&stems, stem) => stem.clone(),
            _ => paths[index].as_ref().display().to_string(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"event":"header","version":1,"suite":"S","target":"t","stage":null,"steps":1}"#;
    const FOOTER: &str = r#"{"event":"footer","steps":{"fail":1},"exit":1,"requirements":[
        {"id":"A-1.1","level":"must","clause":"1","text":"x","verdict":"fail"},
        {"id":"A-1.2","level":"must","clause":"1","text":"y","verdict":null}]}"#;

    fn written(lines: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<String> = lines.iter().map(|line| line.replace('\n', "")).collect();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        file
    }

    #[test]
    fn a_report_says_what_was_tried_and_two_of_one_target_are_told_apart() {
        let (one, two) = (written(&[HEADER, FOOTER]), written(&[HEADER, FOOTER]));
        let comparison = Comparison::read(&[one.path(), two.path()], true).unwrap();
        assert_eq!(comparison.requirements.len(), 1);
        assert_eq!(comparison.failures("A-1.1"), 2);
        assert_ne!(comparison.implementations[0].name, comparison.implementations[1].name);
        assert_eq!(comparison.implementations[0].held(Level::Must), (0, 1));
    }

    #[test]
    fn what_is_undecided_is_no_failure() {
        let undecided = FOOTER.replace("\"fail\"},", "\"inconclusive\"},");
        let step = |more: &str| {
            let step =
                r#"{"event":"step","id":"s","title":"t","verdict":"inconclusive","covers":{},"place":null"#;
            format!("{step},\"reason\":\"why\"{more}}}")
        };
        let (failed, waits, unmet) =
            (written(&[HEADER, FOOTER]), step(r#","tries":0,"waits_for":"a""#), step(r#","tries":0"#));
        let (waits, unmet) = (written(&[HEADER, &waits, &undecided]), written(&[HEADER, &unmet, &undecided]));
        let comparison = Comparison::read(&[failed.path(), waits.path(), unmet.path()], true).unwrap();
        assert_eq!((comparison.failures("A-1.1"), comparison.undecided("A-1.1")), (1, 1));
        assert_eq!(comparison.judged(), 1);
        let [_, waits, unmet] = comparison.implementations.as_slice() else { panic!("three reports") };
        assert_eq!((waits.trouble.as_deref(), waits.undecided.as_deref()), (None, Some("why")));
        assert_eq!((unmet.trouble.as_deref(), unmet.undecided.as_deref()), (Some("why"), None));
    }

    #[test]
    fn a_report_that_was_cut_off_is_refused() {
        for lines in [&[HEADER][..], &[HEADER, r#"{"event":"step","id":"#][..]] {
            let file = written(lines);
            let message = Comparison::read(&[file.path()], true).unwrap_err().to_string();
            assert!(message.contains("is incomplete"), "{message}");
        }
    }

    #[test]
    fn what_is_no_report_or_of_another_suite_is_refused() {
        let (other, none) =
            (written(&[&HEADER.replace("\"S\"", "\"T\""), FOOTER]), written(&["no", "report"]));
        let good = written(&[HEADER, FOOTER]);
        let message = Comparison::read(&[good.path(), other.path()], true).unwrap_err().to_string();
        assert!(message.contains("of the suite “T”"), "{message}");
        let message = Comparison::read(&[none.path()], true).unwrap_err().to_string();
        assert!(message.contains("is not a report: line 1"), "{message}");
        let newer = written(&[&HEADER.replace("\"version\":1", "\"version\":9"), FOOTER]);
        let message = Comparison::read(&[newer.path()], true).unwrap_err().to_string();
        assert!(message.contains("has version 9"), "{message}");
    }
}
