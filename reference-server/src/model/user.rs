//! A user: `models/user.py`.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Model, Timestamp, hexadecimal, new_id};
use crate::json;

/// A user of the API.
///
/// It does not implement `Debug`, so that a password hash cannot get into a log by accident.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    id: Arc<str>,
    #[serde(default = "Timestamp::now")]
    created_at: Timestamp,
    #[serde(default = "Timestamp::now")]
    updated_at: Timestamp,
    /// The e-mail address. It need not be unique: a search finds the oldest user.
    pub email: Option<String>,
    #[serde(rename = "_password")]
    password: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The response body of the stored user, rendered when it is needed first; a change empties it.
    #[serde(skip)]
    body: OnceLock<Bytes>,
}

impl User {
    /// Creates a user with a new id and no other attributes.
    #[must_use]
    pub fn new() -> Self {
        let now = Timestamp::now();
        Self {
            id: new_id(),
            created_at: now,
            updated_at: now,
            email: None,
            password: None,
            first_name: None,
            last_name: None,
            body: OnceLock::new(),
        }
    }

    /// Stores the SHA-256 of a password, or `None`.
    pub fn set_password(&mut self, password: Option<&str>) {
        self.password = password.map(sha256);
    }

    /// Whether this is the user's password; always false if either side has none.
    ///
    /// The comparison takes constant time.
    #[must_use]
    pub fn is_valid_password(&self, password: Option<&str>) -> bool {
        match (password, &self.password) {
            (Some(password), Some(stored)) => sha256(password).as_bytes().ct_eq(stored.as_bytes()).into(),
            _ => false,
        }
    }

    /// The name to display: both names, or the one that is set, or the e-mail address, or an empty string.
    #[must_use]
    pub fn display_name(&self) -> String {
        match (&self.first_name, &self.last_name) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (Some(name), None) | (None, Some(name)) => name.clone(),
            (None, None) => self.email.clone().unwrap_or_default(),
        }
    }

    /// The user as in responses: the public attributes in alphabetical order.
    #[must_use]
    pub fn to_json(&self) -> UserJson<'_> {
        UserJson {
            created_at: self.created_at,
            email: self.email.as_deref(),
            first_name: self.first_name.as_deref(),
            id: &self.id,
            last_name: self.last_name.as_deref(),
            updated_at: self.updated_at,
        }
    }

    /// The response body of a stored user. It is rendered once, because rendering takes almost a third of a request
    /// (see the README), and users are read far more often than changed.
    pub(crate) fn body(&self) -> Bytes {
        self.body.get_or_init(|| json::body(&self.to_json())).clone()
    }
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

impl Model for User {
    const CLASS: &'static str = "User";

    fn id(&self) -> &Arc<str> {
        &self.id
    }

    fn key(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.body = OnceLock::new();
    }
}

/// The attributes of a user in responses.
#[derive(Serialize)]
pub struct UserJson<'u> {
    #[serde(serialize_with = "Timestamp::serialize_in_response")]
    created_at: Timestamp,
    email: Option<&'u str>,
    first_name: Option<&'u str>,
    id: &'u str,
    last_name: Option<&'u str>,
    #[serde(serialize_with = "Timestamp::serialize_in_response")]
    updated_at: Timestamp,
}

/// The SHA-256 of a text as lower-case hexadecimal digits. The specification uses no salt.
fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

#[cfg(test)]
mod tests;
