//! Golden files.

use std::fs;
use std::path::Path;

/// Compares a text with a golden file; with `BLESS=1` in the environment, writes the file instead.
///
/// Returns the difference as a text to print.
pub(crate) fn compare(file: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(file, text).unwrap();
        return Ok(());
    }
    match fs::read_to_string(file) {
        Ok(golden) if golden == text => Ok(()),
        Ok(golden) => Err(format!("{} says\n\n{golden}\nand the program says\n\n{text}", file.display())),
        Err(error) => Err(format!("{}: {error}; the program says\n\n{text}", file.display())),
    }
}

/// Replaces port numbers with PORT.
pub(crate) fn without_port(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        masked.push_str(before);
        masked.push_str("127.0.0.1:PORT");
        rest = after.trim_start_matches(|character: char| character.is_ascii_digit());
    }
    let text = masked + rest;
    let mut parts = text.split("--port ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "--port PORT" + part.trim_start_matches(|one: char| one.is_ascii_digit())
    })
}
