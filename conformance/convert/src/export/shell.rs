//! Exports a plan as a shell script that needs only sh, curl, sed and awk, and `date` for retries.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use super::mark::{CLOSE, OPEN, holds_one, secret_variables, single_mark, unmark, variable};
use super::{Kept, Link, Outgoing, outgoing};
use conformance_suite::capture::Found;
use conformance_suite::curl;
use conformance_suite::plan::Plan;
use conformance_suite::request::Prepared;
use conformance_suite::safe::comment;
use conformance_suite::shell::{quote, quoted};
use conformance_suite::template::Scope;

/// Returns a script that sends every step of a plan and checks the status codes. The first argument of the script is the target.
#[must_use]
pub fn shell(plan: &Plan) -> String {
    let mut script = format!(
        "#!/bin/sh\n# {}: sends every request of these scenarios with curl and checks the status codes.\n# Usage: sh FILE [http://host:port]\n{}",
        super::in_comment(&plan.suite.title),
        PRELUDE.replace("ORIGIN", &plan.suite.origin)
    );
    for one in secret_variables(&plan.suite) {
        let name = variable(&one.name);
        let set = one
            .env
            .as_deref()
            .filter(|env| variable(env) == **env && !env.starts_with(|one: char| one.is_ascii_digit()))
            .unwrap_or(&name);
        script.push_str(&format!("{name}=${{{set}:?is a secret of the suite: set it in the environment}}\n"));
    }
    for planned in plan.scenarios() {
        script.push_str(&format!(
            "\n# {} ({})\n",
            super::in_comment(&planned.scenario.title),
            super::in_comment(&planned.profile)
        ));
        let all = outgoing(planned, &plan.suite);
        let captures = Captures::of(&all);
        for outgoing in &all {
            script.push_str(&format!("\n{}", super::step_comment(outgoing)));
            step(outgoing, &planned.step_id(outgoing.step), &captures, &mut script);
        }
    }
    script.push_str("\nexit \"$failed\"\n");
    script
}

/// The captures of a scenario whose JSON the script keeps besides their text.
#[derive(Default)]
struct Captures {
    /// The variables of all captures.
    names: BTreeSet<String>,
    /// The variables that hold a JSON value, and are sent in a JSON body.
    json: BTreeSet<String>,
}

impl Captures {
    fn of(all: &[Outgoing<'_>]) -> Self {
        let in_bodies: BTreeSet<String> = all.iter().flat_map(|outgoing| in_json_body(outgoing).1).collect();
        let mut captures = Self::default();
        for kept in all.iter().flat_map(|outgoing| &outgoing.kept) {
            captures.names.insert(kept.variable.clone());
            if in_bodies.contains(&kept.variable) && kept.holds_json() {
                captures.json.insert(kept.variable.clone());
            }
        }
        captures
    }
}

impl Kept<'_> {
    /// Whether the script knows the JSON value.
    fn holds_json(&self) -> bool {
        matches!(self.found, Found::Json(_)) && self.part.is_none()
    }
}

/// Returns a request whose JSON body has a value with its type for each mark, and the variables of these marks.
fn in_json_body<'a>(outgoing: &'a Outgoing<'_>) -> (Option<Cow<'a, Prepared>>, BTreeSet<String>) {
    let mut names = BTreeSet::new();
    let Ok(request) = &outgoing.request else { return (None, names) };
    let body = request.body.as_deref().filter(|_| outgoing.has_json_body).map(std::str::from_utf8);
    let Some(Ok(body)) = body.filter(|body| body.is_ok_and(holds_one)) else {
        return (Some(Cow::Borrowed(request)), names);
    };
    let mut json = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find(OPEN) {
        let end = rest[at..].find(CLOSE).map_or(rest.len(), |end| at + end + CLOSE.len_utf8());
        let (before, mark) = (&rest[..at], &rest[at..end]);
        rest = &rest[end..];
        let name = single_mark(mark).unwrap_or_default();
        names.insert(name.to_owned());
        // A string that is one mark keeps the type of its value; in a longer string, the value is text.
        match before.strip_suffix('"').filter(|before| !before.ends_with('\\')).zip(rest.strip_prefix('"')) {
            Some((before, after)) => {
                json.push_str(&format!("{before}{OPEN}${name}_json{CLOSE}"));
                rest = after;
            }
            None => json.push_str(&format!("{before}{OPEN}${name}_in_json{CLOSE}")),
        }
    }
    json.push_str(rest);
    (Some(Cow::Owned(Prepared { body: Some(json.into_bytes()), ..request.clone() })), names)
}

fn step(outgoing: &Outgoing<'_>, id: &str, captures: &Captures, script: &mut String) {
    let request = match &outgoing.request {
        Ok(request) => request,
        Err(reason) => {
            script.push_str(&comment(" ", &format!("This step is not in the script: {reason}.")));
            return;
        }
    };
    let wait = outgoing.step.wait;
    if !wait.is_zero() {
        script.push_str(&format!("sleep {}\n", wait.as_secs_f64().ceil()));
    }
    let (typed, in_body) = in_json_body(outgoing);
    let request = typed.as_deref().unwrap_or(request);
    let command = curl::render(request, TARGET, "");
    // Bytes that cannot be in a command line are piped in with printf, where marks cannot be replaced.
    let (printed, command) = match command.split_once("' | curl ") {
        Some((printed, command)) if printed.starts_with("printf ") => {
            (format!("{printed}' | "), format!("curl {command}"))
        }
        _ => (String::new(), command),
    };
    let bytes = request.raw.as_ref().or(request.body.as_ref());
    let marked = bytes.is_some_and(|bytes| holds_one(&String::from_utf8_lossy(bytes)));
    if !command.starts_with("curl ") || (marked && !printed.is_empty()) {
        script.push_str("# This step is not in the script: curl, sed and sh cannot send its bytes.\n");
        return;
    }
    // A value that only a run knows can be a URL, and can have a query.
    let (located, command) = match &outgoing.link {
        Some(Link { path, query, .. }) => (
            format!("locate {} {}\n", quoted(path), quoted(query)),
            command.replacen(&*quote(&format!("{TARGET}{}", request.target)), "\"$located_url\"", 1),
        ),
        None => (String::new(), command),
    };
    let command = command.replace("telnet://TARGET:80", "\"telnet://${target#*://}\"");
    let command = if command.starts_with("curl '") {
        command.replacen(TARGET, "'\"$target\"'", 1).replacen("''", "", 1)
    } else {
        command.replacen(TARGET, "\"$target\"", 1)
    };
    let mut needed = in_body.clone();
    for text in [&command, &located] {
        unmark(text, |name| {
            needed.insert(name.to_owned());
            String::new()
        });
    }
    // The shell stops at a variable without a value.
    let needed = needed.iter().filter(|name| captures.names.contains(*name));
    let needed: String = needed.map(|name| format!(" \"${{{name}?was not captured}}\"")).collect();
    if !needed.is_empty() {
        script.push_str(&format!(":{needed}\n"));
    }
    for name in &in_body {
        if !captures.json.contains(name) {
            script.push_str(&format!("{name}_json=$(json_string \"${name}\")\n"));
        }
        if command.contains(&format!("{name}_in_json")) {
            script.push_str(&format!(
                "{name}_in_json=${{{name}_json#\\\"}} {name}_in_json=${{{name}_in_json%\\\"}}\n"
            ));
        }
    }
    let command = with_variables(&command);
    let command = command.strip_prefix("curl ").unwrap_or(&command);
    let including = if request.raw.is_some() { "" } else { " -i" };
    let (head, tail) = match outgoing.times {
        1 => (String::new(), ""),
        times => {
            let each: Vec<String> = (1..=times).map(|number| number.to_string()).collect();
            (format!("for each in {}; do\n", each.join(" ")), "done\n")
        }
    };
    let statuses = outgoing.expectation.status.as_ref().filter(|status| status.is_known()).map_or_else(
        || "???".to_owned(),
        |status| status.describe(&Scope::default()).replace(" or ", " ").replace("xx", "??"),
    );
    let statuses = quoted(&statuses);
    let located = with_variables(&located);
    let sent = format!("{located}answer=$({printed}curl -s{including} {command})\n");
    let kept: String = outgoing.kept.iter().map(|kept| keep(kept, &captures.json)).collect();
    let judged = format!("expect {statuses} {}\n", quoted(id));
    script.push_str(&match outgoing.step.retry {
        Some(retry) => {
            format!(
                "{head}{}{judged}{tail}",
                retry_loop(retry, &format!("{sent}{kept}"), &statuses, outgoing)
            )
        }
        None => format!("{head}{sent}{judged}{tail}{kept}"),
    });
}

/// Replaces marks by variables; they are always inside of single quotes.
fn with_variables(text: &str) -> String {
    unmark(text, |name| format!("'\"${name}\"'"))
}

/// Returns a loop that repeats a request until it succeeds or its time is over.
fn retry_loop(
    (limit, every): (Duration, Duration),
    sent: &str,
    statuses: &str,
    outgoing: &Outgoing<'_>,
) -> String {
    let kept = outgoing.kept.iter().map(|kept| format!(" && [ -n \"${}\" ]", kept.variable));
    let (condition, holds) = match kept.collect::<String>() {
        kept if kept.is_empty() => ("its status is", format!("holds {statuses}")),
        kept => ("its status and its captures are", format!("{{ holds {statuses}{kept}; }}")),
    };
    // The clock has whole seconds, so add one to never wait too short.
    let seconds = limit.as_secs_f64().ceil() + 1.0;
    let pause = every.as_secs_f64();
    format!(
        "# Retried every {every:?} for {limit:?} (rounded up to seconds) until {condition} as expected; the suite checks all expectations.\n\
         deadline=$(($(date +%s) + {seconds}))\n\
         while\n\
         {sent}\
         ! {holds} && [ \"$(date +%s)\" -lt \"$deadline\" ]\n\
         do pause {pause}; done\n"
    )
}

/// Placeholder for the URL of the target in a rendered command.
const TARGET: &str = "http://TARGET";

/// Returns the commands that set the variable of a capture, or leave it without a value.
fn keep(kept: &Kept<'_>, with_json: &BTreeSet<String>) -> String {
    let Kept { variable, found, part } = kept;
    let mut text = String::new();
    let all = match found {
        Found::Cookie(cookie) => {
            let field = any_case("set-cookie");
            let field = quoted(&format!("s/^{field}: *{}=\\([^;]*\\).*/\\1/p", pattern(cookie)));
            format!("printf '%s\\n' \"$answer\" | sed -n {field} | sed -n '$p'")
        }
        Found::Header(header) => {
            let field = quoted(&format!("s/^{}: *\\(.*\\)$/\\1/p", any_case(header)));
            // The first of several fields, or the first one that contains the wanted part.
            let first = if part.is_some() { "" } else { " | sed -n '1p'" };
            format!("printf '%s\\n' \"$answer\" | sed -n {field}{first} | sed \"s/$cr\\$//\"")
        }
        Found::Json(pointer) => format!("json {}", quoted(pointer)),
        Found::Body => "printf '%s\\n' \"$answer\"".to_owned(),
        Found::Path(_) | Found::Status | Found::Duration(_) => {
            text.push_str(&comment(" ", "Only `conformance run` captures this value."));
            return text + &format!("unset {variable}\n");
        }
    };
    if kept.holds_json() {
        text.push_str(&format!("{variable}=$({all}) || unset {variable}\n"));
        if with_json.contains(variable) {
            text.push_str(&format!("{variable}_json=$({all} as-json)\n"));
        }
        return text;
    }
    let part = part.as_ref().map(|regex| {
        text.push_str(&comment(" ", &format!("sed may interpret this pattern differently: {regex}")));
        let regex = regex.replace(r"\S", "[^[:space:]]").replace(r"\d", "[0-9]").replace('/', r"\/");
        format!(" | part {}", quoted(&regex))
    });
    text + &format!(
        "{variable}=$({all}{}); [ -n \"${variable}\" ] || unset {variable}\n",
        part.unwrap_or_default()
    )
}

/// Returns a sed pattern that matches a header name case-insensitively.
fn any_case(name: &str) -> String {
    let both = |one: char| format!("[{}{}]", one.to_ascii_uppercase(), one.to_ascii_lowercase());
    name.chars().map(|one| if one.is_ascii_alphabetic() { both(one) } else { one.to_string() }).collect()
}

fn pattern(text: &str) -> String {
    let special = |one: char| "\\.*[]^$/".contains(one);
    text.chars().map(|one| if special(one) { format!("\\{one}") } else { one.to_string() }).collect()
}

const PRELUDE: &str = r#"target=${1:-ORIGIN}
failed=0
cr=$(printf '\r')
set -f

# Whether the status of the response is one of these, such as 401 or 4??.
holds() {
  status=$(printf '%s\n' "$answer" | sed -n 's/^HTTP\/[0-9.]* \([0-9]*\).*/\1/p' | sed -n '$p')
  for one in $1; do
    case $status in $one) return 0 ;; esac
  done
  return 1
}

# Reports whether the status of the response is expected.
expect() {
  if holds "$1"; then
    echo "ok   $2: $status"
  else
    echo "FAIL $2: ${status:-no response}, not $1"
    failed=1
  fi
}

# Sets `located_url` to a URL of the target: a path or a URL, and a query that is added to it.
locate() {
  located_url=${1%%#*}
  case $located_url in
    "$target" | "$target"[/?]*) located_url=${located_url#"$target"} ;;
    "ORIGIN" | "ORIGIN"[/?]*) located_url=${located_url#"ORIGIN"} ;;
  esac
  [ -z "$2" ] || case $located_url in
    *\?*[!\&]) located_url=$located_url\&$2 ;;
    *\?*) located_url=$located_url$2 ;;
    *) located_url=$located_url?$2 ;;
  esac
  located_url=$target$located_url
}

# Waits for some seconds; if sleep supports no fractions, for one.
pause() {
  sleep "$1" 2>/dev/null || sleep 1
}

# Prints the value at this JSON Pointer in the body of the response: a string without its quotes, or as JSON.
json() {
  printf '%s\n' "$answer" | LC_ALL=C POINTER=$1 AS_JSON=$2 awk '
    function blanks() {
      while (at <= size && index(" \t\r\n", substr(text, at, 1))) at++
    }
    function string(start, one) {
      start = ++at
      while (at <= size && (one = substr(text, at, 1)) != "\"") at += one == "\\" ? 2 : 1
      if (at > size) exit 1
      return substr(text, start, at++ - start)
    }
    function skip(one, depth) {
      do {
        blanks()
        if (at > size) exit 1
        one = substr(text, at, 1)
        if (one == "\"") string()
        else if (one == "[" || one == "{") { depth++; at++ }
        else if (one == "]" || one == "}") { depth--; at++ }
        else if (one == "," || one == ":") at++
        else while (at <= size && !index("]}, \t\r\n", substr(text, at, 1))) at++
      } while (depth > 0)
    }
    function find(key, one, number, start, name) {
      blanks()
      if (key > count) {
        start = at
        skip()
        value = substr(text, start, at - start)
        return 1
      }
      one = substr(text, at++, 1)
      if (one != "{" && one != "[") return 0
      for (number = 0; ; number++) {
        blanks()
        if (substr(text, at, 1) == ",") at++
        blanks()
        if (at > size || index("]}", substr(text, at, 1))) return 0
        name = number ""
        if (one == "{") {
          name = plain(string())
          blanks()
          at++
        }
        if (name == keys[key] "") return find(key + 1)
        skip()
      }
    }
    function hex(digits, number, place) {
      for (place = 1; place <= 4; place++) number = number * 16 + index("0123456789abcdef", tolower(substr(digits, place, 1))) - 1
      return number
    }
    function utf8(code) {
      if (code < 128) return sprintf("%c", code)
      if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
      if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
      return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
    }
    function plain(written, text, at, one, code) {
      while (at = index(written, "\\")) {
        text = text substr(written, 1, at - 1)
        one = substr(written, at + 1, 1)
        written = substr(written, at + 2)
        if (one == "u") {
          code = hex(written)
          written = substr(written, 5)
          if (code >= 55296 && code < 56320 && substr(written, 1, 2) == "\\u") {
            code = 65536 + (code - 55296) * 1024 + hex(substr(written, 3)) - 56320
            written = substr(written, 7)
          }
          text = text utf8(code)
        } else if (one == "n") text = text "\n"
        else if (one == "t") text = text "\t"
        else if (one == "r") text = text "\r"
        else if (one == "b") text = text "\b"
        else if (one == "f") text = text "\f"
        else text = text one
      }
      return text written
    }
    BEGIN { is_between = 1 }
    is_between && /^HTTP\// { is_between = 0; is_head = 1; next }
    is_head { sub(/\r$/, ""); if ($0 == "") { is_head = 0; is_between = 1 }; next }
    { is_between = 0; text = text $0 "\n" }
    END {
      size = length(text)
      at = 1
      count = split(ENVIRON["POINTER"], keys, "/")
      for (key = 2; key <= count; key++) {
        gsub(/~1/, "/", keys[key])
        gsub(/~0/, "~", keys[key])
      }
      if (!find(2)) exit 1
      if (ENVIRON["AS_JSON"] == "" && substr(value, 1, 1) == "\"") value = plain(substr(value, 2, length(value) - 2))
      printf "%s", value
    }'
}

# Prints a text as a string of JSON.
json_string() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/["\\]/\\&/g')"
}

# Prints the first group of this pattern in the first line that matches.
part() {
  sed -nE -e "s/$1/\\
&/" -e 't found' -e 'd' -e ':found' -e 's/^.*\n//' -e "s/$1.*/\\1/p" | sed -n '1p'
}
"#;
