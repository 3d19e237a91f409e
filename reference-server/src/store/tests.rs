//! What a store keeps, and what it does when it cannot.

use std::fs;
use std::path::PathBuf;
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

/// What the power leaves of a folder when it goes now.
fn copy(folder: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        // A fold may be renaming its draft, and removing the journal, meanwhile.
        let _ = fs::copy(entry.path(), copy.path().join(entry.file_name()));
    }
    copy
}

fn sentence(folder: &TempDir) -> String {
    match open(folder) {
        Ok(_) => panic!("a store that cannot be opened was opened"),
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
fn no_file_is_an_empty_store_and_makes_no_file() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert_eq!(store.count(), 0);
    drop(store);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_saved_object_is_there_after_it_is_opened_again() {
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
async fn the_file_is_an_object_of_attributes_by_id_with_a_t_in_its_times() {
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
fn a_file_of_the_course_is_read_in_its_order_and_in_either_form_of_time() {
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
async fn the_oldest_of_two_with_the_same_email_is_found() {
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
async fn an_update_keeps_the_place_and_follows_the_email() {
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
async fn what_is_not_there_is_neither_updated_nor_removed() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert!(store.update("nobody", |_| ()).await.unwrap().is_none());
    assert!(store.remove("nobody").await.unwrap().is_none());
    assert!(!file(&folder).exists());
}

#[tokio::test]
async fn only_what_is_to_be_kept_is_retained() {
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
async fn of_many_updates_at_once_none_is_lost() {
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
async fn changes_that_wait_are_made_in_their_order_and_written_together() {
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
async fn when_the_journal_cannot_be_written_nothing_changes_until_it_can() {
    let folder = folder();
    let store = open(&folder).unwrap();
    let bob = store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    let store = open(&folder).unwrap();
    let before = fs::read(file(&folder)).unwrap();
    // A folder in the way of the journal; permissions would not stop a test that root runs.
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
async fn the_permissions_of_a_file_stay_and_a_new_one_is_for_its_owner_alone() {
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
async fn at_rest_there_is_only_the_file_of_the_course_although_the_store_is_open() {
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
async fn a_journal_that_somebody_takes_away_takes_nothing_with_it() {
    let folder = folder();
    let store = open(&folder).unwrap();
    store.save(user("bob@hbtn.io")).await.unwrap();
    // At rest it is gone anyway.
    let _ = fs::remove_file(journal(&folder));
    store.save(user("eve@hbtn.io")).await.unwrap();
    assert_eq!(emails(&open(&copy(&folder)).unwrap()), ["bob@hbtn.io", "eve@hbtn.io"]);
}

#[tokio::test]
async fn a_change_that_cannot_be_written_whole_leaves_nothing_of_itself() {
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
async fn a_file_that_cannot_be_written_at_the_end_leaves_the_journal_for_the_next_start() {
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
async fn what_a_killed_process_left_half_written_is_written_over() {
    let folder = folder();
    fs::write(folder.path().join(".db_User.json.tmp"), "{\"half").unwrap();
    let store = open(&folder).unwrap();
    store.save(user("bob@hbtn.io")).await.unwrap();
    drop(store);
    assert_eq!(emails(&open(&folder).unwrap()), ["bob@hbtn.io"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_corrupt_file_is_refused_with_its_name_and_the_place_and_left_as_it_is() {
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
            sentence(&folder),
            format!("the file {} is corrupt and is left as it is: {reason}", path.display())
        );
        assert_eq!(fs::read_to_string(file(&folder)).unwrap(), content);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused_with_its_name() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    assert!(sentence(&folder).contains(".db_User.json cannot be read: "));
}

#[test]
fn a_directory_that_is_in_use_is_refused_until_it_is_free() {
    let folder = folder();
    let store = open(&folder).unwrap();
    assert!(sentence(&folder).ends_with(" is in use: another process keeps its users there"));
    drop(store);
    assert!(open(&folder).is_ok());
}

#[test]
fn a_directory_that_is_not_there_is_refused_with_its_name() {
    let error = Directory::open(Path::new("/nowhere/at/all")).unwrap_err().to_string();
    assert!(error.starts_with("the directory /nowhere/at/all cannot be opened: "), "{error}");
}
