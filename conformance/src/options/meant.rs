//! Finds out what was meant by a command line that names no valid target, and prints the command to write instead.

use clap::{ArgAction, CommandFactory as _};
use conformance_suite::shell::quote;

use super::Options;

/// Commands that take a target.
const COMMANDS: [&str; 2] = ["run", "serve"];

/// Returns a message with the command that was probably meant, for arguments that clap rejects. `words` are the arguments after
/// the name of the program.
#[must_use]
pub(crate) fn meant(words: &[String]) -> Option<String> {
    let (command, rest) = words.split_first()?;
    if !COMMANDS.contains(&command.as_str())
        || rest.iter().any(|word| matches!(word.as_str(), "--" | "--help" | "-h"))
    {
        return None;
    }
    let Some(at) = first_value(command, rest) else {
        let has_target = rest.iter().any(|word| word == "--target" || word.starts_with("--target="));
        return (!has_target).then(|| no_target(command));
    };
    let (options, given) = rest.split_at(at);
    let first = given.first()?;
    let again = |words: &[String]| {
        let words = options.iter().chain(words).map(|word| quote(word).into_owned());
        ["conformance".to_owned(), command.clone()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
    };
    if first.contains("://") {
        return None;
    }
    if is_address(first) {
        let url = format!("http://{first}");
        let message = format!("error: `{first}` is not an HTTP URL; write it as http://host:port\n  = ");
        let words: Vec<String> = std::iter::once(url).chain(given.iter().skip(1).cloned()).collect();
        return Some(message + &again(&words));
    }
    let mut words = vec!["--".to_owned()];
    let name = match given {
        [one] if one.contains(char::is_whitespace) => {
            words.extend(one.split_whitespace().map(str::to_owned));
            one
        }
        _ => {
            words.extend(given.iter().cloned());
            first
        }
    };
    Some(format!("error: `{name}` is not a URL\n  = to start a program, write: {}", again(&words)))
}

/// Returns a text without the credentials in its URLs; none if it has none.
#[must_use]
pub(crate) fn without_credentials(text: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(|one: char| one == '/' || one.is_whitespace()).unwrap_or(after.len());
        rest = match after.get(..end).and_then(|authority| authority.rfind('@')) {
            Some(at) => {
                shown.push_str("<redacted>");
                &after[at..]
            }
            None => after,
        };
    }
    shown.push_str(rest);
    (shown != text).then_some(shown)
}

/// Returns a message for a program whose whole command is quoted as one word.
#[must_use]
pub(crate) fn quoted(command: &str, program: &[String]) -> Option<String> {
    let [one] = program else { return None };
    if !one.trim().contains(char::is_whitespace) || std::path::Path::new(one).exists() {
        return None;
    }
    let words = one.split_whitespace().map(quote).collect::<Vec<_>>().join(" ");
    Some(format!(
        "error: there is no program `{one}`\n  = leave out the quotes around the whole command: conformance {command} … -- {words}"
    ))
}

fn no_target(command: &str) -> String {
    let url = match command {
        "run" => "\n  conformance run http://127.0.0.1:5000 --profile NAME    test a running server",
        _ => "",
    };
    format!(
        "error: no target is given; name it in one of these forms:\n  conformance {command} -- COMMAND                          start a server{url}\n  conformance {command} --target FILE                       read how to start it from a file"
    )
}

/// Whether a word looks like the address of a server: `localhost`, `host:5000` or an IP address.
fn is_address(word: &str) -> bool {
    let authority = word.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    !host.is_empty()
        && (host == "localhost"
            || is_number(port)
            || host.split('.').count() == 4 && host.split('.').all(is_number))
}

/// Returns the index of the first word that is neither an option nor the value of one.
fn first_value(command: &str, words: &[String]) -> Option<usize> {
    let mut program = Options::command();
    program.build();
    let command = program.find_subcommand(command)?;
    let takes_value = |word: &str| {
        let name = word.strip_prefix("--");
        command.get_arguments().any(|option| {
            let is_named = name.map_or_else(
                || word.strip_prefix('-').and_then(|short| short.chars().next()) == option.get_short(),
                |name| option.get_long() == Some(name),
            );
            let takes = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
            is_named && !option.is_positional() && takes && !option.is_require_equals_set()
        })
    };
    let mut index = 0;
    while let Some(word) = words.get(index) {
        if !word.starts_with('-') || word == "-" {
            return Some(index);
        }
        index += if takes_value(word) { 2 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('_', " ")).collect();
        meant(&words).unwrap_or_default()
    }

    #[test]
    fn names_the_command_that_was_meant() {
        for (line, command) in [
            ("run python3 -m api.v1.app", "conformance run -- python3 -m api.v1.app"),
            ("run ./my-server", "conformance run -- ./my-server"),
            (
                "run --jobs 4 --quiet --stage=x node server.js --port 1",
                "conformance run --jobs 4 --quiet --stage=x -- node server.js --port 1",
            ),
            ("run python3_-m_app", "conformance run -- python3 -m app"),
            ("serve --profile a python3 app.py", "conformance serve --profile a -- python3 app.py"),
            ("run 127.0.0.1:5000 --profile a", "conformance run http://127.0.0.1:5000 --profile a"),
            ("run localhost", "conformance run http://localhost"),
            ("run --profile a localhost:5000/x", "conformance run --profile a http://localhost:5000/x"),
        ] {
            assert!(said(line).ends_with(command), "{line}: {}", said(line));
        }
    }

    #[test]
    fn shows_all_forms_if_there_is_no_target() {
        assert!(said("run --jobs 2").contains("conformance run --target FILE"));
        assert!(!said("serve").contains("http://"));
    }

    #[test]
    fn leaves_other_errors_alone() {
        for line in [
            "check --what",
            "run -- python3",
            "run http://127.0.0.1:1 --what",
            "run --target x --what",
            "run --help",
        ] {
            assert_eq!(said(line), "", "{line}");
        }
        assert_eq!(quoted("run", &["python3".to_owned(), "a b".to_owned()]), None);
        assert!(quoted("run", &["python3 -m app".to_owned()]).is_some());
    }
}
