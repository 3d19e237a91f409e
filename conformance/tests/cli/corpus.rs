//! Compares the commands of public documents with the real curl, and prints how many are sent, refused or differ.
//!
//! The documents are not part of this repository: `CURL_CORPUS=DIR cargo test -p conformance-http --test cli corpus -- --nocapture` reads
//! a folder with one subfolder for each project, and in it one command in each file. Without the variable, nothing is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::shell;
use conformance_suite::source::{Source, Span};

use crate::fidelity::listener::Listener;
use crate::fidelity::{real, same, sent};

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The same requests as those of curl.
    Same,
    /// Other requests than those of curl, without a message.
    Different,
    /// Refused: only a shell can interpret the text, or an author has to fill it in.
    Shell,
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
    println!("{:40} {:>6} {:>6} {:>6} {:>8} {:>6}", "", "same", "other", "shell", "not one", "else");
    let mut total = [0; 5];
    for (name, fates) in &table {
        let count = |fate| fates.get(&fate).copied().unwrap_or_default();
        let row = [Fate::Same, Fate::Different, Fate::Shell, Fate::NotOne, Fate::Refused].map(count);
        println!("{name:40} {:6} {:6} {:6} {:8} {:6}", row[0], row[1], row[2], row[3], row[4]);
        total.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    println!("{:40} {:6} {:6} {:6} {:8} {:6}", "total", total[0], total[1], total[2], total[3], total[4]);
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
    let origin = curl::origin_of(&words).unwrap_or_else(|| "http://no-origin.test".to_owned());
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    // The same command, to the listener.
    let plain = listener.url.trim_start_matches("http://");
    let command = written.replace(&origin, &listener.url).replace(host, plain);
    let folder = tempfile::tempdir().unwrap();
    let files = |name: &str| file(folder.path(), name);
    let place = Source::new("command", &*command).place(Span::new(0, command.len()));
    let request = match curl::parse(&command, &listener.url, &files, &place) {
        Ok(request) => request,
        Err(wrong) => return (fate_of(&wrong), one_line(&wrong)),
    };
    let ours = match sent(&request, listener) {
        Ok(ours) => ours,
        // `check` says that the name is unknown.
        Err(message) if message.contains("has no value") => return (Fate::Shell, message),
        Err(message) => return (Fate::Refused, message),
    };
    let mut real = real(&without_addresses(&command), "http://no.test", folder.path(), listener);
    if command.contains("-T ") || command.contains("--upload-file ") {
        // curl 7.88.1 sends it with every upload; 8.1 and later only above 1 MiB.
        for sent in &mut real {
            sent.fields.retain(|field| field != "Expect: 100-continue");
        }
    }
    if same(&real, &ours) {
        return (Fate::Same, String::new());
    }
    (Fate::Different, format!("{command}\n  curl: {real:?}\n  here: {ours:?}"))
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

/// Removes options that make curl connect elsewhere, so that the listener gets its request.
fn without_addresses(command: &str) -> String {
    let mut command = command.to_owned();
    for option in ["--unix-socket ", "--resolve ", "--connect-to ", "--interface "] {
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
