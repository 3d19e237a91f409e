//! Isolation of started programs: hostile servers that attack what is around them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::events;
use crate::program::{Finished, data};
use crate::sandbox::Sandbox;

/// A value that the programs must not find.
const SECRET: &str = "s3cr3t-of-the-runner";
const MECHANISMS: [&str; 2] = ["bubblewrap", "landlock"];

/// A sandbox with the hostile server, and what it attacks.
struct Scene {
    sandbox: Sandbox,
    victim: Child,
    tcp: TcpListener,
    udp: UdpSocket,
    _unix: UnixListener,
    _abstract: UnixListener,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::empty().with("GITHUB_TOKEN", SECRET).with("MY_SECRET", SECRET);
        for folder in ["suite", "suite/scenarios", "victim", "victim/folder", "home"] {
            fs::create_dir(sandbox.path(folder)).unwrap();
        }
        for file in ["victim/report.jsonl", "victim/folder/neighbour.py", "home/key"] {
            sandbox.write(file, SECRET);
        }
        fs::copy(data("targets/intruder.py"), sandbox.path("implementation/intruder.py")).unwrap();
        sandbox.write(
            "suite/suite.yaml",
            "format: 1\ntitle: attacks\norigin: http://intruder.example\nlaunch:\n  env: {INTRUDER_PORT: \"${port}\"}\n  \
             ready: curl \"http://intruder.example/\"\nprofiles: {intruder: {title: the intruder}}\n",
        );
        sandbox.write("suite/requirements.yaml", "format: 1\nrequirements: []\n");
        let victim = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let tcp = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let udp = UdpSocket::bind(tcp.local_addr().unwrap()).unwrap();
        udp.set_nonblocking(true).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let unix = UnixListener::bind(sandbox.path("socket")).unwrap();
        let name = sandbox.path("").display().to_string();
        let hidden =
            SocketAddr::from_abstract_name(&name).and_then(|it| UnixListener::bind_addr(&it)).unwrap();
        Self { sandbox, victim, tcp, udp, _unix: unix, _abstract: hidden }
    }

    /// Writes the settings of the server. `start` is an attack before it listens.
    fn configure(&self, folder: &str, mechanism: &str, start: Option<&str>) {
        let path = |name: &str| self.sandbox.path(name);
        let config = json!({
            "outside": [path("victim"), path("implementation"), path("suite"), path("home"), path("")],
            "names": ["report.jsonl", "folder/neighbour.py", "folder", "key", "suite.yaml", "new"],
            "secret": SECRET,
            "home": std::env::var_os("HOME").map(PathBuf::from),
            "victim": self.victim.id(),
            "port": self.tcp.local_addr().unwrap().port(),
            "socket": path("socket"),
            "abstract": path("").display().to_string(),
            "landlock": mechanism == "landlock",
            "mark": self.mark(),
            "namespace": fs::read_link("/proc/self/ns/pid").ok(),
            "at start": start,
            "report": path("kept/1-honest.jsonl"),
        });
        self.sandbox.write(&format!("{folder}/config.json"), &config.to_string());
    }

    /// Writes a scenario with one step for each attack and its expected result.
    fn attacks(&self, attacks: &[(&str, &str)]) {
        let steps = attacks.iter().map(|(attack, expected)| {
            format!(
                "  - id: {attack}\n    title: the attack fails\n    \
                 request: curl \"http://intruder.example/{attack}\"\n    expect: {{status: 200, {expected}}}\n"
            )
        });
        let steps: String = steps.collect();
        let scenario = format!("format: 1\ntitle: Attacks\nprofile: intruder\nsteps:\n{steps}");
        self.sandbox.write("suite/scenarios/attacks.yaml", &scenario);
    }

    /// Unique argument of the process that detaches.
    fn mark(&self) -> String {
        format!("mark-of-{}", self.sandbox.path("").display())
    }

    fn detached(&self) -> Vec<PathBuf> {
        let mark = self.mark();
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let is_detached = |process: &PathBuf| {
            let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
            arguments.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes())
        };
        processes.filter(is_detached).collect()
    }

    fn run(&self, arguments: &[&str]) -> events::RunReport {
        let all = [&["run", "--suite", "../suite"], arguments, &["--", "python3", "intruder.py"]].concat();
        events::run(&self.sandbox, &all)
    }

    fn assert_untouched(&mut self, before: &Fingerprint) {
        assert_eq!(&fingerprint(&self.sandbox.path("")), before);
        assert!(self.victim.try_wait().unwrap().is_none(), "the victim was killed");
        for connected in [self.tcp.accept().map(drop), self.udp.recv(&mut [0]).map(drop)] {
            assert_eq!(connected.map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
        }
        assert_eq!(self.detached(), Vec::<PathBuf>::new());
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.victim.kill().ok();
        self.victim.wait().ok();
    }
}

/// Mode, owner, time and content of each file.
type Fingerprint = BTreeMap<PathBuf, (u32, u32, i64, i64, Vec<u8>)>;

/// Returns the state of everything in the sandbox but the folders and files that a run writes.
fn fingerprint(root: &Path) -> Fingerprint {
    let mut found = Fingerprint::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let (path, name) = (entry.path(), entry.file_name());
            let written = ["temporary", "stdout", "stderr", "report.jsonl", "kept"];
            if folder == root && written.iter().any(|own| name == *own) {
                continue;
            }
            let about = entry.metadata().unwrap();
            let content = if about.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if about.is_file() {
                fs::read(&path).unwrap()
            } else {
                if about.is_dir() {
                    folders.push(path.clone());
                }
                Vec::new()
            };
            found.insert(path, (about.mode(), about.uid(), about.mtime(), about.mtime_nsec(), content));
        }
    }
    found
}

/// Returns the mechanisms that work on this machine.
fn mechanisms() -> Vec<&'static str> {
    let works = |mechanism: &&str| {
        let scene = Scene::new();
        scene.configure("implementation", mechanism, None);
        scene.attacks(&[("none", "text: ready")]);
        let isolate = format!("--isolate={mechanism}");
        let finished =
            scene.sandbox.run(&["run", "--suite", "../suite", &isolate, "--", "python3", "intruder.py"]);
        if finished.code == Some(2) {
            assert!(finished.stderr.contains("programs cannot be isolated on this machine"), "{finished:?}");
            return false;
        }
        assert_eq!(finished.code, Some(0), "{finished:?}");
        true
    };
    let working: Vec<&str> = MECHANISMS.into_iter().filter(works).collect();
    if working.is_empty() {
        eprintln!("skipped: no isolation on this machine");
    }
    working
}

const ATTACKS: [(&str, &str); 7] = [
    ("write", "text: done"),
    ("read", "text: blocked"),
    ("environment", "text: blocked"),
    ("kill", "text: blocked"),
    ("connect", "text: blocked"),
    ("restore-rights", "text: blocked"),
    ("detach", "text: done"),
];

#[test]
fn an_isolated_program_reaches_nothing_outside() {
    for mechanism in mechanisms() {
        let mut scene = Scene::new();
        scene.configure("implementation", mechanism, None);
        scene.attacks(&ATTACKS);
        let before = fingerprint(&scene.sandbox.path(""));
        let report = scene.run(&[&format!("--isolate={mechanism}")]);
        assert_eq!(report.finished.code, Some(0), "{mechanism}: {:?}", report.finished);
        assert_eq!(report.header["isolation"], mechanism);
        assert!(report.finished.stdout.contains(&format!("isolated with {mechanism}")));
        scene.assert_untouched(&before);
    }
}

/// Without isolation the same attacks succeed; otherwise the test above would prove nothing.
#[test]
fn the_attacks_succeed_without_isolation() {
    let scene = Scene::new();
    scene.configure("implementation", "none", None);
    scene.attacks(&[("read", "text: !contains neighbour"), ("connect", "text: !contains tcp")]);
    let report = scene.run(&[]);
    assert_eq!(report.finished.code, Some(0), "{:?}", report.finished);
    assert!(report.header.get("isolation").is_none());
}

#[test]
fn isolated_programs_get_a_short_environment() {
    for mechanism in mechanisms() {
        let scene = Scene::new();
        scene.configure("implementation", mechanism, None);
        scene.sandbox.write("suite/scenarios/attacks.yaml", "format: 1\ntitle: Where\nprofile: intruder\nsteps:\n  - id: where\n    title: where\n    request: curl \"http://intruder.example/where\"\n    expect: {status: 200}\n");
        let report = scene.run(&[&format!("--isolate={mechanism}"), "--trace"]);
        let body = &report.step("scenarios/attacks::where")["exchange"]["received"]["body"];
        let found: serde_json::Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
        assert_eq!(found["home"], found["cwd"]);
        assert_eq!(found["tmp"], found["cwd"]);
        let allowed =
            ["CONFORMANCE_PROCESS", "HOME", "INTRUDER_PORT", "LANG", "LC_CTYPE", "PATH", "TMPDIR", "TZ"];
        // Shells around an interpreter set these.
        let of_shells = ["OLDPWD", "PWD", "SHLVL", "_"];
        for name in found["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let is_known = allowed.contains(&name) || of_shells.contains(&name) || name.contains("PYENV");
            assert!(is_known, "{name} is passed");
        }
    }
}

#[test]
fn secrets_of_ci_systems_are_not_passed_unless_the_target_file_names_them() {
    let scene = Scene::new();
    scene.configure("implementation", "none", None);
    scene.sandbox.write("suite/scenarios/attacks.yaml", "format: 1\ntitle: Where\nprofile: intruder\nsteps:\n  - id: where\n    title: where\n    request: curl \"http://intruder.example/where\"\n    expect: {status: 200}\n");
    let names = |report: &events::RunReport| {
        let body = report.step("scenarios/attacks::where")["exchange"]["received"]["body"]
            .as_str()
            .unwrap()
            .to_owned();
        let found: serde_json::Value = serde_json::from_str(&body).unwrap();
        let names = found["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let without = names(&scene.run(&["--trace"]));
    assert!(
        without.contains(&"MY_SECRET".to_owned()) && !without.contains(&"GITHUB_TOKEN".to_owned()),
        "{without:?}"
    );
    let file = "format: 1\ntitle: intruder\ncommand: python3 intruder.py\npass: [GITHUB_TOKEN]\n";
    scene.sandbox.write("target.yaml", &format!("{file}directory: implementation\n"));
    let report =
        events::run(&scene.sandbox, &["run", "--suite", "../suite", "--trace", "--target", "../target.yaml"]);
    assert!(names(&report).contains(&"GITHUB_TOKEN".to_owned()));
}

/// The property: whatever a program does in its folder, and with the links in it, the original stays as it is.
#[test]
fn the_folder_of_the_implementation_is_never_written_to() {
    let with = mechanisms();
    for mechanism in with.iter().copied().chain(["none"]) {
        let mut scene = Scene::new();
        let folder = scene.sandbox.path("implementation");
        for name in ["node_modules/a/b", ".venv/bin", "vendor", "web"] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("file"), "original").unwrap();
        }
        File::create(folder.join("users.csv")).unwrap().set_len(9 << 20).unwrap();
        File::create(folder.join("model.bin")).unwrap().set_len((64 << 20) + 1).unwrap();
        fs::set_permissions(folder.join("web/file"), fs::Permissions::from_mode(0o444)).unwrap();
        symlink("web/file", folder.join("link")).unwrap();
        symlink(folder.join("web"), folder.join("absolute")).unwrap();
        symlink("../implementation/web", folder.join("round")).unwrap();
        symlink("..", folder.join("parent")).unwrap();
        symlink(folder.join("created"), folder.join("dangling")).unwrap();
        symlink("../../web/file", folder.join("node_modules/a/out")).unwrap();
        scene.configure("implementation", mechanism, None);
        scene.attacks(&[("vandalise-own", "text: done"), ("none", "text: ready")]);
        let before = fingerprint(&scene.sandbox.path(""));
        let isolate = format!("--isolate={mechanism}");
        let isolate = if mechanism == "none" { "--no-isolate" } else { &isolate };
        let report = scene.run(&[isolate]);
        assert_eq!(report.finished.code, Some(0), "{mechanism}: {:?}", report.finished);
        scene.assert_untouched(&before);
    }
}

#[test]
fn a_detached_process_ends_with_the_run() {
    for mechanism in mechanisms().into_iter().chain(["none"]) {
        let scene = Scene::new();
        scene.configure("implementation", mechanism, None);
        scene.attacks(&[("detach", "text: done"), ("none", "text: ready")]);
        let isolate = format!("--isolate={mechanism}");
        let report = scene.run(&[if mechanism == "none" { "--no-isolate" } else { &isolate }]);
        assert_eq!(report.finished.code, Some(0), "{mechanism}: {:?}", report.finished);
        assert_eq!(scene.detached(), Vec::<PathBuf>::new(), "{mechanism}");
    }
}

#[test]
fn isolated_programs_end_if_the_runner_is_killed() {
    for mechanism in mechanisms() {
        let scene = Scene::new();
        scene.configure("implementation", mechanism, Some("detach"));
        scene.attacks(&[("spin", "text: never")]);
        let isolate = format!("--isolate={mechanism}");
        let run =
            ["run", "--suite", "../suite", &isolate, "--timeout", "10m", "--", "python3", "intruder.py"];
        let mut run = scene.sandbox.start(&run);
        let await_that = |holds: &dyn Fn() -> bool| {
            let limit = Instant::now() + Duration::from_mins(1);
            while !holds() {
                assert!(Instant::now() < limit, "{mechanism}: {:?}", scene.detached());
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        await_that(&|| !scene.detached().is_empty());
        run.signal(Signal::KILL);
        run.wait();
        await_that(&|| scene.detached().is_empty());
    }
}

#[test]
fn a_limit_that_stops_a_program_is_named() {
    let attacks = [
        ("fork-bomb", "processes=60", "was stopped at 60 processes and threads (--limit processes)"),
        ("memory", "memory=96MiB", "was stopped at 96 MiB of memory (--limit memory)"),
        ("spin", "cpu=1s", "was stopped at 1 s of processor time (--limit cpu)"),
    ];
    for mechanism in mechanisms() {
        for (attack, limit, expected) in attacks {
            let scene = Scene::new();
            scene.configure("implementation", mechanism, Some(attack));
            scene.attacks(&[("none", "text: ready")]);
            let report = scene.run(&[&format!("--isolate={mechanism}"), "--limit", limit]);
            assert_eq!(report.finished.code, Some(3), "{mechanism} {attack}: {:?}", report.finished);
            assert!(report.finished.stdout.contains(expected), "{mechanism}: {}", report.finished.stdout);
        }
    }
}

#[test]
fn a_limit_that_only_causes_errors_is_noted() {
    let attacks = [
        (
            "big-file",
            "file-size=1MiB",
            "text: errno 27",
            "reached its limit of a file of 1 MiB (--limit file-size)",
        ),
        ("many-files", "files=50", "text: errno 24", "reached its limit of 50 open files (--limit files)"),
    ];
    for mechanism in mechanisms() {
        for (attack, limit, body, expected) in attacks {
            let scene = Scene::new();
            scene.configure("implementation", mechanism, None);
            scene.attacks(&[(attack, body)]);
            let report = scene.run(&[&format!("--isolate={mechanism}"), "--limit", limit]);
            assert_eq!(report.finished.code, Some(0), "{mechanism} {attack}: {:?}", report.finished);
            let notes = report.footer["notes"].to_string();
            assert!(notes.contains(expected), "{mechanism}: {notes}");
        }
    }
}

/// Implementations that kill whatever they can: every other row is judged, and the table shows what was observed.
#[test]
fn one_implementation_does_not_change_the_result_of_another() {
    for mechanism in mechanisms() {
        let mut scene = Scene::new();
        let kill_all = (mechanism == "bubblewrap").then_some("kill-all");
        let starts =
            [("1-honest", None), ("2-parent", Some("kill-parent")), ("3-all", kill_all), ("4-honest", None)];
        let handed = scene.sandbox.path("handed");
        fs::create_dir(&handed).unwrap();
        for (name, start) in starts {
            fs::create_dir(handed.join(name)).unwrap();
            fs::copy(data("targets/intruder.py"), handed.join(name).join("intruder.py")).unwrap();
            scene.configure(&format!("handed/{name}"), mechanism, start);
        }
        scene.attacks(&[("write", "text: done"), ("read", "text: blocked")]);
        let before = fingerprint(&scene.sandbox.path(""));
        let isolate = format!("--isolate={mechanism}");
        let each = ["run", "--suite", "../suite", "--each", "../handed", "--keep", "../kept", &isolate, "--"];
        let finished = scene.sandbox.run(&[&each[..], &["python3", "intruder.py"]].concat());
        for honest in ["1-honest", "4-honest"] {
            let report = scene.sandbox.read(&format!("kept/{honest}.jsonl"));
            assert!(report.lines().last().unwrap().contains("\"pass\":2"), "{finished:?} {report}");
            assert!(report.lines().next().unwrap().contains(&format!("\"isolation\":\"{mechanism}\"")));
        }
        assert!(finished.stdout.contains("4-honest"), "{finished:?}");
        scene.assert_untouched(&before);
    }
}

#[test]
fn each_isolates_by_default() {
    let Some(first) = mechanisms().first().copied() else { return };
    let scene = Scene::new();
    let handed = scene.sandbox.path("handed/a");
    fs::create_dir_all(&handed).unwrap();
    fs::copy(data("targets/intruder.py"), handed.join("intruder.py")).unwrap();
    scene.configure("handed/a", first, None);
    scene.attacks(&[("none", "text: ready")]);
    let isolation = |arguments: &[&str]| {
        let each = ["run", "--suite", "../suite", "--each", "../handed", "--keep", "../kept", "--force"];
        let finished = scene.sandbox.run(&[&each[..], arguments, &["--", "python3", "intruder.py"]].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let report = scene.sandbox.read("kept/a.jsonl");
        let header: serde_json::Value = serde_json::from_str(report.lines().next().unwrap()).unwrap();
        header["isolation"].as_str().map(str::to_owned)
    };
    assert_eq!(isolation(&[]).as_deref(), Some(first));
    assert_eq!(isolation(&["--no-isolate"]), None);
    let file = "format: 1\ntitle: it\ncommand: python3 intruder.py\nisolate: false\n";
    scene.sandbox.write("target.yaml", file);
    let each = [
        "run",
        "--suite",
        "../suite",
        "--each",
        "../handed",
        "--keep",
        "../kept",
        "--target",
        "../target.yaml",
    ];
    scene.sandbox.run(&each);
    assert!(!scene.sandbox.read("kept/a.jsonl").lines().next().unwrap().contains("isolation"));
}

/// The Python of a virtual environment is a link to an installation that need not be in PATH.
#[test]
fn isolated_programs_use_a_virtual_environment_on_path_or_by_its_path() {
    let sandbox = Sandbox::odd();
    let environment = sandbox.path("environment");
    // The real program: `python3` in PATH can be a script of a version manager.
    let code = "import sys; print(getattr(sys, '_base_executable', sys.executable))";
    let python = Command::new("python3").args(["-c", code]).output().unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    let made =
        Command::new(python.trim()).args(["-m", "venv", "--without-pip"]).arg(&environment).status().unwrap();
    assert!(made.success());
    let libraries = fs::read_dir(environment.join("lib")).unwrap().next().unwrap().unwrap().path();
    fs::write(libraries.join("site-packages/only_here.py"), "").unwrap();
    let server = sandbox.read("implementation/odd.py");
    sandbox.write(
        "implementation/odd.py",
        &server.replacen("import http.server", "import http.server, only_here", 1),
    );
    let bin = environment.join("bin").display().to_string();
    let sandbox = sandbox.with("PATH", format!("{bin}:/usr/bin:/bin"));
    for mechanism in mechanisms() {
        for program in ["python3", &format!("{bin}/python3")] {
            let isolate = format!("--isolate={mechanism}");
            let finished = sandbox.run(&["run", "--suite", "../suite", &isolate, "--", program, "odd.py"]);
            assert_eq!(finished.code, Some(0), "{mechanism} {program}: {finished:?}");
        }
    }
}

#[test]
fn isolation_that_is_not_available_is_an_error() {
    let scene = Scene::new();
    let bin = scene.sandbox.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("bwrap"), "#!/bin/sh\necho 'bwrap: no permission' >&2\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("bwrap"), fs::Permissions::from_mode(0o755)).unwrap();
    scene.configure("implementation", "none", None);
    scene.attacks(&[("none", "text: ready")]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = scene.sandbox.command(&[
        "run",
        "--suite",
        "../suite",
        "--isolate=bubblewrap",
        "--",
        "python3",
        "x.py",
    ]);
    let output = command.env("PATH", path).stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("bubblewrap does not work (bwrap: no permission)"), "{message}");
    assert!(message.contains("--no-isolate"), "{message}");
}

/// As root, the main test runs again as an unprivileged user.
#[test]
fn an_unprivileged_user_can_isolate_programs() {
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/python3").exists() {
        return;
    }
    for mechanism in mechanisms() {
        let mut scene = Scene::new();
        scene.configure("implementation", mechanism, None);
        scene.attacks(&ATTACKS);
        let root = scene.sandbox.path("");
        let program = root.join("conformance");
        // Copied by another process: a fork of this one could hold the copy open for writing.
        let copied =
            Command::new("cp").arg(env!("CARGO_BIN_EXE_conformance")).arg(&program).status().unwrap();
        assert!(copied.success());
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(&root).status().unwrap();
        assert!(owned.success());
        let before = fingerprint(&root);
        let output = Command::new(&program)
            .args([
                "run",
                "--suite",
                "../suite",
                &format!("--isolate={mechanism}"),
                "--",
                "python3",
                "intruder.py",
            ])
            .current_dir(root.join("implementation"))
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("GITHUB_TOKEN", SECRET)])
            .env("TMPDIR", root.join("temporary"))
            .uid(65534)
            .gid(65534)
            .output()
            .unwrap();
        let printed =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{mechanism}: {printed}");
        scene.assert_untouched(&before);
        scene.sandbox.assert_no_temporary_file();
    }
}

#[test]
fn deadline_ends_the_run_and_reports_are_written() {
    let scene = Scene::new();
    scene.configure("implementation", "none", None);
    scene.attacks(&[("none", "text: ready"), ("dawdle", "text: done"), ("where", "text: never")]);
    let report = scene.run(&["--deadline", "2s"]);
    assert_eq!(report.finished.code, Some(3), "{:?}", report.finished);
    let last = report.step("scenarios/attacks::where");
    assert_eq!(last["verdict"], "inconclusive", "{last}");
    let reason = last["reason"].as_str().unwrap();
    assert!(reason.contains("the deadline of 2s for the run had passed (--deadline)"), "{reason}");
}

#[test]
fn deadline_of_one_target_leaves_time_for_the_next() {
    let scene = Scene::new();
    for (name, start) in [("a", Some("spin")), ("b", None)] {
        fs::create_dir_all(scene.sandbox.path("handed").join(name)).unwrap();
        fs::copy(data("targets/intruder.py"), scene.sandbox.path("handed").join(name).join("intruder.py"))
            .unwrap();
        scene.configure(&format!("handed/{name}"), "none", start);
    }
    scene.attacks(&[("none", "text: ready")]);
    let each = ["run", "--suite", "../suite", "--each", "../handed", "--keep", "../kept", "--no-isolate"];
    let finished = scene
        .sandbox
        .run(&[&each[..], &["--target-deadline", "10s", "--", "python3", "intruder.py"]].concat());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(
        finished.stdout.contains("the deadline of 10s for this target had passed (--target-deadline)"),
        "{finished:?}"
    );
    assert!(
        scene.sandbox.read("kept/b.jsonl").lines().last().unwrap().contains("\"pass\":1"),
        "{finished:?}"
    );
}

#[test]
fn teardown_runs_after_a_failed_restart() {
    let scene = Scene::new();
    let log = scene.sandbox.path("log");
    scene.configure("implementation", "none", None);
    // The second start fails, because the program has removed its settings.
    let teardown = format!("sh -c 'test -f intruder.py && echo torn down >> {}'", log.display());
    let file = format!("format: 1\ntitle: it\ncommand: python3 intruder.py\nteardown: {teardown:?}\n");
    scene.sandbox.write("implementation/target.yaml", &file);
    scene.sandbox.write("suite/scenarios/attacks.yaml", "format: 1\ntitle: Restart\nprofile: intruder\nisolated: true\nsteps:\n  - id: break\n    title: break\n    request: curl \"http://intruder.example/forget\"\n    expect: {status: 200}\n  - id: restart\n    title: restart\n    target: restart\n    request: curl \"http://intruder.example/\"\n    expect: {status: 200}\n");
    let finished: Finished = scene.sandbox.run(&["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_ne!(finished.code, Some(0), "{finished:?}");
    assert_eq!(scene.sandbox.read("log"), "torn down\n", "{finished:?}");
}

#[test]
fn teardown_runs_after_an_interrupt() {
    let scene = Scene::new();
    scene.configure("implementation", "none", None);
    scene.attacks(&[("spin", "text: never")]);
    let log = scene.sandbox.path("log");
    let note = |word: &str| format!("sh -c 'echo {word} >> {}'", log.display());
    let (setup, teardown) = (note("up"), note("down"));
    let file = format!(
        "format: 1\ntitle: it\ncommand: python3 intruder.py\nsetup: {setup:?}\nteardown: {teardown:?}\n"
    );
    scene.sandbox.write("implementation/target.yaml", &file);
    for signal in [Signal::INT, Signal::TERM] {
        fs::write(&log, "").unwrap();
        let run = scene.sandbox.start(&[
            "run",
            "--suite",
            "../suite",
            "--timeout",
            "10m",
            "--target",
            "target.yaml",
        ]);
        let limit = Instant::now() + Duration::from_mins(1);
        while scene.sandbox.read("log").is_empty() {
            assert!(Instant::now() < limit, "setup did not run");
            std::thread::sleep(Duration::from_millis(10));
        }
        run.signal(signal);
        let finished = run.finish();
        assert_eq!(scene.sandbox.read("log"), "up\ndown\n", "{finished:?}");
    }
}

/// Build, setup and teardown are isolated like the command itself, and `expose` shows what they need.
#[test]
fn all_commands_of_a_target_file_are_isolated() {
    for mechanism in mechanisms() {
        let mut scene = Scene::new();
        fs::create_dir(scene.sandbox.path("dataset")).unwrap();
        scene.sandbox.write("dataset/data", "data");
        scene.configure("implementation", mechanism, None);
        let outside = scene.sandbox.path("victim").join("new");
        let script = |name: &str| {
            let secret = scene.sandbox.path("victim/report.jsonl");
            let (data, outside) = (scene.sandbox.path("dataset/data"), outside.display());
            let text = format!(
                "touch {outside} 2>/dev/null; cat {} 2>/dev/null >{name}; cat {} >>{name}; test \"$HOME\" = \"$(pwd)\"",
                secret.display(),
                data.display()
            );
            format!("sh -c '{text}'")
        };
        let (build, setup, teardown) = (script("built"), script("prepared"), script("ended"));
        let file = format!(
            "format: 1\ntitle: it\ndirectory: implementation\nisolate: true\nexpose: [dataset]\nbuild: {build:?}\n\
             setup: {setup:?}\nteardown: {teardown:?}\ncommand: python3 intruder.py\n"
        );
        scene.sandbox.write("target.yaml", &file);
        scene.attacks(&[("made", "text: 'built data, prepared data'")]);
        let before = fingerprint(&scene.sandbox.path(""));
        let isolate = format!("--isolate={mechanism}");
        let run = ["run", "--suite", "../suite", "--target", "../target.yaml", &isolate];
        let report = events::run(&scene.sandbox, &run);
        assert_eq!(report.finished.code, Some(0), "{mechanism}: {:?}", report.finished);
        scene.assert_untouched(&before);
    }
}

#[test]
fn a_build_without_network_says_so() {
    let Some(first) = mechanisms().first().copied() else { return };
    let scene = Scene::new();
    scene.configure("implementation", first, None);
    scene.attacks(&[("none", "text: ready")]);
    let port = scene.tcp.local_addr().unwrap().port();
    let build = format!("python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 1)\"");
    let file = format!(
        "format: 1\ntitle: it\ndirectory: implementation\nbuild: {build:?}\ncommand: python3 intruder.py\n"
    );
    scene.sandbox.write("target.yaml", &file);
    let finished =
        scene.sandbox.run(&["run", "--suite", "../suite", "--target", "../target.yaml", "--isolate"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stdout.contains("(it was isolated: without network"), "{}", finished.stdout);
}

#[test]
fn reports_of_similar_names_are_different_files() {
    let scene = Scene::new();
    for (name, start) in [("x/y_z", None), ("x_y/z", Some("forget"))] {
        let folder = scene.sandbox.path("handed").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(data("targets/intruder.py"), folder.join("intruder.py")).unwrap();
        scene.configure(&format!("handed/{name}"), "none", start);
    }
    scene.attacks(&[("forget", "text: done")]);
    let each = ["run", "--suite", "../suite", "--each", "../handed/*/*", "--keep", "../kept", "--no-isolate"];
    let finished = scene.sandbox.run(&[&each[..], &["--", "python3", "intruder.py"]].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(scene.sandbox.read("kept/x_y_z.jsonl").contains("\"target\":\"x/y_z\""));
    assert!(scene.sandbox.read("kept/x_y_z-2.jsonl").contains("\"target\":\"x_y/z\""));
}

/// A program that is not isolated rewrites the report of another one; the files and the table show what was observed.
#[test]
fn a_later_target_does_not_change_an_earlier_report() {
    let scene = Scene::new();
    for (name, start) in [("1-honest", None), ("2-evil", Some("rewrite"))] {
        let folder = scene.sandbox.path("handed").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(data("targets/intruder.py"), folder.join("intruder.py")).unwrap();
        scene.configure(&format!("handed/{name}"), "none", start);
    }
    scene.attacks(&[("none", "text: ready")]);
    let each = ["run", "--suite", "../suite", "--each", "../handed", "--keep", "../kept", "--no-isolate"];
    let finished = scene.sandbox.run(&[&each[..], &["--", "python3", "intruder.py"]].concat());
    let report = scene.sandbox.read("kept/1-honest.jsonl");
    assert!(report.lines().last().unwrap().contains("\"pass\":1"), "{finished:?} {report}");
}
