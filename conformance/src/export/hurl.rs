//! A file of Hurl (<https://hurl.dev>).

use std::fmt::Write as _;

use base64::Engine as _;

use super::{Kept, Outgoing, outgoing, unmark};
use crate::capture::Found;
use crate::json::unescape;
use crate::plan::Plan;
use crate::request::{Header, Prepared, is_own_agent};
use crate::template::Scope;

/// Returns a Hurl file with every step of a plan: the request, the status that is expected, and what is kept. The target is its
/// variable `target`.
#[must_use]
pub fn hurl(plan: &Plan) -> String {
    let mut file = format!(
        "# {}\n# hurl --test --no-cookie-store --variable target={} FILE\n",
        plan.suite.title, plan.suite.origin
    );
    for trial in plan.trials() {
        file.push_str(&format!("\n# {} ({})\n", trial.scenario.title, trial.profile));
        for outgoing in outgoing(trial, &plan.suite) {
            file.push_str(&format!("\n{}", super::words(&outgoing)));
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
        Ok(request) if !request.method.bytes().all(|one| one.is_ascii_uppercase() || one == b'-') => {
            return writeln!(
                file,
                "# This step is not in the file: Hurl knows no method that is not in capitals."
            );
        }
        Ok(request) => request,
        Err(reason) => return writeln!(file, "# This step is not in the file: {reason}."),
    };
    writeln!(file, "{} {{{{target}}}}{}", request.method, written(&request.target.replace(' ', "%20")))?;
    fields(request, file)?;
    options(outgoing, request, file)?;
    if let Some(body) = &request.body {
        match std::str::from_utf8(body) {
            Ok(plain) => writeln!(file, "`{}`", written(plain).replace('`', "\\`"))?,
            Err(_) => writeln!(file, "base64,{};", base64::prelude::BASE64_STANDARD.encode(body))?,
        }
    }
    let status =
        outgoing.status.filter(|status| status.is_known()).map(|status| status.describe(&Scope::default()));
    let exact = status
        .as_deref()
        .filter(|status| status.len() == 3 && status.bytes().all(|one| one.is_ascii_digit()));
    writeln!(file, "HTTP {}", exact.unwrap_or("*"))?;
    if !outgoing.kept.is_empty() {
        writeln!(file, "[Captures]")?;
    }
    for Kept { variable, found, part } in &outgoing.kept {
        if let (Found::Header(header), Some(_)) = (found, part) {
            writeln!(file, "# Hurl finds this part where the answer has one field `{header}`, not several.")?;
        }
        let found = match found {
            Found::Cookie(cookie) => format!("cookie {cookie:?}"),
            Found::Header(header) => format!("header {header:?}"),
            Found::Json(pointer) => format!("jsonpath {:?}", path(pointer)),
            Found::Body => "body".to_owned(),
        };
        let part = part.as_ref().map(|part| format!(" regex /{}/", part.replace('/', "\\/")));
        writeln!(file, "{variable}: {found}{}", part.unwrap_or_default())?;
    }
    let class = status.as_deref().filter(|_| exact.is_none());
    if let Some(class) = class.and_then(|class| class.strip_suffix("xx")?.parse::<u16>().ok()) {
        writeln!(file, "[Asserts]\nstatus >= {}\nstatus < {}", class * 100, class * 100 + 100)?;
    } else if let Some(several) = class {
        let pattern = several.replace(" or ", "|").replace("xx", "..");
        writeln!(file, "[Asserts]\nstatus toString matches /^({pattern})$/")?;
    }
    Ok(())
}

fn fields(request: &Prepared, file: &mut String) -> std::fmt::Result {
    for name in &request.without {
        writeln!(file, "# Hurl may send a field `{name}`, which this request is to have none of.")?;
    }
    for Header { name, gap, value } in &request.headers {
        // Hurl calls itself by its own name, and accepts everything too.
        let of_curl = name.eq_ignore_ascii_case("user-agent") && is_own_agent(value);
        if of_curl || (name == "Accept" && value == "*/*") {
            continue;
        }
        if gap != " " {
            writeln!(file, "# Hurl puts one space before this value, whatever stands there.")?;
        }
        writeln!(file, "{name}: {}", spaced(&written(value)))?;
    }
    // Of an empty body Hurl says nothing.
    match &request.body {
        Some(body) if body.is_empty() => writeln!(file, "Content-Length: 0"),
        _ => Ok(()),
    }
}

fn options(outgoing: &Outgoing<'_>, request: &Prepared, file: &mut String) -> std::fmt::Result {
    let mut options = String::new();
    let delay = outgoing.step.wait;
    if !delay.is_zero() {
        writeln!(options, "delay: {}", delay.as_millis())?;
    }
    if let Some((limit, every)) = outgoing.step.retry {
        let every = every.as_millis().max(1);
        writeln!(options, "retry: {}\nretry-interval: {every}", limit.as_millis().div_ceil(every))?;
    }
    if request.follow > 0 {
        writeln!(options, "location: true\nmax-redirs: {}", request.follow)?;
    }
    if outgoing.path_as_is && request.target.contains("/.") {
        writeln!(options, "path-as-is: true")?;
    }
    if outgoing.times > 1 {
        writeln!(options, "repeat: {}", outgoing.times)?;
    }
    if options.is_empty() { Ok(()) } else { write!(file, "[Options]\n{options}") }
}

/// A text as Hurl reads it: what would mean something to it is escaped, and marks become its variables.
fn written(text: &str) -> String {
    let mut written = String::new();
    let mut before = ' ';
    for one in text.chars() {
        match one {
            '\\' | '#' => written.extend(['\\', one]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '{' if before == '{' => written.push_str("\\u{7b}"),
            one if one.is_control() => written.push_str(&format!("\\u{{{:x}}}", u32::from(one))),
            one => written.push(one),
        }
        before = one;
    }
    unmark(&written, |name| format!("{{{{{name}}}}}"))
}

/// A value of a header field whose spaces stay: of several in a row, and of those at its ends.
fn spaced(value: &str) -> String {
    let mut spaced = String::new();
    for (at, one) in value.char_indices() {
        let lone = !value[..at].ends_with(' ') && at > 0 && at + 1 < value.len();
        spaced.push_str(if one == ' ' && !lone { "\\u{20}" } else { &value[at..at + one.len_utf8()] });
    }
    spaced
}

/// A JSON Pointer as a path of JSON.
fn path(pointer: &str) -> String {
    let step = |step: &str| {
        let step = unescape(step);
        if step.bytes().all(|one| one.is_ascii_digit()) { format!("[{step}]") } else { format!("['{step}']") }
    };
    format!("${}", pointer.split('/').skip(1).map(step).collect::<String>())
}
