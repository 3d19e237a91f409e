//! Tests of journal recovery.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::model::User;
use crate::store::file;

/// A folder with an open journal.
struct Place {
    folder: TempDir,
    file: file::File,
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
        let file = file::File::new(Arc::clone(&directory), User::CLASS);
        let (journal, _) = Journal::open::<User>(directory, Version::NO_FILE).unwrap();
        Self { folder, file, journal }
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
    let (mut objects, content) = file::File::new(Arc::clone(&directory), User::CLASS).read::<User>()?;
    let (_, lacking) = Journal::open(directory, content.version)?;
    for changes in lacking {
        objects.accept(changes);
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
fn first_append_truncates_a_torn_line() {
    let mut place = Place::new();
    place.add("bob");
    let mut content = fs::read(place.path()).unwrap();
    content.extend([b'x'; 10_000]);
    fs::write(place.path(), content).unwrap();

    let directory = Arc::clone(&place.journal.directory);
    let (mut journal, _) = Journal::open::<User>(directory, Version::NO_FILE).unwrap();
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
fn rejects_a_valid_line_with_an_unknown_record() {
    let mut place = Place::new();
    place.add("bob");
    let mut content = fs::read(place.path()).unwrap();
    content.extend(lines::line(&serde_json::json!({"changed": []})).unwrap());
    fs::write(place.path(), content).unwrap();
    let error = found(&place.folder).unwrap_err().to_string();
    assert!(error.contains("is corrupt at line 2 and was not changed: unknown field `changed`"), "{error}");
}

#[test]
fn recovers_from_every_interrupted_checkpoint() {
    let mut place = Place::new();
    let all = |place: &Place, emails: &[&str]| assert_eq!(found(&place.folder).unwrap(), emails);
    place.add("bob");
    place.add("eve");
    for round in ["first", "second"] {
        let before = found(&place.folder).unwrap();
        let draft = |place: &Place| {
            let users: Vec<_> = before.iter().map(|email| user(email)).collect();
            place.file.draft(users.iter().map(|user| &**user)).unwrap()
        };
        let from = place.journal.length();
        place.add(round);
        let emails: Vec<_> = before.iter().map(String::as_str).chain([round]).collect();
        let content = draft(&place);
        all(&place, &emails);
        let to = place.journal.length();
        place.journal.note(&content.version, from).unwrap();
        all(&place, &emails);
        place.file.publish().unwrap();
        all(&place, &emails);
        place.journal.forget(content.version, from, to).unwrap();
        all(&place, &emails);
        place.add("ann");
        all(&place, &[&emails[..], &["ann"]].concat());
    }
}

#[test]
fn checkpoint_without_later_changes_removes_the_journal() {
    let mut place = Place::new();
    place.add("bob");
    let content = place.file.draft([&*user("bob")].into_iter()).unwrap();
    let length = place.journal.length();
    place.journal.note(&content.version, length).unwrap();
    place.file.publish().unwrap();
    let interrupted = fs::read(place.path()).unwrap();
    place.journal.forget(content.version.clone(), length, length).unwrap();
    assert!(!place.path().exists());
    assert_eq!(found(&place.folder).unwrap(), ["bob"]);

    // If the directory entry survives the power cut, the next start removes the file.
    fs::write(place.path(), interrupted).unwrap();
    let directory = Arc::clone(&place.journal.directory);
    let (journal, lacking) = Journal::open::<User>(directory, content.version).unwrap();
    assert!(lacking.is_empty() && journal.length() == 0);
    assert!(!place.path().exists());
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
