//! Compares words with those of a real bash.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

fn words(command: &str) -> Vec<String> {
    split(command).unwrap().into_iter().map(|word| word.text).collect()
}

/// Splits a command with bash, which prints each word followed by a NUL.
fn bash(command: &str) -> Vec<u8> {
    let script = format!("printf '%s\\0' {command}");
    let output = Command::new("bash").args(["-c", &script]).env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Commands that mean the same in every shell.
const PLAIN: &[&str] = &[
    r#"a 'b c' "d e" f\ g"#,
    "a \\\n b\\\nc 'd\\\ne' \"f\\\ng\"",
    r#"'' "" a''b "a"'b'c"#,
    r#""\$\`\"\\\a\n""#,
    r"'\n' \n \\ \' \#",
    "a#b #c\n",
    "a # it's open",
    "\\\n a",
    "ü 'ö' \"ä\"",
];

/// Commands that only bash and related shells understand.
const ANSI: &[&str] = &[
    r#"$'a\nb\tc\\d\'e\"f\?g'"#,
    r"$'\a\b\e\E\f\r\v'",
    r"$'\x41\x4a\x4AZ\x4z\xzz'",
    r"$'\x{41}\x{141}q' $'\x{41q' $'a\x{}z' $'a\x{zz'",
    r"$'\101\1012\60\7z' $'\8\9' $'a\0b'c $'\400z'",
    r"$'\u41 \u041\u00fc\u00FCz\u20acA\u' $'\uz'",
    r"$'\U1F600 \U0001f600z \U41' $'\U' $'a\u0000b'",
    r"$'\xc3\xbc' $'\xe2'$'\x82\xac' $'\303\274'",
    r"$'\cA\ca\c?\c[\c\\z\c\n'",
    r"$'\q\%\ \ü' $'a\
b'",
    r#"$"a b" a$"b"c "$'a'" "a"$'b' 'a'$'\n''c'"#,
    r"$'it\'s; \\' $'' a$'\n'b \$'a\n'",
    r"$'#' #$'a",
    r"$'$\'' $'{}!\u0021'",
];

#[test]
fn splits_words_as_bash_does() {
    // The bash of macOS is older than the escapes for code points.
    let young = bash(r"$'\u41'") == b"A\0";
    for command in PLAIN.iter().chain(ANSI).filter(|command| young || !command.to_lowercase().contains("\\u"))
    {
        let ours = words(command).iter().map(|word| format!("{word}\0")).collect::<String>();
        assert_eq!(ours.as_bytes(), bash(command), "{command}: {ours:?}");
    }
}

#[test]
fn locates_words_that_are_not_utf8() {
    for word in [r"$'\xff'", r"$'\ud83d\ude00'", r"$'\377'", r"$'\U110000'", r"$'\xc3'", r"$'\cü'"] {
        assert_eq!(split(&format!("a {word} b")), Err(Unreadable::NoText(2..2 + word.len())), "{word}");
        assert!(std::str::from_utf8(&bash(word)).is_err(), "{word}");
    }
}

#[test]
fn reports_a_quote_that_is_never_closed() {
    for (command, at) in [("'", 0), ("a \"b", 2), (r"$'a\'", 1), (r#"$'\'' 'b' $"a"#, 11)] {
        assert_eq!(split(command), Err(Unreadable::Open(at)), "{command}");
    }
    assert_eq!(split(" \n # no word"), Ok(Vec::new()));
}

/// An interactive bash, with history expansion, reads quoted words unchanged.
#[test]
fn quoted_words_survive_an_interactive_bash() {
    let words = [
        "plain/word:8,a@b+c_d.e-f",
        "",
        "a b",
        "it's",
        "'",
        "''",
        "a!b",
        "!!",
        "x{a,b}",
        "^a^b",
        "~",
        "#",
        "=x",
        "$HOME `id` \\ \"q\" *?[a] (b) <c> | & ;",
        "two\nlines",
        "tab\tand\u{1b}[31m",
        "ü",
        "%1",
    ];
    let commands = words.map(|word| format!("printf '%s\\0' {}\n", quote(word)));
    let script = format!("set -o history -o histexpand\n{}", commands.concat());
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let read = String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(read, words.map(|word| format!("{word}\0")).concat());
    // Words are quoted only if necessary, and `split` reads them back.
    assert_eq!(quote(words[0]), words[0]);
    assert_eq!(self::words(&join(&words.map(str::to_owned))), words);
}
