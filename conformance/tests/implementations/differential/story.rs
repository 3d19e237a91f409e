//! Requests for both servers that refer to users and sessions by the request that created them.
//!
//! `{user-3}` is the id of the user that request 3 created, `{session-4}` the cookie that request 4 received. Each side substitutes its
//! own values; an unknown role is sent literally, as an id that nobody has.

use std::collections::BTreeMap;
use std::fmt;

use random::Random;

mod parts;
mod random;

/// The initial users of both servers.
pub(crate) const USERS: &str = include_str!("users.json");

/// A configuration of both servers.
pub(crate) struct Profile {
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

/// All authentication types, with variations.
pub(crate) const PROFILES: &[Profile] = &[
    Profile { variables: &[("AUTH_TYPE", "session_auth"), ("SESSION_NAME", "_my_session_id")] },
    Profile { variables: &[("AUTH_TYPE", "basic_auth")] },
    Profile {
        variables: &[
            ("AUTH_TYPE", "session_db_auth"),
            ("SESSION_NAME", "_my_session_id"),
            ("SESSION_DURATION", "3600"),
        ],
    },
    Profile { variables: &[] },
    Profile {
        variables: &[
            ("AUTH_TYPE", "session_exp_auth"),
            ("SESSION_NAME", "sid.2"),
            ("SESSION_DURATION", "for ever"),
        ],
    },
    Profile { variables: &[("AUTH_TYPE", "auth"), ("SESSION_NAME", "_my_session_id")] },
    Profile { variables: &[("AUTH_TYPE", "session_auth")] },
    Profile { variables: &[("AUTH_TYPE", "basic_auth"), ("SESSION_NAME", "_my_session_id")] },
];

impl Profile {
    /// Formats the variables as shell assignments.
    pub(crate) fn environment(&self) -> String {
        self.variables.iter().map(|(name, value)| format!("{name}='{value}' ")).collect()
    }

    fn variable(&self, name: &str) -> Option<&'static str> {
        self.variables.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) number: usize,
    pub(crate) method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

/// Generates the requests of a batch; deterministic for the same arguments.
pub(crate) fn requests(profile: &Profile, seed: usize, batch: usize, length: usize) -> Vec<Request> {
    let mut random = Random::new(seed, batch);
    let mut made = parts::Made::default();
    (0..length).map(|number| parts::request(&mut random, profile, &mut made, number)).collect()
}

impl Request {
    /// Whether it refers to something that another request created.
    pub(crate) fn names(&self, number: usize) -> bool {
        let text = self.to_string();
        text.contains(&format!("{{user-{number}}}")) || text.contains(&format!("{{session-{number}}}"))
    }

    /// Returns the bytes to send, with ids in place of roles.
    pub(crate) fn bytes(&self, address: &str, ids: &BTreeMap<String, String>) -> Vec<u8> {
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n",
            self.method,
            text(&self.target, ids)
        )
        .into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: ").bytes());
            // Roles are ASCII, so other bytes stay unchanged.
            match str::from_utf8(value) {
                Ok(value) => bytes.extend(text(value, ids).bytes()),
                Err(_) => bytes.extend(value),
            }
            bytes.extend(b"\r\n");
        }
        if let Some(body) = &self.body {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Formats the request as a command for bash, with ids in place of roles.
    pub(crate) fn curl(&self, address: &str, ids: &BTreeMap<String, String>) -> String {
        let mut command = format!("curl -i --path-as-is -X {} ", self.method);
        if self.method == "HEAD" {
            command = "curl -I --path-as-is ".to_owned();
        }
        command += &quoted(format!("http://{address}{}", text(&self.target, ids)).as_bytes());
        for (name, value) in &self.headers {
            // curl sends an empty header field only if it is written with a semicolon.
            let mut field = format!("{name}{}", if value.is_empty() { ";" } else { ": " }).into_bytes();
            field.extend(value);
            let field = String::from_utf8(field)
                .map_or_else(std::string::FromUtf8Error::into_bytes, |field| text(&field, ids).into());
            command += &format!(" -H {}", quoted(&field));
        }
        if let Some(body) = &self.body {
            command += &format!(" --data-binary {}", quoted(body));
        }
        command
    }
}

fn text(text: &str, ids: &BTreeMap<String, String>) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    ids.iter().fold(text.to_owned(), |text, (role, id)| text.replace(role, id))
}

/// Quotes bytes as a word of bash.
fn quoted(bytes: &[u8]) -> String {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'\\');
    let inside: String = bytes
        .iter()
        .map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("\\x{byte:02x}") })
        .collect();
    if bytes.iter().all(plain) { format!("'{inside}'") } else { format!("$'{inside}'") }
}

/// Returns the text that the intended differences are matched against: head, empty line, body.
impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "{}: {}", name.to_ascii_lowercase(), String::from_utf8_lossy(value))?;
        }
        write!(formatter, "\n{}", String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()))
    }
}
