//! A file of Hurl (<https://hurl.dev>).

use std::fmt::Write as _;

use base64::Engine as _;

use super::{Outgoing, outgoing, unmark};
use crate::capture::Found;
use crate::plan::Plan;
use crate::request::Header;

/// Returns a Hurl file with every step of a plan: the request, the status that is expected, and what is kept. The target is its
/// variable `target`.
#[must_use]
pub fn hurl(plan: &Plan) -> String {
    let mut file =
        format!("# {}\n# hurl --test --variable target={} FILE\n", plan.suite.title, plan.suite.origin);
    for trial in plan.trials() {
        file.push_str(&format!("\n# {} ({})\n", trial.scenario.title, trial.profile));
        for outgoing in outgoing(trial, &plan.suite) {
            file.push_str(&format!("\n{}", super::words(outgoing.step)));
            // Writing to a string cannot fail.
            entry(&outgoing, &mut file).ok();
        }
    }
    file
}

fn entry(outgoing: &Outgoing<'_>, file: &mut String) -> std::fmt::Result {
    let request = match &outgoing.request {
        Ok(request) if request.raw.is_some() => {
            return writeln!(
                file,
                "# This step is not in the file: it is raw, and Hurl sends requests of its own making only."
            );
        }
        Ok(request) => request,
        Err(reason) => return writeln!(file, "# This step is not in the file: {reason}."),
    };
    let text = |text: &str| unmark(&text.replace("{{", "\\{\\{"), |name| format!("{{{{{name}}}}}"));
    writeln!(
        file,
        "{} {{{{target}}}}{}",
        request.method,
        text(&request.target).replace('#', "\\#").replace(' ', "%20")
    )?;
    for Header { name, value, .. } in &request.headers {
        let of_curl = name.eq_ignore_ascii_case("user-agent") || (name == "Accept" && value == "*/*");
        if !of_curl {
            writeln!(file, "{name}: {}", text(value).replace('#', "\\#"))?;
        }
    }
    let delay = outgoing.step.wait;
    if !delay.is_zero() {
        writeln!(file, "[Options]\ndelay: {}", delay.as_millis())?;
    }
    if let Some(body) = &request.body {
        match std::str::from_utf8(body) {
            Ok(plain) if !plain.contains(['`', '\n', '\r', '\\']) => writeln!(file, "`{}`", text(plain))?,
            _ => writeln!(file, "base64,{};", base64::prelude::BASE64_STANDARD.encode(body))?,
        }
    }
    let status = outgoing.step.expectation.status.as_ref().map(crate::expectation::Status::describe);
    let exact = status
        .as_deref()
        .filter(|status| status.len() == 3 && status.bytes().all(|one| one.is_ascii_digit()));
    writeln!(file, "HTTP {}", exact.unwrap_or("*"))?;
    if !outgoing.kept.is_empty() {
        writeln!(file, "[Captures]")?;
    }
    for (name, source) in &outgoing.kept {
        match source {
            Found::Cookie(cookie) => writeln!(file, "{name}: cookie {cookie:?}")?,
            Found::Header(header) => writeln!(file, "{name}: header {header:?}")?,
            Found::Json(pointer) => writeln!(file, "{name}: jsonpath {:?}", path(pointer))?,
            Found::Text(regex) => writeln!(file, "{name}: body regex /{}/", regex.replace('/', "\\/"))?,
        }
    }
    let class = status.as_deref().filter(|_| exact.is_none());
    if let Some(class) = class.and_then(|class| class.strip_suffix("xx")?.parse::<u16>().ok()) {
        writeln!(file, "[Asserts]\nstatus >= {}\nstatus < {}", class * 100, class * 100 + 100)?;
    }
    Ok(())
}

/// A JSON Pointer as a path of JSON.
fn path(pointer: &str) -> String {
    let step = |step: &str| {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step.bytes().all(|one| one.is_ascii_digit()) { format!("[{step}]") } else { format!("['{step}']") }
    };
    format!("${}", pointer.split('/').skip(1).map(step).collect::<String>())
}
