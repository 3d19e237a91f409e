//! The class `BasicAuth`: an e-mail address and a password in each request (Basic tasks 6 to 12, RFC 7617).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::http::request::Parts;

use super::Auth;
use crate::model::User;
use crate::store::Store;

/// Finds the user from the `Authorization` header.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    auth: Auth,
}

impl BasicAuth {
    /// Creates an instance that extends `auth`.
    #[must_use]
    pub fn new(auth: Auth) -> Self {
        Self { auth }
    }

    /// The base class.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The part after `Basic` and one space; `None` if the header starts with anything else, `basic` included (task 7).
    #[must_use]
    pub fn extract_base64_authorization_header<'h>(
        &self,
        authorization_header: Option<&'h str>,
    ) -> Option<&'h str> {
        authorization_header?.strip_prefix("Basic ")
    }

    /// The decoded base64; `None` if it is not valid base64 or not UTF-8 (task 8).
    ///
    /// The alphabet is that of RFC 4648 §4, with padding. Stray characters make it invalid.
    #[must_use]
    pub fn decode_base64_authorization_header(
        &self,
        base64_authorization_header: Option<&str>,
    ) -> Option<String> {
        String::from_utf8(STANDARD.decode(base64_authorization_header?).ok()?).ok()
    }

    /// The e-mail address and the password, split at the first colon (task 9).
    ///
    /// The password may contain further colons (task 12).
    #[must_use]
    pub fn extract_user_credentials<'d>(
        &self,
        decoded_base64_authorization_header: Option<&'d str>,
    ) -> (Option<&'d str>, Option<&'d str>) {
        decoded_base64_authorization_header.and_then(|decoded| decoded.split_once(':')).unzip()
    }

    /// The user with this e-mail address and this password (task 10).
    ///
    /// If two users have the same address, only the older one can log in.
    #[must_use]
    pub fn user_object_from_credentials(
        &self,
        user_email: Option<&str>,
        user_pwd: Option<&str>,
        users: &Store<User>,
    ) -> Option<Arc<User>> {
        users.search(user_email?).filter(|user| user.is_valid_password(user_pwd))
    }

    /// The user whose credentials are in the request (task 11).
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
