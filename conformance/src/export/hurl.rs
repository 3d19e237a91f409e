//! A file of Hurl (<https://hurl.dev>).

mod condition;
mod json;
mod response;
mod text;
mod write;

use std::fmt::Write as _;

use base64::Engine as _;

use super::mark::output;
use super::{Outgoing, outgoing};
use crate::curl::COMPRESSED;
use crate::plan::Plan;
use crate::request::{Header, Prepared, is_own_agent};
use response::{Answer, Told, Type, Types, response};
use write::{spaced, written};

/// Returns a Hurl file with every step of a plan: the request, what is expected of its answer as far as Hurl has words for it, and what is
/// kept. The target is its variable `target`.
#[must_use]
pub fn hurl(plan: &Plan) -> String {
    let mut file = format!(
        "# {}\n# hurl --test --no-cookie-store --variable target={} FILE\n# {LOOSE}\n",
        plan.suite.title, plan.suite.origin
    );
    for trial in plan.trials() {
        file.push_str(&format!("\n# {} ({})\n", trial.scenario.title, trial.profile));
        // What a program prints is text, whatever Hurl takes a variable of the command line for.
        let printed = plan.suite.profile(&trial.profile).into_iter().flat_map(|profile| &profile.output);
        let mut types: Types = printed.map(|(name, _)| (output(name), Type::Text)).collect();
        let definitions = plan.suite.definitions(&trial.scenario);
        for outgoing in outgoing(trial, &definitions, &plan.suite) {
            file.push_str(&format!("\n{}", super::words(&outgoing)));
            // Writing to a string cannot fail.
            entry(&outgoing, &mut types, &mut file).ok();
        }
    }
    file
}

/// What Hurl sees otherwise.
const LOOSE: &str = "To Hurl a field that comes several times is a list; of cookies of one name it takes the first, and of a date it sees the shape.";

fn entry(outgoing: &Outgoing<'_>, types: &mut Types, file: &mut String) -> std::fmt::Result {
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
    file.push_str(&response(outgoing, types));
    Ok(())
}

fn fields(request: &Prepared, file: &mut String) -> std::fmt::Result {
    for name in &request.without {
        writeln!(file, "# Hurl may send a field `{name}`, which this request is to have none of.")?;
    }
    for header in &request.headers {
        let Header { name, gap, value } = header;
        // Hurl calls itself by its own name, and accepts everything too.
        let of_curl = name.eq_ignore_ascii_case("user-agent") && is_own_agent(value);
        if of_curl || (name == "Accept" && value == "*/*") || is_compressed(header) {
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

/// Whether a field is what `--compressed` sends.
fn is_compressed(header: &Header) -> bool {
    header.is("accept-encoding") && header.value == COMPRESSED
}

fn options(outgoing: &Outgoing<'_>, request: &Prepared, file: &mut String) -> std::fmt::Result {
    let mut options = String::new();
    let delay = outgoing.step.wait;
    if !delay.is_zero() {
        writeln!(options, "delay: {}", delay.as_millis())?;
    }
    if let Some((limit, every)) = outgoing.step.retry.as_deref() {
        let every = every.as_millis().max(1);
        writeln!(options, "retry: {}\nretry-interval: {every}", limit.as_millis().div_ceil(every))?;
    }
    if request.follow > 0 {
        writeln!(options, "location: true\nmax-redirs: {}", request.follow)?;
    }
    if request.headers.iter().any(is_compressed) {
        writeln!(options, "compressed: true")?;
    }
    if outgoing.path_as_is && request.target.contains("/.") {
        writeln!(options, "path-as-is: true")?;
    }
    if outgoing.times > 1 {
        writeln!(options, "repeat: {}", outgoing.times)?;
    }
    if options.is_empty() { Ok(()) } else { write!(file, "[Options]\n{options}") }
}
