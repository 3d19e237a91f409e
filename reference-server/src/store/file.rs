//! The file of a class: `.db_User.json` and its like, in the course's format.
//!
//! It is one JSON object, `id -> {attributes}`, and is read and written whole. A write goes to another file
//! first, which takes the place of the former only when all of it is on disk: whenever the power goes, there
//! is a whole file.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserializer as _, Serializer as _};
use thiserror::Error;

use super::directory::Directory;
use super::objects::Objects;
use crate::json;
use crate::model::Model;

/// A store that cannot be opened.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory cannot be opened.
    #[error("the directory {} cannot be opened: {error}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another process has the directory.
    #[error("the directory {} is in use: another process keeps its users there", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("the file {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not what it should be. The error says at which line and column.
    #[error("the file {} is corrupt and is left as it is: {error}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        error: serde_json::Error,
    },
    /// The system gives no thread to write the file.
    #[error("the writer of the store cannot be started: {error}")]
    NoThread {
        /// Why.
        error: io::Error,
    },
}

impl StoreError {
    pub(super) fn no_thread(error: io::Error) -> Self {
        Self::NoThread { error }
    }
}

/// Where the objects of a class are.
pub(super) struct File {
    directory: Arc<Directory>,
    path: PathBuf,
}

impl File {
    pub(super) fn new(directory: Arc<Directory>, class: &str) -> Self {
        let path = directory.file_of(class);
        Self { directory, path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The objects of the file, in its order; none if there is no file.
    pub(super) fn read<M: Model>(&self) -> Result<Objects<M>, StoreError> {
        let content = match fs::read(&self.path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Objects::new()),
            Err(error) => return Err(StoreError::Unreadable { path: self.path.clone(), error }),
        };
        let mut deserializer = serde_json::Deserializer::from_slice(&content);
        deserializer
            .deserialize_map(Entries(PhantomData))
            .and_then(|objects| deserializer.end().map(|()| objects))
            .map_err(|error| StoreError::Corrupt { path: self.path.clone(), error })
    }

    /// Writes the objects in the place of those that the file has.
    ///
    /// When it returns, they are on disk; when it fails, the file is as it was. (If only the last step fails,
    /// the syncing of the folder, it may be the new one: the next write settles it.)
    pub(super) fn write<'m, M: Model>(&self, objects: impl Iterator<Item = &'m M>) -> io::Result<()> {
        let content = to_json(objects)?;
        // The former file's permissions stay; a new one is for its owner alone, as there are passwords in it.
        let permissions = fs::metadata(&self.path)
            .map_or_else(|_| Permissions::from_mode(0o600), |file| file.permissions());
        // Always the same name: what a killed process left of it is overwritten.
        let draft = self.path.with_extension("json.tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = file
            .set_permissions(permissions)
            .and_then(|()| file.write_all(&content))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&draft, &self.path));
        if written.is_err() {
            // Half a file helps nobody, and on a full disk it takes room; if it stays, the next write takes
            // it over.
            let _ = fs::remove_file(&draft);
        }
        written.and_then(|()| self.directory.sync())
    }
}

fn to_json<'m, M: Model>(objects: impl Iterator<Item = &'m M>) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut serializer = json::file_serializer(&mut content);
    let mut map = serializer.serialize_map(None)?;
    for object in objects {
        map.serialize_entry(&**object.id(), object)?;
    }
    map.end()?;
    content.push(b'\n');
    Ok(content)
}

/// Reads `id -> {attributes}` and keeps the order.
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
