//! Tests of the store: persistence, and behaviour on write errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::model::User;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> Result<Store<User>, StoreError> {
    Directory::open(folder.path())?.store()
}

/// Copies the folder, as a power cut would leave it now.
fn copy(folder: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        // A checkpoint may rename the draft or remove the journal meanwhile.
        let _ = fs::copy(entry.path(), copy.path().join(entry.file_name()));
    }
    copy
}

fn message(folder: &TempDir) -> String {
    match open(folder) {
        Ok(_) => panic!("the store was opened"),
        Err(error) => error.to_string(),
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(".db_User.json")
}

fn journal(folder: &TempDir) -> PathBuf {
    folder.path().join(".db_User.journal")
}

fn user(email: &str) -> User {
    let mut user = User::new();
    user.email = Some(email.to_owned());
    user
}

fn emails(store: &Store<User>) -> Vec<String> {
    store.all().iter().filter_map(|user| user.email.clone()).collect()
}

#[test]
fn a_missing_file_is_an_empty_store_and_is_not_created() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert_eq!(store.count(), 0);
    drop(store);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_saved_object_survives_reopening() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);

    let store = open(&folder).unwrap();
    assert_eq!(store.get(bob.id()).unwrap().email, bob.email);
    assert_eq!(store.search("bob@hbtn.io").unwrap().id(), bob.id());
    assert_eq!(store.count(), 1);
}

#[tokio::test]
async fn writes_the_format_of_the_course() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    let content: serde_json::Value = serde_json::from_slice(&fs::read(file(&folder)).unwrap()).unwrap();
    let attributes = content[&**bob.id()].as_object().unwrap();
    let mut names: Vec<_> = attributes.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["_password", "created_at", "email", "first_name", "id", "last_name", "updated_at"]);
    assert_eq!(attributes["created_at"].as_str().unwrap().find('T'), Some(10));
}

#[test]
fn reads_a_file_of_the_course_in_order() {
    let folder = folder();
    let content = r#"{
        "b": {"id": "b", "created_at": "2017-09-25T01:55:17", "updated_at": "2017-09-25T01:55:17",
              "email": "b@hbtn.io", "_password": null, "first_name": null, "last_name": null},
        "a": {"id": "a", "created_at": "2017-09-25 01:55:17", "updated_at": "2017-09-25 01:55:17",
              "email": "a@hbtn.io", "_password": null, "first_name": null, "last_name": null}}"#;
    fs::write(file(&folder), content).unwrap();
    assert_eq!(emails(&open(&folder).unwrap()), ["b@hbtn.io", "a@hbtn.io"]);
}

#[tokio::test]
async fn finds_the_oldest_user_of_a_duplicate_email() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let first = store.save(user("bob@hbtn.io")).await.unwrap();
    let second = store.save(user("bob@hbtn.io")).await.unwrap();
    assert_eq!(store.search("bob@hbtn.io").unwrap().id(), first.id());
    store.remove(first.id()).await.unwrap();
    assert_eq!(store.search("bob@hbtn.io").unwrap().id(), second.id());
    store.remove(second.id()).await.unwrap();
    assert!(store.search("bob@hbtn.io").is_none());
}

#[tokio::test]
async fn update_keeps_the_order_and_reindexes_the_email() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("bob@hbtn.io")).await.unwrap();
    store.save(user("eve@hbtn.io")).await.unwrap();
    store.update(bob.id(), |user| user.email = Some("rob@hbtn.io".to_owned())).await.unwrap();
    assert_eq!(emails(&store), ["rob@hbtn.io", "eve@hbtn.io"]);
    assert!(store.search("bob@hbtn.io").is_none());
    assert_eq!(store.search("rob@hbtn.io").unwrap().id(), bob.id());
}

#[tokio::test]
async fn update_and_remove_ignore_missing_objects() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert!(store.update("nobody", |_| ()).await.unwrap().is_none());
    assert!(store.remove("nobody").await.unwrap().is_none());
    assert!(!file(&folder).exists());
}

#[tokio::test]
async fn retain_removes_the_other_objects() {
    let folder = folder();
    let store = open(&folder).unwrap();
    for email in ["a", "b", "c"] {
        store.save(user(email)).await.unwrap();
    }
    store.retain(|user| user.email.as_deref() == Some("b")).await.unwrap();
    assert_eq!(emails(&store), ["b"]);
    drop(store);
    assert_eq!(emails(&open(&folder).unwrap()), ["b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_updates_are_not_lost() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("")).await.unwrap();
    let updates: Vec<_> = (0..100)
        .map(|_| {
            let (store, id) = (store.clone(), bob.id().clone());
            tokio::spawn(async move {
                let longer = |user: &mut User| user.email.get_or_insert_default().push('x');
                store.update(&id, longer).await.unwrap();
            })
        })
        .collect();
    for update in updates {
        update.await.unwrap();
    }
    assert_eq!(store.get(bob.id()).unwrap().email, Some("x".repeat(100)));
}

#[tokio::test]
async fn waiting_changes_are_ordered_and_written_together() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = user("bob@hbtn.io");
    let id = bob.id().clone();
    let (saved, updated, removed, saved_after, updated_after) = tokio::join!(
        store.save(bob),
        store.update(&id, |user| user.first_name = Some("Bob".to_owned())),
        store.remove(&id),
        store.save(user("eve@hbtn.io")),
        store.update(&id, |_| ()),
    );
    assert!(saved.unwrap().first_name.is_none());
    assert_eq!(updated.unwrap().unwrap().first_name.as_deref(), Some("Bob"));
    assert_eq!(removed.unwrap().unwrap().first_name.as_deref(), Some("Bob"));
    assert!(saved_after.is_ok());
    assert!(updated_after.unwrap().is_none());
    assert_eq!(emails(&store), ["eve@hbtn.io"]);
}

#[tokio::test]
async fn nothing_changes_while_the_journal_cannot_be_written() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    let store = open(&folder).unwrap();
    let before = fs::read(file(&folder)).unwrap();
    // A directory in place of the journal; permissions would not stop a test that runs as root.
    let obstacle = journal(&folder);
    fs::create_dir(&obstacle).unwrap();

    assert!(store.save(user("eve@hbtn.io")).await.is_err());
    assert!(store.update(bob.id(), |user| user.email = None).await.is_err());
    assert!(store.remove(bob.id()).await.is_err());
    assert_eq!(emails(&store), ["bob@hbtn.io"]);
    assert_eq!(fs::read(file(&folder)).unwrap(), before);

    fs::remove_dir(&obstacle).unwrap();
    store.save(user("eve@hbtn.io")).await.unwrap();
    assert_eq!(emails(&store), ["bob@hbtn.io", "eve@hbtn.io"]);
}

#[tokio::test]
async fn keeps_permissions_and_creates_private_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (email, expected) in [("bob@hbtn.io", 0o600), ("eve@hbtn.io", 0o640)] {
        let store = open(&folder).unwrap();
        store.save(user(email)).await.unwrap();
        drop(store);
        assert_eq!(mode(&file(&folder)), expected);
        fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o640)).unwrap();
    }
}

#[tokio::test]
async fn an_idle_open_store_has_no_journal() {
    let folder = folder();
    let store = open(&folder).unwrap();
    for email in ["bob@hbtn.io", "eve@hbtn.io"] {
        store.save(user(email)).await.unwrap();
        while journal(&folder).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(fs::read_to_string(file(&folder)).unwrap().contains(email));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(store.count(), 2);
}

#[tokio::test]
async fn a_removed_journal_loses_nothing() {
    let folder = folder();
    let store = open(&folder).unwrap();
    store.save(user("bob@hbtn.io")).await.unwrap();
    // An idle store has no journal.
    let _ = fs::remove_file(journal(&folder));
    store.save(user("eve@hbtn.io")).await.unwrap();
    assert_eq!(emails(&open(&copy(&folder)).unwrap()), ["bob@hbtn.io", "eve@hbtn.io"]);
}

#[tokio::test]
async fn a_partial_write_is_rolled_back() {
    let folder = folder();
    let store = open(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/full", journal(&folder)).unwrap();
    let error = store.save(user("bob@hbtn.io")).await.err().unwrap().to_string();
    assert!(error.starts_with("the change was not stored: No space left on device"), "{error}");
    assert!(!journal(&folder).exists());
    store.save(user("eve@hbtn.io")).await.unwrap();
    drop(store);
    assert_eq!(emails(&open(&folder).unwrap()), ["eve@hbtn.io"]);
}

#[tokio::test]
async fn a_failed_final_checkpoint_keeps_the_journal() {
    let folder = folder();
    let obstacle = folder.path().join(".db_User.json.tmp");
    fs::create_dir(&obstacle).unwrap();
    let store = open(&folder).unwrap();
    store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    assert!(!file(&folder).exists());

    let store = open(&folder).unwrap();
    assert_eq!(emails(&store), ["bob@hbtn.io"]);
    fs::remove_dir(&obstacle).unwrap();
    drop(store);
    assert!(!journal(&folder).exists());
    assert_eq!(emails(&open(&folder).unwrap()), ["bob@hbtn.io"]);
}

#[tokio::test]
async fn overwrites_the_draft_of_a_killed_process() {
    let folder = folder();
    fs::write(folder.path().join(".db_User.json.tmp"), "{\"half").unwrap();
    let store = open(&folder).unwrap();
    store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    assert_eq!(emails(&open(&folder).unwrap()), ["bob@hbtn.io"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn rejects_a_corrupt_file_without_changing_it() {
    for (content, reason) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("[]", "invalid type: sequence, expected an object of User objects by id at line 1 column 0"),
        ("{\n\"a\": 1}", "invalid type: integer `1`, expected struct User at line 2 column 6"),
        ("{\"a\":\n{\"email\": null, \"_password\": null}}", "missing field `id` at line 2 column 34"),
        ("{\"a\": {\"id\": \"b\"}}", "the object under `a` has the id `b` at line 1 column 18"),
        ("{} {}", "trailing characters at line 1 column 4"),
        (
            "{\"a\": {\"id\": \"a\", \"created_at\": \"today\"}}",
            "`today` is not a time like 2017-10-16T04:23:04 at line 1 column 40",
        ),
    ] {
        let folder = folder();
        fs::write(file(&folder), content).unwrap();
        let path = folder.path().canonicalize().unwrap().join(".db_User.json");
        assert_eq!(
            message(&folder),
            format!("the file {} is corrupt and was not changed: {reason}", path.display())
        );
        assert_eq!(fs::read_to_string(file(&folder)).unwrap(), content);
    }
}

#[test]
fn rejects_an_unreadable_file() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    assert!(message(&folder).contains(".db_User.json cannot be read: "));
}

#[test]
fn rejects_a_locked_directory() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert!(message(&folder).ends_with(" is in use by another server"));
    drop(store);
    assert!(open(&folder).is_ok());
}

#[test]
fn rejects_a_missing_directory() {
    let error = Directory::open(Path::new("/nowhere/at/all")).unwrap_err().to_string();
    assert!(error.starts_with("the directory /nowhere/at/all cannot be opened: "), "{error}");
}
