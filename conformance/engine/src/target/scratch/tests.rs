//! Tests with real folders and programs.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Copies, Dependencies, Scratch, ScratchError};

#[test]
fn mirrors_permissions() {
    let original = implementation();
    let scratch = mirror(original.path());
    assert_eq!(read(scratch.path(), "web/one/app.py"), "print('app')\n");
    assert_eq!(mode(&scratch.path().join("run.sh")), 0o755);
    assert_eq!(mode(&scratch.path().join("web/one/app.py")), 0o644);
    assert_eq!(mode(scratch.path()), 0o700);
    assert!(scratch.path().join("web/one").symlink_metadata().is_ok_and(|kind| kind.is_dir()));
    assert!(!scratch.path().join("web/one/app.py").is_symlink());
    let name =
        scratch.path().parent().and_then(Path::file_name).and_then(|name| name.to_str()).expect("a name");
    assert!(name.starts_with("conformance-"), "{name}");
    assert_eq!(scratch.skipped(), []);
}

#[test]
fn original_is_unchanged_after_the_target_wrote_everywhere() {
    let original = implementation();
    symlink("web/one/app.py", original.path().join("inside")).expect("a link");
    symlink(original.path().join("run.sh"), original.path().join("absolute")).expect("a link");
    symlink(original.path().join("created"), original.path().join("dangling")).expect("a link");
    let round = Path::new("..").join(original.path().file_name().expect("a name")).join("run.sh");
    symlink(round, original.path().join("round")).expect("a link");
    let before = fingerprint(original.path());
    let scratch = mirror(original.path());
    let script = "find . -type d -exec touch '{}/new' ';'; for f in $(find . -type f) inside absolute dangling round; do \
                  echo changed >>$f; chmod 600 $f; done; rm -rf web; mkdir -p __pycache__; mv run.sh gone";
    let status = Command::new("sh").args(["-c", script]).current_dir(scratch.path()).status().expect("sh");
    assert!(status.success());
    assert_eq!(fingerprint(original.path()), before);
    drop(scratch);
    assert_eq!(fingerprint(original.path()), before);
}

#[test]
fn version_control_and_caches_are_not_mirrored() {
    let original = implementation();
    for folder in [".git/objects", ".hg", ".svn", "web/__pycache__", ".pytest_cache", ".mypy_cache"] {
        fs::create_dir_all(original.path().join(folder)).expect("a folder");
        fs::write(original.path().join(folder).join("x"), "x").expect("a file");
    }
    let scratch = mirror(original.path());
    assert_eq!(names(scratch.path()), ["run.sh", "web"]);
    assert_eq!(names(&scratch.path().join("web")), ["one"]);
}

#[test]
fn dependency_folders_are_links_to_one_copy_for_all_starts() {
    let original = implementation();
    let shared = ["node_modules", ".venv", "venv", "env", "target", "vendor", "front/node_modules"];
    for folder in shared.into_iter().chain(["front/target", "front/env"]) {
        fs::create_dir_all(original.path().join(folder).join("inside")).expect("a folder");
        fs::write(original.path().join(folder).join("inside/file"), "x").expect("a file");
    }
    fs::write(original.path().join("env/pyvenv.cfg"), "").expect("a file");
    fs::write(original.path().join("target/CACHEDIR.TAG"), "").expect("a file");
    let before = fingerprint(original.path());
    let copies = Copies::default();
    let mirrored =
        || Scratch::mirror(original.path(), &[], &Dependencies::Copied(&copies)).expect("a mirror");
    let (first, second) = (mirrored(), mirrored());
    let copy = copies.paths().pop().expect("a copy");
    for folder in shared {
        for scratch in [&first, &second] {
            assert_eq!(fs::read_link(scratch.path().join(folder)).ok(), Some(copy.join(folder)), "{folder}");
        }
        assert_eq!(read(first.path(), &format!("{folder}/inside/file")), "x");
        fs::write(first.path().join(folder).join("inside/file"), "changed").expect("a file");
    }
    for folder in ["front/target", "front/env"] {
        assert!(!first.path().join(folder).is_symlink(), "{folder} is an ordinary folder");
    }
    assert_eq!(copies.paths().len(), 1);
    assert_eq!(fingerprint(original.path()), before, "only the copy was changed");
    drop(copies);
    assert!(!copy.exists());
}

#[test]
fn scripts_of_a_python_environment_run_the_interpreter_of_the_copy() {
    let original = implementation();
    let bin = original.path().join(".venv/bin");
    fs::create_dir_all(&bin).expect("a folder");
    let root = original.path().canonicalize().expect("a path");
    fs::write(bin.join("flask"), format!("#!{}/.venv/bin/python3\n", root.display())).expect("a file");
    let copies = Copies::default();
    let scratch = Scratch::mirror(original.path(), &[], &Dependencies::Copied(&copies)).expect("a mirror");
    let copy = copies.paths().pop().expect("a copy");
    let expected = format!("#!{}/.venv/bin/python3\n", copy.display());
    assert_eq!(read(scratch.path(), ".venv/bin/flask"), expected);
}

#[test]
fn a_copy_of_a_rust_build_folder_has_only_programs() {
    let original = implementation();
    for folder in ["target/debug/deps", "target/x86_64-unknown-linux-gnu/release/build", "build"] {
        fs::create_dir_all(original.path().join(folder)).expect("a folder");
        fs::write(original.path().join(folder).join("../server"), "x").expect("a file");
    }
    fs::write(original.path().join("target/CACHEDIR.TAG"), "").expect("a file");
    let copies = Copies::default();
    let scratch = Scratch::mirror(original.path(), &[], &Dependencies::Copied(&copies)).expect("a mirror");
    assert_eq!(names(&scratch.path().join("target/debug")), ["server"]);
    assert_eq!(names(&scratch.path().join("target/x86_64-unknown-linux-gnu/release")), ["server"]);
    assert!(scratch.path().join("build").is_dir());
}

#[test]
fn large_files_are_shared_unless_servers_write_to_them() {
    let original = implementation();
    for name in ["model.bin", "data.sqlite", "exact.bin"] {
        let length = 64 * 1024 * 1024 + u64::from(name != "exact.bin");
        let file = File::create(original.path().join(name)).expect("a file");
        file.set_len(length).expect("a length");
    }
    let copies = Copies::default();
    let scratch = Scratch::mirror(original.path(), &[], &Dependencies::Copied(&copies)).expect("a mirror");
    // A clone needs no link.
    let linked = fs::read_link(scratch.path().join("model.bin"));
    assert!(linked.is_err() || linked.is_ok_and(|to| to == copies.paths()[0].join("model.bin")));
    assert!(!scratch.path().join("data.sqlite").is_symlink());
    assert!(!scratch.path().join("exact.bin").is_symlink());
}

#[test]
fn a_link_to_a_folder_around_the_original_is_left_out() {
    let original = implementation();
    symlink("..", original.path().join("around")).expect("a link");
    symlink("/", original.path().join("root")).expect("a link");
    let scratch = mirror(original.path());
    let mut skipped: Vec<String> = scratch.skipped().iter().map(ToString::to_string).collect();
    skipped.sort();
    let reason = "is a link to a folder that contains the implementation";
    assert_eq!(skipped, [format!("around {reason}"), format!("root {reason}")]);
}

#[test]
fn symlinks_inside_point_into_the_mirror() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    fs::write(elsewhere.path().join("far"), "far").expect("a file");
    let original = TempDir::new_in(elsewhere.path()).expect("a directory");
    let root = original.path().canonicalize().expect("a path");
    fs::create_dir(root.join("deep")).expect("a folder");
    fs::write(root.join("near"), "near").expect("a file");
    symlink("../near", root.join("deep/inside")).expect("a link");
    symlink("../../far", root.join("deep/outside")).expect("a link");
    symlink(root.join("near"), root.join("absolute")).expect("a link");
    symlink("/dev/null", root.join("null")).expect("a link");
    let scratch = mirror(&root);
    let led = |name: &str| fs::read_link(scratch.path().join(name)).expect("a link");
    assert_eq!(led("deep/inside"), Path::new("../near"));
    assert_eq!(led("deep/outside"), root.join("deep/../../far"));
    assert_eq!(led("absolute"), scratch.path().join("near"));
    assert_eq!(led("null"), Path::new("/dev/null"));
    assert_eq!(read(scratch.path(), "deep/outside"), "far");
}

#[test]
fn excluded_entries_are_not_mirrored() {
    let original = implementation();
    for name in [".db_Thing.json", ".db_Other.json", "web/.db_Thing.json", "web/one/own.log"] {
        fs::write(original.path().join(name), "own data").expect("a file");
    }
    let leave_out = [".db_*.json".to_owned(), "**/*.log".to_owned()];
    let scratch = Scratch::mirror(original.path(), &leave_out, &Dependencies::LeaveOut).expect("a mirror");
    assert_eq!(names(scratch.path()), ["run.sh", "web"]);
    assert_eq!(names(&scratch.path().join("web")), [".db_Thing.json", "one"]);
    assert_eq!(names(&scratch.path().join("web/one")), ["app.py"]);
}

#[test]
fn excluded_entries_are_not_read() {
    let original = implementation();
    let path = original.path().join(".db_Thing.json");
    fs::write(&path, "own data").expect("a file");
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let times = fs::FileTimes::new().set_accessed(long_ago);
    File::options().write(true).open(&path).and_then(|file| file.set_times(times)).expect("a time");
    Scratch::mirror(original.path(), &[".db_*".to_owned()], &Dependencies::LeaveOut).expect("a mirror");
    assert_eq!(fs::metadata(&path).and_then(|file| file.accessed()).expect("a time"), long_ago);
}

#[test]
fn rejects_invalid_glob() {
    let error =
        Scratch::mirror(Path::new("/"), &["a[".to_owned()], &Dependencies::LeaveOut).expect_err("no glob");
    assert_eq!(error.to_string(), "`a[` is not a pattern of file names");
}

#[test]
fn skips_sockets_and_fifos() {
    let original = implementation();
    let _socket = UnixListener::bind(original.path().join("web/socket")).expect("a socket");
    let made = Command::new("mkfifo").arg(original.path().join("fifo")).status().expect("mkfifo");
    assert!(made.success());
    let scratch = mirror(original.path());
    let mut skipped: Vec<String> = scratch.skipped().iter().map(ToString::to_string).collect();
    skipped.sort();
    assert_eq!(skipped, ["fifo is a fifo", "web/socket is a socket"]);
    assert_eq!(names(scratch.path()), ["run.sh", "web"]);
}

#[test]
fn rejects_too_many_files() {
    let original = tempfile::tempdir().expect("a directory");
    for number in 0..=20_000 {
        File::create(original.path().join(number.to_string())).expect("a file");
    }
    let error =
        Scratch::mirror(original.path(), &[], &Dependencies::LeaveOut).expect_err("too much").to_string();
    assert!(error.contains("more than 20000 files"), "{error}");
    assert!(error.contains("start the runner in the implementation's own folder"), "{error}");
    assert!(error.contains("`directory:`"), "{error}");
}

#[test]
fn rejects_too_many_bytes_before_copying() {
    let original = tempfile::tempdir().expect("a directory");
    for number in 0..=64 {
        let file = File::create(original.path().join(number.to_string())).expect("a file");
        file.set_len(8 * 1024 * 1024).expect("a length");
    }
    let error =
        Scratch::mirror(original.path(), &[], &Dependencies::LeaveOut).expect_err("too much").to_string();
    assert!(error.contains("more than 512 MiB"), "{error}");
}

#[test]
fn rejects_original_that_is_not_a_folder() {
    let original = implementation();
    for path in [original.path().join("run.sh"), original.path().join("missing")] {
        let error = Scratch::mirror(&path, &[], &Dependencies::LeaveOut).expect_err("no folder");
        assert!(matches!(error, ScratchError::Unreadable { .. }), "{error}");
    }
}

#[test]
fn writes_into_new_folders_and_over_read_only_files() {
    let scratch = Scratch::empty().expect("a directory");
    assert_eq!(names(scratch.path()), [""; 0]);
    scratch.write("a/b/c.json", b"{}").expect("it is written");
    assert_eq!(read(scratch.path(), "a/b/c.json"), "{}");
    fs::set_permissions(scratch.path().join("a/b/c.json"), Permissions::from_mode(0o444))
        .expect("permissions");
    scratch.write("./a/b/c.json", b"[]").expect("it is written again");
    assert_eq!(read(scratch.path(), "a/b/c.json"), "[]");
}

#[test]
fn rejects_paths_outside_the_directory() {
    let original = implementation();
    fs::create_dir(original.path().join("vendor")).expect("a folder");
    symlink("/dev/null", original.path().join("null")).expect("a link");
    let copies = Copies::default();
    let scratch = Scratch::mirror(original.path(), &[], &Dependencies::Copied(&copies)).expect("a mirror");
    for relative in ["/tmp/x", "../x", "web/../../x", "", ".", "web/", "vendor/x"] {
        let error = scratch.write(relative, b"x").expect_err(relative);
        assert!(matches!(error, ScratchError::Outside { .. }), "{error}");
    }
    assert_eq!(names(&original.path().join("vendor")), [""; 0]);
    scratch.write("null", b"x").expect("the link is replaced");
    assert_eq!(read(scratch.path(), "null"), "x");
}

#[test]
fn mirror_of_read_only_original_is_writable() {
    let original = implementation();
    fs::set_permissions(original.path().join("web"), Permissions::from_mode(0o555)).expect("permissions");
    fs::set_permissions(original.path(), Permissions::from_mode(0o555)).expect("permissions");
    let scratch = mirror(original.path());
    assert_eq!(mode(scratch.path()), 0o700);
    assert_eq!(mode(&scratch.path().join("web")), 0o755);
}

/// As root nothing is read-only, so root runs this test again as an unprivileged user.
#[test]
fn removes_read_only_contents() {
    let name = format!("{}::removes_read_only_contents", module_path!());
    let original = implementation();
    if as_stranger(&name) {
        return;
    }
    let scratch = mirror(original.path());
    let path = scratch.path().to_owned();
    let script = "mkdir -p locked/deep && touch locked/deep/file && chmod 000 locked/deep/file locked/deep && \
                  chmod 555 locked web && ln -s /etc/passwd web-link && chmod 500 .";
    let status = Command::new("sh").args(["-c", script]).current_dir(&path).status().expect("sh");
    assert!(status.success());
    drop(scratch);
    assert!(path.symlink_metadata().is_err(), "{} is left", path.display());
}

/// As root nothing is read-only, so root runs this test again as an unprivileged user.
#[test]
fn removes_folders_of_any_depth_and_name() {
    let name = format!("{}::removes_folders_of_any_depth_and_name", module_path!());
    let original = implementation();
    if as_stranger(&name) {
        return;
    }
    let scratch = mirror(original.path());
    let path = scratch.path().to_owned();
    let script = r"
import os
os.makedirs(b'odd \xff\xfe\n-rf')
open(b'odd \xff\xfe\n-rf/-i \x01', 'w').close()
os.symlink('/', 'root')
os.mkfifo('fifo')
os.mkdir('.moved-1')
open('.moved-2', 'w').close()
for top in ('deep', 'wide'):
    os.mkdir(top)
    os.chdir(top)
    for level in range(10_000 if top == 'deep' else 3):
        for name in ('a', 'b') if top == 'wide' or level % 1000 == 0 else ('a',):
            os.mkdir(name)
            open(name + '-file', 'w').close()
            if name == 'b':
                open('b/inside', 'w').close()
                os.chmod('b', 0)
        os.chdir('a')
    os.chmod('.', 0o555)
    os.chdir(os.environ['START'])
";
    let status = Command::new("python3").args(["-c", script]).current_dir(&path).env("START", &path).status();
    assert!(status.expect("python3").success());
    drop(scratch);
    let outer = path.parent().expect("a folder");
    assert!(outer.symlink_metadata().is_err(), "{} is left", outer.display());
    assert!(Path::new("/etc").exists());
}

#[test]
fn removes_only_folders_of_killed_owners() {
    let key = "CONFORMANCE_TEST_LEFT";
    if let Some(report) = std::env::var_os(key) {
        let scratch = Scratch::empty().expect("a directory");
        fs::write(&report, scratch.path().to_str().expect("a path")).expect("a report");
        std::thread::sleep(Duration::from_mins(2));
    }
    let folder = tempfile::tempdir().expect("a directory");
    let temporary = folder.path().join("tmp");
    for kept in ["conformance-own", "conformance-of-a-user", "other"] {
        fs::create_dir_all(temporary.join(kept)).expect("a folder");
    }
    fs::write(temporary.join("conformance-of-a-user/lock"), "text").expect("a file");
    let name = format!("{}::removes_only_folders_of_killed_owners", module_path!());
    let start = |report: &Path| {
        let mut again = this_test(&std::env::current_exe().expect("a test binary"), &name);
        let mut child =
            again.env(key, report).env("TMPDIR", &temporary).spawn().expect("the test binary starts");
        let limit = Instant::now() + Duration::from_mins(1);
        while fs::read(report).is_ok_and(|text| text.is_empty()) || !report.exists() {
            assert!(Instant::now() < limit && child.try_wait().expect("its state").is_none());
            std::thread::sleep(Duration::from_millis(10));
        }
        (child, PathBuf::from(fs::read_to_string(report).expect("a report")))
    };
    let kill = |mut child: std::process::Child| {
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
    };
    let (first, left) = start(&folder.path().join("first"));
    kill(first);
    assert!(left.exists());
    let (second, used) = start(&folder.path().join("second"));
    let (third, _) = start(&folder.path().join("third"));
    assert!(!left.parent().expect("a folder").exists(), "its owner was killed");
    assert!(used.exists(), "its owner lives");
    kill(second);
    kill(third);
    assert!(
        temporary.join("conformance-own").exists() && temporary.join("conformance-of-a-user/lock").exists()
    );
}

/// As root everything is readable, so root runs this test again as an unprivileged user.
#[test]
fn skips_unreadable_entries() {
    let name = format!("{}::skips_unreadable_entries", module_path!());
    if as_stranger(&name) {
        return;
    }
    let original = implementation();
    fs::create_dir(original.path().join("closed")).expect("a folder");
    fs::write(original.path().join("secret"), "x").expect("a file");
    for name in ["closed", "secret"] {
        fs::set_permissions(original.path().join(name), Permissions::from_mode(0o000)).expect("permissions");
    }
    let scratch = mirror(original.path());
    let mut skipped: Vec<&Path> = scratch.skipped().iter().map(|skipped| &*skipped.path).collect();
    skipped.sort();
    assert_eq!(skipped, [Path::new("closed"), Path::new("secret")]);
    assert_eq!(read(scratch.path(), "web/one/app.py"), "print('app')\n");
}

#[test]
fn temporary_directory_inside_the_original_is_not_mirrored() {
    let key = "CONFORMANCE_TEST_TMPDIR_INSIDE";
    if let Some(root) = std::env::var_os(key) {
        let scratch = mirror(Path::new(&root));
        assert!(scratch.path().starts_with(&root), "TMPDIR is used");
        assert_eq!(names(&scratch.path().join("tmp")), [""; 0]);
        assert_eq!(read(scratch.path(), "web/one/app.py"), "print('app')\n");
        return;
    }
    let original = implementation();
    fs::create_dir(original.path().join("tmp")).expect("a folder");
    let name = format!("{}::temporary_directory_inside_the_original_is_not_mirrored", module_path!());
    let mut again = this_test(&std::env::current_exe().expect("a test binary"), &name);
    again.env(key, original.path()).env("TMPDIR", original.path().join("tmp"));
    assert!(again.status().expect("the test binary starts").success());
    assert_eq!(names(&original.path().join("tmp")), [""; 0]);
}

/// As root, runs the named test again as `nobody`. Returns whether it did.
fn as_stranger(name: &str) -> bool {
    let folder = tempfile::tempdir().expect("a directory");
    if fs::metadata(folder.path()).expect("a directory").uid() != 0 {
        return false;
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("permissions");
    let copy = folder.path().join("tests");
    // Copied by another process: a fork of this one could hold the copy open for writing, which would keep it from
    // being executed.
    let copied = Command::new("cp").arg(std::env::current_exe().expect("a test binary")).arg(&copy).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let mut again = this_test(&copy, name);
    again.uid(65534).gid(65534).current_dir(folder.path()).env("TMPDIR", folder.path());
    assert!(again.status().expect("the test binary starts").success());
    true
}

fn this_test(binary: &Path, name: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(["--exact", name.split_once("::").expect("a crate name").1]);
    command.stdout(std::process::Stdio::null());
    command
}

fn implementation() -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(folder.path().join("web/one")).expect("a folder");
    for (name, text, mode) in [("web/one/app.py", "print('app')\n", 0o644), ("run.sh", "#!/bin/sh\n", 0o755)]
    {
        fs::write(folder.path().join(name), text).expect("a file");
        fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode)).expect("permissions");
    }
    folder
}

fn mirror(original: &Path) -> Scratch {
    Scratch::mirror(original, &[], &Dependencies::LeaveOut).expect("a mirror")
}

fn read(root: &Path, relative: &str) -> String {
    fs::read_to_string(root.join(relative)).expect("a file")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("an entry").mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns each entry with its mode, times and contents or link target.
fn fingerprint(root: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("an entry");
            let content = if metadata.is_symlink() {
                fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).expect("a file")
            };
            found.insert(path, (metadata.mode(), metadata.mtime(), metadata.mtime_nsec(), content));
        }
    }
    found
}
