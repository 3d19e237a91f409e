//! Tests of write errors: what the server responds, and what is stored.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::curl::{JSON, Response, error};
use crate::process::{
    BOB, BOBSESSION, SESSION_AUTH, Server, command, folder, journal, server_program, users_file,
};

const NEW_USER: [&str; 4] = ["-H", JSON, "-d", r#"{"email": "eve@hbtn.io", "password": "pwd"}"#];

fn bob() -> String {
    format!("/api/v1/users/{}", BOB[0])
}

fn failed() -> (u16, String) {
    error(500, "Internal server error")
}

fn emails(server: &Server) -> Vec<String> {
    let users = server.curl("/api/v1/users", &[]).json();
    users.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that every kind of change fails with a 500 and has no effect.
fn assert_nothing_changes(ask: impl Fn(&str, &[&str]) -> Response) {
    let before = ask("/api/v1/users", &[]).json();
    assert_eq!(ask("/api/v1/users", &NEW_USER).error(), failed());
    assert_eq!(ask(&bob(), &["-X", "PUT", "-H", JSON, "-d", r#"{"first_name": "Bob"}"#]).error(), failed());
    assert_eq!(ask(&bob(), &["-X", "DELETE"]).error(), failed());
    assert_eq!(ask("/api/v1/users", &[]).json(), before);
}

#[test]
fn a_change_that_cannot_be_stored_is_500_and_has_no_effect() {
    let folder = folder(&[BOB, BOBSESSION]);
    let server = Server::start(folder.path(), SESSION_AUTH);
    let session_id = server.login().session_id();
    let ask = |path: &str, arguments: &[&str]| server.with_session(&session_id, path, arguments);
    // A directory in place of the journal; permissions would not stop a test that runs as root.
    fs::create_dir(journal(folder.path())).unwrap();
    assert_nothing_changes(ask);

    fs::remove_dir(journal(folder.path())).unwrap();
    assert_eq!(ask("/api/v1/users", &NEW_USER).status, 201);
    server.signal("TERM");
    let (_, _, stderr) = server.wait();
    assert!(
        stderr.starts_with("the journal /") && stderr.contains(".db_User.journal cannot be written: "),
        "{stderr}"
    );
}

#[test]
fn survives_write_errors_with_a_closed_stderr() {
    let folder = folder(&[BOB]);
    let mut server = Server::start(folder.path(), &[]);
    server.close_stderr();
    fs::create_dir(journal(folder.path())).unwrap();
    assert_eq!(server.curl(&bob(), &["-X", "DELETE"]).status, 500);
    fs::remove_dir(journal(folder.path())).unwrap();
    assert_eq!(server.curl(&bob(), &["-X", "DELETE"]).status, 200);
}

#[test]
fn recovers_from_a_full_disk() {
    let folder = folder(&[BOB]);
    // A limit on the size of files interrupts a write in the middle, as a full disk does.
    let limited = r#"trap "" XFSZ; ulimit -S -f 16; exec "$0""#;
    let mut command = command(Path::new("/bin/sh"), folder.path(), &[]);
    command.arg("-c").arg(limited).arg(server_program());
    let server = Server::start_command(command);
    let long =
        format!(r#"{{"email": "eve@hbtn.io", "password": "pwd", "last_name": "{}"}}"#, "x".repeat(1500));
    let mut known = vec![BOB[2].to_owned()];
    let refused = loop {
        let response = server.curl("/api/v1/users", &["-H", JSON, "-d", &long]);
        match response.status {
            201 => known.push("eve@hbtn.io".to_owned()),
            _ => break response,
        }
    };
    assert_eq!(refused.error(), failed());
    assert!(known.len() > 2);
    assert_eq!(server.curl("/api/v1/users", &["-H", JSON, "-d", &long]).error(), failed());
    assert_eq!(emails(&server), known);

    let id = server.id().to_string();
    let healed =
        Command::new("prlimit").args(["--fsize=unlimited:unlimited", "--pid", &id]).status().unwrap();
    assert!(healed.success());
    assert_eq!(server.curl("/api/v1/users", &["-H", JSON, "-d", &long]).status, 201);
    known.push("eve@hbtn.io".to_owned());
    server.kill();
    assert_eq!(emails(&Server::start(folder.path(), &[])), known);
}

/// `fdatasync` fails while the file FAIL exists. Calls are noted in the file CALLS.
#[cfg(target_os = "linux")]
const FAILING_SYNC: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void note(const char *call) {
    FILE *calls = fopen(getenv("CALLS"), "a");
    fprintf(calls, "%s\n", call);
    fclose(calls);
}
int fdatasync(int fd) {
    if (unlink(getenv("FAIL")) == 0) {
        note("sync failed");
        errno = EIO;
        return -1;
    }
    note("sync");
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
int ftruncate64(int fd, off64_t length) {
    note("cut");
    return ((int (*)(int, off64_t)) dlsym(RTLD_NEXT, "ftruncate64"))(fd, length);
}
"#;

/// A change whose sync failed may be on the disk. It is cut off, and the cut is synced before the response.
#[cfg(target_os = "linux")]
#[test]
fn a_change_whose_sync_failed_is_removed_and_the_removal_is_synced() {
    let (folder, library) = (folder(&[BOB]), tempfile::tempdir().unwrap());
    let path = |name: &str| library.path().join(name).display().to_string();
    let (source, shared, fail, calls) = (path("sync.c"), path("sync.so"), path("fail"), path("calls"));
    fs::write(&source, FAILING_SYNC).unwrap();
    // The compiler that links Rust programs.
    let built = Command::new("cc").args(["-shared", "-fPIC", "-w", "-o", &shared, &source, "-ldl"]).status();
    assert!(built.unwrap().success());
    let server = Server::start(folder.path(), &[("LD_PRELOAD", &shared), ("FAIL", &fail), ("CALLS", &calls)]);
    // Without changes before, no checkpoint makes calls of its own.
    fs::write(&fail, "").unwrap();
    assert_eq!(server.curl("/api/v1/users", &NEW_USER).error(), failed());
    assert_eq!(fs::read_to_string(&calls).unwrap(), "sync failed\ncut\nsync\n");
    assert!(!journal(folder.path()).exists());
    assert_eq!(server.curl("/api/v1/users", &NEW_USER).status, 201);
    server.kill();
    assert_eq!(emails(&Server::start(folder.path(), &[])), [BOB[2], "eve@hbtn.io"]);
}

#[test]
fn recovers_from_a_read_only_folder() {
    let folder = folder(&[BOB, BOBSESSION]);
    let before = fs::read(users_file(folder.path())).unwrap();
    let set_mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let owner = fs::metadata(folder.path()).unwrap().uid();
    // Permissions do not stop root, so the server runs as nobody, with its program in a folder that nobody can access.
    let programs = tempfile::tempdir().unwrap();
    let program = programs.path().join("reference-server");
    fs::copy(server_program(), &program).unwrap();
    set_mode(programs.path(), 0o755);
    let mut command = command(&program, folder.path(), &[]);
    if owner == 0 {
        const NOBODY: u32 = 65_534;
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        chown(users_file(folder.path()), Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let server = Server::start_command(command);
    set_mode(folder.path(), 0o500);
    assert_nothing_changes(|path, arguments| server.curl(path, arguments));
    assert_eq!(fs::read(users_file(folder.path())).unwrap(), before);

    set_mode(folder.path(), 0o700);
    assert_eq!(server.curl("/api/v1/users", &NEW_USER).status, 201);
    server.kill();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(emails(&server), [BOB[2], BOBSESSION[2], "eve@hbtn.io"]);
}
