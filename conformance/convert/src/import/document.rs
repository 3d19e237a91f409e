//! Extracts the exchanges that a document prints, grouped by heading.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::fresh::{VALUE, hides_address};
use super::origin::{is_related, is_same, named_by, plain, with_origin, with_target_origin, words};
use super::placeholder::is_left_out;
use super::variables::{SHELL, Variables};
use super::{Body, Exchange, Launched, Story, Wanted, command, httpie, placeholder, printed};
use crate::loose;
use crate::pattern;
use crate::transcript::{self, Command, Kind, Transcript, UNNAMED};
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::shell;
use conformance_suite::source::Source;
use conformance_suite::template::Scope;

/// What a document contains.
pub(super) struct Document {
    pub(super) origin: String,
    /// One for each heading.
    pub(super) stories: Vec<Story>,
    /// The lines that mention a curl command and were not read.
    pub(super) unread: Vec<usize>,
    /// The variables of the suite that the commands need: their names, by environment variable.
    pub(super) variables: BTreeMap<String, String>,
    /// The files that commands send and the document prints.
    pub(super) files: BTreeMap<String, String>,
}

/// A curl command of the document, with the output that belongs to it.
struct Sent<'a> {
    command: &'a Command,
    text: Result<command::Plain, String>,
    output: String,
    remarks: Vec<String>,
    /// The name under which the step captures its body, and the pointer.
    capture: Option<(String, Option<String>)>,
    launched: Option<Launched>,
    /// The output of other programs up to here.
    other_output: usize,
}

/// Reads a document.
pub(super) fn read(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Document, Diagnostic> {
    let transcript = transcript::read(source);
    let mut variables = Variables::new(wanted.suite);
    // Output of commands other than curl. No response contains it, so no step can capture it.
    let mut other_output = String::new();
    let sent = sent(&transcript, &mut variables, &mut other_output);
    let Some(origin) = wanted.known_origin().or_else(|| most_named(&sent)) else {
        return Err(Diagnostic::new(format!("{} has no curl command with a URL", source.path())).help(
            "sessions must be in code blocks; commands follow a prompt such as `$` or begin with `curl`",
        ));
    };
    let mut document = Document {
        origin,
        stories: Vec::new(),
        unread: transcript.unread.clone(),
        variables: variables.needed,
        files: BTreeMap::new(),
    };
    let mut heading = None;
    for one in sent {
        let here = one.command.heading.as_ref().map(|heading| heading.line);
        if document.stories.is_empty() || here != heading {
            heading = here;
            let stem =
                || Path::new(source.path()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let title = one.command.heading.as_ref().map(|heading| heading.title.clone());
            let title = title.filter(|title| !title.is_empty()).unwrap_or_else(stem);
            document.stories.push(Story::new(title));
        }
        let before = other_output.get(..one.other_output).unwrap_or_default();
        let read = exchange(&one, &mut document, before, &transcript, wanted);
        let Some(story) = document.stories.last_mut() else { continue };
        story.launched = one.launched;
        story.add(read);
    }
    Ok(document)
}

/// Returns the curl commands of a document, in order.
fn sent<'a>(
    transcript: &'a Transcript,
    variables: &mut Variables,
    other_output: &mut String,
) -> Vec<Sent<'a>> {
    let mut sent = Vec::new();
    let mut launched = None;
    for command in &transcript.commands {
        if !command.sends() {
            variables.read(&command.text);
            launched = launch(&command.text).or(launched);
            other_output.push_str(&command.output);
            continue;
        }
        let plain = match command.kind {
            Kind::Shell => command::split(&command.text),
            Kind::Httpie => {
                let text = httpie::curl(&command.text);
                vec![text.map(|text| command::Plain { text, ..command::Plain::default() })]
            }
            Kind::Message => {
                vec![Ok(command::Plain { text: command.text.clone(), ..command::Plain::default() })]
            }
        };
        // Assignments before the command, as in `A=1; curl …`.
        if let Some((before, _)) = command
            .text
            .split_once("curl")
            .filter(|(before, _)| before.contains([';', '\n']) && !before.contains('('))
        {
            variables.read(before);
        }
        let outputs = outputs(&command.output, plain.len());
        for (plain, output) in plain.into_iter().zip(outputs) {
            let mut one = Sent {
                command,
                text: plain,
                output,
                remarks: Vec::new(),
                capture: None,
                launched: launched.clone(),
                other_output: other_output.len(),
            };
            if let Ok(plain) = &mut one.text {
                let expanded = variables.expand(&plain.text);
                plain.text = expanded.text;
                one.remarks = expanded.remarks;
                if let Some((name, pointer)) = &plain.assigned {
                    one.capture = Some((variables.capture(name), pointer.clone()));
                }
            }
            sent.push(one);
        }
    }
    sent
}

/// Divides the output of a command line among its curl commands.
fn outputs(output: &str, commands: usize) -> Vec<String> {
    if commands > 1
        && let Some(values) = loose::split(output, commands)
    {
        return values.into_iter().map(|value| format!("{value}\n")).collect();
    }
    // All but the last print nothing, as far as the document shows.
    let mut outputs = vec![String::new(); commands.saturating_sub(1)];
    outputs.push(output.to_owned());
    outputs
}

fn exchange(
    sent: &Sent<'_>,
    document: &mut Document,
    other_output: &str,
    transcript: &Transcript,
    wanted: &Wanted<'_>,
) -> Result<Exchange, Diagnostic> {
    let command = sent.command;
    let place = command.place.clone();
    let plain = sent.text.as_ref().map_err(|reason| Diagnostic::at(place.clone(), reason.clone()))?;
    let origin = document.origin.clone();
    let mut remarks = sent.remarks.clone();
    if command.doubtful {
        remarks.push(
            "this command has no prompt, and others of its code block have one: it may be output".to_owned(),
        );
    }
    for dropped in &plain.dropped {
        remarks.push(format!("this part of the shell command was dropped: {dropped}"));
    }
    let text = plain.text.replace(UNNAMED, &origin);
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
    let mut text = with_origin(text, &origin, &mut remarks);
    if let Some(found) = TEMPLATE.find(&text).filter(|_| !text.contains(" -g") && !text.contains("--globoff"))
    {
        remarks.push(format!("write a value for {}", found.as_str().trim_start_matches(['/', '=', '$'])));
        text = text.replacen("curl", "curl -g", 1);
    }
    for remark in placeholder::remarks(&text) {
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    let printed_files = |name: &str| {
        (wanted.files)(name).or_else(|error| file(name, transcript).map(String::into_bytes).ok_or(error))
    };
    let other = named_by(&text).filter(|named| !is_same(named, &origin) && is_related(named, &origin));
    let origin = other.unwrap_or(origin);
    let request = curl::parse(&text, &origin, &printed_files, &place)
        .map_err(|wrong| advised(wrong, &text, &remarks))?;
    for name in FILE.captures_iter(&text).filter_map(|found| Some(found.get(1)?.as_str().to_owned())) {
        if name != "-"
            && (wanted.files)(&name).is_err()
            && let Some(content) = file(&name, transcript)
        {
            remarks.push(format!("{name} was written from the text that the document prints"));
            document.files.insert(name, content);
        }
    }
    if request.pathless(&Scope::default()).is_some() {
        return Err(Diagnostic::at(place, "the path of this URL does not begin with `/`")
            .help("shell variables are not expanded: write the value"));
    }
    let text = with_target_origin(&text, &origin, |changed| {
        curl::parse(changed, &origin, wanted.files, &place).is_ok()
    });
    let (head, body) = response(sent, plain.is_hidden, &text, &mut remarks);
    let capture = sent.capture.clone();
    Ok(Exchange {
        command: text,
        origin,
        place,
        comment: command.comment.clone(),
        head,
        body,
        remarks,
        capture,
        checks: Vec::new(),
        sets: Vec::new(),
        section: 0,
    })
}

/// Returns the head and the body of the response that a document prints.
fn response(
    sent: &Sent<'_>,
    is_hidden: bool,
    text: &str,
    remarks: &mut Vec<String>,
) -> (Option<printed::Head>, Body) {
    let printed = printed::read(&sent.output, INCLUDES.is_match(text));
    let (mut head, mut body) = (printed.head, printed.body);
    if head.is_some() && is_left_out(&body) {
        body.clear();
    }
    if head.is_none() && (text.contains("%{http_code}") || text.contains("%{response_code}")) {
        // The output of `-w` follows the body.
        if let Some((before, status)) =
            STATUS.captures(&body).map(|found| (found[1].to_owned(), found[2].to_owned()))
        {
            head = Some(printed::Head { status: status.parse().ok(), headers: Vec::new() });
            body = before;
        }
    }
    if sent.command.apart && !body.is_empty() {
        remarks.push("the text below the session is assumed to be the body of the response".to_owned());
    }
    let writes_elsewhere = ["-o", "-O", "--output", "--remote-name", "-I", "--head"]
        .iter()
        .any(|option| text.split_whitespace().any(|word| word == *option));
    let left_away = body.is_empty() && !head.as_ref().is_some_and(has_no_body);
    if left_away && head.is_some() && !is_hidden && !writes_elsewhere {
        remarks.push("the document does not show the body".to_owned());
    }
    let body = if is_hidden || writes_elsewhere || left_away {
        Body::Unknown
    } else {
        Body::Text { sure: head.as_ref().is_some_and(|head| is_complete(head, &body)), text: body }
    };
    (head, body)
}

/// Returns the text of a file that the document prints: in a block after its name, or in a here-document.
fn file(name: &str, transcript: &Transcript) -> Option<String> {
    let base = Path::new(name).file_name()?.to_str()?;
    let typed = transcript.commands.iter().find_map(|command| {
        let (first, rest) = command.text.split_once('\n')?;
        let writes = first.contains("<<")
            && first.contains('>')
            && first
                .split_whitespace()
                .any(|word| word.trim_start_matches('>') == base || word.ends_with(&format!("/{base}")));
        let (content, _) = rest.rsplit_once('\n')?;
        writes.then(|| format!("{content}\n"))
    });
    let printed = || {
        let cat = transcript.commands.iter().find(|command| {
            !command.output.is_empty() && command.text.split_whitespace().collect::<Vec<_>>() == ["cat", name]
        });
        cat.map(|command| command.output.clone())
    };
    let shown = || {
        let named = |intro: &str| {
            intro
                .split(|one: char| !(one.is_alphanumeric() || "._-/".contains(one)))
                .any(|word| word.trim_end_matches('.') == base)
        };
        transcript.shown.iter().find(|(intro, _)| named(intro)).map(|(_, text)| text.clone())
    };
    let echoed = || {
        transcript.commands.iter().flat_map(|command| command.text.lines()).find_map(|line| {
            let found = ECHOED.captures(line)?;
            let to = Path::new(found.name("to")?.as_str()).file_name()?;
            (to == base).then(|| echo(found.name("text")?.as_str(), found.name("flags")?.as_str()))?
        })
    };
    typed.or_else(printed).or_else(echoed).or_else(shown)
}

/// Returns what `echo` or `printf` writes.
fn echo(text: &str, flags: &str) -> Option<String> {
    let written: Vec<String> = shell::split(text).ok()?.into_iter().map(|word| word.text).collect();
    let mut written = written.join(" ");
    let (program, flags) = flags.split_once([' ', '\t']).unwrap_or((flags, ""));
    if program == "printf" || flags.contains('e') {
        written = written.replace("\\n", "\n");
    }
    if program == "echo" && !flags.contains('n') {
        written.push('\n');
    }
    Some(written)
}

/// Adds to an error what helps in an import.
fn advised(wrong: Diagnostic, command: &str, remarks: &[String]) -> Diagnostic {
    let Some(place) = wrong.place().cloned() else { return wrong };
    // Without the value that the shell writes, the rest can be wrong in any way.
    let part = remarks.iter().find(|remark| remark.starts_with(SHELL)).and_then(|part| part.split_once(": "));
    if let Some((part, help)) = part {
        return Diagnostic::at(place, part).help(help);
    }
    let help = if wrong.message().starts_with(curl::ELSEWHERE) {
        let Some(origin) = named_by(command) else { return wrong };
        format!("import it with `--origin {origin}`, into a suite of its own")
    } else if wrong.message().starts_with("cannot read the file") {
        "put the file into the folder of `--out` and import again".to_owned()
    } else {
        return wrong;
    };
    Diagnostic::at(place, wrong.message()).help(help)
}

/// Whether a response with this head has no body, so that the document omits none (RFC 9112, section 6.3).
fn has_no_body(head: &printed::Head) -> bool {
    matches!(head.status, Some(100..=199 | 204 | 304)) || head.length() == Some(0)
}

/// Whether a body is complete, with or without the line end at its end.
fn is_complete(head: &printed::Head, body: &str) -> bool {
    head.length().is_some_and(|length| length == body.len())
}

/// The options of curl that print the head.
static INCLUDES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\s(?:-[A-Za-z]*[iI][A-Za-z]*|--include|--show-headers|--head)(?:\s|$)"));
static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)^(.*?)\s*\b([1-5]\d\d)\s*$"));
/// A part of a path or a query in braces or brackets in the place of a value.
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[/=]\{+[A-Za-z][\w .-]*\}+"));
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:[\s='"]@|--data-urlencode[\s=]['"]?[\w.\[\]%-]+@|\s(?:-T|--upload-file)[\s=]?)["']?([\w./-]+)"#,
    )
});
/// A line that writes a text to a file.
static ECHOED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^[ \t]*(?:[$%#>][ \t]+)?(?P<flags>(?:echo|printf)(?:[ \t]+-[neE]+)?)[ \t]+(?P<text>.*\S)[ \t]*>[ \t]*["']?(?P<to>[\w./-]+)["']?[ \t]*$"#,
    )
});

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
    let is_program = !program.is_empty() && !program.contains([';', '|', '$', '`']);
    (!env.is_empty() && is_program).then_some(Launched { env, program })
}

/// Returns the origin that most commands use.
fn most_named(sent: &[Sent<'_>]) -> Option<String> {
    let texts = || sent.iter().filter_map(|one| one.text.as_ref().ok());
    let named: Vec<String> = texts().filter_map(|plain| named_by(&plain.text)).collect();
    // Spellings of one origin count together.
    let mut counts: BTreeMap<String, (usize, std::cmp::Reverse<usize>, &String)> = BTreeMap::new();
    for (index, origin) in named.iter().enumerate().filter(|(_, origin)| *origin != UNNAMED) {
        counts.entry(plain(origin)).or_insert((0, std::cmp::Reverse(index), origin)).0 += 1;
    }
    // The first of several that are named as often.
    let most = counts.into_values().max().map(|(_, _, origin)| origin);
    most.cloned().or_else(|| (!named.is_empty()).then(|| "http://localhost".to_owned()))
}

/// Reads the files that commands name, or that the document prints.
pub(super) fn files<'a>(
    wanted: &'a Wanted<'_>,
    printed: &'a BTreeMap<String, String>,
) -> impl Fn(&str) -> io::Result<Vec<u8>> + 'a {
    move |name| {
        (wanted.files)(name)
            .or_else(|error| printed.get(name).map(|text| text.clone().into_bytes()).ok_or(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_a_launch_command_by_its_environment() {
        let launched = launch("API_PORT=5000 AUTH='x y' python3 -m app").unwrap();
        assert_eq!(launched.env[1], ("AUTH".to_owned(), "x y".to_owned()));
        assert_eq!(launched.program, "python3 -m app");
        assert_eq!(launch("cat main.py"), None);
        assert_eq!(launch("A=1"), None);
    }
}
