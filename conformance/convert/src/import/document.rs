//! Extracts the exchanges that a document prints, grouped by heading.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use url::Url;

use super::fresh::{VALUE, hides_address};
use super::{Body, Exchange, Launched, Story, Wanted, check_number, pattern, printed};
use crate::transcript::{self, Command};
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::shell::{self, Quote, Quotes, Role};
use conformance_suite::source::Source;
use conformance_suite::template::Scope;

/// Returns the origin of the document and its stories, one for each heading.
pub(super) fn stories(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<(String, Vec<Story>), Diagnostic> {
    let commands = transcript::commands(source);
    let known = wanted.suite.map(|suite| suite.origin.clone()).or_else(|| wanted.origin.clone());
    let Some(origin) = known.or_else(|| most_named(&commands)) else {
        return Err(Diagnostic::new(format!("{} has no curl command with a URL", source.path())).help(
            "sessions must be in code blocks; commands follow a prompt such as `$` or begin with `curl`",
        ));
    };
    check_number(commands.iter().filter(|command| command.is_curl()).count(), source)?;
    let mut stories: Vec<Story> = Vec::new();
    let mut launched = None;
    // Output of commands other than curl. No response contains it, so no step can capture it.
    let mut other_output = String::new();
    let mut heading = None;
    for command in &commands {
        if !command.is_curl() {
            launched = launch(&command.text).or(launched);
            other_output.push_str(&command.output);
            continue;
        }
        let here = command.heading.as_ref().map(|heading| heading.line);
        if stories.is_empty() || here != heading {
            heading = here;
            let title = match &command.heading {
                Some(heading) => heading.title.clone(),
                None => {
                    Path::new(source.path()).file_stem().unwrap_or_default().to_string_lossy().into_owned()
                }
            };
            stories.push(Story { title, launched: None, exchanges: Vec::new(), left_out: Vec::new() });
        }
        let Some(story) = stories.last_mut() else { continue };
        story.launched = launched.clone();
        match read(command, &origin, &other_output, wanted) {
            Ok(exchange) => story.exchanges.push(exchange),
            Err(reason) => story.left_out.push(reason),
        }
    }
    Ok((origin, stories))
}

fn read(
    command: &Command,
    origin: &str,
    other_output: &str,
    wanted: &Wanted<'_>,
) -> Result<Exchange, Diagnostic> {
    let mut remarks = Vec::new();
    let (text, shell) = first_command(&command.text);
    let mut hidden = false;
    for piece in shell {
        match piece.as_str() {
            "| jq"
            | "| jq ."
            | "| json_pp"
            | "| python -m json.tool"
            | "| python3 -m json.tool"
            | "2>&1"
            | "2>/dev/null"
            | "2> /dev/null" => {}
            piece => {
                remarks.push(format!("this part of the shell command was dropped: {piece}"));
                hidden = true;
            }
        }
    }
    // Shell variables are not expanded.
    for variable in VARIABLE.find_iter(&expanded(&text)) {
        remarks.push(format!("{} is a shell variable: capture it or write its value", variable.as_str()));
    }
    let text = curl::literal(&text);
    if hides_address(&text) {
        remarks.push(
            "an e-mail address was removed from this request, perhaps with the text before it".to_owned(),
        );
    }
    for value in VALUE.find_iter(&text).map(|value| value.as_str()) {
        if other_output.contains(value) {
            remarks.push(format!("{value} comes from the output of another command, not from a response"));
        }
    }
    let text = match named_by(&text).filter(|named| named != origin && of_this_machine(named, origin)) {
        Some(named) => {
            remarks.push(format!("the document uses {named} here"));
            text.replacen(named.trim_start_matches("http://"), origin.trim_start_matches("http://"), 1)
        }
        None => text,
    };
    let request = curl::parse(&text, origin, wanted.files, &command.place)?;
    if request.pathless(&Scope::default()).is_some() {
        let place = command.place.clone();
        return Err(Diagnostic::at(place, "the path of this URL does not begin with `/`")
            .help("shell variables are not expanded: write the value"));
    }
    let (mut head, mut body) = printed::read(&command.output);
    if head.is_none() && (text.contains("%{http_code}") || text.contains("%{response_code}")) {
        // The output of `-w` follows the body.
        if let Some((before, status)) =
            STATUS.captures(&body).map(|found| (found[1].to_owned(), found[2].to_owned()))
        {
            head = Some(printed::Head { status: status.parse().unwrap_or_default(), headers: Vec::new() });
            body = before;
        }
    }
    if command.apart {
        remarks.push("the text below the session is assumed to be the body of the response".to_owned());
    }
    let prompted = !command.place.line_text().trim_start().starts_with("curl");
    let writes_elsewhere = ["-o", "-O", "--output", "--remote-name", "-I", "--head"]
        .iter()
        .any(|option| text.split_whitespace().any(|word| word == *option));
    let left_away = body.is_empty() && !head.as_ref().is_some_and(has_no_body);
    if left_away && head.is_some() && !hidden && !writes_elsewhere {
        remarks.push("the document does not show the body".to_owned());
    }
    let body = if hidden || writes_elsewhere || left_away {
        Body::Unknown
    } else {
        Body::Text { sure: prompted || head.is_some(), text: body }
    };
    let (comment, place) = (command.comment.clone(), command.place.clone());
    Ok(Exchange { command: text, place, comment, head, body, remarks })
}

/// Whether a response with this head has no body, so that the document omits none (RFC 9112, section 6.3).
fn has_no_body(head: &printed::Head) -> bool {
    let length = head.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    matches!(head.status, 100..=199 | 204 | 304) || length.is_some_and(|(_, length)| length.trim() == "0")
}

static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)^(.*?)\s*\b([1-5]\d\d)\s*$"));
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\$\{?[A-Za-z_]\w*\}?"));

/// Returns the command with every character blanked in which the shell does not expand variables.
fn expanded(text: &str) -> String {
    let mut quotes = Quotes::default();
    let expands = |role| matches!(role, Role::Plain | Role::Within(Quote::Double));
    text.chars().map(|one| if expands(quotes.take(one)) { one } else { ' ' }).collect()
}

/// Returns the command before the first operator of the shell, and the pieces after it, each with its operator.
fn first_command(text: &str) -> (String, Vec<String>) {
    let mut quotes = Quotes::default();
    let mut cuts = Vec::new();
    let mut before = ' ';
    for (at, one) in text.char_indices() {
        let role = quotes.take(one);
        match one {
            _ if role != Role::Plain => {}
            // An unquoted `&` inside of a word is more often part of a URL than a background job.
            '|' | ';' => cuts.push(at),
            '>' if before.is_whitespace() || before == '2' => {
                cuts.push(if before == '2' { at - 1 } else { at });
            }
            '&' if before.is_whitespace() => cuts.push(at),
            _ => {}
        }
        before = one;
    }
    cuts.push(text.len());
    let pieces = cuts.windows(2).map(|cut| text[cut[0]..cut[1]].trim().to_owned());
    (text[..cuts[0]].trim_end().to_owned(), pieces.filter(|piece| !piece.is_empty()).collect())
}

fn words(command: &str) -> Option<Vec<String>> {
    Some(shell::split(command).ok()?.into_iter().map(|word| word.text).collect())
}

/// Returns the command that starts a target: a program with environment variables before it.
fn launch(text: &str) -> Option<Launched> {
    let words = words(text)?;
    let assignment = |word: &String| {
        let (name, value) = word.split_once('=')?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
        is_name.then(|| (name.to_owned(), value.to_owned()))
    };
    let assigned: Vec<_> = words.iter().map_while(assignment).collect();
    let program = words[assigned.len()..].join(" ");
    // The last assignment of a variable wins.
    let last = |(index, (name, _)): &(usize, &(String, String))| {
        !assigned[index + 1..].iter().any(|(later, _)| later == name)
    };
    let env: Vec<_> = assigned.iter().enumerate().filter(last).map(|(_, one)| one.clone()).collect();
    (!env.is_empty() && !program.is_empty()).then_some(Launched { env, program })
}

/// Returns the origin that most commands use.
fn most_named(commands: &[Command]) -> Option<String> {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for command in commands.iter().filter(|command| command.is_curl()) {
        if let Some(origin) = named_by(&command.text) {
            *named.entry(origin).or_default() += 1;
        }
    }
    named.into_iter().max_by_key(|(_, count)| *count).map(|(origin, _)| origin)
}

/// Returns the origin of the URL in a command.
pub(super) fn named_by(command: &str) -> Option<String> {
    let words = words(command)?;
    let address = words.iter().find_map(|word| Some(ADDRESS.captures(word)?[1].to_owned()));
    let bare = || {
        let word = words.iter().skip(1).find(|word| BARE.is_match(word))?;
        Some(format!("http://{}", word.split(['/', '?']).next().unwrap_or_default()))
    };
    address.or_else(bare).map(|origin| without_user(&origin)).filter(|origin| is_origin(origin))
}

/// Whether a text is a valid origin of a suite.
pub(super) fn is_origin(text: &str) -> bool {
    let fits = |one: char| one.is_ascii_alphanumeric() || "-._~:/[]${}".contains(one);
    text.chars().all(fits) && !text.ends_with(':') && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// Whether two origins are the same port of the local machine under different names.
fn of_this_machine(one: &str, other: &str) -> bool {
    let port = |origin: &str| {
        let rest = origin.strip_prefix("http://")?;
        let names = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
        names.iter().find_map(|name| rest.strip_prefix(name)).map(str::to_owned)
    };
    port(one).is_some() && port(one) == port(other)
}

fn without_user(origin: &str) -> String {
    match origin.split_once("://").zip(origin.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}://{host}"),
        None => origin.to_owned(),
    }
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(https?://[^/?#\s]+)"));
static BARE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(localhost|\d+(\.\d+){3}|[\w-]+(\.[\w-]+)+)(:\d+)?(/|\?|$)"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_a_command_at_shell_operators() {
        assert_eq!(
            first_command("curl 'a|b' -s 2>/dev/null | jq ."),
            ("curl 'a|b' -s".to_owned(), vec!["2>/dev/null".to_owned(), "| jq .".to_owned()])
        );
        assert_eq!(first_command("curl http://h/?a=1&b=2").1, Vec::<String>::new());
        assert_eq!(first_command(r"curl -d $'it\'s; $A' -s").1, Vec::<String>::new());
    }

    #[test]
    fn finds_shell_variables_outside_of_single_quotes() {
        assert_eq!(
            VARIABLE
                .find_iter(&expanded(r#"a '$B' "$C" \$D $'it\'s $E' $F"#))
                .map(|found| found.as_str())
                .collect::<Vec<_>>(),
            ["$C", "$F"]
        );
    }

    #[test]
    fn recognizes_a_launch_command_by_its_environment() {
        let launched = launch("API_PORT=5000 AUTH='x y' python3 -m app").unwrap();
        assert_eq!(launched.env[1], ("AUTH".to_owned(), "x y".to_owned()));
        assert_eq!(launched.program, "python3 -m app");
        assert_eq!(launch("cat main.py"), None);
        assert_eq!(launch("A=1"), None);
    }
}
