//! Collects what a run shows about a description of the API: one record for each operation that was used, as a group of its own.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{
    ApiCount, ApiCoverage, ApiDescription, Exchange, OPERATIONS, OperationCheck, REQUIREMENT, Record,
    Standing,
};
use crate::run::context::Described;
use crate::verdict::{Finding, Verdict};
use conformance_openapi::Description;
use conformance_openapi::coverage::{Collector, Coverage, Used};
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::source::{Excerpt, Place};
use conformance_suite::suite::{Folder, OpenApi, Suite};

/// The operation of requests for which the description has none.
const UNDESCRIBED: &str = "undescribed";

impl Described {
    /// Loads the description that a suite names.
    ///
    /// # Errors
    /// It cannot be read or is invalid.
    pub fn of_suite(suite: &Suite, folder: &Folder) -> Result<Option<Self>, Diagnostics> {
        let Some(OpenApi { file, level, strict, place }) = &suite.openapi else { return Ok(None) };
        if let Err(error) = folder.read(file) {
            return Err(Diagnostic::at(place.clone(), format!("cannot read the description: {error}")).into());
        }
        let (inner, name) = file.rsplit_once('/').unwrap_or(("", file));
        let read = |name: &str| {
            folder.read(&if inner.is_empty() { name.to_owned() } else { format!("{inner}/{name}") })
        };
        let mut shown = folder.name().trim_end_matches('/').to_owned();
        if !inner.is_empty() {
            shown = format!("{shown}/{inner}");
        }
        let mut description = Description::load(name, &shown, &read)?;
        description.strict = *strict;
        Ok(Some(Self { description: Arc::new(description), level: *level }))
    }

    /// Returns what the header of a run says about the description.
    #[must_use]
    pub fn summary(&self) -> ApiDescription {
        ApiDescription {
            title: self.description.title.clone(),
            file: self.description.file().to_owned(),
            level: self.level,
            operations: self.description.operations.len(),
        }
    }
}

/// The operations that the steps of a run used.
#[derive(Debug, Default)]
pub struct Operations {
    description: Option<ApiDescription>,
    operations: BTreeMap<String, Operation>,
}

#[derive(Debug)]
struct Operation {
    place: Place,
    profile: String,
    /// Number of steps.
    steps: usize,
    /// Violations that differ, each with the number of steps.
    findings: Vec<(Finding, usize)>,
    more: usize,
    remarks: Vec<String>,
    exchange: Option<Exchange>,
}

/// Adds the exchanges of a step to the coverage of a description.
pub fn cover(coverage: &mut Collector, record: &Record) {
    let Some(exchange) = record.exchange.as_ref().filter(|_| record.scenario != OPERATIONS) else { return };
    let sent = std::iter::once(&exchange.sent).chain(exchange.hops.iter().map(|hop| &hop.sent));
    let received = exchange.hops.iter().map(|hop| Some(&hop.received)).chain([exchange.received.as_ref()]);
    for (sent, received) in sent.zip(received) {
        coverage.add(&Used {
            method: &sent.method,
            target: &sent.target,
            headers: sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            body: sent.body.as_deref(),
            status: received.map(|received| received.status),
            content_type: received.and_then(|received| received.header("content-type")),
            received: received.map(|received| received.body.as_str()),
        });
    }
}

/// Returns what the footer of a run says about the coverage of a description.
pub(super) fn covered(coverage: &Coverage) -> ApiCoverage {
    const MOST_MISSING: usize = 200;
    let counts = coverage.counts.iter().map(|count| ApiCount {
        kind: count.kind.to_owned(),
        total: count.total,
        covered: count.covered,
    });
    let missing = coverage.operations.iter().filter_map(|one| {
        let parts = one.missing();
        match (one.covered, parts.is_empty()) {
            (false, _) => Some(one.operation.clone()),
            (true, true) => None,
            (true, false) => Some(format!("{}: {}", one.operation, parts.join(", "))),
        }
    });
    ApiCoverage { counts: counts.collect(), missing: missing.take(MOST_MISSING).collect() }
}

/// Maximum number of violations for one operation.
const MOST_FINDINGS: usize = 20;

impl Operations {
    /// Creates an empty collection.
    #[must_use]
    pub fn new(description: Option<ApiDescription>) -> Self {
        Self { description, operations: BTreeMap::new() }
    }

    /// Returns the requirement of the description, if there is one.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let description = self.description.as_ref()?;
        Some(Standing {
            id: REQUIREMENT.to_owned(),
            level: description.level,
            clause: format!("OpenAPI: {}", description.title),
            text: format!("every exchange matches the description {}", description.file),
            verdict: None,
            deviates: false,
            outcome: None,
            points: None,
            earned: None,
            hidden: false,
            reason: Some("no step used an operation of the description".to_owned()),
        })
    }

    /// Adds what a step showed.
    pub fn add(&mut self, record: &Record) {
        for check in &record.openapi {
            let OperationCheck { operation, place, violations, remarks } = check;
            let name = operation.as_deref().unwrap_or(UNDESCRIBED);
            let one = self.operations.entry(name.to_owned()).or_insert_with(|| Operation {
                place: place.clone(),
                profile: record.profile.clone(),
                steps: 0,
                findings: Vec::new(),
                more: 0,
                remarks: Vec::new(),
                exchange: None,
            });
            one.steps += 1;
            for remark in remarks {
                if !one.remarks.contains(remark) {
                    one.remarks.push(remark.clone());
                }
            }
            if !violations.is_empty() && one.exchange.is_none() {
                one.profile.clone_from(&record.profile);
                one.exchange.clone_from(&record.exchange);
            }
            for violation in violations {
                one.add(violation, record);
            }
        }
    }

    /// Returns a record for each operation that was used.
    #[must_use]
    pub fn records(&mut self) -> Vec<Record> {
        let Some(description) = self.description.take() else { return Vec::new() };
        let operations = std::mem::take(&mut self.operations);
        operations.into_iter().map(|(name, one)| one.record(&name, &description)).collect()
    }
}

impl Operation {
    /// Adds a violation, unless another step showed the same one.
    fn add(&mut self, violation: &Finding, record: &Record) {
        // The values in a body differ from response to response; the violated keyword does not.
        let by_value = violation.pointer.is_none() || violation.received.starts_with("missing");
        let same = |(other, _): &&mut (Finding, usize)| {
            other.expects_the_same(violation) && (!by_value || other.received == violation.received)
        };
        if let Some((_, steps)) = self.findings.iter_mut().find(same) {
            *steps += 1;
        } else if self.findings.len() < MOST_FINDINGS {
            let label = format!("{} (step {} at {}", violation.label, record.id, record.place);
            self.findings.push((Finding { label, ..violation.clone() }, 1));
        } else {
            self.more += 1;
        }
    }

    fn record(self, name: &str, description: &ApiDescription) -> Record {
        let title = match name {
            UNDESCRIBED => format!("{} describes every operation that was used", description.file),
            _ => format!("{name} matches {} in {}", description.file, amount(self.steps, "step")),
        };
        let findings = self.findings.into_iter().map(|(finding, steps)| {
            let others = match steps - 1 {
                0 => String::new(),
                others => format!(", and {}", amount(others, "other step")),
            };
            Finding { label: format!("{}{others})", finding.label), ..finding }
        });
        let findings: Vec<Finding> = findings.collect();
        Record {
            id: format!("{OPERATIONS}::{name}"),
            scenario: OPERATIONS.to_owned(),
            profile: self.profile,
            title,
            verdict: if findings.is_empty() { Verdict::Pass } else { Verdict::Fail },
            covers: BTreeMap::from([(REQUIREMENT.to_owned(), description.level)]),
            source: Excerpt { line: self.place.line(), text: self.place.line_text().to_owned() },
            place: self.place,
            via: Vec::new(),
            tries: 1,
            flaky: false,
            milliseconds: 0.0,
            findings,
            more_findings: self.more,
            reason: None,
            waits_for: None,
            exchange: self.exchange,
            remarks: self.remarks,
            openapi: Vec::new(),
            printed: String::new(),
            deviation: None,
            unstarted: false,
            restarted: None,
            execution: None,
        }
    }
}

/// Returns the records about the operations that the steps of a run used.
#[must_use]
pub fn regrouped(description: Option<ApiDescription>, records: &[impl Borrow<Record>]) -> Vec<Record> {
    let mut operations = Operations::new(description);
    for record in records {
        operations.add(record.borrow());
    }
    operations.records()
}
