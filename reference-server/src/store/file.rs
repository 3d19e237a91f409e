//! The file of a class, `.db_User.json` for example, in the course's format.
//!
//! One JSON object, `id -> {attributes}`, which is read and written as a whole. A new version is written to a temporary
//! file (the draft), synced and renamed over the old one, so that a complete file survives a power cut at any time.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _, Serialize, Serializer as _};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::directory::Directory;
use super::objects::Objects;
use crate::json;
use crate::model::{Model, hexadecimal};

/// The file of a class.
pub(super) struct JsonFile {
    directory: Arc<Directory>,
    path: PathBuf,
    version: Version,
    length: u64,
}

/// The version of a file: its SHA-256 in hexadecimal digits, or `None` if there is no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version(Option<String>);

/// A new version of a file, on disk under another name.
pub(super) struct Draft {
    path: PathBuf,
    version: Version,
    length: u64,
}

impl JsonFile {
    /// Reads the objects in the order of the file; without a file there are none.
    pub(super) fn open<M: Model>(directory: Arc<Directory>) -> Result<(Self, Objects<M>), StoreError> {
        let path = directory.path_of(M::CLASS, "json");
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { directory, path, version: Version(None), length: 0 }, Objects::new()));
            }
            Err(error) => return Err(StoreError::Unreadable { path, error }),
        };
        match read(&content) {
            Ok(objects) => {
                let (version, length) = (Version::of(&content), content.len() as u64);
                Ok((Self { directory, path, version, length }, objects))
            }
            Err(error) => Err(StoreError::Corrupt { path, error }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn version(&self) -> Version {
        self.version.clone()
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Renames a draft over the file and syncs the directory.
    ///
    /// On an error either version of the file may be in place.
    pub(super) fn publish(&mut self, draft: Draft) -> io::Result<()> {
        if let Err(error) = fs::rename(&draft.path, &self.path) {
            let _ = fs::remove_file(&draft.path);
            return Err(error);
        }
        (self.version, self.length) = (draft.version, draft.length);
        self.directory.sync()
    }
}

impl Version {
    fn of(content: &[u8]) -> Self {
        Self(Some(hexadecimal(&Sha256::digest(content))))
    }
}

impl Draft {
    /// Writes objects to the draft of the file at `path` and syncs it. The file itself is not modified.
    pub(super) fn write<M: Model>(path: &Path, objects: &[Arc<M>]) -> io::Result<Self> {
        let mut content = Vec::new();
        let entries = objects.iter().map(|object| (object.id(), object));
        json::file_serializer(&mut content).collect_map(entries)?;
        content.push(b'\n');

        // Keep the permissions of the existing file; a new one is private, because it contains password hashes.
        let permissions =
            fs::metadata(path).map_or_else(|_| Permissions::from_mode(0o600), |file| file.permissions());
        // The name is fixed, so that the draft of a killed process is overwritten.
        let path = path.with_extension("json.tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let written = file
            .set_permissions(permissions)
            .and_then(|()| file.write_all(&content))
            .and_then(|()| file.sync_all());
        if let Err(error) = written {
            // A partial draft is useless and takes space. If it cannot be removed, the next draft overwrites it.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { path, version: Version::of(&content), length: content.len() as u64 })
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }
}

fn read<M: Model>(content: &[u8]) -> serde_json::Result<Objects<M>> {
    let mut deserializer = serde_json::Deserializer::from_slice(content);
    let objects = deserializer.deserialize_map(ObjectsVisitor(PhantomData))?;
    deserializer.end()?;
    Ok(objects)
}

/// Deserializes `id -> {attributes}` in order.
struct ObjectsVisitor<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for ObjectsVisitor<M> {
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
