//! What is stored: the course's `models` package.
//!
//! A [`Model`] knows its class, its id and the attribute it is searched by. It knows nothing of files.

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

/// An object that is stored under its id: `Base` of the course.
///
/// What it serializes to is its form in the file: every attribute, the private ones too.
pub trait Model: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the class, which names its file.
    const CLASS: &'static str;

    /// The id, under which it is stored.
    fn id(&self) -> &Arc<str>;

    /// The attribute it is searched by.
    fn key(&self) -> Option<&str>;

    /// Notes that it was changed.
    fn touch(&mut self, now: Timestamp);
}

/// A new id: a random UUID, its bits from the operating system.
fn new_id() -> Arc<str> {
    Arc::from(&*Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}
