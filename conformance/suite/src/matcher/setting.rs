//! The context in which a matcher is compiled.

use std::sync::Arc;

use crate::request::Files;
use crate::source::Source;

/// The type of value that an untagged scalar is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// JSON: `1` is a number and `true` a boolean.
    Json,
    /// Text, such as a header or a cookie: `1` is the string "1".
    Text,
    /// The `Expires` attribute of a cookie: text in which `!datetime` accepts every form that RFC 6265 allows.
    CookieDate,
    /// The bytes of a `body`: like text, but `!length` counts bytes.
    Bytes,
}

/// The context in which a matcher is compiled.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The file in which it is written.
    pub source: &'a Arc<Source>,
    /// The type of value that it is compared with.
    pub mode: Mode,
    /// Reads files relative to that file.
    pub files: Files<'a>,
}
