//! A shell script with nothing but curl, sed and sh, and the clock where a request is sent again.

use std::time::Duration;

use super::mark::{holds_one, unmark};
use super::{Kept, Outgoing, outgoing};
use crate::capture::Found;
use crate::curl;
use crate::json::unescape;
use crate::plan::Plan;
use crate::shell::quoted;
use crate::template::Scope;

/// Returns a script that sends every step of a plan and compares the statuses. Its first argument is the target.
#[must_use]
pub fn shell(plan: &Plan) -> String {
    let mut script = format!(
        "#!/bin/sh\n# {}: every request of these scenarios, sent with curl, and whether its status is the one that is expected.\n# Usage: sh FILE [http://host:port]\n{}",
        plan.suite.title,
        PRELUDE.replace("ORIGIN", &plan.suite.origin)
    );
    for trial in plan.trials() {
        script.push_str(&format!("\n# {} ({})\n", trial.scenario.title, trial.profile));
        let definitions = plan.suite.definitions(&trial.scenario);
        for outgoing in outgoing(trial, &definitions, &plan.suite) {
            script.push_str(&format!("\n{}", super::words(&outgoing)));
            step(&outgoing, &trial.step_id(outgoing.step), &mut script);
        }
    }
    script.push_str("\nexit \"$failed\"\n");
    script
}

fn step(outgoing: &Outgoing<'_>, id: &str, script: &mut String) {
    let request = match &outgoing.request {
        Ok(request) => request,
        Err(reason) => {
            script.push_str(&format!("# This step is not in the script: {reason}.\n"));
            return;
        }
    };
    let wait = outgoing.step.wait;
    if !wait.is_zero() {
        script.push_str(&format!("sleep {}\n", wait.as_secs_f64().ceil()));
    }
    let command = curl::render(request, TARGET, "");
    // What is no word of a command is printed and sent on. A value that only a run can know has no place in it.
    let (printed, command) = match command.split_once("' | curl ") {
        Some((printed, command)) if printed.starts_with("printf ") => {
            (format!("{printed}' | "), format!("curl {command}"))
        }
        _ => (String::new(), command),
    };
    let bytes = request.raw.as_ref().or(request.body.as_ref());
    let marked = bytes.is_some_and(|bytes| holds_one(&String::from_utf8_lossy(bytes)));
    if !command.starts_with("curl ") || (marked && !printed.is_empty()) {
        script.push_str(
            "# This step is not in the script: its bytes are none that curl, sed and sh can send.\n",
        );
        return;
    }
    let command = command.replace("telnet://TARGET:80", "\"telnet://${target#*://}\"");
    let command = if command.starts_with("curl '") {
        command.replacen(TARGET, "'\"$target\"'", 1).replacen("''", "", 1)
    } else {
        command.replacen(TARGET, "\"$target\"", 1)
    };
    // A mark stands in single quotes.
    let command = unmark(&command, |name| format!("'\"${name}\"'"));
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
    let sent = format!("answer=$({printed}curl -s{including} {command})\n");
    let kept: String = outgoing.kept.iter().map(keep).collect();
    let judged = format!("expect {statuses} {}\n", quoted(id));
    script.push_str(&match outgoing.step.retry.as_deref() {
        Some(retry) => {
            format!("{head}{}{judged}{tail}", again(retry, &format!("{sent}{kept}"), &statuses, outgoing))
        }
        None => format!("{head}{sent}{judged}{tail}{kept}"),
    });
}

/// The lines that send a request, in a loop that ends with what is expected or with the time for it.
fn again(
    (limit, every): &(Duration, Duration),
    sent: &str,
    statuses: &str,
    outgoing: &Outgoing<'_>,
) -> String {
    let kept = outgoing.kept.iter().map(|kept| format!(" && [ -n \"${}\" ]", kept.variable));
    let (demands, holds) = match kept.collect::<String>() {
        kept if kept.is_empty() => ("its status is", format!("holds {statuses}")),
        kept => ("its status, and what is kept of it, are", format!("{{ holds {statuses}{kept}; }}")),
    };
    // The clock counts whole seconds: with one more none is too few.
    let seconds = limit.as_secs_f64().ceil() + 1.0;
    let pause = every.as_secs_f64();
    format!(
        "# Sent again for {limit:?}, by a clock of whole seconds, every {every:?}, until {demands} as expected; in the suite until all of it is.\n\
         deadline=$(($(date +%s) + {seconds}))\n\
         while\n\
         {sent}\
         ! {holds} && [ \"$(date +%s)\" -lt \"$deadline\" ]\n\
         do pause {pause}; done\n"
    )
}

/// Stands for the target until the command is rendered.
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
            // Of several the first; the one that a part is taken of is the first that has it.
            let first = if part.is_some() { "" } else { " | sed -n '1p'" };
            format!("printf '%s\\n' \"$answer\" | sed -n {field}{first} | sed \"s/$cr\\$//\"")
        }
        Found::Json(pointer) => {
            let member = unescape(pointer.rsplit('/').next().unwrap_or_default());
            if pointer.matches('/').count() != 1 {
                text.push_str(&format!("# The first member of this name stands for {pointer}.\n"));
            }
            format!("member {}", quoted(&pattern(&member)))
        }
        Found::Body => "printf '%s\\n' \"$answer\"".to_owned(),
    };
    let part = part.as_ref().map(|regex| {
        text.push_str(&format!("# sed may read this pattern otherwise: {regex}\n"));
        let regex = regex.replace(r"\S", "[^[:space:]]").replace(r"\d", "[0-9]").replace('/', r"\/");
        format!(" | part {}", quoted(&regex))
    });
    text + &format!("{variable}=$({all}{})\n", part.unwrap_or_default())
}

/// A pattern of sed that matches a header's name in either case.
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

# Whether the status of the answer is one of these, such as 401 or 4??.
holds() {
  status=$(printf '%s\n' "$answer" | sed -n 's/^HTTP\/[0-9.]* \([0-9]*\).*/\1/p' | sed -n '$p')
  for one in $1; do
    case $status in $one) return 0 ;; esac
  done
  return 1
}

# Tells whether the status of the answer is one that is expected.
expect() {
  if holds "$1"; then
    echo "ok   $2: $status"
  else
    echo "FAIL $2: ${status:-no answer}, not $1"
    failed=1
  fi
}

# Waits for so many seconds; for a whole one where sleep knows no parts of them.
pause() {
  sleep "$1" 2>/dev/null || sleep 1
}

# Prints the first member of this name in the answer's JSON.
member() {
  printf '%s\n' "$answer" | sed "1,/^$cr*\$/d" |
    sed -e ':a' -e '$!{' -e 'N' -e 'ba' -e '}' -e 's/\n/ /g' |
    sed -n -e "s/\"$1\"[[:space:]]*:[[:space:]]*/\\
/" -e 't found' -e 'd' -e ':found' -e 's/^.*\n//' -e 't value' -e ':value' -e 's/^"\([^"]*\)".*/\1/' -e 't print' -e 's/^\([^],}[:space:]]*\).*/\1/' -e ':print' -e 'p'
}

# Prints what the first group of this pattern finds in the first line that has it.
part() {
  sed -nE -e "s/$1/\\
&/" -e 't found' -e 'd' -e ':found' -e 's/^.*\n//' -e "s/$1.*/\\1/p" | sed -n '1p'
}
"#;
