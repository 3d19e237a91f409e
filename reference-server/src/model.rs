//! The stored objects: the course's `models` package.
//!
//! A [`Model`] has a class name, an id and a key to search by. It knows nothing about files.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

mod timestamp;
mod user;
mod user_session;

pub use timestamp::{Timestamp, TimestampError};
pub use user::{User, UserJson};
pub use user_session::UserSession;

/// An object that is stored by id: the course's `Base`.
///
/// It serializes to its form in the file, private attributes included.
pub trait Model: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the class, which is part of the file name.
    const CLASS: &'static str;

    /// The id under which the object is stored.
    fn id(&self) -> &Arc<str>;

    /// The attribute that the store indexes.
    fn key(&self) -> Option<&str>;

    /// Records the time of a change.
    fn touch(&mut self, now: Timestamp);
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Creates a random UUID with bits from the operating system.
fn new_id() -> Arc<str> {
    Arc::from(&*Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}
