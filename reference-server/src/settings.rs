//! Reads the five environment variables of the specification.
//!
//! Nothing else in the crate reads the environment.

use std::ffi::OsString;

use thiserror::Error;

/// The configuration of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `API_HOST`: the address or name to listen on; `0.0.0.0` when unset.
    pub api_host: String,
    /// `API_PORT`: the port to listen on; 5000 if unset; 0 picks a free port.
    pub api_port: u16,
    /// `AUTH_TYPE`: the authentication class; if unset, no path needs authentication.
    pub auth_type: Option<AuthType>,
    /// `SESSION_NAME`: the name of the session cookie.
    pub session_name: Option<String>,
    /// `SESSION_DURATION`: the lifetime of a session in seconds; 0 or less means no limit.
    pub session_duration: i64,
    /// Whether the session cookie gets the security attributes that the specification leaves out (`--harden`).
    pub harden: bool,
}

/// The variables of the environment: name, default, meaning.
pub const VARIABLES: [[&str; 3]; 5] = [
    ["API_HOST", "0.0.0.0", "the address or name to listen on"],
    ["API_PORT", "5000", "the port to listen on; 0 picks a free one"],
    [
        "AUTH_TYPE",
        "unset, no authentication",
        "the kind of authentication: auth, basic_auth, session_auth, session_exp_auth or session_db_auth",
    ],
    ["SESSION_NAME", "unset, no session cookie", "the name of the session cookie"],
    [
        "SESSION_DURATION",
        "0",
        "the lifetime in seconds of a session with session_exp_auth or session_db_auth; 0 or less means no limit",
    ],
];

/// The values of `AUTH_TYPE`, one for each class of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthType {
    /// `auth`: `Auth`, which finds no user.
    Auth,
    /// `basic_auth`: `BasicAuth`.
    BasicAuth,
    /// `session_auth`: `SessionAuth`.
    SessionAuth,
    /// `session_exp_auth`: `SessionExpAuth`, whose sessions expire.
    SessionExpAuth,
    /// `session_db_auth`: `SessionDBAuth`, whose sessions are stored.
    SessionDbAuth,
}

/// A variable with an invalid value.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{variable} is {value:?}: {expected}")]
pub struct SettingsError {
    variable: &'static str,
    value: OsString,
    expected: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_host: "0.0.0.0".to_owned(),
            api_port: 5000,
            auth_type: None,
            session_name: None,
            session_duration: 0,
            harden: false,
        }
    }
}

impl Settings {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// See [`Settings::read`].
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|variable| std::env::var_os(variable))
    }

    /// Reads the settings through `variable`, which returns the value of a variable if it is set.
    ///
    /// A `SESSION_DURATION` that is not an integer counts as 0, as the course's class does (Session task 9).
    ///
    /// # Errors
    /// The first variable with an invalid value. An empty value is invalid: if `AUTH_TYPE` is empty by mistake, the
    /// server must not start without authentication.
    pub fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingsError> {
        let read =
            |name: &'static str, expected: &'static str| Variable { name, expected, value: variable(name) };
        let default = Self::default();
        Ok(Self {
            api_host: read("API_HOST", "expected an address or a host name")
                .parse(|host| (!host.trim().is_empty()).then(|| host.to_owned()))?
                .unwrap_or(default.api_host),
            api_port: read("API_PORT", "expected an integer from 0 to 65535")
                .parse(|port| port.parse().ok())?
                .unwrap_or(default.api_port),
            auth_type: read(
                "AUTH_TYPE",
                "expected auth, basic_auth, session_auth, session_exp_auth or session_db_auth; or unset the variable",
            )
            .parse(AuthType::named)?,
            session_name: read(
                "SESSION_NAME",
                "a cookie name consists of letters, digits and !#$%&'*+-.^_`|~",
            )
            .parse(|name| is_token(name).then(|| name.to_owned()))?,
            session_duration: variable("SESSION_DURATION")
                .and_then(|duration| duration.to_str()?.trim().parse().ok())
                .unwrap_or(default.session_duration),
            harden: default.harden,
        })
    }
}

impl AuthType {
    fn named(name: &str) -> Option<Self> {
        match name {
            "auth" => Some(Self::Auth),
            "basic_auth" => Some(Self::BasicAuth),
            "session_auth" => Some(Self::SessionAuth),
            "session_exp_auth" => Some(Self::SessionExpAuth),
            "session_db_auth" => Some(Self::SessionDbAuth),
            _ => None,
        }
    }
}

/// A variable with its value and the message for an invalid one.
struct Variable {
    name: &'static str,
    expected: &'static str,
    value: Option<OsString>,
}

impl Variable {
    fn parse<T>(self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, SettingsError> {
        let Some(value) = self.value else { return Ok(None) };
        match value.to_str().and_then(parse) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(SettingsError { variable: self.name, value, expected: self.expected }),
        }
    }
}

/// Whether a text is a token (RFC 9110 §5.6.2), as the name of a cookie must be (RFC 6265 §4.1.1).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;
