//! Replaces the secrets of a recording by variables of the suite.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::pattern;

/// The secrets of a recording.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The names of the variables, by environment variable.
    pub(super) variables: BTreeMap<String, String>,
    /// The names of the variables, by what they are called and by value.
    named: BTreeMap<(String, String), String>,
}

/// What a request contains, and what is known about it.
pub(super) struct Found<'a> {
    pub(super) secrets: &'a mut Secrets,
    /// Whether an earlier response of the recording has a value, so that a step can capture it.
    pub(super) is_made: &'a dyn Fn(&str) -> bool,
    /// Remarks for the reader.
    pub(super) remarks: &'a mut Vec<String>,
}

impl Found<'_> {
    /// Returns an expression for a secret, and declares its variable.
    fn expression(&mut self, called: &str, value: &str) -> String {
        let letters = called.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' });
        let base: String = letters.collect::<String>().to_ascii_lowercase();
        let base = base.trim_start_matches("x_").trim_matches('_');
        let base = if base.starts_with(|one: char| one.is_ascii_alphabetic()) { base } else { "secret" };
        let secrets = &mut *self.secrets;
        let taken = |name: &String| secrets.variables.values().any(|other| other == name);
        let key = (base.to_owned(), value.to_owned());
        let name = secrets.named.get(&key).cloned().unwrap_or_else(|| {
            let numbered = (2..).map(|number| format!("{base}_{number}"));
            let mut names = std::iter::once(base.to_owned()).chain(numbered);
            names.find(|name| !taken(name)).unwrap_or_else(|| base.to_owned())
        });
        secrets.named.insert(key, name.clone());
        secrets.variables.insert(name.to_ascii_uppercase(), name.clone());
        let remark =
            format!("the recording has the value of `{name}`; set it in the environment or with --var");
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
        format!("${{{name}}}")
    }

    /// Returns the value of a header field, with expressions for its secrets.
    pub(super) fn field(&mut self, name: &str, value: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let literal = value.replace("${", "$${");
        match lower.as_str() {
            "cookie" => self.cookies(&literal),
            "authorization" => {
                let (scheme, secret) = value.split_once(' ').unwrap_or(("", value));
                let called = if scheme == "Bearer" { "token" } else { "credentials" };
                match (scheme, secret) {
                    (_, "") => literal,
                    ("", secret) => self.expression(called, secret),
                    (scheme, secret) => format!("{scheme} {}", self.expression(called, secret)),
                }
            }
            _ if FIELD.is_match(&lower) && !value.is_empty() => self.expression(&lower, value),
            _ => literal,
        }
    }

    fn cookies(&mut self, value: &str) -> String {
        let cookie = |pair: &str| match pair.split_once('=') {
            Some((name, value)) if COOKIE.is_match(name) && !value.is_empty() && !(self.is_made)(value) => {
                format!("{name}={}", self.expression(name.trim(), value))
            }
            _ => pair.to_owned(),
        };
        value.split(';').map(cookie).collect::<Vec<_>>().join(";")
    }

    /// Returns a target with expressions for the secrets in its query.
    pub(super) fn target(&mut self, target: &str) -> String {
        match target.split_once('?') {
            Some((path, query)) => format!("{path}?{}", self.form(query, true)),
            None => target.to_owned(),
        }
    }

    /// Returns pairs of names and values with expressions for the secrets.
    fn form(&mut self, text: &str, is_query: bool) -> String {
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, value))
                if !value.is_empty() && (is_secret(name) || (is_query && QUERY.is_match(name))) =>
            {
                if (self.is_made)(value) {
                    return pair.to_owned();
                }
                format!("{name}={}", self.expression(name, value))
            }
            _ => pair.to_owned(),
        };
        text.split('&').map(pair).collect::<Vec<_>>().join("&")
    }

    /// Returns a body with expressions for its secrets.
    pub(super) fn body(&mut self, text: &str, media_type: &str) -> String {
        if media_type.contains("x-www-form-urlencoded") {
            return self.form(text, false);
        }
        let members = if media_type.starts_with("multipart/") { &PART } else { &MEMBER };
        let replaced = members.replace_all(text, |found: &Captures<'_>| {
            let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
            if !is_secret(part(2)) || (self.is_made)(part(4)) {
                return part(0).to_owned();
            }
            let expression = self.expression(part(2), part(4));
            format!("{}{}{}{expression}{}", part(1), part(2), part(3), part(5))
        });
        replaced.into_owned()
    }
}

/// Whether the value of a member or a form field is secret, by its name.
fn is_secret(name: &str) -> bool {
    SECRET.is_match(name) && !PAGE.is_match(name)
}

static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:password\d?|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|jwt|otp)$|^(?:pass|pin|sid|session[_-]?id)$",
    )
});
/// A token that names a part of a list.
static PAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)page|cursor|continu|sync|next"));
/// Other secrets of a query.
static QUERY: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^(?:key|auth|sig|signature)$"));
static COOKIE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)sess|sid$|token|auth|jwt|secret|csrf|xsrf|remember|login"));
/// Header fields whose values are secret.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"api-?key|auth-token|access-token|^x-.*(?:token|secret)$|^proxy-authorization$")
});
/// A member of a JSON object that is a string.
static MEMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(")((?:[^"\\]|\\.)*)("\s*:\s*")((?:[^"\\]|\\.)+)(")"#));
/// A part of a multipart body.
static PART: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(name=")([^"\r\n]*)("\r?\n\r?\n)([^\r\n]+)(\r?\n--)"#));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_value_has_a_variable() {
        let (mut secrets, mut remarks) = (Secrets::default(), Vec::new());
        let is_made = |value: &str| value == "made";
        let mut found = Found { secrets: &mut secrets, is_made: &is_made, remarks: &mut remarks };
        assert_eq!(found.field("Authorization", "Bearer s3cret"), "Bearer ${token}");
        assert_eq!(found.field("Cookie", "sid=abc; x=1; session=made"), "sid=${sid}; x=1; session=made");
        assert_eq!(
            found.target("/a?api_key=k&page_token=2&x=1&access_token=t"),
            "/a?api_key=${api_key}&page_token=2&x=1&access_token=${access_token}"
        );
        let json = "application/json";
        assert_eq!(
            found.body(r#"{"password": "p\"w", "a": "b"}"#, json),
            r#"{"password": "${password}", "a": "b"}"#
        );
        assert_eq!(found.body(r#"{"password":"other"}"#, json), r#"{"password":"${password_2}"}"#);
        let form = "application/x-www-form-urlencoded";
        assert_eq!(
            found.body("password=other&client_secret=c", form),
            "password=${password_2}&client_secret=${client_secret}"
        );
        let part = "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nq\r\n--x--\r\n";
        assert!(found.body(part, "multipart/form-data").contains("\r\n\r\n${password_3}\r\n--x"));
        assert_eq!(secrets.variables.get("PASSWORD_2").map(String::as_str), Some("password_2"));
        assert_eq!(remarks.len(), 8);
    }
}
