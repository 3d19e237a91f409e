//! Compares the commands of public documents with the real curl, and prints how many are sent, refused or differ.
//!
//! The documents are not part of this repository: `CURL_CORPUS=DIR cargo test -p conformance-http --test cli corpus -- --nocapture` reads
//! a folder with one subfolder for each project, and in it one command in each file. Without the variable, nothing is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::shell;
use conformance_suite::source::{Source, Span};

use crate::fidelity::listener::{Listener, Sent};
use crate::fidelity::{real, same, sent};

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The same requests as those of curl.
    Same,
    /// Other requests than those of curl, without a message.
    Different,
    /// Refused since a shell has to give the values of variables; `record` sends the words of the shell as curl does.
    Recorded,
    /// Refused: only a shell can interpret the text, or an author has to fill it in.
    Shell,
    /// Refused, and curl sends nothing either.
    Neither,
    /// Refused: curl sends no request either, or several.
    NotOne,
    /// Refused for another reason.
    Refused,
}

#[test]
fn commands_of_public_documents_are_sent_as_by_curl_or_refused() {
    let Some(corpus) = std::env::var_os("CURL_CORPUS") else { return };
    let listener = Listener::open();
    let (mut table, mut messages) = (BTreeMap::<String, BTreeMap<Fate, usize>>::new(), BTreeMap::new());
    let mut different = Vec::new();
    for project in sorted(Path::new(&corpus)) {
        let name = project.file_name().unwrap().to_string_lossy().into_owned();
        for file in sorted(&project) {
            let written = fs::read_to_string(&file).unwrap();
            let (fate, text) = try_command(written.trim_end(), &listener);
            *table.entry(name.clone()).or_default().entry(fate).or_default() += 1;
            match fate {
                Fate::Different => different.push(format!("{}\n{text}", file.display())),
                Fate::Same => {}
                _ => messages.entry((fate, text)).or_insert_with(Vec::new).push(file),
            }
        }
    }
    let columns = [
        ("same", Fate::Same),
        ("other", Fate::Different),
        ("record", Fate::Recorded),
        ("shell", Fate::Shell),
        ("neither", Fate::Neither),
        ("several", Fate::NotOne),
        ("else", Fate::Refused),
    ];
    let line = |name: &str, cells: [String; 7]| {
        println!("{name:40} {}", cells.map(|cell| format!("{cell:>8}")).concat());
    };
    line("", columns.map(|(title, _)| title.to_owned()));
    let mut total = [0; 7];
    for (name, fates) in &table {
        let count = |fate| fates.get(&fate).copied().unwrap_or_default();
        let row = columns.map(|(_, fate)| count(fate));
        line(name, row.map(|count| count.to_string()));
        total.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    line("total", total.map(|count| count.to_string()));
    for ((fate, message), files) in &messages {
        println!("{fate:?} {} × {message}   ({})", files.len(), files[0].display());
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Returns what becomes of a command, with the message or the difference.
fn try_command(written: &str, listener: &Listener) -> (Fate, String) {
    let words = shell::split(written).unwrap_or_default();
    let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
    let origin =
        curl::origin_of(&words, &|name| fs::read(name)).unwrap_or_else(|| "http://no-origin.test".to_owned());
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    // The same command, to the listener.
    let plain = listener.url.trim_start_matches("http://");
    let command = written.replace(&origin, &listener.url).replace(host, plain);
    let folder = tempfile::tempdir().unwrap();
    let files = |name: &str| file(folder.path(), name);
    let place = Source::new("command", &*command).place(Span::new(0, command.len()));
    let request = match curl::parse(&command, &listener.url, &files, &place) {
        Ok(request) => request,
        Err(wrong) => {
            let text = one_line(&wrong);
            return match fate_of(&wrong) {
                Fate::Shell
                    if text.contains("a variable of the shell") || text.contains("not under the origin") =>
                {
                    recorded(written, text, listener)
                }
                Fate::Shell => (Fate::Shell, text),
                _ if real(&command, "http://no.test", folder.path(), listener).is_empty() => {
                    (Fate::Neither, text)
                }
                fate => (fate, text),
            };
        }
    };
    let ours = match sent(&request, listener) {
        Ok(ours) => ours,
        // `check` says that the name is unknown.
        Err(message) if message.contains("has no value") => return recorded(written, message, listener),
        Err(message) => return (Fate::Refused, message),
    };
    let real = real(&without_addresses(&command), "http://no.test", folder.path(), listener);
    compared(&command, real, &ours)
}

fn compared(command: &str, mut real: Vec<Sent>, ours: &[Sent]) -> (Fate, String) {
    if command.contains("-T ") || command.contains("--upload-file ") {
        // curl 7.88.1 sends it with every upload; 8.1 and later only above 1 MiB.
        for sent in &mut real {
            sent.fields.retain(|field| field != "Expect: 100-continue");
        }
    }
    if same(&real, ours) {
        return (Fate::Same, String::new());
    }
    (Fate::Different, format!("{command}\n  curl: {real:?}\n  here: {ours:?}"))
}

/// Gives each variable of a command a value, and compares `record` with curl. A command with other text for a shell is not run.
fn recorded(written: &str, message: String, listener: &Listener) -> (Fate, String) {
    if ["|", "`", "$(", ";", "&&", ">", "<"].iter().any(|operator| written.contains(operator)) {
        return (Fate::Shell, message);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("bash");
    let script = format!("curl() {{ printf '%s\\0' curl \"$@\"; }}\n{written}");
    shell.args(["-c", &script]).env_clear().current_dir(folder.path());
    for (at, _) in written.match_indices('$') {
        let name = written[at + 1..].trim_start_matches('{');
        let end = name.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(name.len());
        shell.env(&name[..end], "tok1");
    }
    let output = shell.output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap_or_default();
    let words: Vec<&str> = words.split_terminator('\0').collect();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let Some(origin) = curl::origin_of(&owned(&words), &|name| fs::read(name)) else {
        return (Fate::Shell, message);
    };
    let (_, host) = origin.split_once("://").unwrap();
    let plain = listener.url.trim_start_matches("http://");
    let words: Vec<String> =
        words.iter().map(|word| word.replace(&origin, &listener.url).replace(host, plain)).collect();
    let files = |name: &str| file(folder.path(), name);
    let place = Source::new("command", "").place(Span::new(0, 0));
    let ours = curl::parse_words(&words, &listener.url, &files, &place)
        .map_err(|wrong| one_line(&wrong))
        .and_then(|request| sent(&request, listener));
    let ours = match ours {
        Ok(ours) => ours,
        Err(refusal) => return (Fate::Shell, format!("{message} (record: {refusal})")),
    };
    let output =
        Command::new("curl").args(["-s", "-m", "20"]).args(&words[1..]).current_dir(folder.path()).output();
    drop(output.unwrap());
    match compared(&words.join(" "), listener.heard(), &ours) {
        (Fate::Same, _) => (Fate::Recorded, message),
        other => other,
    }
}

/// Reads a file that a document names, and creates it for the real curl.
fn file(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    let path = Path::new(name);
    if path.is_absolute() || name.contains("..") || name.is_empty() || !name.contains('.') {
        return Err(io::ErrorKind::NotFound.into());
    }
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap())?;
    fs::write(&path, "{\"a\": 1}\n")?;
    fs::read(path)
}

/// Removes what makes curl connect elsewhere or not at all, so that the listener gets its request.
fn without_addresses(command: &str) -> String {
    let mut command = command.replace("curl.exe ", "curl ").replace(" -6 ", " ");
    for option in ["--unix-socket ", "--resolve ", "--connect-to ", "--interface ", "--proto "] {
        while let Some(at) = command.find(option) {
            let value = at + option.len();
            let end = command[value..].find(char::is_whitespace).map_or(command.len(), |end| value + end);
            command.replace_range(at..end, "");
        }
    }
    command
}

fn one_line(wrong: &Diagnostic) -> String {
    wrong.message().chars().take(110).collect::<String>().replace('\n', " ")
}

fn fate_of(wrong: &Diagnostic) -> Fate {
    let message = wrong.message();
    let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let of_shell = [
        "of the shell",
        "for the shell",
        "a pipe is not part",
        "a redirection (",
        "ends the command",
        "is a placeholder",
        "is not part of a request",
        "outside of quotes",
        "continues a line in",
        "begins a second one",
        "in a URL unchanged",
        "backtick",
        "a blank after",
        "needs a value",
        "typographic",
        "word processor",
        "never closed",
        "there is no name",
        "is an expression",
        "is not a valid expression",
        "is not under the origin",
        "cannot read the file",
        "standard input, which nothing sets",
    ];
    let not_one = ["several requests", "second URL", "second one", "no URL", "sends no request"];
    if has(&not_one) && !message.contains("begins a second one") {
        Fate::NotOne
    } else if has(&of_shell) {
        Fate::Shell
    } else {
        Fate::Refused
    }
}
