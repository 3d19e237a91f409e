//! Converts responses to a form that can be compared: JSON as a value, methods in order, roles in place of ids.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::story::Request;

/// The header fields that are compared; others (`Server`, `Date`, lengths) depend on the framework.
const COMPARED: &[&str] = &[
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "allow",
    "content-type",
    "location",
    "set-cookie",
    "vary",
    "www-authenticate",
];

/// A parsed response.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// Parses a response; `None` if it is not HTTP.
    pub(crate) fn parse(received: &[u8], request: &Request) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(length) = head.parse(received).ok()? else { return None };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers =
            head.headers.iter().map(|field| (field.name.to_ascii_lowercase(), text(field.value))).collect();
        let body = &received[length..];
        if request.method == "HEAD" && !body.is_empty() {
            return None;
        }
        Some(Self { status: head.code?, headers, body: text(body) })
    }

    /// Returns the id of the created user.
    pub(crate) fn made_user(&self) -> Option<String> {
        let body: Value = (self.status == 201).then(|| serde_json::from_str(&self.body).ok()).flatten()?;
        body["id"].as_str().map(str::to_owned)
    }

    /// Returns the value of the cookie that the response sets.
    pub(crate) fn session_id(&self) -> Option<String> {
        let (_, cookie) = self.headers.iter().find(|(name, _)| name == "set-cookie")?;
        Some(cookie.split_once('=')?.1.split(';').next()?.to_owned())
    }

    /// Returns the response with roles in place of ids.
    pub(crate) fn with_roles(mut self, ids: &BTreeMap<String, String>) -> Self {
        for (role, id) in ids {
            self.body = self.body.replace(id, role);
            for (_, value) in &mut self.headers {
                *value = value.replace(id, role);
            }
        }
        self
    }

    /// Returns what is compared: the status, some header fields, and the body.
    pub(crate) fn compared(&self) -> String {
        let mut lines = vec![self.status.to_string()];
        for name in COMPARED {
            for (_, value) in self.headers.iter().filter(|(found, _)| found == name) {
                let mut words: Vec<_> = value.split(", ").collect();
                words.sort_unstable();
                lines.push(format!("{name}: {}", words.join(", ").to_ascii_lowercase()));
            }
        }
        lines.push(String::new());
        lines.push(
            serde_json::from_str(&self.body)
                .map_or_else(|_| self.body.clone(), |body: Value| body.to_string()),
        );
        lines.join("\n")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "{name}: {value}")?;
        }
        write!(formatter, "\n{}", self.body)
    }
}
