//! Texts below the flags in the help, which the manual pages show too.

/// Name, description, and the commands that use it; none means all.
pub(super) type Entry = (&'static str, &'static str, &'static [&'static str]);

pub(super) const EXAMPLES: &str = "Examples:
  conformance run -- python3 -m api.v1.app            Start the server and test it
  conformance run http://127.0.0.1:5000               Test a running server
  conformance check --suite my-suite                  Validate a suite
  conformance import README.md --out my-suite         Generate scenarios from curl examples

`conformance help COMMAND` describes a command.";

pub(super) const RUN_EXAMPLES: &str = "Examples:
  conformance run -- python3 -m api.v1.app            Start the server for each profile and test it
  conformance run http://127.0.0.1:5000 --profile session
  conformance run --filter 'session/*' -- ./server    Run only the matching steps
  conformance run --report html=report.html -- ./server
  conformance run --each submissions -- ./start.sh    Test every subfolder";

pub(super) const MERGE_EXAMPLES: &str = "Examples:
  conformance merge shard-*.jsonl --report html=report.html
  conformance merge run.jsonl --report junit=junit.xml";

pub(super) const COMPLETION_EXAMPLES: &str = "Examples:
  conformance completions bash > ~/.local/share/bash-completion/completions/conformance
  conformance completions zsh > ~/.zfunc/_conformance
  conformance completions fish > ~/.config/fish/completions/conformance.fish
  conformance completions elvish >> ~/.config/elvish/rc.elv
  conformance completions powershell >> $PROFILE

Create the folder first, and start a new shell afterwards.
Bash needs the package bash-completion.
For zsh, put `fpath+=~/.zfunc` before `compinit` in ~/.zshrc.";

/// The exit codes of the commands that judge a target.
pub(super) const EXIT_CODES: &str = "Exit codes:
  0   the target conforms
  1   a MUST requirement fails
  2   a file or a flag is invalid; no request was sent
  3   inconclusive: the target cannot be used, or steps could not be judged
  4   no step was selected
  130 interrupted by Ctrl-C (129 and 143: by SIGHUP and SIGTERM); the reports are complete up to then";

/// The environment variables that the program reads.
pub(super) const ENVIRONMENT: &[Entry] = &[
    ("NO_COLOR", "No colors, unless --color always is given", &[]),
    ("FORCE_COLOR", "Colors also in files and pipes, unless it is 0", &[]),
    ("CLICOLOR_FORCE", "Colors also in files and pipes", &[]),
    ("CLICOLOR", "No colors if it is 0", &[]),
    ("TERM", "No colors and no progress bar if it is `dumb`", &[]),
    ("COLUMNS", "Width of the help if it is not printed on a terminal", &[]),
    ("PATH", "Folders of the programs to start", &["run", "serve", "doctor"]),
    ("HOME", "Folder that isolated targets never see as a whole", &["run", "doctor"]),
    ("TMPDIR", "Folder for the scratch folders of targets [default: /tmp]", &["run", "serve", "doctor"]),
    ("variables of the suite", "Values of the variables in suite.yaml with `env: NAME`", &["run", "serve"]),
    ("HTTPS_PROXY", "Proxy for documents at a URL; also HTTP_PROXY, NO_PROXY", &["import", "init"]),
    ("GITHUB_STEP_SUMMARY", "File to which --report github appends its summary", &["run", "merge"]),
    ("GITHUB_WORKSPACE", "Folder to which paths of --report github are relative", &["run", "merge"]),
    ("CLASSROOM, …", "What --report classroom50 copies; see docs/grading.md", &["run", "merge", "compare"]),
];

/// Width of the names of environment variables.
const NAME_WIDTH: usize = 22;

/// Whether a command, or the program if there is no `command`, uses what an entry describes.
pub(super) fn concerns(entry: &Entry, command: Option<&str>) -> bool {
    entry.2.is_empty() || command.is_none_or(|command| entry.2.contains(&command))
}

/// Returns the long help of the program or of a command: examples, exit codes and environment variables.
pub(super) fn long(examples: &str, command: Option<&str>) -> String {
    let entries = ENVIRONMENT.iter().filter(|entry| concerns(entry, command));
    let lines: String = entries.map(|(name, text, _)| format!("\n  {name:NAME_WIDTH$}  {text}")).collect();
    format!("{examples}\n\n{EXIT_CODES}\n\nEnvironment:{lines}")
}
