//! Replaces the variables of a shell in a command: by the value that the document gives, by a capture, or by a variable of the suite.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::command::{PLACEHOLDER, expands, quotes_after};
use crate::pattern;
use crate::transcript::UNNAMED;
use conformance_suite::curl;
use conformance_suite::shell::{self, Quotes, Role};

/// The variables of a document.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// The values that commands of the document assign.
    values: BTreeMap<String, String>,
    /// The names of captures, by variable.
    captured: BTreeMap<String, String>,
    /// The names of variables of the suite, by variable.
    pub(super) needed: BTreeMap<String, String>,
}

/// A command without variables of the shell.
pub(super) struct Expanded {
    pub(super) text: String,
    /// Remarks for the reader.
    pub(super) remarks: Vec<String>,
}

impl Variables {
    /// Reads the assignments of a command line that does nothing else.
    pub(super) fn read(&mut self, command: &str) {
        for line in command.split(['\n', ';']) {
            let line = line.trim();
            let line = ["export ", "set ", "local ", "readonly "]
                .iter()
                .find_map(|word| line.strip_prefix(word))
                .unwrap_or(line);
            let Ok(words) = shell::split(line) else { continue };
            let assigned: Vec<(String, String)> = words
                .into_iter()
                .map_while(|word| {
                    let found = ASSIGNMENT.captures(&word.text)?;
                    Some((found.get(1)?.as_str().to_owned(), found.get(2)?.as_str().to_owned()))
                })
                .collect();
            for (name, value) in assigned {
                self.captured.remove(&name);
                // A placeholder is no value.
                if value.is_empty() || value.contains(['$', '`', '<', '>']) || value.contains("...") {
                    self.values.remove(&name);
                } else {
                    self.values.insert(name, value);
                }
            }
        }
    }

    /// Names the capture that a variable takes.
    pub(super) fn capture(&mut self, variable: &str) -> String {
        let name = variable.to_ascii_lowercase();
        self.captured.insert(variable.to_owned(), name.clone());
        name
    }

    /// Replaces the variables of a command.
    pub(super) fn expand(&mut self, command: &str) -> Expanded {
        let mut remarks = Vec::new();
        let known = self.with_values(command);
        let mut origins = Vec::new();
        let text = ORIGIN.replace_all(&known, |found: &regex::Captures<'_>| {
            let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
            let before = found.get(0).and_then(|whole| known.get(..whole.start())).unwrap_or_default();
            if before.split_whitespace().next_back().is_some_and(takes_a_value) {
                return part(0).to_owned();
            }
            origins.push(part(2).trim_end_matches('/').to_owned());
            let slash = if part(2).ends_with('/') { "/" } else { "" };
            format!("{}{UNNAMED}{slash}", part(1))
        });
        for origin in origins {
            remarks.push(format!("{origin} is taken for the origin of the API"));
        }
        let marked = self.marked(&text, &mut remarks);
        // In a here-document, quotes are letters.
        let cut = HERE.find(&marked).map_or(marked.len(), |found| found.end());
        let (head, document) = marked.split_at(cut);
        let document = document.replace("${", "$${");
        let text = curl::literal(head) + &document;
        let text = text.replace(OPEN, "${").replace(CLOSE, "}");
        Expanded { text, remarks }
    }

    /// Replaces the variables whose value the document gives.
    fn with_values(&self, command: &str) -> String {
        let mut quotes = Quotes::default();
        let (mut text, mut at) = (String::new(), 0);
        while let Some(one) = command.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = command.get(at..).unwrap_or_default();
            let role = quotes.take(one);
            let found = NAME.captures(rest).filter(|_| one == '$' && expands(role));
            let value = found.as_ref().and_then(|found| {
                let name = found.get(1).or(found.get(2))?.as_str();
                Some((found.get(0)?.end(), self.values.get(name)?))
            });
            let Some((length, value)) = value else {
                text.push(one);
                at += one.len_utf8();
                continue;
            };
            if role == Role::Plain
                && !value.chars().all(|one| one.is_ascii_alphanumeric() || "-._~:/=,@%+".contains(one))
            {
                text.push_str(&shell::quote(value));
            } else {
                for one in value.chars() {
                    if matches!(one, '"' | '\\' | '$' | '`') {
                        text.push('\\');
                    }
                    text.push(one);
                }
            }
            quotes = quotes_after(role);
            at += length;
        }
        text
    }

    /// Replaces the other variables by marked names.
    fn marked(&mut self, command: &str, remarks: &mut Vec<String>) -> String {
        let is_here = HERE.find(command).map(|found| found.end());
        let mut quotes = Quotes::default();
        let (mut text, mut at) = (String::new(), 0);
        while let Some(one) = command.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = command.get(at..).unwrap_or_default();
            let in_document = is_here.is_some_and(|start| at >= start);
            let role = if in_document { Role::Plain } else { quotes.take(one) };
            let mut next = at + one.len_utf8();
            if one == '$' && expands(role) {
                if let Some(found) = NAME.captures(rest)
                    && let Some(name) = found.get(1).or(found.get(2))
                {
                    let name = self.named(name.as_str(), remarks);
                    text.push_str(&format!("{OPEN}{name}{CLOSE}"));
                    at += found.get(0).map_or(1, |whole| whole.end());
                    quotes = quotes_after(role);
                    continue;
                }
                if rest.starts_with("$(") {
                    remarks
                        .push("the shell writes a part of this request (`$(…)`): write its value".to_owned());
                    next = at + 1;
                }
            } else if one == '`' && expands(role) && !in_document {
                remarks.push(
                    "the shell writes a part of this request (in backticks): write its value".to_owned(),
                );
            } else if one == '<'
                && role == Role::Plain
                && !in_document
                && let Some(found) = PLACEHOLDER.find(rest)
            {
                remarks.push(format!("write a value for {}", found.as_str()));
                text.push_str(&shell::quoted(found.as_str()));
                at += found.end();
                continue;
            }
            text.push_str(command.get(at..next).unwrap_or_default());
            at = next;
        }
        remarks.dedup();
        text
    }

    /// Returns the name that an expression has for a variable.
    fn named(&mut self, variable: &str, remarks: &mut Vec<String>) -> String {
        if let Some(name) = self.captured.get(variable) {
            return name.clone();
        }
        let name = variable.to_ascii_lowercase();
        let name = if name.starts_with('_') { format!("value{name}") } else { name };
        let name = if ["target", "output", "uuid", "base64", "sha256"].contains(&name.as_str()) {
            format!("{name}_value")
        } else {
            name
        };
        if self.needed.insert(variable.to_owned(), name.clone()).is_none() {
            remarks.push(format!(
                "${variable} is a variable of the suite now: set it in the environment, or write its default"
            ));
        }
        name
    }
}

/// Whether the value of a variable is probably secret.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET.is_match(name)
}

/// Whether a word is an option of curl that takes a value other than the URL.
fn takes_a_value(word: &str) -> bool {
    const FLAGS: [&str; 8] =
        ["--silent", "--verbose", "--include", "--insecure", "--location", "--url", "--get", "--compressed"];
    if word.starts_with("--") {
        return !FLAGS.contains(&word);
    }
    word.starts_with('-') && word.ends_with(|letter: char| "oHdFTbceEuAmwKDxX".contains(letter))
}

/// Marks around a name; private-use characters, which no document contains.
const OPEN: &str = "\u{F8FC}";
const CLOSE: &str = "\u{F8FD}";

static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)^([A-Za-z_]\w*)=(.*)$"));
static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})"));
static SECRET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)token|key|secret|pass|auth|cred|jwt|pwd|pat$|session|cookie"));
static HERE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"<<-?[ \t]*(?:'\w+'|"\w+"|\\?\w+)[^\n]*\n"#));
/// A variable or a placeholder where a URL has its origin.
static ORIGIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"((?:^|[ \t\n])["']?)"#,
        r"(https?://(?:\$\{?[A-Za-z_]\w*\}?|<[^>\n]+>|\{+[^}\n]+\}+|\[[A-Za-z][^\]\n]*\]|\$\([^)]*\)|%\w+%)(?:\.[\w.-]*\w)?(?::(?:\$\{?\w+\}?|<[^>\n]+>|\{+[^}\n]+\}+|\d+))?|",
        r"https?://[\w.-]+:(?:\$\{?[A-Za-z_]\w*\}?|<[^>\n]+>|\{+[^}\n]+\}+)|",
        r"(?:\$\{?[A-Za-z_]\w*\}?|<[^>\n]*(?i:host|url|server|origin|domain|endpoint)[^>\n]*>|\{+[^}\n]*(?i:host|url|server|origin|domain|endpoint)[^}\n]*\}+|\[[A-Za-z][^\]\n]*(?i:host|url|server|origin|domain|endpoint)[^\]\n]*\]|[A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*(?:HOST|URL|SERVER|ORIGIN|DOMAIN|ENDPOINT))(?::(?:\$\{?\w+\}?|<[^>\n]+>|\d+))?/)",
    ))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_variables_outside_of_single_quotes() {
        let mut variables = Variables::default();
        variables.read("export HOST=http://h.test A='x y'");
        let shown = |variables: &mut Variables, text: &str| variables.expand(text).text;
        assert_eq!(
            shown(&mut variables, "curl $HOST/a -d $A -d \"$A\""),
            "curl http://h.test/a -d 'x y' -d \"x y\""
        );
        assert_eq!(
            shown(&mut variables, r#"curl http://h/ -d '$B' "$C" \$D $'it\'s $E' ${F}"#),
            r#"curl http://h/ -d '$B' "${c}" \$D $'it\'s $E' ${f}"#
        );
        assert_eq!(variables.needed.keys().collect::<Vec<_>>(), ["C", "F"]);
    }

    #[test]
    fn takes_a_variable_at_the_beginning_of_a_url_for_the_origin() {
        for text in [
            "curl $HOST/a",
            "curl \"http://$HOST:8080/a\"",
            "curl http://<host>:<port>/a",
            "curl http://localhost:<shelf-port>/a",
            "curl http://localhost:$PORT/a",
            "curl {base_url}/a",
            "curl https://{domain}/a",
            "curl 'SHELF_URL/a'",
            "curl [SHELF-URL]/a",
            "curl -X POST MY_SHELF_HOST:8080/a",
        ] {
            let expanded = Variables::default().expand(text);
            assert!(
                expanded.text.contains(&format!("{UNNAMED}/a"))
                    || expanded.text.contains(&format!("{UNNAMED}a")),
                "{}",
                expanded.text
            );
            assert_eq!(expanded.remarks.len(), 1, "{text}");
        }
    }

    #[test]
    fn keeps_substitutions_and_placeholders_as_marked_letters() {
        let expanded = Variables::default().expand("curl http://h/<id> -d \"$(cat x)\"");
        assert_eq!(expanded.text, "curl http://h/'<id>' -d \"\\$(cat x)\"");
        assert_eq!(expanded.remarks.len(), 2);
    }
}
