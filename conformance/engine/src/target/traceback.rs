//! Finds the exception in the output of a target, and the place in the implementation's own files that raised it.

use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

use regex::Regex;

/// An exception that a target printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The line with the name and the message, such as `TypeError: unhashable type: 'dict'`.
    pub exception: &'a str,
    /// File and line in the implementation's folder, such as `src/app.py:31`, if the output has one.
    pub place: Option<String>,
}

/// Folders of packages that the implementation did not write.
const FOREIGN: [&str; 4] = ["site-packages/", "dist-packages/", "node_modules/", "/lib/python"];

/// Returns the last exception in an output. Paths below the implementation's folder must be relative.
#[must_use]
pub fn read(output: &str) -> Option<Origin<'_>> {
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    let at = lines.iter().rposition(|line| EXCEPTION.is_match(line))?;
    let exception = *lines.get(at)?;
    // Python prints the frames above the exception, the deepest last. Others print them below, the deepest first.
    let mut python = lines.get(..at)?.iter().rev().take_while(|line| !line.starts_with("Traceback "));
    let place = python.find_map(|line| place_in(&PYTHON, line));
    let below = || lines.get(at + 1..)?.iter().find_map(|line| place_in(&BELOW, line));
    // A syntax error of Node has its place before the exception.
    let above = || lines.get(..at)?.iter().find_map(|line| place_in(&ABOVE, line));
    Some(Origin { exception, place: place.or_else(below).or_else(above) })
}

/// Returns what usually fixes an error that keeps a program from starting.
#[must_use]
pub fn remedy(error: &str) -> Option<&'static str> {
    let error = error.to_lowercase();
    // Python names the first part that is missing: the package before a dot exists. Node names a file with a slash.
    let quoted = |sign| error.split_once(sign).and_then(|(_, rest)| rest.split('\'').next());
    if quoted("no module named '").is_some_and(|name| name.contains('.')) {
        return Some("its package exists: is the file there, and is its name written in the same way?");
    }
    if quoted("cannot find module '").is_some_and(|name| name.starts_with(['.', '/'])) {
        return Some("is the file in the folder of the target?");
    }
    let known: [(&[&str], &str); 6] = [
        // The module of `python3 -m MODULE`.
        (
            &["while finding module specification", "python3: no module named", "python: no module named"],
            "is this module in the folder of the implementation?",
        ),
        (&["no module named"], "is the virtual environment active, and is the package installed?"),
        (&["cannot find module", "cannot find package"], "are the packages installed (`npm install`)?"),
        (&["address already in use", "eaddrinuse"], "does the server listen on the port that it is given?"),
        (
            &[": not found", "command not found", "no such file or directory", "can't open file"],
            "is the file in the folder of the target? the command runs in a copy of it, so write the absolute path of any other file",
        ),
        (&["permission denied", "eacces"], "may the server use this file or port?"),
    ];
    known.iter().find(|(signs, _)| signs.iter().any(|sign| error.contains(sign))).map(|(_, remedy)| *remedy)
}

impl Display for Origin<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.exception)?;
        match &self.place {
            Some(place) => write!(f, " at {place}"),
            None => Ok(()),
        }
    }
}

/// Returns the file and the line that a pattern finds, if the file belongs to the implementation.
fn place_in(pattern: &Regex, line: &str) -> Option<String> {
    let found = pattern.captures(line)?;
    let (file, number) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    let file = file.strip_prefix("./").unwrap_or(file);
    let own = !file.starts_with(['/', '<'])
        && !file.starts_with("node:")
        && !FOREIGN.iter().any(|part| file.contains(part));
    own.then(|| format!("{file}:{number}"))
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^([A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Iteration)\b(\s\[\w+\])?(: \S|$)|panic: |thread '.*' panicked at )",
    )
});
static PYTHON: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^File "([^"]+)", line (\d+)"#));
static BELOW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^at .*?\(?|^)(?:file://)?([\w./@-]+\.\w+):(\d+)(?::\d+)?\)?(?:\s|$)"));
static ABOVE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:file://)?([\w./@-]+\.\w+):(\d+)$"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_depends_on_what_is_missing() {
        for (error, expected) in [
            ("ModuleNotFoundError: No module named 'flask_cors'", "virtual environment"),
            ("ModuleNotFoundError: No module named 'api.v1.auth.extra'", "is the file there"),
            ("Error: Cannot find module 'express'", "npm install"),
            ("Error: Cannot find module '@scope/package'", "npm install"),
            ("Error: Cannot find module 'lodash/fp'", "npm install"),
            ("Error: Cannot find module './lib/users'", "is the file in the folder"),
            ("Error: Cannot find module '/tmp/x/server.js'", "is the file in the folder"),
            ("Error: listen EADDRINUSE: address already in use :::5000", "the port that it is given"),
        ] {
            assert!(remedy(error).unwrap_or_default().contains(expected), "{error}: {:?}", remedy(error));
        }
        assert_eq!(remedy("TypeError: x"), None);
    }

    fn found(output: &str) -> String {
        read(output).map(|origin| origin.to_string()).unwrap_or_default()
    }

    #[test]
    fn finds_the_deepest_own_frame_of_python() {
        let output = "Traceback (most recent call last):\n  File \"/usr/lib/python3/site-packages/flask/app.py\", line 9, in f\n    x()\n  File \"src/views/login.py\", line 46, in login\n    y\n  File \"/usr/lib/python3/uuid.py\", line 3, in z\nTypeError: unhashable type: 'dict'\n127.0.0.1 - - \"POST / HTTP/1.1\" 500 -";
        assert_eq!(found(output), "TypeError: unhashable type: 'dict' at src/views/login.py:46");
    }

    #[test]
    fn finds_the_line_of_a_syntax_error() {
        let output = "Traceback (most recent call last):\n  File \"src/app.py\", line 13, in <module>\n  File \"src/views/login.py\", line 31\n    if not users\n                ^\nSyntaxError: expected ':'";
        assert_eq!(found(output), "SyntaxError: expected ':' at src/views/login.py:31");
    }

    #[test]
    fn finds_frames_of_node() {
        let output = "server.js:12\n  x.y.z\n    ^\n\nTypeError: Cannot read properties of undefined (reading 'z')\n    at node:internal/x:1:2\n    at handler (lib/auth.js:7:3)\n    at Server.emit (node:events:517:28)";
        assert_eq!(
            found(output),
            "TypeError: Cannot read properties of undefined (reading 'z') at lib/auth.js:7"
        );
        assert_eq!(
            found("server.js:3\nconst = 1;\n      ^\n\nSyntaxError: Unexpected token '='"),
            "SyntaxError: Unexpected token '=' at server.js:3"
        );
    }

    #[test]
    fn ignores_output_without_an_exception() {
        for output in ["", "127.0.0.1 - - \"GET /Error HTTP/1.1\" 404 -", " * Running on http://x"] {
            assert_eq!(read(output), None, "{output}");
        }
    }
}
