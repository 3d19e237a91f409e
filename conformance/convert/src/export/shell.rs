//! Exports a plan as a shell script that needs only sh, curl and sed, and `date` for retries.

use std::time::Duration;

use super::mark::{holds_one, secret_variables, unmark, variable};
use super::{Kept, Link, Outgoing, outgoing};
use conformance_suite::capture::Found;
use conformance_suite::curl;
use conformance_suite::json::unescape;
use conformance_suite::plan::Plan;
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
        for outgoing in outgoing(planned, &plan.suite) {
            script.push_str(&format!("\n{}", super::step_comment(&outgoing)));
            step(&outgoing, &planned.step_id(outgoing.step), &mut script);
        }
    }
    script.push_str("\nexit \"$failed\"\n");
    script
}

fn step(outgoing: &Outgoing<'_>, id: &str, script: &mut String) {
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
            format!("locate {} {}\n", word(path), word(query)),
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
    let sent = format!("{located}answer=$({printed}curl -s{including} {command})\n");
    let kept: String = outgoing.kept.iter().map(keep).collect();
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

/// Returns a text as one word of the script, with its marks as variables.
fn word(text: &str) -> String {
    with_variables(&quoted(text))
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

fn keep(Kept { variable, found, part }: &Kept<'_>) -> String {
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
        Found::Json(pointer) => {
            let member = unescape(pointer.rsplit('/').next().unwrap_or_default());
            if pointer.matches('/').count() != 1 {
                text.push_str(&comment(
                    " ",
                    &format!("Takes the first member with this name for {pointer}."),
                ));
            }
            format!("member {}", quoted(&pattern(&member)))
        }
        Found::Body => "printf '%s\\n' \"$answer\"".to_owned(),
        Found::Path(_) | Found::Status | Found::Duration(_) => {
            text.push_str(&comment(" ", "Only `conformance run` captures this value."));
            "true".to_owned()
        }
    };
    let part = part.as_ref().map(|regex| {
        text.push_str(&comment(" ", &format!("sed may interpret this pattern differently: {regex}")));
        let regex = regex.replace(r"\S", "[^[:space:]]").replace(r"\d", "[0-9]").replace('/', r"\/");
        format!(" | part {}", quoted(&regex))
    });
    text + &format!("{variable}=$({all}{})\n", part.unwrap_or_default())
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

# Prints the first member with this name in the JSON of the response.
member() {
  printf '%s\n' "$answer" | sed "1,/^$cr*\$/d" |
    sed -e ':a' -e '$!{' -e 'N' -e 'ba' -e '}' -e 's/\n/ /g' |
    sed -n -e "s/\"$1\"[[:space:]]*:[[:space:]]*/\\
/" -e 't found' -e 'd' -e ':found' -e 's/^.*\n//' -e 't value' -e ':value' -e 's/^"\([^"]*\)".*/\1/' -e 't print' -e 's/^\([^],}[:space:]]*\).*/\1/' -e ':print' -e 'p'
}

# Prints the first group of this pattern in the first line that matches.
part() {
  sed -nE -e "s/$1/\\
&/" -e 't found' -e 'd' -e ':found' -e 's/^.*\n//' -e "s/$1.*/\\1/p" | sed -n '1p'
}
"#;
