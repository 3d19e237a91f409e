//! Lists the steps of a plan with their requests, without sending anything.
//!
//! A captured value is shown as its expression, such as `${id}`, because only a run knows it.

use std::io::{self, Write};

use serde::Serialize;

use conformance_engine::memory::Memory;
use conformance_suite::amount::amount;
use conformance_suite::plan::Plan;
use conformance_suite::suite::{Execution, StepDefinition};
use conformance_suite::template::Text;

/// A step in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// Id of the scenario.
    pub scenario: String,
    /// Id of the step.
    pub id: String,
    /// Title of the step.
    pub title: String,
    /// First stage that includes the step.
    pub stage: Option<String>,
    /// First stage that no longer includes the step.
    pub until: Option<String>,
    /// The profile.
    pub profile: String,
    /// The requirements that it covers.
    pub requirements: Vec<String>,
    /// Path of its file.
    pub file: String,
    /// Line on which it begins.
    pub line: usize,
    /// The request that it sends; none if it runs a program or awaits events.
    pub request: Option<Request>,
    /// The command of the program that it runs, if it runs one.
    pub run: Option<String>,
    /// The stream whose events it awaits, if it sends nothing.
    #[serde(rename = "await")]
    pub awaits: Option<String>,
}

/// A request.
#[derive(Debug, Serialize)]
pub(crate) struct Request {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: Option<String>,
}

/// Returns the steps of a plan in order.
#[must_use]
pub(crate) fn entries(plan: &Plan) -> Vec<Entry> {
    let stage = |index: usize| plan.suite.stages.get(index).cloned();
    let mut entries = Vec::new();
    for planned in plan.scenarios() {
        let definitions = &planned.scenario.definitions;
        let mut memory = Memory::with_placeholders(planned, &plan.suite);
        for (index, _) in planned.steps.iter().filter(|(_, asked)| *asked) {
            let step = &planned.scenario.steps[*index];
            entries.push(Entry {
                scenario: planned.id(),
                id: planned.step_id(step),
                title: step.title.clone(),
                stage: stage(step.stages.since),
                until: step.stages.until.and_then(stage),
                profile: planned.profile.clone(),
                requirements: step.covers.iter().map(ToString::to_string).collect(),
                file: step.place.source().path().to_owned(),
                line: step.place.line(),
                request: request(&definitions[*index], &mut memory),
                run: definitions[*index].execution().map(command),
                awaits: definitions[*index].awaiting().map(|awaiting| awaiting.stream.name.clone()),
            });
        }
    }
    entries
}

/// Writes one line for each step.
///
/// # Errors
/// Writing to `out` fails.
pub(crate) fn write_text(entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    let mut scenario = "";
    for entry in entries {
        if entry.scenario != scenario {
            scenario = &entry.scenario;
            writeln!(out, "{scenario} ({})", entry.profile)?;
        }
        let step = entry.id.rsplit("::").next().unwrap_or(&entry.id);
        let request = entry.request.as_ref().map(|request| format!("{} {}", request.method, request.path));
        let run = || Some(format!("run {}", entry.run.as_ref()?));
        let awaits = || Some(format!("await {}", entry.awaits.as_ref()?));
        let request = request.or_else(run).or_else(awaits).unwrap_or_default();
        writeln!(out, "  {step:28} {request:44} {}", entry.requirements.join(" "))?;
    }
    writeln!(out, "{}", amount(entries.len(), "step"))
}

/// Writes the steps as a JSON array.
///
/// # Errors
/// Writing to `out` fails.
pub(crate) fn write_json(entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, entries)?;
    writeln!(out)
}

/// Returns the command of a program as written, since only a run knows where its files are.
fn command(execution: &Execution) -> String {
    let words: Vec<&str> = execution.command.iter().map(Text::written).collect();
    words.join(" ")
}

fn request(definition: &StepDefinition, memory: &mut Memory) -> Option<Request> {
    let request = &definition.first()?.request;
    Some(match memory.scope(definition).and_then(|scope| request.sketch(&scope)) {
        Ok(prepared) => Request {
            method: prepared.method,
            path: prepared.target,
            headers: prepared.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: prepared.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        },
        // The request needs a captured value, which only a run knows.
        Err(_) => Request {
            method: request.method.written().to_owned(),
            path: request.target.written().to_owned(),
            headers: Vec::new(),
            body: None,
        },
    })
}
