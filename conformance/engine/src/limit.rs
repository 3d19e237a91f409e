//! Maximum sizes of the parts of an exchange in reports. They bound memory and report size, whatever a target sends.

/// Bytes of a body in a record; longer bodies are recorded with size and SHA-256. Also the longest body that the reproduce command
/// passes as an argument.
pub const BODY: usize = 16 * 1024;
/// Bytes of a body in reports with plain-text evidence: terminal, `JUnit`, TAP and GitHub.
pub const SHORT_BODY: usize = 4 * 1024;
/// Bytes of all header fields of a message.
pub const FIELDS: usize = 16 * 1024;
/// Bytes of the value of a header field.
pub const FIELD: usize = 4 * 1024;
/// Bytes of a request target.
pub const TARGET: usize = 8 * 1024;
/// Mismatches of a step; the others are counted.
pub const FINDINGS: usize = 20;
/// Bytes of the expected and of the received value of a mismatch.
pub const VALUE: usize = 4 * 1024;
/// Bytes of the label of a mismatch, and of its JSON Pointer.
pub const LABEL: usize = 1024;
/// Bytes of a reason.
pub const REASON: usize = 2 * 1024;
/// Bytes of the output of a target; the last ones are kept.
pub const PRINTED: usize = 16 * 1024;
