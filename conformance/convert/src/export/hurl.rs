//! Exports a plan as a file for Hurl (<https://hurl.dev>).

mod condition;
mod json;
mod links;
mod response;
mod section;
mod text;
mod write;

use std::fmt::Write as _;

use base64::Engine as _;

use super::mark::{output, secret_variables, variable};
use super::{Outgoing, outgoing};
use conformance_suite::curl::COMPRESSED;
use conformance_suite::plan::Plan;
use conformance_suite::request::{Header, HttpVersion, Prepared, is_own_agent};
use conformance_suite::safe::comment;
use links::Links;
use response::response;
use section::{Type, Types};
use write::{spaced, written};

/// Returns a Hurl file with every step of a plan: requests, captures, and the expectations that Hurl can express.
///
/// The URL of the target is the Hurl variable `target`.
#[must_use]
pub fn hurl(plan: &Plan) -> String {
    let mut file = format!(
        "# {}\n# hurl --test --no-cookie-store --variable target={} FILE\n# {LOOSE}\n",
        super::in_comment(&plan.suite.title),
        super::in_comment(&plan.suite.origin)
    );
    for one in secret_variables(&plan.suite) {
        file.push_str(&format!("# Set the secret `{0}` with --secret {0}=VALUE.\n", variable(&one.name)));
    }
    for planned in plan.scenarios() {
        file.push_str(&format!(
            "\n# {} ({})\n",
            super::in_comment(&planned.scenario.title),
            super::in_comment(&planned.profile)
        ));
        // Output of the target is always text, but Hurl may read a variable from the command line as a number.
        let printed = plan.suite.profile(&planned.profile).into_iter().flat_map(|profile| &profile.output);
        let secrets = secret_variables(&plan.suite).map(|one| variable(&one.name));
        let mut types: Types =
            printed.map(|(name, _)| output(name)).chain(secrets).map(|name| (name, Type::Text)).collect();
        let all = outgoing(planned, &plan.suite);
        let links = Links::of(&all, &plan.suite.origin);
        for outgoing in &all {
            file.push_str(&format!("\n{}", super::step_comment(outgoing)));
            // Writing to a string cannot fail.
            entry(outgoing, &links, &mut types, &mut file).ok();
        }
    }
    file
}

/// Where Hurl is less strict than this program.
const LOOSE: &str = "Hurl is less strict: it reads a repeated header field as a list, takes the first of several cookies with one name, and checks only the format of a date.";

fn entry(
    outgoing: &Outgoing<'_>,
    links: &Links<'_>,
    types: &mut Types,
    file: &mut String,
) -> std::fmt::Result {
    let request = match &outgoing.request {
        Ok(request) if request.raw.is_some() => {
            return writeln!(file, "# This step is not in the file: Hurl cannot send raw requests.");
        }
        Ok(request) if !request.method.bytes().all(|one| one.is_ascii_uppercase() || one == b'-') => {
            return writeln!(file, "# This step is not in the file: Hurl supports only upper-case methods.");
        }
        Ok(request) => request,
        Err(reason) => {
            return file.write_str(&comment(" ", &format!("This step is not in the file: {reason}.")));
        }
    };
    let (target, query) = links.target(outgoing, request);
    writeln!(file, "{} {{{{target}}}}{target}", request.method)?;
    fields(request, file)?;
    file.push_str(&query);
    options(outgoing, request, file)?;
    if let Some(body) = &request.body {
        match std::str::from_utf8(body) {
            Ok(plain) => writeln!(file, "`{}`", written(plain).replace('`', "\\`"))?,
            Err(_) => writeln!(file, "base64,{};", base64::prelude::BASE64_STANDARD.encode(body))?,
        }
    }
    file.push_str(&response(outgoing, links, types));
    Ok(())
}

fn fields(request: &Prepared, file: &mut String) -> std::fmt::Result {
    for name in &request.without {
        let sentence = format!("Hurl may send a header field `{name}`, which this request must not have.");
        file.push_str(&comment(" ", &sentence));
    }
    for header in &request.headers {
        let Header { name, gap, value } = header;
        // Hurl sends its own `User-Agent`, and `Accept: */*` by default.
        let of_curl = name.eq_ignore_ascii_case("user-agent") && is_own_agent(value);
        if of_curl || (name == "Accept" && value == "*/*") || is_compressed(header) {
            continue;
        }
        if gap != " " {
            writeln!(file, "# Hurl always writes one space before this value.")?;
        }
        writeln!(file, "{name}: {}", spaced(&written(value)))?;
    }
    // Hurl sends no `Content-Length` for an empty body.
    match &request.body {
        Some(body) if body.is_empty() => writeln!(file, "Content-Length: 0"),
        _ => Ok(()),
    }
}

/// Whether this is the header field that curl's `--compressed` sends.
fn is_compressed(header: &Header) -> bool {
    header.is("accept-encoding") && header.value == COMPRESSED
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
    if request.headers.iter().any(is_compressed) {
        writeln!(options, "compressed: true")?;
    }
    if outgoing.path_as_is && request.target.contains("/.") {
        writeln!(options, "path-as-is: true")?;
    }
    match request.version {
        HttpVersion::Http1 => {}
        HttpVersion::Http10 => writeln!(options, "http1.0: true")?,
        HttpVersion::Negotiated | HttpVersion::Http2 => writeln!(options, "http2: true")?,
    }
    if outgoing.times > 1 {
        writeln!(options, "repeat: {}", outgoing.times)?;
    }
    if options.is_empty() { Ok(()) } else { write!(file, "[Options]\n{options}") }
}
