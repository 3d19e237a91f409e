//! `doctor`: what of this machine the program can use.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use conformance_engine::exit::Exit;
use conformance_engine::target::isolation::{Isolation, Limits, Mechanism};
use conformance_suite::amount::amount;
use conformance_suite::safe::line;
use conformance_suite::suite::Suite;

use super::{Stopped, print};
use crate::options::{Doctor, VERSION};

/// Programs that targets and reproduction commands use, and what for.
const PROGRAMS: [(&str, &str); 6] = [
    ("curl", "repeats a failed request"),
    ("bwrap", "isolates targets (bubblewrap)"),
    ("python3", "runs targets in Python"),
    ("node", "runs targets in JavaScript"),
    ("cargo", "runs a suite as Rust tests"),
    ("hurl", "runs exported files"),
];

/// Maximum time for a program to print its version.
const VERSION_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// A row of the report.
struct Check {
    name: &'static str,
    state: State,
    /// What was found, or what is wrong and what to do.
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Works,
    /// Not needed by every run.
    Missing,
    /// Needed by every run that starts a target.
    Fails,
}

/// Prints what is installed and what works. Returns exit code 1 if something that a run needs does not work.
pub(crate) fn doctor(options: &Doctor) -> Result<ExitCode, Stopped> {
    let sections = [
        ("Runs", vec![suite(options), shell(), scratch(), network()]),
        ("Isolation", isolation()),
        ("Programs", programs()),
    ];
    let mut text = format!("conformance {VERSION} ({} {})\n", env::consts::OS, env::consts::ARCH);
    if let Ok(program) = env::current_exe() {
        text += &format!("{}\n", line(&program.display().to_string()));
    }
    for (title, checks) in &sections {
        text += &format!("\n{title}\n");
        for check in checks {
            let state = match check.state {
                State::Works => "ok",
                State::Missing => "-",
                State::Fails => "FAILS",
            };
            // Writing to a string cannot fail.
            writeln!(text, "  {state:<5}  {:<10}  {}", check.name, line(&check.detail)).ok();
        }
    }
    let broken =
        sections.iter().flat_map(|(_, checks)| checks).filter(|check| check.state == State::Fails).count();
    let isolated = sections[1].1.iter().any(|check| check.state == State::Works);
    text += &match (broken, isolated) {
        (0, true) => "\nRuns work on this machine, isolated ones too.\n".to_owned(),
        (0, false) => {
            "\nRuns work on this machine. Programs cannot be isolated: --each needs --no-isolate.\n"
                .to_owned()
        }
        (count, _) => format!(
            "\n{} on this machine.\n",
            if count == 1 {
                "1 thing that runs need does not work".to_owned()
            } else {
                format!("{count} things that runs need do not work")
            }
        ),
    };
    print(&text)?;
    Ok(if broken == 0 { Exit::Conforms.into() } else { Exit::Fails.into() })
}

fn suite(options: &Doctor) -> Check {
    let place =
        options.suite.suite.as_ref().map_or_else(|| "built in".to_owned(), |path| path.display().to_string());
    match Suite::load(&options.suite.folder()) {
        Ok(suite) => {
            let detail = format!("{place}: {}, {}", suite.title, amount(suite.scenarios.len(), "scenario"));
            Check { name: "suite", state: State::Works, detail }
        }
        Err(errors) => {
            let first = errors.to_string().lines().next().unwrap_or_default().to_owned();
            let detail = format!("{place}: {first}; `conformance check` prints all errors");
            Check { name: "suite", state: State::Fails, detail }
        }
    }
}

fn shell() -> Check {
    let (state, detail) = if Path::new("/bin/sh").exists() {
        (State::Works, "/bin/sh starts the commands of target files".to_owned())
    } else {
        (State::Fails, "/bin/sh does not exist; install a POSIX shell".to_owned())
    };
    Check { name: "shell", state, detail }
}

/// Creates an executable in the folder for scratch folders and runs it, because some systems mount `/tmp` with `noexec`.
fn scratch() -> Check {
    let folder = env::temp_dir();
    let place = folder.display().to_string();
    let (state, detail) = match try_scratch(&folder) {
        Ok(true) => (State::Works, format!("{place} (TMPDIR names another folder)")),
        Ok(false) => {
            (State::Missing, format!("{place} does not execute programs; set TMPDIR to a folder that does"))
        }
        Err(error) => {
            (State::Fails, format!("{place} cannot be used: {error}; set TMPDIR to another folder"))
        }
    };
    Check { name: "scratch", state, detail }
}

/// Returns whether a script in a new folder can be executed.
fn try_scratch(folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::Builder::new().prefix("conformance-doctor-").tempdir_in(folder)?;
    let script = folder.path().join("script");
    fs::write(&script, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    Ok(Command::new(&script).status().is_ok_and(|status| status.success()))
}

fn network() -> Check {
    let connected = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| {
        let address = listener.local_addr()?;
        TcpStream::connect_timeout(&address, VERSION_LIMIT)?;
        listener.accept()
    });
    let (state, detail) = match connected {
        Ok(_) => (State::Works, "127.0.0.1 accepts connections on a free port".to_owned()),
        Err(error) => (State::Fails, format!("127.0.0.1 does not accept connections: {error}")),
    };
    Check { name: "network", state, detail }
}

fn isolation() -> Vec<Check> {
    let mechanisms = [
        ("bubblewrap", Mechanism::Bubblewrap, "install bubblewrap, and allow user namespaces"),
        ("landlock", Mechanism::Landlock, "it needs Linux 6.12 or later"),
    ];
    let checks = mechanisms.map(|(name, mechanism, remedy)| {
        let (state, detail) = match Isolation::find(Some(mechanism), Limits::default(), &[]) {
            Ok(_) => (State::Works, "a test program was isolated".to_owned()),
            Err(unavailable) => (State::Missing, format!("{}; {remedy}", unavailable.reasons().join("; "))),
        };
        Check { name, state, detail }
    });
    checks.into()
}

fn programs() -> Vec<Check> {
    let path = env::var_os("PATH").unwrap_or_default();
    let checks = PROGRAMS.map(|(name, purpose)| {
        let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
        let (state, detail) = match found {
            None => (State::Missing, format!("not in PATH; {purpose}")),
            Some(path) => (State::Works, format!("{}; {purpose}", described(&path))),
        };
        Check { name, state, detail }
    });
    checks.into()
}

/// Returns the first line that a program prints about its version, with its path.
fn described(path: &Path) -> String {
    let version = version(path).unwrap_or_else(|| "prints no version".to_owned());
    format!("{version} ({})", path.display())
}

fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    if !ended(&mut child) {
        // Ignore errors: the program ended in the meantime.
        child.kill().ok();
        child.wait().ok();
        return None;
    }
    let mut printed = Vec::new();
    child.stdout.take()?.take(4096).read_to_end(&mut printed).ok()?;
    let printed = String::from_utf8_lossy(&printed);
    let first = printed.lines().next()?.trim();
    // The version is followed by a commit, a system, or the versions of libraries.
    let words: Vec<&str> =
        first.split_whitespace().take(3).take_while(|word| !word.starts_with('(')).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Waits until a program ends, for a limited time.
fn ended(child: &mut Child) -> bool {
    let deadline = Instant::now() + VERSION_LIMIT;
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            Ok(None) | Err(_) => return false,
        }
    }
}
