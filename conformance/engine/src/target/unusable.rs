//! Why a target cannot be used, with the end of its output.

use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

use regex::Regex;

use super::process::Process;
use super::traceback;

/// Why a target cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Unusable {
    /// Reason, in one sentence.
    pub reason: String,
    /// Last lines of the target's output.
    pub last_words: String,
    /// Whether the process kept running but never responded, so that another start would also take the full timeout.
    pub silent: bool,
    /// Whether another program occupied its port.
    pub port_taken: bool,
    /// Whether the target listens on another port than the one it was given.
    pub elsewhere: bool,
    /// Whether the target itself failed to start and not only took too long. Such a failure is its behaviour in this profile.
    pub own: bool,
}

/// Number of output lines that are shown.
pub(super) const LINES: usize = 20;

impl Unusable {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            last_words: String::new(),
            silent: false,
            port_taken: false,
            elsewhere: false,
            own: false,
        }
    }

    /// Creates an error of the target itself, with the end of its output. The most relevant line is appended to the
    /// reason.
    pub(super) fn after(process: &Process, reason: impl Into<String>) -> Self {
        let unusable = Self::ended(process);
        let mut reason = reason.into();
        let raised = traceback::read(&unusable.last_words).map(|origin| origin.to_string());
        if let Some(line) = raised.or_else(|| relevant_line(&unusable.last_words).map(str::to_owned)) {
            let remedy = traceback::remedy(&line).map(|remedy| format!("; {remedy}")).unwrap_or_default();
            // The error comes first: it is the cause.
            reason = format!("{line}{remedy} ({reason})");
        }
        Self { own: true, reason: reason + &unusable.reason, ..unusable }
    }

    /// Creates an error of another command, such as a setup command, in the same form.
    pub(super) fn saying(process: &Process, reason: impl Into<String>) -> Self {
        let unusable = Self::ended(process);
        let mut reason = reason.into();
        if let Some(line) = relevant_line(&unusable.last_words) {
            reason = format!("{reason}: {line}");
        }
        Self { reason: reason + &unusable.reason, ..unusable }
    }

    /// Returns the end of the output of a process. The reason only names the limits that it reached.
    fn ended(process: &Process) -> Self {
        let last_words = process.output_tail(LINES).trim_end().to_owned();
        let limits: String =
            process.reached().iter().map(|limit| format!("; it reached its limit of {limit}")).collect();
        Self { port_taken: names_a_taken_port(&last_words), last_words, ..Self::new(limits) }
    }

    /// Creates an error of a target that listens on other ports than the one in the variables named.
    pub(super) fn elsewhere(process: &Process, ports: &[u16], given: &Port) -> Self {
        let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" and ");
        let reason = format!("your server listens on {ports} instead of {given}");
        let last_words = process.output_tail(LINES).trim_end().to_owned();
        Self { own: true, elsewhere: true, last_words, ..Self::new(reason) }
    }

    /// Adds a remark to the reason.
    pub(super) fn hinting(mut self, hint: &str) -> Self {
        self.reason.push_str(hint);
        self
    }
}

/// The port that a target is given.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) number: u16,
    /// Whether the target always has this port.
    pub(super) is_fixed: bool,
    /// Names of the environment variables that contain it.
    pub(super) variables: Vec<String>,
}

impl Display for Port {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.variables.as_slice() {
            _ if self.is_fixed => write!(f, "port {}", self.number),
            [] => f.write_str("the assigned port"),
            // The number differs from start to start.
            names => write!(f, "${}", names.join(" and $")),
        }
    }
}

impl Port {
    /// Returns a hint if a word of the command ends with a placeholder of the port, which only a shell would replace.
    pub(super) fn hint(&self, command: &[String]) -> Option<String> {
        // The word after such an option is a script, in which the text may have its own meaning.
        let runs_script =
            |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
        if command.iter().any(runs_script) {
            return None;
        }
        let variables = self.variables.iter().flat_map(|name| [format!("${{{name}}}"), format!("${name}")]);
        let known = ["{{port}}", "${port}", "{port}"].map(str::to_owned).into_iter().chain(variables);
        let written = known.into_iter().find(|known| command.iter().any(|word| word.ends_with(known)))?;
        let remedy = match self.variables.first() {
            Some(name) => format!("; for the port write sh -c 'exec COMMAND \"${name}\"'"),
            None => String::new(),
        };
        Some(format!("; `{written}` in the command is not replaced, because it runs without a shell{remedy}"))
    }
}

/// Joins an error and its causes into one sentence.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        sentence.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    sentence
}

impl Display for Unusable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Returns the most relevant line of an error output: `ModuleNotFoundError: No module named 'flask'`, `Error: Cannot
/// find module 'x'`. The last match counts, because earlier errors usually cause it.
fn relevant_line(output: &str) -> Option<&str> {
    output.lines().rev().map(str::trim).find(|line| ERROR_LINE.is_match(line))
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static ERROR_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^([\w.]*(error|exception|errno)\b(\[\w+\])?:? \S|panic: |fatal: )|address (is )?already in use|can't open file|Error while finding module specification|: No module named |No such file or directory|command not found|: not found$",
    )
    .unwrap()
});

/// Returns the first address that a target printed, if its port is not the assigned one, such as `http://127.0.0.1:5000`.
pub(super) fn printed_address(output: &str, port: u16) -> Option<&str> {
    let found = ADDRESS.captures(output)?;
    let other = found.get(1)?.as_str().parse::<u16>().is_ok_and(|printed| printed != port);
    other.then(|| found.get(0).map(|all| all.as_str()))?
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"https?://(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):(\d{1,5})\b").unwrap()
});

/// Whether the program's output says that its port is taken.
fn names_a_taken_port(output: &str) -> bool {
    let output = output.to_lowercase();
    ["address already in use", "eaddrinuse", "address in use", "is in use by another program"]
        .iter()
        .any(|sign| output.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_error_line_in_output_of_several_languages() {
        let python = "Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\n    import flask_cors\nModuleNotFoundError: No module named 'flask_cors'";
        assert_eq!(relevant_line(python), Some("ModuleNotFoundError: No module named 'flask_cors'"));
        let node = "node:internal/modules/cjs/loader:1078\n  throw err;\n  ^\n\nError: Cannot find module 'express'\nRequire stack:\n- /x/server.js\n    at Module._load {\n  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v18";
        assert_eq!(relevant_line(node), Some("Error: Cannot find module 'express'"));
        assert_eq!(relevant_line("panic: listen tcp: bind\n\ngoroutine 1"), Some("panic: listen tcp: bind"));
        assert_eq!(relevant_line(" * Running on http://127.0.0.1:5000\n"), None);
        for line in [
            "/usr/bin/python3: No module named api",
            "/usr/bin/python3: Error while finding module specification for 'api.v1.app' (ModuleNotFoundError: No module named 'api')",
        ] {
            assert_eq!(relevant_line(line), Some(line));
            assert!(traceback::remedy(line).unwrap().contains("the folder of the implementation"), "{line}");
        }
    }

    #[test]
    fn finds_the_address_that_a_target_printed() {
        assert_eq!(
            printed_address(" * Running on http://127.0.0.1:5000\nPress CTRL+C", 4000),
            Some("http://127.0.0.1:5000")
        );
        for output in ["", "Running on http://0.0.0.0:4000/", "see https://example.org/flask:1"] {
            assert_eq!(printed_address(output, 4000), None, "{output}");
        }
    }

    #[test]
    fn names_a_placeholder_of_the_port_in_a_command() {
        let port = Port { number: 4000, is_fixed: false, variables: vec!["PORT".to_owned()] };
        let hint = |command: &[&str]| port.hint(&command.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (word, named) in [
            ("{port}", "`{port}`"),
            ("--port=${port}", "`${port}`"),
            ("127.0.0.1:{{port}}", "`{{port}}`"),
            ("$PORT", "`$PORT`"),
            ("--port=${PORT}", "`${PORT}`"),
        ] {
            let hint = hint(&["server", word]).unwrap();
            assert!(hint.contains(named) && hint.contains("sh -c 'exec COMMAND \"$PORT\"'"), "{hint}");
        }
        for command in
            [&["server", "--port", "80"][..], &["server", "$PORTS"], &["sh", "-ec", "server $PORT"]]
        {
            assert_eq!(hint(command), None);
        }
    }
}
