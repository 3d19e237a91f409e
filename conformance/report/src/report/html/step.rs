//! Writes the steps of a run as HTML.
//!
//! Steps are most of the page. They are written without a template, which took more than half of the time of a run. To keep the
//! page small, CSS numbers the source lines, and unchanged lines of a body have no element.

use std::sync::Arc;

use super::difference::{self, Line, Mark};
use super::markup::Markup as _;
use super::view::state;
use crate::report::task::task_of;
use conformance_engine::event::{Exchange, Received, Record};
use conformance_engine::limit;
use conformance_engine::verdict::{Finding, Verdict};
use conformance_suite::amount::{amount, grouped, whole};
use conformance_suite::source::indentation;
use conformance_suite::suite::Level;

/// Writes a scenario with its steps.
pub(super) fn scenario(out: &mut String, records: &[Arc<Record>]) {
    let Some(Record { scenario: id, profile, .. }) = records.first().map(|record| &**record) else {
        return;
    };
    let held = records.iter().filter(|record| record.verdict == Verdict::Pass).count();
    out.markup("<section class=\"scenario\" aria-label=\"").attribute(id).markup("\">\n<h3>").text(id);
    out.markup(" <span class=\"quiet\">").text(profile).markup(" · ").number(held).markup("/");
    out.number(records.len()).markup(" pass</span></h3>\n");
    for record in records {
        step(out, record);
    }
    out.push_str("</section>\n");
}

fn step(out: &mut String, record: &Record) {
    summary(out, record);
    out.markup("<div class=\"body\"><p class=\"quiet where\"><a class=\"anchor\" href=\"#");
    out.fragment(&record.id).markup("\">link</a> · <code>").text(record.place.source().path()).markup(":");
    out.number(record.place.line()).markup(":").number(record.place.column()).markup("</code> · ");
    match record.repetition() {
        Some(repetition) => out.markup("tried ").text(&repetition),
        None => out.number(whole(record.milliseconds)).markup(" ms"),
    };
    out.push_str("</p>\n");
    if let Some(reason) = &record.deviation {
        out.markup("<p class=\"reason\">known: ").text(reason).markup("</p>\n");
    }
    if let Some(reason) = &record.reason {
        out.markup("<p class=\"reason\">").text(reason).markup("</p>\n");
    }
    if !record.findings.is_empty() {
        findings(out, &record.findings);
    }
    if record.more_findings > 0 {
        out.markup("<p class=\"reason\">and ").text(&grouped(record.more_findings)).markup(" more</p>\n");
    }
    out.push_str("<div class=\"sides\"><div><h4>The scenario</h4>\n");
    source(out, record);
    out.push_str("</div>\n");
    if let Some(exchange) = &record.exchange {
        out.push_str("<div><h4>The exchange</h4>\n");
        sides(out, record, exchange);
        out.push_str("</div>");
    }
    out.push_str("</div>\n");
    let printed = record.printed.trim_end();
    if !printed.is_empty() {
        out.push_str(
            "<h4>What the target printed</h4>\n<pre tabindex=\"0\" aria-label=\"What the target printed\">",
        );
        out.text(printed).markup("</pre>\n");
    }
    if let Some(exchange) = &record.exchange {
        out.push_str("<div class=\"again\"><button type=\"button\" class=\"tool copy\">copy</button><code>");
        out.text(&exchange.again).markup("</code></div>\n");
    }
    out.push_str("</div></details>\n");
}

/// Writes the summary line of a step, and the attributes that the filters use.
fn summary(out: &mut String, record: &Record) {
    let outcome = record.outcome();
    let (state, mark) = state(outcome);
    let verdict = record.verdict.as_str();
    out.markup("<details class=\"step ").markup(state).markup("\" id=\"").attribute(&record.id);
    out.markup("\" data-verdict=\"").markup(verdict).markup("\" data-outcome=\"").markup(outcome.as_str());
    out.markup(if outcome.needs_attention() { "\" data-attention=\"" } else { "" });
    out.markup("\" data-levels=\"");
    let levels = Level::ALL.into_iter().filter(|level| record.covers.values().any(|own| own == level));
    for (index, level) in levels.enumerate() {
        out.markup(if index > 0 { " " } else { "" }).markup(level.as_str());
    }
    out.push_str("\" data-tasks=\"");
    let mut last = None;
    for task in record.covers.keys().map(|id| task_of(id)).filter(|task| last.replace(*task) != Some(task)) {
        out.attribute(task).markup(" ");
    }
    out.truncate(out.trim_end_matches(' ').len());
    out.markup("\">\n<summary><span class=\"cell ").markup(state).markup("\" role=\"img\" aria-label=\"");
    out.markup(outcome.title()).markup("\">").markup(mark).markup("</span>\n<span class=\"what\"><code>");
    out.text(record.id.rsplit("::").next().unwrap_or(&record.id)).markup("</code> ").text(&record.title);
    out.push_str("</span>\n<span class=\"covers\">");
    for (id, level) in &record.covers {
        out.markup("<span class=\"chip\">").text(id).markup(" <small>").markup(level.as_str());
        out.push_str("</small></span>");
    }
    out.push_str("</span></summary>\n");
}

fn findings(out: &mut String, findings: &[Finding]) {
    out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Mismatches\">\n");
    out.push_str("<table class=\"findings\"><thead><tr><th scope=\"col\">where</th>");
    out.push_str("<th scope=\"col\">expected</th><th scope=\"col\">received</th></tr></thead><tbody>\n");
    for finding in findings {
        out.push_str("<tr><td>");
        match finding.pointer.as_deref() {
            Some("") => out.markup("the body"),
            Some(pointer) => out.text(pointer),
            None => out.markup("line ").number(finding.place.line()),
        };
        out.markup("</td><td><code>").text(&finding.expected).markup("</code></td><td><code>");
        out.text(&finding.received).markup("</code></td></tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// Writes the source lines of the step without their common indentation, with the mismatches.
fn source(out: &mut String, record: &Record) {
    // Escape all lines at once, which is several times faster than one by one.
    let mut text = String::with_capacity(record.source.text.len());
    text.text(&record.source.text);
    let indent = indentation(text.lines().next().unwrap_or_default());
    let file = record.place.source().path();
    out.push_str("<pre class=\"source\" tabindex=\"0\" aria-label=\"The scenario's lines\" style=\"counter-reset:line ");
    out.number(record.source.line.saturating_sub(1)).markup("\">");
    for (number, line) in (record.source.line..).zip(text.lines()) {
        let said = || {
            let here = record.findings.iter().filter(move |finding| finding.place.line() == number);
            here.filter(|finding| finding.place.source().path() == file)
        };
        out.push_str(if said().next().is_some() { "<span class=\"differs\">" } else { "<span>" });
        let shared = indent.min(indentation(line));
        // The common indentation may end inside a multi-byte space.
        out.push_str(line.get(shared..).unwrap_or_else(|| line.trim_start()));
        out.push_str("</span>");
        for finding in said() {
            out.markup("<span class=\"label\">↑ ").text(&finding.label).markup("</span>");
        }
    }
    out.push_str("</pre>");
}

/// Writes the request and the response.
fn sides(out: &mut String, record: &Record, exchange: &Exchange) {
    let sent = &exchange.sent;
    out.push_str("<pre tabindex=\"0\" aria-label=\"The request\"><b>");
    out.text(&sent.method).markup(" ").text(&sent.target).markup("</b>\n");
    fields(out, &sent.headers);
    more_fields(out, sent.more_headers);
    let (body, rest) = sent.beginning(limit::BODY);
    if !body.is_empty() {
        out.markup("\n").text(body);
    }
    if let Some(rest) = rest {
        out.markup("\n<i>").text(&rest).markup("</i>");
    }
    out.push_str("</pre>\n");
    for hop in &exchange.hops {
        let location = hop.received.header("location").unwrap_or_default();
        out.markup("<p class=\"reason\">").text(&hop.received.status.to_string());
        out.markup(" to <code>").text(location).markup("</code>: then <code>").text(&hop.sent.method);
        out.markup(" ").text(&hop.sent.target).markup("</code></p>\n");
    }
    match &exchange.received {
        Some(received) => answer(out, record, received),
        None => out.push_str("<p class=\"reason\">no response</p>"),
    }
    let incomplete = exchange.received.as_ref().and_then(|received| received.incomplete.as_ref());
    let incomplete = incomplete.map(|reason| format!("the response is incomplete: {reason}"));
    let stopped =
        exchange.redirect_end.as_ref().map(|reason| format!("the redirect was not followed: {reason}"));
    for sentence in incomplete.iter().chain(&stopped).chain(&record.remarks) {
        out.markup("<p class=\"reason\">").text(sentence).markup("</p>\n");
    }
}

fn fields(out: &mut String, fields: &[(String, String)]) {
    for (name, value) in fields {
        out.markup("<i>").text(name).markup(":</i> ").text(value).markup("\n");
    }
}

fn more_fields(out: &mut String, more: usize) {
    if more > 0 {
        out.markup("<i>and ").text(&amount(more, "header field")).markup(" more</i>\n");
    }
}

fn answer(out: &mut String, record: &Record, received: &Received) {
    let status = received.status.to_string();
    let of_status = |finding: &Finding| finding.pointer.is_none() && finding.received == status;
    out.push_str("<pre class=\"received\" tabindex=\"0\" aria-label=\"The response\">");
    if record.findings.iter().any(of_status) {
        out.markup("<span class=\"line differs\"><b>").text(&status).markup("</b></span>");
    } else {
        out.markup("<b>").text(&status).markup("</b>\n");
    }
    fields(out, &received.headers);
    let marks = record.findings.iter().any(|finding| finding.pointer.is_some());
    more_fields(out, received.more_headers);
    let (shown, rest) = received.beginning(limit::BODY);
    let lines =
        (marks && rest.is_none()).then(|| difference::lines(&received.body, &record.findings)).flatten();
    if let Some(lines) = lines {
        out.push('\n');
        for line in &lines {
            marked(out, line);
        }
    } else {
        out.markup("\n").text(shown.trim_end());
        if let Some(rest) = rest {
            out.markup("\n<i>").text(&rest).markup("</i>");
        }
    }
    out.push_str("</pre>");
}

fn marked(out: &mut String, line: &Line) {
    let (mark, lead) = match line.mark {
        Mark::None => {
            out.text(&line.text).markup("\n");
            return;
        }
        Mark::Differs => ("differs", "  "),
        Mark::Missing => ("missing", " is missing; "),
    };
    out.markup("<span class=\"line ").markup(mark).markup("\">").text(&line.text);
    if let Some(expected) = &line.expected {
        out.markup("<span class=\"hint\">").markup(lead).markup("expected ").text(expected).markup("</span>");
    }
    out.push_str("</span>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_shows_the_lines_of_its_file_without_the_indentation_that_they_share() {
        for (text, lines) in [
            ("", ""),
            ("  - id: a<b\n    title: c", "<span>- id: a&lt;b</span><span>  title: c</span>"),
            ("- a\n\n  b\n", "<span>- a</span><span></span><span>  b</span>"),
            ("  a\r\n b", "<span>a</span><span>b</span>"),
            ("    a\n  \u{3000}b", "<span>a</span><span>b</span>"),
        ] {
            let record = serde_json::json!({
                "id": "desk::open", "scenario": "desk", "profile": "", "title": "", "verdict": "pass", "covers": {},
                "place": {"file": "desk.yaml", "line": 7, "column": 1, "width": 1},
                "source": {"line": 7, "text": text}, "tries": 1, "milliseconds": 0.0,
            });
            let mut out = String::new();
            source(&mut out, &serde_json::from_value(record).unwrap());
            let shown = out.split_once("line 6\">").unwrap().1;
            assert_eq!(shown, format!("{lines}</pre>"), "{text:?}");
        }
    }
}
