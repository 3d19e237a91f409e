//! Tests with real shells and Python processes.

mod ports;

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
#[cfg(target_os = "linux")]
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;

use super::{Command, Exit, Process, StartError, is_used};

/// Generous for a busy machine; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn output_is_kept_in_order() {
    let process = started("echo one; echo two >&2; printf three");
    assert_eq!(block_on(process.wait()), Exit::Status(0));
    let mut lines: Vec<String> = process.output_tail(10).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    lines.retain(|line| line != "two");
    assert_eq!(lines, ["one", "three"]);
    assert_eq!(process.output_tail(1).lines().count(), 1);
}

#[test]
fn time_without_a_processor_does_not_count_for_a_limit() {
    let is_used = |elapsed, waited| {
        is_used(Duration::from_secs(20), Duration::from_secs(elapsed), || Duration::from_secs(waited))
    };
    assert!(!is_used(19, 0));
    assert!(is_used(20, 0));
    assert!(!is_used(40, 25));
    assert!(is_used(45, 25));
    assert!(is_used(120, 118));
}

#[test]
fn waits_for_the_exit_or_the_limit() {
    assert_eq!(block_on(started("exit 3").wait_at_most(PATIENCE)), Some(Exit::Status(3)));
    assert_eq!(block_on(started("sleep 600").wait_at_most(Duration::from_millis(100))), None);
}

#[test]
fn large_output_does_not_block_and_its_end_is_kept() {
    let script = "import sys\nfor n in range(60000):\n  print('out', n, 'x' * 40)\n  print('err', n, 'x' * 40, file=sys.stderr)\nprint('last')";
    let process = start(&["python3", "-c", script], Path::new("/"), &[]);
    assert_eq!(wait(&process), Exit::Status(0));
    let tail = process.output_tail(100_000);
    assert!(tail.len() <= 64 * 1024 && tail.len() > 60 * 1024, "{}", tail.len());
    assert!(tail.contains("out 59999 x"));
    assert!(tail.contains("\nlast") && tail.contains("err 59999"), "{}", process.output_tail(3));
    let whole = Regex::new("^(out|err) [0-9]+ x{40}$|^last$").expect("a pattern");
    assert_eq!(tail.lines().find(|line| !whole.is_match(line)), None, "no line is torn");
}

#[test]
fn endless_line_is_truncated() {
    let process = start(&["python3", "-c", "print('x' * 5_000_000, end='')"], Path::new("/"), &[]);
    assert_eq!(wait(&process), Exit::Status(0));
    assert!(process.output_tail(1).len() <= 64 * 1024);
}

#[test]
fn invalid_utf8_in_output_is_replaced() {
    let process = started(r"printf 'a\377b\n'");
    wait(&process);
    assert_eq!(process.output_tail(1), "a\u{fffd}b");
}

#[test]
fn output_since_a_mark_is_separate() {
    let folder = tempfile::tempdir().expect("a directory");
    let script = "echo before; until [ -e go ]; do sleep 0.05; done; echo after; printf half; sleep 300";
    let process = start(&["sh", "-c", script], folder.path(), &[("seen", "(before)")]);
    block_on(process.watched_all(PATIENCE)).expect("it prints");
    let mark = process.mark();
    assert_eq!(process.output_since(mark), "");
    fs::write(folder.path().join("go"), "").expect("a file");
    until(|| process.output_since(mark).ends_with("half"));
    assert_eq!(process.output_since(mark), "after\nhalf");
}

#[test]
fn watched_value_is_the_first_group_of_the_first_match() {
    let process = start(
        &["sh", "-c", "echo 'id: one' >&2; echo 'id: two'; echo port 5000; sleep 300"],
        Path::new("/"),
        &[("id", "^id: (one|three)$"), ("port", "port [0-9]+")],
    );
    let watched = block_on(process.watched_all(PATIENCE)).expect("both are printed");
    let expected = [("id", "one"), ("port", "port 5000")];
    assert_eq!(watched, BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value.to_owned()))));
    assert_eq!(process.watched(), watched);
}

#[test]
fn missing_watched_value_is_reported_when_output_ends() {
    let process =
        start(&["sh", "-c", "echo id: 1"], Path::new("/"), &[("id", "id: (.*)"), ("port", "port: (.*)")]);
    let error = block_on(process.watched_all(Duration::from_hours(1))).expect_err("there is no port");
    assert_eq!(error.to_string(), "the output never showed `port`, and has ended");
}

#[test]
fn missing_watched_value_is_reported_after_timeout() {
    let process = start(&["sleep", "300"], Path::new("/"), &[("port", "port: (.*)")]);
    let error = block_on(process.watched_all(Duration::from_millis(50))).expect_err("there is no port");
    assert_eq!(error.to_string(), "the output never showed `port`");
}

#[test]
fn exit_is_described() {
    let exits = ["exit 0", "exit 3", "kill -s KILL $$", "kill -s TERM $$"].map(|script| {
        let process = started(script);
        let exit = wait(&process);
        assert_eq!(process.exited(), Some(exit));
        exit.to_string()
    });
    let expected = [
        "exited with status 0",
        "exited with status 3",
        "was killed by signal 9 (SIGKILL)",
        "was killed by signal 15 (SIGTERM)",
    ];
    assert_eq!(exits, expected);
}

#[test]
fn last_output_is_available_after_exit() {
    for _ in 0..50 {
        let process = started("head -c 60000 /dev/zero; echo gone wrong >&2; exit 1");
        assert_eq!(wait(&process), Exit::Status(1));
        assert!(process.output_tail(9).len() > 60_000);
        assert!(process.output_tail(9).contains("gone wrong"));
    }
}

#[test]
fn a_running_program_has_no_exit() {
    let process = started("sleep 300");
    assert_eq!(process.exited(), None);
    assert_eq!(block_on(process.stop(PATIENCE)), Exit::Signal(15));
}

#[test]
fn environment_and_working_directory_are_set() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut command = command(&["sh", "-c", "echo $API_PORT; pwd; echo ${PATH:+path}; cat"], folder.path());
    command.env = vec![("API_PORT".to_owned(), "1".to_owned()), ("API_PORT".to_owned(), "2".to_owned())];
    let process = Process::start(command).expect("it starts");
    assert_eq!(wait(&process), Exit::Status(0));
    let real = folder.path().canonicalize().expect("a path");
    assert_eq!(process.output_tail(9), format!("2\n{}\npath", real.display()));
}

#[test]
fn arguments_are_passed_unchanged() {
    let odd = ["a b", "", "$HOME", "'\"", "-n", "*", "new\nline"];
    let program = ["python3", "-c", "import sys; print(sys.argv[1:])"];
    let process = start(&[&program[..], &odd[..]].concat(), Path::new("/"), &[]);
    wait(&process);
    assert_eq!(process.output_tail(1), r#"['a b', '', '$HOME', '\'"', '-n', '*', 'new\nline']"#);
}

#[test]
#[cfg(target_os = "linux")]
fn signal_mask_and_open_files_are_inherited_as_usual() {
    for words in [["grep", "^Sig[BI]", "/proc/self/status"], ["ls", "-1", "/proc/self/fd"]] {
        let plain = std::process::Command::new(words[0]).args(&words[1..]).output().expect("it starts");
        let process = start(&words, Path::new("/"), &[]);
        wait(&process);
        assert_eq!(process.output_tail(99), String::from_utf8_lossy(&plain.stdout).trim_end());
    }
}

#[test]
fn start_errors_are_one_sentence() {
    let folder = tempfile::tempdir().expect("a directory");
    fs::write(folder.path().join("plain"), "text").expect("a file");
    let refused = |words: &[&str]| {
        Process::start(command(words, folder.path())).expect_err("it cannot start").to_string()
    };
    assert_eq!(refused(&[]), "the command is empty");
    assert_eq!(refused(&[""]), "the command is empty");
    assert_eq!(
        refused(&["no-such-program", "x"]),
        "there is no program `no-such-program` in any folder of PATH"
    );
    assert_eq!(refused(&["./missing"]), "there is no program `./missing`");
    let expected = "`./plain` cannot be executed: ./plain is not an executable file (chmod +x?)";
    assert_eq!(refused(&["./plain"]), expected);
    let nowhere = Process::start(command(&["sh"], Path::new("/no/such"))).expect_err("no directory");
    assert!(matches!(nowhere, StartError::Directory { .. }), "{nowhere}");
}

#[test]
fn program_is_looked_up_in_path_of_its_own_environment() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut command = command(&["sh", "-c", "true"], folder.path());
    command.env = vec![("PATH".to_owned(), folder.path().display().to_string())];
    let error = Process::start(command).expect_err("there is no sh in that folder");
    assert!(matches!(error, StartError::NotFound { .. }), "{error}");
}

#[test]
fn starts_script_in_the_target_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("run");
    fs::write(&path, "#!/bin/sh\necho here\n").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    let process = start(&["./run"], folder.path(), &[]);
    assert_eq!(wait(&process), Exit::Status(0));
    assert_eq!(process.output_tail(1), "here");
}

#[test]
fn stop_sends_sigterm_to_the_whole_group() {
    let child = "sh -c 'trap \"echo child done; exit\" TERM; echo ready $$; while :; do sleep 0.05; done' &";
    let script = format!("trap 'echo leader done; exit 7' TERM; {child} while :; do sleep 0.05; done");
    let folder = tempfile::tempdir().expect("a directory");
    let script = format!("({script}) >log 2>&1 & tail -n +1 -f log & wait $!");
    fs::write(folder.path().join("log"), "").expect("a file");
    let process = start(&["sh", "-c", &script], folder.path(), &[("child", r"ready (\d+)")]);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
    block_on(process.stop(PATIENCE));
    assert!(!alive(&watched["child"]));
    let log = fs::read_to_string(folder.path().join("log")).expect("a log");
    assert!(log.contains("child done") && log.contains("leader done"), "{log}");
}

#[test]
fn stop_kills_group_that_ignores_sigterm() {
    let script = "trap '' TERM INT HUP; sh -c 'echo child $$; while :; do sleep 1; done' & echo up; while :; do sleep 1; done";
    let process = start(&["sh", "-c", script], Path::new("/"), &[("child", r"child (\d+)"), ("up", "up")]);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
    assert_eq!(block_on(process.stop(Duration::from_millis(100))), Exit::Signal(9));
    assert!(!alive(&watched["child"]));
}

#[test]
fn stop_ends_a_suspended_program() {
    let process = start(&["sh", "-c", "echo up $$; kill -s STOP $$"], Path::new("/"), &[("up", "up (.*)")]);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
    until(|| state(&watched["up"]).starts_with('T'));
    assert_eq!(block_on(process.stop(PATIENCE)), Exit::Signal(15));
}

#[test]
fn stop_kills_children_of_an_exited_leader() {
    let process =
        start(&["sh", "-c", "sleep 300 & echo child $!"], Path::new("/"), &[("child", r"child (\d+)")]);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
    assert_eq!(wait(&process), Exit::Status(0));
    assert!(alive(&watched["child"]));
    assert_eq!(block_on(process.stop(PATIENCE)), Exit::Status(0));
    assert!(!alive(&watched["child"]));
}

#[test]
fn process_can_be_stopped_from_any_thread() {
    let process = started("sleep 300");
    thread::scope(|scope| scope.spawn(|| assert_eq!(process.exited(), None)).join()).expect("it is shared");
    let stopping: Box<dyn Future<Output = Exit> + Send> = Box::new(process.stop(PATIENCE));
    let stopped = thread::spawn(|| block_on(Box::into_pin(stopping))).join().expect("it is stopped");
    assert_eq!(stopped, Exit::Signal(15));
}

#[test]
fn drop_kills_the_group_and_leaves_no_zombie() {
    let script = "trap '' TERM; env -i sleep 300 & echo child $!; echo leader $$; wait";
    let watch = [("child", r"child (\d+)"), ("leader", r"leader (\d+)")];
    let process = start(&["sh", "-c", script], Path::new("/"), &watch);
    let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
    drop(process);
    assert!(!alive(&watched["child"]));
    assert_eq!(state(&watched["leader"]), "", "not even a zombie");
}

#[test]
fn watcher_exits_with_its_target() {
    let process = started("sleep 300");
    let watcher = process.group.watcher_id();
    assert!(alive(&watcher));
    block_on(process.stop(PATIENCE));
    assert_eq!(state(&watcher), "");
}

#[test]
#[cfg(target_os = "linux")]
fn kills_daemon_that_left_the_group() {
    let script = "setsid sh -c 'echo daemon $$; exec sleep 300' & wait";
    for stop in [true, false] {
        let process = start(&["sh", "-c", script], Path::new("/"), &[("daemon", r"daemon (\d+)")]);
        let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
        if stop {
            block_on(process.stop(PATIENCE));
        } else {
            drop(process);
        }
        until(|| !alive(&watched["daemon"]));
    }
}

/// A process shows no environment while it starts a program, and this one does so all the time.
#[test]
#[cfg(target_os = "linux")]
fn kills_daemon_that_is_just_starting_a_program() {
    let folder = tempfile::tempdir().expect("a directory");
    let script = folder.path().join("again");
    fs::write(&script, "#!/bin/sh\nexec \"$0\"\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("an executable");
    let script = format!("setsid {} & echo daemon $!; wait", script.display());
    for _ in 0..40 {
        let process = start(&["sh", "-c", &script], Path::new("/"), &[("daemon", r"daemon (\d+)")]);
        let watched = block_on(process.watched_all(PATIENCE)).expect("it starts");
        let daemon = &watched["daemon"];
        until(|| group(daemon) == *daemon);
        drop(process);
        until(|| !alive(daemon));
    }
}

/// Starts the test binary as the runner, kills it, and counts the remaining processes.
#[test]
fn killed_runner_leaves_no_processes() {
    let key = "CONFORMANCE_TEST_KILLED_RUNNER";
    if let Some(report) = std::env::var_os(key) {
        return be_a_runner_until_killed(Path::new(&report));
    }
    let folder = tempfile::tempdir().expect("a directory");
    for signal in ["KILL", "INT", "TERM", "HUP"] {
        let report = folder.path().join(signal);
        let name = format!("{}::killed_runner_leaves_no_processes", module_path!());
        let name = name.split_once("::").expect("a crate name").1.to_owned();
        let mut runner = std::process::Command::new(std::env::current_exe().expect("a test binary"))
            .args(["--exact", &name, "--nocapture"])
            .env(key, &report)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the test binary starts");
        until(|| report.exists());
        let pids = fs::read_to_string(&report).expect("a report");
        assert!(pids.split_whitespace().all(alive), "{pids}");
        let runner_id = runner.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &runner_id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        runner.wait().expect("the runner ends");
        until(|| !pids.split_whitespace().any(alive));
    }
}

fn be_a_runner_until_killed(report: &Path) {
    // The child clears the marker, so that only its group identifies it.
    let script = "trap '' TERM HUP INT; env -i sleep 300 & echo child $!; echo leader $$; wait";
    let watch = [("child", r"child (\d+)"), ("leader", r"leader (\d+)")];
    let process = start(&["sh", "-c", script], Path::new("/"), &watch);
    // A second target must not hold the pipe of the first open.
    let second = start(&["sh", "-c", script], Path::new("/"), &watch);
    let mut pids = vec![process.group.watcher_id(), second.group.watcher_id()];
    for one in [&process, &second] {
        pids.extend(block_on(one.watched_all(PATIENCE)).expect("it starts").into_values());
    }
    if cfg!(target_os = "linux") {
        let script = "setsid sh -c 'echo daemon $$; exec sleep 300' & wait";
        let third = start(&["sh", "-c", script], Path::new("/"), &[("daemon", r"daemon (\d+)")]);
        pids.extend(block_on(third.watched_all(PATIENCE)).expect("it starts").into_values());
        std::mem::forget(third);
    }
    let draft = report.with_extension("draft");
    fs::write(&draft, pids.join(" ")).expect("a report");
    fs::rename(&draft, report).expect("a report");
    thread::sleep(PATIENCE * 10);
}

fn started(script: &str) -> Process {
    start(&["sh", "-c", script], Path::new("/"), &[])
}

fn start(words: &[&str], directory: &Path, watch: &[(&str, &str)]) -> Process {
    let watch =
        watch.iter().map(|(name, pattern)| ((*name).to_owned(), Regex::new(pattern).expect("a pattern")));
    let command = Command { watch: watch.collect(), ..command(words, directory) };
    Process::start(command).expect("it starts")
}

fn command(words: &[&str], directory: &Path) -> Command {
    Command {
        program_and_args: words.iter().map(|word| (*word).to_owned()).collect(),
        directory: PathBuf::from(directory),
        env: Vec::new(),
        watch: Vec::new(),
        kept: 0,
        pass: Vec::new(),
        confined: None,
    }
}

fn wait(process: &Process) -> Exit {
    block_on(async { tokio::time::timeout(PATIENCE, process.wait()).await }).expect("it ends")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

fn until(mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < limit, "the condition did not become true in time");
        thread::sleep(Duration::from_millis(10));
    }
}

fn alive(pid: &str) -> bool {
    let state = state(pid);
    !state.is_empty() && !state.starts_with('Z')
}

fn state(pid: &str) -> String {
    ps("stat=", pid)
}

#[cfg(target_os = "linux")]
fn group(pid: &str) -> String {
    ps("pgid=", pid)
}

fn ps(column: &str, pid: &str) -> String {
    let output = std::process::Command::new("ps").args(["-o", column, "-p", pid]).output().expect("ps");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
