//! Texts that are compared as a whole with a file.

use std::fs;
use std::path::Path;

/// Compares a text with the file that holds it; with `BLESS=1` in the environment the file is written instead.
///
/// What differs comes back as a text to print.
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
