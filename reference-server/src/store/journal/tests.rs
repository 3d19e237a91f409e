//! Tests of journal recovery.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::model::User;
use crate::store::file::{Draft, JsonFile};

/// A folder with an open file and journal.
struct Place {
    folder: TempDir,
    file: JsonFile,
    journal: Journal,
}

fn user(email: &str) -> Arc<User> {
    let mut user = User::new();
    user.email = Some(email.to_owned());
    Arc::new(user)
}

fn put(email: &str) -> Changes<User> {
    let user = user(email);
    vec![(Arc::clone(user.id()), Some(user))]
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let (file, _) = JsonFile::open::<User>(Arc::clone(&directory)).unwrap();
        let (journal, _) = Journal::open::<User>(directory, file.version()).unwrap();
        Self { folder, file, journal }
    }

    fn draft(&self, emails: &[String]) -> Draft {
        let users: Vec<_> = emails.iter().map(|email| user(email)).collect();
        Draft::write(self.file.path(), &users).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(".db_User.journal")
    }

    fn add(&mut self, email: &str) {
        self.journal.append(&put(email)).unwrap();
    }
}

/// The e-mail addresses that a start finds in a copy of the folder.
fn found(folder: &TempDir) -> Result<Vec<String>, StoreError> {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let directory = Directory::open(copy.path()).unwrap();
    let (file, mut objects) = JsonFile::open::<User>(Arc::clone(&directory))?;
    let (_, missing) = Journal::open(directory, file.version())?;
    for changes in missing {
        objects.apply(changes);
    }
    Ok(objects.iter().map(|user| user.email.clone().unwrap()).collect())
}

#[test]
fn recovers_appended_changes_in_order() {
    let mut place = Place::new();
    let (bob, eve) = (user("bob"), user("eve"));
    let both = [&bob, &eve].map(|user| (Arc::clone(user.id()), Some(Arc::clone(user))));
    place.journal.append(&both.to_vec()).unwrap();
    place.add("ann");
    place.journal.append::<User>(&vec![(Arc::clone(bob.id()), None)]).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["eve", "ann"]);
}

#[test]
fn ignores_a_torn_last_line() {
    let mut place = Place::new();
    place.add("bob");
    let whole = fs::read(place.path()).unwrap();
    place.add("eve");
    let torn = fs::read(place.path()).unwrap();
    for length in whole.len()..torn.len() {
        fs::write(place.path(), &torn[..length]).unwrap();
        assert_eq!(found(&place.folder).unwrap(), ["bob"], "{length} bytes");
        // The length of a file may reach the disk before its content does.
        let mut zeros = torn[..length].to_vec();
        zeros.resize(torn.len() + 4096, 0);
        fs::write(place.path(), &zeros).unwrap();
        assert_eq!(found(&place.folder).unwrap(), ["bob"], "{length} bytes and zeros");
    }
    for length in 0..whole.len() {
        fs::write(place.path(), &whole[..length]).unwrap();
        assert!(found(&place.folder).unwrap().is_empty(), "{length} bytes");
    }
}

#[test]
fn opening_cuts_off_a_torn_line() {
    let mut place = Place::new();
    place.add("bob");
    let mut content = fs::read(place.path()).unwrap();
    content.extend([b'x'; 10_000]);
    fs::write(place.path(), content).unwrap();

    let directory = Arc::clone(&place.journal.directory);
    let (mut journal, _) = Journal::open::<User>(directory, place.file.version()).unwrap();
    journal.append(&put("eve")).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["bob", "eve"]);
    assert_eq!(journal.length(), fs::metadata(place.path()).unwrap().len());
}

#[test]
fn rejects_a_corrupt_line_before_a_valid_one() {
    let mut place = Place::new();
    for email in ["bob", "eve", "ann"] {
        place.add(email);
    }
    let content = String::from_utf8(fs::read(place.path()).unwrap()).unwrap();
    fs::write(place.path(), content.replace("eve", "eva")).unwrap();
    let error = found(&place.folder).unwrap_err().to_string();
    assert!(
        error.contains(".db_User.journal is corrupt at line 2 and was not changed: wrong checksum"),
        "{error}"
    );
}

#[test]
fn rejects_a_journal_whose_complete_lines_are_all_corrupt() {
    let mut place = Place::new();
    for email in ["bob", "eve", "ann"] {
        place.add(email);
    }
    let lines = fs::read_to_string(place.path()).unwrap().lines().count();
    for garbage in ["garbage\n".repeat(lines), "\n".to_owned(), format!("{}\n", "0".repeat(40))] {
        fs::write(place.path(), &garbage).unwrap();
        let error = found(&place.folder).unwrap_err().to_string();
        assert!(error.contains("is corrupt at line 1 and was not changed: wrong checksum"), "{error}");
        assert_eq!(fs::read_to_string(place.path()).unwrap(), garbage);
    }
}

#[test]
fn rejects_a_valid_line_with_an_unknown_record() {
    let mut place = Place::new();
    place.add("bob");
    let mut content = fs::read(place.path()).unwrap();
    content.extend(line(&serde_json::json!({"changed": []})).unwrap());
    fs::write(place.path(), content).unwrap();
    let error = found(&place.folder).unwrap_err().to_string();
    assert!(error.contains("is corrupt at line 2 and was not changed: unknown field `changed`"), "{error}");
}

#[test]
fn recovers_from_every_interrupted_checkpoint() {
    let mut place = Place::new();
    for round in 0..2 {
        for email in ["bob", "eve"] {
            place.add(&format!("{email}{round}"));
        }
        let emails = found(&place.folder).unwrap();
        assert_eq!(emails.len(), 2 * (round + 1));
        let draft = place.draft(&emails);
        assert_eq!(found(&place.folder).unwrap(), emails);
        place.journal.append_version(draft.version()).unwrap();
        assert_eq!(found(&place.folder).unwrap(), emails);
        place.file.publish(draft).unwrap();
        assert_eq!(found(&place.folder).unwrap(), emails);
        place.journal.remove(place.file.version()).unwrap();
        assert_eq!(found(&place.folder).unwrap(), emails);
        assert!(!place.path().exists());
    }
}

#[test]
fn a_failed_rename_keeps_the_old_file_and_later_changes() {
    let mut place = Place::new();
    place.add("bob");
    let draft = place.draft(&["bob".to_owned()]);
    place.journal.append_version(draft.version()).unwrap();
    place.add("eve");
    assert_eq!(found(&place.folder).unwrap(), ["bob", "eve"]);
    place.file.publish(draft).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["bob", "eve"]);
}

#[test]
fn the_next_start_removes_a_journal_that_the_file_contains() {
    let mut place = Place::new();
    place.add("bob");
    let draft = place.draft(&["bob".to_owned()]);
    place.journal.append_version(draft.version()).unwrap();
    place.file.publish(draft).unwrap();

    let directory = Arc::clone(&place.journal.directory);
    let (journal, missing) = Journal::open::<User>(directory, place.file.version()).unwrap();
    assert!(missing.is_empty() && journal.length() == 0);
    assert!(!place.path().exists());
    assert_eq!(found(&place.folder).unwrap(), ["bob"]);
}

/// Version 0.1.0 wrote a journal in which one file lacks the changes after a certain byte.
#[test]
fn applies_only_the_changes_that_the_file_lacks() {
    let mut place = Place::new();
    let draft = place.draft(&["bob".to_owned()]);
    place.add("bob");
    let from = place.journal.length();
    place.add("eve");
    let over = Over { version: draft.version().clone(), from };
    place.journal.append_record(&Record::<()> { over: Some(over), changes: None }).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["bob", "eve"]);
    place.file.publish(draft).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["bob", "eve"]);
}

#[test]
fn rejects_a_journal_of_another_file() {
    let mut place = Place::new();
    place.add("bob");
    fs::write(place.file.path(), "{}").unwrap();
    let before = fs::read(place.path()).unwrap();
    let error = found(&place.folder).unwrap_err().to_string();
    assert!(error.contains(".db_User.journal belongs to another version of /"), "{error}");
    assert!(error.contains(".db_User.json; neither was changed: "), "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), before);

    // The message says to move the journal away or to restore the file (here: none). Both work.
    let moved = place.folder.path().join("moved");
    fs::rename(place.path(), &moved).unwrap();
    assert!(found(&place.folder).unwrap().is_empty());
    fs::rename(moved, place.path()).unwrap();
    fs::remove_file(place.file.path()).unwrap();
    assert_eq!(found(&place.folder).unwrap(), ["bob"]);
}
