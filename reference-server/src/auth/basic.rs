//! The class `BasicAuth`: an e-mail address and a password with each request (Basic tasks 6 to 12, RFC 7617).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::http::request::Parts;

use super::Auth;
use crate::model::User;
use crate::store::Store;

/// Recognises users by the `Authorization` header.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    auth: Auth,
}

impl BasicAuth {
    /// A `BasicAuth` that is otherwise like `auth`.
    #[must_use]
    pub fn new(auth: Auth) -> Self {
        Self { auth }
    }

    /// What the class inherits from `Auth`.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// What follows `Basic` and one space; `None` for any other beginning, another case included (task 7).
    #[must_use]
    pub fn extract_base64_authorization_header<'h>(
        &self,
        authorization_header: Option<&'h str>,
    ) -> Option<&'h str> {
        authorization_header?.strip_prefix("Basic ")
    }

    /// The text behind its base64; `None` when it is not base64, or not of UTF-8 (task 8).
    ///
    /// The base64 is that of RFC 4648 §4, padding and all: a stray character is no part of it.
    #[must_use]
    pub fn decode_base64_authorization_header(
        &self,
        base64_authorization_header: Option<&str>,
    ) -> Option<String> {
        String::from_utf8(STANDARD.decode(base64_authorization_header?).ok()?).ok()
    }

    /// The e-mail address and the password, which the first colon separates (task 9).
    ///
    /// Only the first: a password may hold more of them (task 12).
    #[must_use]
    pub fn extract_user_credentials<'d>(
        &self,
        decoded_base64_authorization_header: Option<&'d str>,
    ) -> (Option<&'d str>, Option<&'d str>) {
        decoded_base64_authorization_header.and_then(|decoded| decoded.split_once(':')).unzip()
    }

    /// The user with an e-mail address, if it is the user's password (task 10).
    ///
    /// Of two users with the same address the older one is meant, and only that one's password is valid.
    #[must_use]
    pub fn user_object_from_credentials(
        &self,
        user_email: Option<&str>,
        user_pwd: Option<&str>,
        users: &Store<User>,
    ) -> Option<Arc<User>> {
        users.search(user_email?).filter(|user| user.is_valid_password(user_pwd))
    }

    /// The user whose credentials the request shows (task 11).
    #[must_use]
    pub fn current_user(&self, request: Option<&Parts>, users: &Store<User>) -> Option<Arc<User>> {
        let authorization_header = self.auth.authorization_header(request)?.to_str().ok();
        let base64 = self.extract_base64_authorization_header(authorization_header);
        let decoded = self.decode_base64_authorization_header(base64);
        let (user_email, user_pwd) = self.extract_user_credentials(decoded.as_deref());
        self.user_object_from_credentials(user_email, user_pwd, users)
    }
}

#[cfg(test)]
mod tests;
