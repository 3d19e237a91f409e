//! Reads the event stream of a run from its report.

use serde_json::Value as Json;

use crate::program::Finished;
use crate::sandbox::Sandbox;

/// A run and its JSON Lines report.
pub(crate) struct RunReport {
    pub(crate) finished: Finished,
    pub(crate) header: Json,
    pub(crate) steps: Vec<Json>,
    pub(crate) footer: Json,
}

/// Runs the program with a JSON Lines report and reads the report.
pub(crate) fn run(sandbox: &Sandbox, arguments: &[&str]) -> RunReport {
    let report = format!("jsonl={}", sandbox.path("report.jsonl").display());
    let (run, rest) = arguments.split_first().unwrap();
    let finished = sandbox.run(&[&[*run, "--report", &report], rest].concat());
    let mut lines: Vec<Json> =
        (sandbox.read("report.jsonl").lines()).map(|line| serde_json::from_str(line).unwrap()).collect();
    let (header, footer) = (lines.remove(0), lines.pop().unwrap());
    assert_eq!((&header["event"], &footer["event"]), (&Json::from("header"), &Json::from("footer")));
    assert!(lines.iter().all(|line| line["event"] == "step"));
    RunReport { finished, header, steps: lines, footer }
}

impl RunReport {
    /// The record of a step.
    pub(crate) fn step(&self, id: &str) -> &Json {
        self.steps
            .iter()
            .find(|step| step["id"] == id)
            .unwrap_or_else(|| panic!("the report has no step {id}"))
    }

    /// The record of a requirement.
    pub(crate) fn requirement(&self, id: &str) -> &Json {
        let requirements = self.footer["requirements"].as_array().unwrap();
        requirements.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no requirement {id}"))
    }

    /// The ids and verdicts of the steps, in the order of the report.
    pub(crate) fn verdicts(&self) -> Vec<(&str, &str)> {
        (self.steps.iter())
            .map(|step| (step["id"].as_str().unwrap(), step["verdict"].as_str().unwrap()))
            .collect()
    }

    /// The ids of the steps, in the order of the report.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step["id"].as_str().unwrap()).collect()
    }
}
