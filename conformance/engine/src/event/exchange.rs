//! What was sent and received in a step: requests and responses, or a program with its output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use conformance_suite::amount::grouped;

/// A request and its response.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Exchange {
    /// The request.
    pub sent: Sent,
    /// Followed redirects, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the step requests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_end: Option<String>,
    /// Whether the request was sent a second time because the target had closed the reused connection before any byte of a response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resent: bool,
    /// The response, possibly incomplete.
    pub received: Option<Received>,
    /// A curl command that reproduces the request.
    pub again: String,
}

/// A program that a step has run in the folder of the target.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Execution {
    /// The command, quoted for a shell.
    pub command: String,
    /// What it was given on standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Printed>,
    /// The exit code; absent if the program did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How the program ended, if it did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// What it printed to standard output.
    pub stdout: Printed,
    /// What it printed to standard error.
    pub stderr: Printed,
    /// Run time in milliseconds.
    pub milliseconds: f64,
}

/// The input or the output of a program.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Printed {
    /// The text, at most 16 KiB of it.
    pub text: String,
    /// Size in bytes, if `text` is only the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256, if `text` is only the beginning of a text that was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether the program printed more than was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Execution {
    /// Returns how the program ended, as a phrase: `exit code 1`.
    #[must_use]
    pub fn ended(&self) -> String {
        match (self.exit, &self.end) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(end)) => end.clone(),
            (None, None) => "no exit code".to_owned(),
        }
    }

    /// Returns the input and the outputs that are not empty, with their names.
    pub fn streams(&self) -> impl Iterator<Item = (&'static str, &Printed)> {
        let stdin = self.stdin.as_ref().map(|stdin| ("stdin", stdin));
        let all = stdin.into_iter().chain([("stdout", &self.stdout), ("stderr", &self.stderr)]);
        all.filter(|(_, printed)| !printed.text.is_empty())
    }
}

impl Printed {
    /// Returns at most `most` bytes of the text, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(&self.text, most, self.bytes, self.sha256.as_deref(), self.cut)
    }
}

/// A followed redirect.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Hop {
    /// The redirect response.
    pub received: Received,
    /// The request to the new location.
    pub sent: Sent,
}

/// A request.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// Number of header fields that are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: Option<String>,
    /// Size of the body in bytes, if `body` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256 of the body, if `body` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A response.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// Number of header fields that are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: String,
    /// Number of bytes of the body that were read, if `body` is only their beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256 of the body, if `body` is only its beginning and the body was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether the body is longer: no expectation needs it, so only the first MiB was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Why the response is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// Response time in milliseconds.
    pub milliseconds: f64,
}

impl Sent {
    /// Returns at most `most` bytes of the body, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(self.body.as_deref().unwrap_or_default(), most, self.bytes, self.sha256.as_deref(), false)
    }
}

/// Returns at most `most` bytes of a body, and a note about the rest.
fn beginning<'b>(
    body: &'b str,
    most: usize,
    bytes: Option<usize>,
    sha256: Option<&str>,
    cut: bool,
) -> (&'b str, Option<String>) {
    let shown = &body[..body.floor_char_boundary(most)];
    if shown.len() == body.len() && bytes.is_none() && !cut {
        return (shown, None);
    }
    let size = grouped(bytes.unwrap_or(body.len()));
    let rest = match (sha256, cut) {
        (_, true) => format!("… {size} bytes were read; the body is longer"),
        (Some(sha256), false) => format!("… {size} bytes in total, SHA-256 {sha256}"),
        (None, false) => format!("… {size} bytes in total"),
    };
    (shown, Some(rest))
}

impl Received {
    /// Returns at most `most` bytes of the body, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(&self.body, most, self.bytes, self.sha256.as_deref(), self.cut)
    }

    /// Returns the first value of a header field; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
pub(super) fn is_zero(number: &usize) -> bool {
    *number == 0
}
