//! The file of a class, `.db_User.json` for example, in the course's format.
//!
//! One JSON object, `id -> {attributes}`, which is read and written as a whole. A new version is written to a temporary
//! file (the draft), synced and renamed over the old one, so that a complete file survives a power cut at any time.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, IntoInnerError, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserializer as _, Serializer as _};

use super::StoreError;
use super::directory::Directory;
use super::objects::Objects;
use super::version::{Version, Versioned};
use crate::json;
use crate::model::Model;

/// The location of the file of a class.
#[derive(Clone)]
pub(super) struct File {
    directory: Arc<Directory>,
    path: PathBuf,
}

/// The version of a file, and its length in bytes.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) version: Version,
    pub(super) length: u64,
}

impl File {
    pub(super) fn new(directory: Arc<Directory>, class: &str) -> Self {
        let path = directory.file_of(class, "json");
        Self { directory, path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the objects in the order of the file; without a file there are none.
    pub(super) fn read<M: Model>(&self) -> Result<(Objects<M>, Content), StoreError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Objects::new(), Content { version: Version::NO_FILE, length: 0 }));
            }
            Err(error) => return Err(StoreError::Unreadable { path: self.path.clone(), error }),
        };
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let objects = deserializer
            .deserialize_map(Entries(PhantomData))
            .and_then(|objects| deserializer.end().map(|()| objects))
            .map_err(|error| StoreError::Corrupt { path: self.path.clone(), error })?;
        Ok((objects, Content { version: Version::of(&bytes), length: bytes.len() as u64 }))
    }

    /// Writes the objects to the draft and syncs it. The file itself is not modified.
    pub(super) fn draft<'m, M: Model>(&self, objects: impl Iterator<Item = &'m M>) -> io::Result<Content> {
        // Keep the permissions of the existing file; a new one is private, because it contains password hashes.
        let permissions = fs::metadata(&self.path)
            .map_or_else(|_| Permissions::from_mode(0o600), |file| file.permissions());
        // The name is fixed, so that the draft of a killed process is overwritten.
        let draft = self.draft_path();
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = file.set_permissions(permissions).and_then(|()| write(file, objects));
        if written.is_err() {
            // A partial draft is useless and takes space. If it cannot be removed, the next draft overwrites it.
            let _ = fs::remove_file(&draft);
        }
        written
    }

    /// Renames the draft over the file and syncs the directory.
    ///
    /// On an error either version of the file may be in place.
    pub(super) fn publish(&self) -> io::Result<()> {
        let renamed = fs::rename(self.draft_path(), &self.path);
        if renamed.is_err() {
            let _ = fs::remove_file(self.draft_path());
        }
        renamed.and_then(|()| self.directory.sync())
    }

    fn draft_path(&self) -> PathBuf {
        self.path.with_extension("json.tmp")
    }
}

fn write<'m, M: Model>(file: fs::File, objects: impl Iterator<Item = &'m M>) -> io::Result<Content> {
    // The buffer is in front of the digest, which is faster on long chunks.
    let mut writer = BufWriter::with_capacity(64 * 1024, Versioned::new(file));
    let mut serializer = json::file_serializer(&mut writer);
    let mut map = serializer.serialize_map(None)?;
    for object in objects {
        map.serialize_entry(&**object.id(), object)?;
    }
    map.end()?;
    writer.write_all(b"\n")?;
    let (file, version, length) = writer.into_inner().map_err(IntoInnerError::into_error)?.finish();
    file.sync_all()?;
    Ok(Content { version, length })
}

/// Deserializes `id -> {attributes}` in order.
struct Entries<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for Entries<M> {
    type Value = Objects<M>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object of {} objects by id", M::CLASS)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut objects = Objects::new();
        while let Some((id, object)) = map.next_entry::<String, M>()? {
            if *id != **object.id() {
                return Err(A::Error::custom(format!(
                    "the object under `{id}` has the id `{}`",
                    object.id()
                )));
            }
            objects.put(Arc::new(object));
        }
        Ok(objects)
    }
}
