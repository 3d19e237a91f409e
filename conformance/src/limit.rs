//! How much of what a target sends, and of what is sent to it, reports show. Memory and the size of reports are bounded by these,
//! whatever a target sends.

/// The bytes of a body that a record has; its size and its SHA-256 are there where it is longer. Also the longest body that the
/// reproduce command has as a word.
pub const BODY: usize = 16 * 1024;
/// The bytes of a body that reports with one field for all evidence show: the terminal, `JUnit`, TAP and GitHub.
pub const SHORT_BODY: usize = 4 * 1024;
/// The bytes of all header fields of a message together.
pub const FIELDS: usize = 16 * 1024;
/// The bytes of the value of one header field.
pub const FIELD: usize = 4 * 1024;
/// The bytes of a request target.
pub const TARGET: usize = 8 * 1024;
/// The mismatches of a step; the others are counted.
pub const FINDINGS: usize = 20;
/// The bytes of what was expected and of what was received, in a mismatch.
pub const VALUE: usize = 4 * 1024;
/// The bytes of the label of a mismatch, and of its JSON Pointer.
pub const LABEL: usize = 1024;
/// The bytes of a reason.
pub const REASON: usize = 2 * 1024;
/// The bytes of what a target printed: the last ones.
pub const PRINTED: usize = 16 * 1024;
