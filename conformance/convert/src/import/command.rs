//! Takes a command line of a shell apart and returns the curl commands in it, each without what surrounds it.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;
use conformance_suite::shell::{Quote, Quotes, Role};

/// A curl command, and what the shell does with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// The command, which begins with `curl`, or with `echo`, `printf` or `cat` and a pipe.
    pub(super) text: String,
    /// The variable that takes the output, and the JSON Pointer of the part that it takes.
    pub(super) assigned: Option<(String, Option<String>)>,
    /// What was dropped of the command line.
    pub(super) dropped: Vec<String>,
    /// Whether the document prints the output of another program.
    pub(super) is_hidden: bool,
}

/// Returns the curl commands of a command line, or for each the reason why it cannot be sent.
pub(super) fn split(text: &str) -> Vec<Result<Plain, String>> {
    let (parts, end) = parts(text);
    let rest = text.get(end..).unwrap_or_default();
    let written = |part: &Part| text.get(part.range.clone()).unwrap_or_default().trim();
    let is_loop = parts.iter().any(|part| LOOP.is_match(written(part)));
    let mut plain = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let own = written(part);
        let assignment = ASSIGNED.captures(own);
        let inner = assignment.as_ref().and_then(|found| found.name("inner")).map(|inner| inner.as_str());
        if let (Some(found), Some(inner)) = (&assignment, inner.filter(|inner| CURL.is_match(inner))) {
            let name = found.name("name").map(|name| name.as_str().to_owned());
            for one in split(inner) {
                plain.push(one.map(|mut one| {
                    let filter = one.dropped.iter().find_map(|dropped| pointer(dropped));
                    let other = one.is_hidden && filter.is_none();
                    if filter.is_some() {
                        one.dropped.retain(|dropped| pointer(dropped).is_none());
                    }
                    one.is_hidden = true;
                    one.assigned = name.clone().filter(|_| !other).map(|name| (name, filter));
                    one
                }));
            }
            continue;
        }
        if !CURL.is_match(own) {
            continue;
        }
        if is_loop {
            plain.push(Err(
                "a loop of the shell sends it several times; write a step for each request".to_owned()
            ));
            continue;
        }
        let Some(command) = unwrapped(own) else {
            let word = own.split_whitespace().next().unwrap_or_default();
            plain.push(Err(format!("the command begins with `{word}`, and a request begins with `curl`")));
            continue;
        };
        let mut one = Plain { text: command, ..Plain::default() };
        if one.text.contains("<<") {
            one.text.push_str(rest);
        }
        if part.operator == "|"
            && let Some(before) = index.checked_sub(1).and_then(|before| parts.get(before))
        {
            let producer = written(before);
            let is_first = before.operator != "|";
            match producer.split_whitespace().next() {
                Some("cat") if is_first && producer.contains("<<") => {
                    let document = producer.trim_start_matches("cat").trim();
                    one.text = format!("{} {document}{rest}", one.text);
                }
                Some("echo" | "printf" | "cat") if is_first => {
                    one.text = format!("{producer} | {}", one.text);
                }
                _ => {
                    plain.push(Err(format!(
                        "its standard input is the output of `{producer}`; write the text to a file"
                    )));
                    continue;
                }
            }
        }
        after(&mut one, parts.get(index + 1..).unwrap_or_default(), text);
        for redirection in &part.redirections {
            let shown = text.get(redirection.clone()).unwrap_or_default().trim();
            if !shown.starts_with("2>") {
                one.dropped.push(shown.to_owned());
                one.is_hidden = true;
            }
        }
        plain.push(Ok(one));
    }
    plain
}

/// Reads what follows a command up to the next curl command.
fn after(one: &mut Plain, parts: &[Part], text: &str) {
    for part in parts {
        let shown = text.get(part.range.clone()).unwrap_or_default().trim();
        if CURL.is_match(shown) {
            break;
        }
        if shown.is_empty() || (part.operator != "|" && ECHO.is_match(shown)) {
            continue;
        }
        let whole = format!("{} {shown}", part.operator.trim());
        if part.operator == "|" && SHOWS.is_match(shown) {
            continue;
        }
        one.is_hidden = true;
        one.dropped.push(whole);
    }
}

/// A part of a command line, and the operator before it.
struct Part {
    operator: &'static str,
    range: Range<usize>,
    redirections: Vec<Range<usize>>,
}

/// Splits a command line at the operators of the shell; also returns where the here-documents begin.
fn parts(text: &str) -> (Vec<Part>, usize) {
    const OPERATORS: [&str; 7] = ["&&", "||", "|&", "|", ";", "&", "\n"];
    let mut parts = vec![Part { operator: "", range: 0..0, redirections: Vec::new() }];
    let (mut quotes, mut at, mut start, mut before) = (Quotes::default(), 0, 0, ' ');
    let mut is_document = false;
    while let Some(one) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let role = quotes.take(one);
        let mut next = at + one.len_utf8();
        if expands(role)
            && let Some(length) = substitution(rest)
        {
            next = at + length;
            quotes = quotes_after(role);
        } else if role == Role::Plain {
            let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
            let blank = |one: Option<char>| one.is_none_or(char::is_whitespace);
            // An unquoted `&` inside of a word is more often part of a URL than a background job.
            let operator = operator.filter(|operator| {
                *operator != "&" || (before.is_whitespace() && blank(rest.chars().nth(1)))
            });
            if let Some(length) = PLACEHOLDER.find(rest).map(|found| found.end()) {
                next = at + length;
            } else if rest.starts_with("<<") {
                is_document |= !rest.starts_with("<<<");
                next = at + rest.len() - rest.trim_start_matches('<').len();
            } else if let Some(found) = REDIRECTION
                .find(rest)
                // A digit is a file descriptor only if it is a word.
                .filter(|_| before != '-' && before != '=' && (before.is_whitespace() || one == '>'))
            {
                if let Some(last) = parts.last_mut() {
                    last.redirections.push(at..at + found.end());
                }
                next = at + found.end();
            } else if operator == Some("\n") && is_document {
                break;
            } else if let Some(operator) = operator {
                if let Some(last) = parts.last_mut() {
                    last.range = start..at;
                }
                next = at + operator.len();
                start = next;
                parts.push(Part { operator, range: start..start, redirections: Vec::new() });
            }
        }
        before = one;
        at = next;
    }
    if let Some(last) = parts.last_mut() {
        last.range = start..at;
    }
    (parts, at)
}

/// Whether the shell replaces variables and substitutions at a character with this role.
pub(super) fn expands(role: Role) -> bool {
    matches!(role, Role::Plain | Role::Within(Quote::Double))
}

/// The quotes around a variable or a substitution, which is inside of double quotes or of none.
pub(super) fn quotes_after(role: Role) -> Quotes {
    let mut quotes = Quotes::default();
    if role == Role::Within(Quote::Double) {
        quotes.take('"');
    }
    quotes
}

/// Returns the length of a command substitution.
pub(super) fn substitution(text: &str) -> Option<usize> {
    if let Some(after) = text.strip_prefix('`') {
        // A lone backtick is not from a shell.
        return after.find('`').map(|end| end + 2);
    }
    let after = text.strip_prefix("$(")?;
    let mut depth = 1;
    for (at, one) in after.char_indices() {
        match one {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at + 3),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns a curl command without the words before it that change nothing of the request.
fn unwrapped(text: &str) -> Option<String> {
    let mut rest = text.trim();
    while let Some(found) = WRAPPER.find(rest) {
        rest = rest.get(found.end()..)?.trim_start();
    }
    let found = PROGRAM.find(rest)?;
    let plain = without_redirections(&format!("curl{}", rest.get(found.end()..)?));
    let plain = plain.trim_end();
    // The parenthesis of a subshell.
    let plain = if text.trim_start().starts_with('(') { plain.trim_end_matches(')') } else { plain };
    Some(plain.trim_end().to_owned())
}

/// Removes the redirections of the output.
fn without_redirections(text: &str) -> String {
    let (parts, _) = parts(text);
    let mut plain = text.to_owned();
    for redirection in parts.iter().flat_map(|part| part.redirections.iter().rev()) {
        plain.replace_range(redirection.clone(), " ");
    }
    plain
}

/// Returns the JSON Pointer of a filter of jq that takes one value.
fn pointer(dropped: &str) -> Option<String> {
    let path = JQ.captures(dropped)?;
    let path =
        path.get(1)?.as_str().replace("[\"", ".").replace("\"]", "").replace('[', ".").replace(']', "");
    Some(
        path.split('.')
            .filter(|step| !step.is_empty())
            .map(|step| format!("/{}", step.trim_matches('"')))
            .collect(),
    )
}

static CURL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:^|[\s|;&(`"'!])(?:[\w.~-]*[/\\])*curl(?:\.exe)?[ \t]+\S"#));
static PROGRAM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[\w.~-]*[/\\])*curl(?:\.exe)?\b"));
static LOOP: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:for|while|until|xargs|seq)\b"));
static ECHO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"^(?:echo|printf)(?:[ \t]*(?:""|''|'\\n'|"\\n"))?$|^(?:fi|done|true|\)|\})$"#)
});
/// Programs that show their input, perhaps in another layout.
static SHOWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:jq(?:[ \t]+(?:-[SCM]+|\.|'\.'))*|json_pp|json|jsonpp|json_reformat|prettyjson|python[\d.]*[ \t]+-m[ \t]*json\.tool|less|more|cat|tee[ \t]+\S+|pygmentize\b.*|bat\b.*|iconv\b.*)$",
    )
});
static JQ: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^\|[ \t]*jq[ \t]+(?:-\w+[ \t]+)*['"]?((?:\.[\w"-]+|\[\d+\]|\["[\w-]+"\])+)['"]?(?:[ \t]+-r)?$"#,
    )
});
/// A text in angle brackets that a reader replaces by a value.
pub(super) static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^<[A-Za-z][\w .:'/-]*>"));
static REDIRECTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^(?:[12&]?>>?(?:&[12-]|[ \t]*(?:"[^"]*"|'[^']*'|[^\s|;&'"]+)))"#));
static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?s)^(?:(?:export|local|readonly|set)[ \t]+)?\$?(?:(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*|echo[ \t]+)["']?(?:\$\(|`)[ \t\n]*(?P<inner>.*?)[ \t\n]*[)`]["']?$"#,
    )
});
/// What may be before curl and changes nothing of the request.
static WRAPPER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^(?:(?:time|exec|command|nohup|env|builtin|winpty|proxychains4?|!|do|then|else|if|\(|\{)[ \t]+|[!(][ \t]*|",
        r"sudo(?:[ \t]+-u[ \t]+\S+|[ \t]+-[A-Za-z]+)*[ \t]+|",
        r"watch(?:[ \t]+-\S+(?:[ \t]+[\d.]+)?)*[ \t]+|",
        r"timeout(?:[ \t]+-\S+)*[ \t]+[\d.]+\w?[ \t]+|",
        r#"[A-Za-z_]\w*=(?:'[^']*'|"[^"]*"|[^\s'"(`]*)[ \t]+|"#,
        r"(?:docker|podman)(?:[ \t]+container)?[ \t]+exec(?:[ \t]+-\S+)*[ \t]+\S+[ \t]+|",
        r"docker(?:-|[ \t]+)compose[ \t]+exec(?:[ \t]+-\S+)*[ \t]+\S+[ \t]+|",
        r"(?:kubectl|oc)[ \t]+exec[ \t]+.*?[ \t]--[ \t]+)",
    ))
});

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(command: &str) -> Vec<String> {
        split(command)
            .into_iter()
            .map(|one| one.map_or_else(|reason| format!("! {reason}"), |one| one.text))
            .collect()
    }

    #[test]
    fn splits_a_command_line_at_shell_operators() {
        let one = |text: &str| split(text).remove(0).unwrap();
        assert_eq!(one("curl 'a|b' -s 2>/dev/null | jq .").text, "curl 'a|b' -s");
        assert!(!one("curl a | jq .").is_hidden && one("curl a | jq .b").is_hidden);
        assert!(one("curl a | grep b").is_hidden && !one("curl a ; echo \"\"").is_hidden);
        assert_eq!(one("curl http://h/?a=1&b=2").text, "curl http://h/?a=1&b=2");
        assert_eq!(one(r"curl -d $'it\'s; $A' -s").text, r"curl -d $'it\'s; $A' -s");
        assert_eq!(one("curl http://h/d>out.json").text, "curl http://h/d");
        assert_eq!(one("curl http://h/e2>out.json").text, "curl http://h/e2");
        assert_eq!(one("curl http://h/e 2>out.txt").text, "curl http://h/e");
        assert_eq!(one("curl http://h/e &>out.txt").text, "curl http://h/e");
        assert_eq!(one("curl http://h/<id> -s").text, "curl http://h/<id> -s");
        assert_eq!(texts("curl a ; curl b && echo done"), ["curl a", "curl b"]);
    }

    #[test]
    fn removes_what_is_before_curl() {
        for before in [
            "time ",
            "/usr/bin/",
            "sudo -E ",
            "sudo -u x ",
            "docker exec -it web ",
            "NAME=x ",
            "cd x && ",
            "watch -n1 ",
            "! ",
        ] {
            assert_eq!(texts(&format!("{before}curl http://h/")), ["curl http://h/"], "{before}");
        }
        assert_eq!(texts("curl.exe http://h/"), ["curl http://h/"]);
    }

    #[test]
    fn keeps_a_standard_input() {
        assert_eq!(texts("echo 'a 1' | curl -d @- http://h/"), ["echo 'a 1' | curl -d @- http://h/"]);
        assert_eq!(texts("cat <<E | curl -d @- http://h/\na 1\nE"), ["curl -d @- http://h/ <<E\na 1\nE"]);
        assert_eq!(
            texts("curl -d @- http://h/ <<E | jq .\na; it's | 1\nE"),
            ["curl -d @- http://h/ <<E\na; it's | 1\nE"]
        );
        assert!(texts("gzip x | curl -d @- http://h/")[0].starts_with("! its standard input"));
        assert!(texts("for i in 1 2; do curl http://h/$i; done")[0].starts_with("! a loop"));
    }

    #[test]
    fn reads_assignments_of_an_output() {
        let one = |text: &str| split(text).remove(0).unwrap();
        let assigned = |name: &str, from: Option<&str>| Some((name.to_owned(), from.map(str::to_owned)));
        assert_eq!(one("TOKEN=$(curl -s http://h/b)").assigned, assigned("TOKEN", None));
        assert_eq!(one("export T=`curl -s http://h/b`").text, "curl -s http://h/b");
        assert_eq!(one("T=$(curl http://h/b | jq -r '.a.b[0]')").assigned, assigned("T", Some("/a/b/0")));
        assert_eq!(one("T=$(curl http://h/b | grep x)").assigned, None);
    }
}
