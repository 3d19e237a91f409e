//! Judges a program that a step has run.

use super::{MAX_LABEL, excerpt};
use crate::target::{End, Executed, MOST_PRINTED};
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_suite::amount::grouped;
use conformance_suite::json::{Json, Number};
use conformance_suite::matcher::{Matcher, Mismatch, NO_MEMBER};
use conformance_suite::response::Response;
use conformance_suite::suite::{Execution, Printed};
use conformance_suite::template::Scope;
use conformance_suite::visible;

/// Judges the end and the output of a program. Without an expected exit code, it must be 0.
#[must_use]
pub fn judge_execution(execution: &Execution, executed: &Executed, scope: &Scope) -> Judgement {
    if let End::Starved(_) = executed.end {
        return Judgement::because(Verdict::Inconclusive, format!("the program {}", executed.end));
    }
    let mut findings: Vec<Finding> = exit(execution, executed, scope).into_iter().collect();
    let mut more = 0;
    let streams =
        [("stdout", &execution.stdout, &executed.stdout), ("stderr", &execution.stderr, &executed.stderr)];
    // What a program that was killed has printed so far says nothing.
    let is_complete = !matches!(executed.end, End::TimedOut(_));
    for (name, expected, output) in streams.into_iter().filter(|_| is_complete) {
        let Some(expected) = expected else { continue };
        let (shown, left_out) = printed(name, expected, output, scope);
        findings.extend(shown);
        more += left_out;
    }
    Judgement { more, ..Judgement::of(findings) }
}

fn exit(execution: &Execution, executed: &Executed, scope: &Scope) -> Option<Finding> {
    let code = executed.end.code();
    let is_met = match (&execution.exit, code) {
        (None, code) => code == Some(0),
        (Some(matcher), Some(code)) => {
            let code = Number::parse(&code.to_string()).map(Json::Number);
            code.is_some_and(|code| matcher.matches(&code, scope))
        }
        (Some(_), None) => false,
    };
    let finding = || {
        let last = last_line(executed);
        Finding {
            place: execution.exit.as_ref().map_or(&execution.place, Matcher::place).clone(),
            label: visible::cut(&format!("the program {}{last}", executed.end), MAX_LABEL).into_owned(),
            pointer: None,
            part: Some("exit".to_owned()),
            expected: match &execution.exit {
                Some(matcher) => format!("exit code {}", matcher.describe(scope)),
                None => "exit code 0".to_owned(),
            },
            received: code.map_or_else(|| executed.end.to_string(), |code| code.to_string()),
        }
    };
    (!is_met).then(finding)
}

/// Returns the last line of standard error, which usually names the cause.
fn last_line(executed: &Executed) -> String {
    let text = executed.stderr.text();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    last.map_or(String::new(), |line| format!(": {}", visible::text(line.trim())))
}

/// Compares the output of one stream. Returns the mismatches, and the number of those that are left out.
fn printed(name: &str, expected: &Printed, output: &Response, scope: &Scope) -> (Vec<Finding>, usize) {
    let matcher = expected.matcher();
    let whole = |label: String| Finding {
        place: matcher.place().clone(),
        label,
        pointer: None,
        part: Some(name.to_owned()),
        expected: matcher.describe(scope),
        received: visible::text(&output.text()),
    };
    if output.cut {
        let label = format!("the program printed more than {} bytes to {name}", grouped(MOST_PRINTED));
        return (vec![whole(label)], 0);
    }
    let is_text = matches!(expected, Printed::Text(_));
    let value = match expected {
        Printed::Text(_) => Json::from(&*output.text()),
        Printed::Json(_) => match output.json() {
            Ok(value) => value,
            Err(_) if output.body.is_empty() => return (vec![whole(format!("{name} is empty"))], 0),
            Err(error) => return (vec![whole(format!("{name} is not JSON: {error}"))], 0),
        },
    };
    let mismatches = matcher.compare(&value, "", scope);
    let is_lines = matcher.lines().is_some();
    let finding = |one: Mismatch| {
        if is_lines && one.pointer.is_empty() {
            differing_lines(name, one)
        } else {
            differing(name, is_text, one)
        }
    };
    (mismatches.shown.into_iter().map(finding).collect(), mismatches.more)
}

/// Describes a mismatch. The element of a list of lines is named by the number of the line.
fn differing(name: &str, is_text: bool, mismatch: Mismatch) -> Finding {
    let pointer = visible::text(&mismatch.pointer);
    let line = pointer.strip_prefix('/').and_then(|index| index.parse::<usize>().ok());
    let what = match line.filter(|_| is_text) {
        Some(index) => format!("line {} of {name}", index + 1),
        None if pointer.is_empty() => name.to_owned(),
        None => format!("{pointer} of {name}"),
    };
    let label = match mismatch.received.as_str() {
        NO_MEMBER => format!("{what} is missing"),
        received => format!("{what} is {}", excerpt(&mismatch.expected, received)),
    };
    Finding {
        label,
        place: mismatch.place,
        pointer: (!is_text).then_some(mismatch.pointer),
        part: Some(what),
        expected: mismatch.expected,
        received: mismatch.received,
    }
}

/// Describes a mismatch of the whole list of lines, which has lines where other lists have elements.
fn differing_lines(name: &str, mismatch: Mismatch) -> Finding {
    let received = in_lines(&mismatch.received);
    let label = match &received {
        Some(received) => format!("{name} has {received}"),
        None => format!("{name} is {}", excerpt(&mismatch.expected, &mismatch.received)),
    };
    Finding {
        label,
        place: mismatch.place,
        pointer: None,
        part: Some(name.to_owned()),
        expected: in_lines(&mismatch.expected).unwrap_or(mismatch.expected),
        received: received.unwrap_or(mismatch.received),
    }
}

/// Returns `3 elements`, `an element …` or `no such element …` as lines; none for another text, such as a value.
fn in_lines(text: &str) -> Option<String> {
    let (before, after) = text.split_once(" element")?;
    let before = match before {
        "an" => "a",
        "no such" => before,
        number => number.chars().all(|one| one.is_ascii_digit() || one == ',').then_some(number)?,
    };
    Some(format!("{before} line{after}"))
}
