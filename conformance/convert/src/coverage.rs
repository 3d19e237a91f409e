//! Reports which steps cover which requirements, and which exchanges of a document no step covers.
//!
//! The result is printed as text, Markdown or JSON. Nothing is sent.

pub mod description;
mod specification;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;

use conformance_suite::amount::amount;
use conformance_suite::suite::{Level, Suite};

pub use specification::{Printed, Specification};

/// The coverage of a suite.
#[derive(Debug, Serialize)]
pub struct Coverage {
    /// The title of the suite.
    pub suite: String,
    /// The counts for each level, strongest level first.
    pub levels: Vec<Count>,
    /// The requirements, in the order of the register.
    pub requirements: Vec<Requirement>,
    /// The exchanges of the specification document, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specification: Option<Specification>,
}

/// The number of requirements of one level.
#[derive(Debug, Serialize)]
pub struct Count {
    /// The level.
    pub level: Level,
    /// The number of requirements.
    pub requirements: usize,
    /// The number that at least one step covers.
    pub covered: usize,
    /// The number that the register declares not testable.
    pub untested: usize,
}

/// A requirement and the steps that cover it.
#[derive(Debug, Serialize)]
pub struct Requirement {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Its section in the specification.
    pub clause: String,
    /// Its text.
    pub text: String,
    /// The steps that cover it.
    pub steps: Vec<Step>,
    /// Why it is not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
}

/// A step and its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its id, without a profile.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its line number.
    pub line: usize,
}

impl Coverage {
    /// Computes the coverage of a suite.
    #[must_use]
    pub fn new(suite: &Suite, specification: Option<Specification>) -> Self {
        let requirements: Vec<Requirement> = (suite.requirements.iter())
            .map(|requirement| Requirement {
                id: requirement.id.to_string(),
                level: requirement.level,
                clause: requirement.clause.clone(),
                text: requirement.text.clone(),
                steps: steps(suite, &requirement.id),
                untested: requirement.untested.clone(),
            })
            .collect();
        let levels = Level::ALL.into_iter().map(|level| count(level, &requirements)).collect();
        Self { suite: suite.title.clone(), levels, requirements, specification }
    }

    /// Whether every exchange of the document is covered by a step.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.specification.as_ref().is_none_or(|specification| specification.missing().next().is_none())
    }

    /// Writes the coverage as plain text.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        for (clause, requirements) in self.clauses() {
            writeln!(out, "{clause}")?;
            for requirement in requirements {
                let level = requirement.level.to_string();
                writeln!(out, "  {:14} {level:6} {}", requirement.id, requirement.text)?;
                for step in &requirement.steps {
                    writeln!(out, "      {:52} {}:{}", step.id, step.file, step.line)?;
                }
                if let Some(reason) = &requirement.untested {
                    writeln!(out, "      not tested: {reason}")?;
                }
            }
        }
        writeln!(out)?;
        for count in &self.levels {
            writeln!(
                out,
                "{:6} {}: {} covered, {} not tested",
                count.level.to_string(),
                amount(count.requirements, "requirement"),
                count.covered,
                count.untested
            )?;
        }
        match &self.specification {
            Some(specification) => specification.write_text(out),
            None => Ok(()),
        }
    }

    /// Writes the coverage as Markdown, with a table for each clause.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_markdown(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# Coverage of {}\n", cell(&self.suite))?;
        writeln!(out, "| level | requirements | covered | not tested |\n|---|---|---|---|")?;
        for count in &self.levels {
            let Count { level, requirements, covered, untested } = count;
            writeln!(out, "| {level} | {requirements} | {covered} | {untested} |")?;
        }
        for (clause, requirements) in self.clauses() {
            writeln!(out, "\n## {}\n", cell(clause))?;
            writeln!(out, "| id | level | requirement | steps |\n|---|---|---|---|")?;
            for requirement in requirements {
                let steps = requirement.steps.iter().map(|step| format!("`{}`", step.id));
                let steps = match &requirement.untested {
                    Some(reason) => format!("not tested: {}", cell(reason)),
                    None => steps.collect::<Vec<_>>().join("<br>"),
                };
                let Requirement { id, level, text, .. } = requirement;
                writeln!(out, "| {id} | {level} | {} | {steps} |", cell(text))?;
            }
        }
        match &self.specification {
            Some(specification) => specification.write_markdown(out),
            None => Ok(()),
        }
    }

    /// Writes the coverage as JSON.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    /// Groups the requirements by clause, in order of first appearance.
    fn clauses(&self) -> Vec<(&str, Vec<&Requirement>)> {
        let mut clauses: Vec<(&str, Vec<&Requirement>)> = Vec::new();
        for requirement in &self.requirements {
            match clauses.iter_mut().find(|(clause, _)| *clause == requirement.clause) {
                Some((_, under)) => under.push(requirement),
                None => clauses.push((&requirement.clause, vec![requirement])),
            }
        }
        clauses
    }
}

fn steps(suite: &Suite, requirement: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for scenario in &suite.scenarios {
        for step in scenario.steps.iter().filter(|step| step.covers.iter().any(|id| **id == *requirement)) {
            steps.push(named(&scenario.id, step));
        }
    }
    steps
}

fn named(scenario: &str, step: &conformance_suite::suite::Step) -> Step {
    Step {
        id: format!("{scenario}::{}", step.id),
        file: step.place.source().path().to_owned(),
        line: step.place.line(),
    }
}

fn count(level: Level, requirements: &[Requirement]) -> Count {
    let of = || requirements.iter().filter(|requirement| requirement.level == level);
    Count {
        level,
        requirements: of().count(),
        covered: of().filter(|requirement| !requirement.steps.is_empty()).count(),
        untested: of().filter(|requirement| requirement.untested.is_some()).count(),
    }
}

/// Escapes a text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}
