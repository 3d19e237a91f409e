//! Tests of checkpoints, one step at a time.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::super::Directory;
use super::*;
use crate::model::User;

/// A folder and the state of a writer thread that is not running.
fn place() -> (TempDir, Writer<User>) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let (file, objects) = JsonFile::open(Arc::clone(&directory)).unwrap();
    let (journal, _) = Journal::open::<User>(directory, file.version()).unwrap();
    let working_copy = WorkingCopy::of(&objects);
    (folder, Writer::new(Arc::new(RwLock::new(objects)), working_copy, file, journal))
}

fn save(writer: &mut Writer<User>, email: String) {
    let change: Change<User> = Box::new(move |objects| {
        let mut user = User::new();
        user.email = Some(email);
        objects.save(user);
        Box::new(|stored| stored.unwrap())
    });
    writer.store(std::iter::once(change));
}

/// Starts a thread that writes a draft, changes something, and waits for the end of the thread.
fn draft(writer: &mut Writer<User>, meanwhile: impl FnOnce(&mut Writer<User>)) {
    writer.next_checkpoint = Instant::now();
    writer.checkpoint_in_background();
    assert!(writer.drafting.is_some());
    meanwhile(writer);
    while writer.drafting.is_some() {
        thread::yield_now();
        writer.checkpoint_in_background();
    }
}

fn files(folder: &TempDir) -> [PathBuf; 2] {
    [".db_User.json", ".db_User.journal"].map(|name| folder.path().join(name))
}

#[test]
fn a_draft_without_later_changes_replaces_file_and_journal() {
    let (folder, mut writer) = place();
    let [file, journal] = files(&folder);
    save(&mut writer, "bob@hbtn.io".to_owned());
    draft(&mut writer, |_| ());
    assert!(fs::read_to_string(&file).unwrap().contains("bob@hbtn.io"));
    assert!(!journal.exists());
}

#[test]
fn a_change_during_a_draft_discards_the_draft() {
    let (folder, mut writer) = place();
    let [file, journal] = files(&folder);
    save(&mut writer, "bob@hbtn.io".to_owned());
    draft(&mut writer, |writer| save(writer, "eve@hbtn.io".to_owned()));
    assert!(!file.exists());
    let changes = fs::read_to_string(&journal).unwrap();
    assert!(changes.contains("bob@hbtn.io") && changes.contains("eve@hbtn.io"), "{changes}");

    draft(&mut writer, |_| ());
    let users = fs::read_to_string(&file).unwrap();
    assert!(users.contains("bob@hbtn.io") && users.contains("eve@hbtn.io"), "{users}");
    assert!(!journal.exists());
}

#[test]
fn a_checkpoint_on_the_writer_thread_waits_for_the_draft_of_another() {
    let (folder, mut writer) = place();
    let [file, journal] = files(&folder);
    save(&mut writer, "bob@hbtn.io".to_owned());
    draft(&mut writer, |writer| {
        save(writer, "eve@hbtn.io".to_owned());
        writer.checkpoint_or_pause();
    });
    assert!(fs::read_to_string(&file).unwrap().contains("eve@hbtn.io"));
    assert!(!journal.exists());
}

#[test]
fn a_failed_checkpoint_keeps_the_journal() {
    let (folder, mut writer) = place();
    let [file, journal] = files(&folder);
    save(&mut writer, "bob@hbtn.io".to_owned());
    fs::create_dir(file.with_extension("json.tmp")).unwrap();
    draft(&mut writer, |_| ());
    assert!(journal.exists() && !file.exists());
}
