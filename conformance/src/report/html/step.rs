//! The steps of a run on its page.
//!
//! In go the records of a scenario, out comes their markup, in which every value is text. They are nearly all of a page: written
//! straight into it they cost a small part of the run, where a template costs more than half of it.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter, Write as _};
use std::sync::Arc;

use super::difference::{self, Line, Mark};
use super::view::state;
use crate::event::{Exchange, Received, Record};
use crate::report::task::task_of;
use crate::request::percent_encode;
use crate::verdict::{Finding, Verdict};

/// A body is shown up to so many bytes.
const LARGEST_BODY: usize = 20_000;

/// Writes a scenario with its steps.
pub(super) fn scenario(out: &mut String, records: &[Arc<Record>]) -> fmt::Result {
    let Some(Record { scenario: id, profile, .. }) = records.first().map(|record| &**record) else {
        return Ok(());
    };
    let held = records.iter().filter(|record| record.verdict == Verdict::Pass).count();
    let (id, steps) = (Text(id), records.len());
    writeln!(out, "  <section class=\"scenario\" aria-label=\"{id}\">")?;
    write!(out, "    <h3>{id} <span class=\"quiet\">{} · ", Text(profile))?;
    writeln!(out, "{held} of {steps} hold</span></h3>")?;
    for record in records {
        step(out, record)?;
    }
    writeln!(out, "  </section>")
}

fn step(out: &mut String, record: &Record) -> fmt::Result {
    let (state, mark) = state(record.verdict, record.binds());
    let verdict = record.verdict;
    let tasks: BTreeSet<&str> = record.covers.keys().map(|id| task_of(id)).collect();
    write!(
        out,
        "    <details class=\"step {state}\" id=\"{}\" data-verdict=\"{verdict}\"",
        Text(&record.id)
    )?;
    let levels: BTreeSet<String> = record.covers.values().map(ToString::to_string).collect();
    write!(out, " data-levels=\"{}\"", levels.into_iter().collect::<Vec<_>>().join(" "))?;
    writeln!(out, " data-tasks=\"{}\">", Text(&tasks.into_iter().collect::<Vec<_>>().join(" ")))?;
    writeln!(
        out,
        "      <summary><span class=\"cell {state}\" role=\"img\" aria-label=\"{verdict}\">{mark}</span>"
    )?;
    let name = record.id.rsplit("::").next().unwrap_or(&record.id);
    writeln!(out, "        <span class=\"what\"><code>{}</code> {}</span>", Text(name), Text(&record.title))?;
    out.push_str("        <span class=\"covers\">");
    for (id, level) in &record.covers {
        write!(out, "<span class=\"chip\">{} <small>{level}</small></span>", Text(id))?;
    }
    writeln!(out, "</span></summary>\n      <div class=\"body\">")?;
    write!(
        out,
        "        <p class=\"quiet where\"><a class=\"anchor\" href=\"#{}\">",
        percent_encode(&record.id)
    )?;
    let place = record.place.to_string();
    let time = match record.repetition() {
        Some(repetition) => format!("tried {repetition}"),
        None => format!("{:.0} ms", record.milliseconds),
    };
    writeln!(out, "link</a> · <code>{}</code> · {time}</p>", Text(&place))?;
    if let Some(reason) = &record.reason {
        writeln!(out, "        <p class=\"reason\">{}</p>", Text(reason))?;
    }
    if !record.findings.is_empty() {
        findings(out, &record.findings)?;
    }
    writeln!(out, "        <div class=\"sides\">")?;
    source(out, record)?;
    if let Some(exchange) = &record.exchange {
        sides(out, record, exchange)?;
    }
    writeln!(out, "        </div>")?;
    let printed = record.printed.trim_end();
    if !printed.is_empty() {
        writeln!(out, "        <h4>What the target printed</h4>")?;
        writeln!(
            out,
            "        <pre tabindex=\"0\" aria-label=\"What the target printed\">{}</pre>",
            Text(printed)
        )?;
    }
    if let Some(exchange) = &record.exchange {
        out.push_str(
            "        <div class=\"again\"><button type=\"button\" class=\"tool copy\">copy</button>",
        );
        writeln!(out, "<code>{}</code></div>", Text(&exchange.again))?;
    }
    writeln!(out, "      </div>\n    </details>")
}

fn findings(out: &mut String, findings: &[Finding]) -> fmt::Result {
    out.push_str(
        "        <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"What does not hold\">\n",
    );
    out.push_str("        <table class=\"findings\"><thead><tr><th scope=\"col\">where</th>");
    out.push_str("<th scope=\"col\">expected</th><th scope=\"col\">received</th></tr></thead><tbody>\n");
    for finding in findings {
        let line;
        let place = match finding.pointer.as_deref() {
            Some("") => "the body",
            Some(pointer) => pointer,
            None => {
                line = format!("line {}", finding.place.line());
                &line
            }
        };
        let (expected, received) = (Text(&finding.expected), Text(&finding.received));
        write!(out, "          <tr><td>{}</td><td><code>{expected}</code></td>", Text(place))?;
        writeln!(out, "<td><code>{received}</code></td></tr>")?;
    }
    writeln!(out, "        </tbody></table></div>")
}

/// The lines of the step, without the indentation that they share, each with what is said of it.
fn source(out: &mut String, record: &Record) -> fmt::Result {
    let text = &record.source.text;
    let indents = text.lines().filter(|line| !line.trim().is_empty());
    let indent = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let file = record.place.source().path();
    out.push_str("          <div>\n            <h4>The scenario</h4>\n");
    out.push_str("            <pre class=\"source\" tabindex=\"0\" aria-label=\"The scenario's lines\">");
    for (number, line) in (record.source.line..).zip(text.lines()) {
        let said = || {
            let here = record.findings.iter().filter(move |finding| finding.place.line() == number);
            here.filter(|finding| finding.place.source().path() == file)
        };
        let differs = if said().next().is_some() { " differs" } else { "" };
        write!(out, "<span class=\"line{differs}\"><span class=\"number\">{number}</span>")?;
        write!(out, "{}</span>", Text(line.get(indent..).unwrap_or("")))?;
        for finding in said() {
            out.push_str("<span class=\"line label\"><span class=\"number\"></span>");
            write!(out, "↑ {}</span>", Text(&finding.label))?;
        }
    }
    writeln!(out, "</pre>\n          </div>")
}

/// The request and what was answered.
fn sides(out: &mut String, record: &Record, exchange: &Exchange) -> fmt::Result {
    let sent = &exchange.sent;
    out.push_str("          <div>\n            <h4>The exchange</h4>\n");
    out.push_str("            <pre class=\"sent\" tabindex=\"0\" aria-label=\"The request\">");
    writeln!(out, "<b>{} {}</b>", Text(&sent.method), Text(&sent.target))?;
    for (name, value) in &sent.headers {
        writeln!(out, "<span class=\"quiet\">{}:</span> {}", Text(name), Text(value))?;
    }
    if let Some(body) = sent.body.as_deref().filter(|body| !body.is_empty()) {
        write!(out, "\n\n{}", Text(body))?;
    }
    writeln!(out, "</pre>")?;
    match &exchange.received {
        Some(received) => answer(out, record, received)?,
        None => writeln!(out, "            <p class=\"reason\">no answer</p>")?,
    }
    writeln!(out, "          </div>")
}

fn answer(out: &mut String, record: &Record, received: &Received) -> fmt::Result {
    let status = received.status.to_string();
    let of_status = |finding: &Finding| finding.pointer.is_none() && finding.received == status;
    let differs = if record.findings.iter().any(of_status) { " differs" } else { "" };
    out.push_str("            <pre class=\"received\" tabindex=\"0\" aria-label=\"The answer\">");
    write!(out, "<span class=\"line{differs}\"><b>{status}</b></span>")?;
    for (name, value) in &received.headers {
        let (name, value) = (Text(name), Text(value));
        write!(out, "<span class=\"line\"><span class=\"quiet\">{name}:</span> {value}</span>")?;
    }
    out.push_str("<span class=\"line\"> </span>");
    let marks = record.findings.iter().any(|finding| finding.pointer.is_some());
    let lines = (marks && received.body.len() <= LARGEST_BODY)
        .then(|| difference::lines(&received.body, &record.findings))
        .flatten();
    if let Some(lines) = lines {
        lines.iter().try_for_each(|line| marked(out, line))?;
    } else {
        let shown = &received.body[..received.body.floor_char_boundary(LARGEST_BODY)];
        let more = if shown.len() < received.body.len() || received.cut { " …" } else { "" };
        write!(out, "<span class=\"line\">{}{more}</span>", Text(shown.trim_end()))?;
    }
    writeln!(out, "</pre>")
}

fn marked(out: &mut String, line: &Line) -> fmt::Result {
    let (mark, lead) = match line.mark {
        Mark::None => ("none", "  "),
        Mark::Differs => ("differs", "  "),
        Mark::Missing => ("missing", " is missing; "),
    };
    write!(out, "<span class=\"line {mark}\">{}", Text(&line.text))?;
    if let Some(expected) = &line.expected {
        write!(out, "<span class=\"hint\">{lead}expected {}</span>", Text(expected))?;
    }
    out.push_str("</span>");
    Ok(())
}

/// A text as it stands in an element or an attribute: nothing of it is markup.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
            let (before, after) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match after.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#x27;",
            })?;
            rest = &after[1..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        assert_eq!(
            Text("<a b=\"1\" c='é'>&amp;</a>").to_string(),
            "&lt;a b=&quot;1&quot; c=&#x27;é&#x27;&gt;&amp;amp;&lt;/a&gt;"
        );
        assert_eq!(Text("plain, and é").to_string(), "plain, and é");
    }
}
