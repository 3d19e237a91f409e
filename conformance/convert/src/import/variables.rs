//! Replaces the variables of a shell in a command: by the value that the document gives, by a capture, or by a variable of the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::command::{PLACEHOLDER, expands, quotes_after, substitution};
use crate::pattern;
use crate::transcript::UNNAMED;
use conformance_suite::curl;
use conformance_suite::shell::{self, Quote, Quotes, Role};
use conformance_suite::suite::{StepDefinition, Suite};
use conformance_suite::template::is_function;

/// The variables of a document.
#[derive(Debug, Default)]
pub(super) struct Variables<'a> {
    /// The existing suite, whose fixtures, captures and variables have other names.
    suite: Option<&'a Suite>,
    /// The captures of the suite.
    taken: BTreeSet<&'a str>,
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

impl<'a> Variables<'a> {
    /// Creates the variables of a document that is imported into this suite.
    pub(super) fn new(suite: Option<&'a Suite>) -> Self {
        let scenarios = suite.into_iter().flat_map(|suite| &suite.scenarios);
        let definitions = scenarios.flat_map(|scenario| scenario.definitions.iter());
        let taken = definitions.flat_map(StepDefinition::captures).map(|capture| capture.name.as_str());
        Self { suite, taken: taken.collect(), ..Self::default() }
    }

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
        if let Some(name) = self.captured.get(variable) {
            return name.clone();
        }
        let declared = |name: &str| self.suite.is_some_and(|suite| suite.variable(name).is_some());
        let name = self.free(variable, |name| !declared(name));
        self.captured.insert(variable.to_owned(), name.clone());
        name
    }

    /// Returns a name for a variable that no fixture, function and other variable has, and that fits.
    fn free(&self, variable: &str, fits: impl Fn(&str) -> bool) -> String {
        let name = variable.to_ascii_lowercase();
        let name = if name.starts_with('_') { format!("value{name}") } else { name };
        let name = if RESERVED.contains(&name.as_str()) || is_function(&name) {
            format!("{name}_value")
        } else {
            name
        };
        let is_free = |name: &String| {
            self.suite.is_none_or(|suite| suite.fixture(name).is_none())
                && !self.captured.values().chain(self.needed.values()).any(|other| other == name)
                && fits(name)
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
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
        let here = Here::find(command);
        let mut quotes = Quotes::default();
        let (mut text, mut at) = (String::new(), 0);
        while let Some(one) = command.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = command.get(at..).unwrap_or_default();
            let role = here.role(at).unwrap_or_else(|| quotes.take(one));
            let found = (NAME.captures(rest))
                .or_else(|| DEFAULT.captures(rest))
                .filter(|_| one == '$' && expands(role));
            let value = found.as_ref().and_then(|found| {
                let name = found.name("name").or(found.name("braced"))?.as_str();
                Some((found.get(0)?.end(), self.values.get(name)?))
            });
            let Some((length, value)) = value else {
                text.push(one);
                at += one.len_utf8();
                continue;
            };
            if here.role(at).is_none()
                && role == Role::Plain
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
        let here = Here::find(command);
        let mut quotes = Quotes::default();
        let (mut text, mut at) = (String::new(), 0);
        while let Some(one) = command.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = command.get(at..).unwrap_or_default();
            let in_document = here.role(at).is_some();
            let role = here.role(at).unwrap_or_else(|| quotes.take(one));
            let mut next = at + one.len_utf8();
            if one == '$' && expands(role) {
                if let Some(found) = NAME.captures(rest)
                    && let Some(name) = found.name("name").or(found.name("braced"))
                {
                    let name = self.named(name.as_str(), remarks);
                    text.push_str(&format!("{OPEN}{name}{CLOSE}"));
                    at += found.get(0).map_or(1, |whole| whole.end());
                    quotes = quotes_after(role);
                    continue;
                }
                if let Some(found) = DEFAULT.captures(rest)
                    && let (Some(name), Some(default)) = (found.name("name"), found.name("default"))
                    && !default.as_str().contains(['$', '`'])
                {
                    let written = found.get(0).map_or("", |whole| whole.as_str());
                    let default = if let Some(captured) = self.captured.get(name.as_str()) {
                        format!("{OPEN}{captured}{CLOSE}")
                    } else {
                        remarks.push(format!("the default of `{written}` is sent"));
                        default.as_str().to_owned()
                    };
                    text.push_str(&default);
                    at += written.len();
                    quotes = quotes_after(role);
                    continue;
                }
                if rest.starts_with("$(") {
                    remarks.push(format!("{SHELL} (`$(…)`): write its value"));
                    // Unquoted, its blanks would end the word.
                    if role == Role::Plain
                        && !in_document
                        && let Some(whole) = substitution(rest).and_then(|length| rest.get(..length))
                    {
                        text.push_str(&shell::quoted(whole));
                        at += whole.len();
                        quotes = quotes_after(role);
                        continue;
                    }
                    next = at + 1;
                } else if let Some(found) = SPECIAL.find(rest) {
                    remarks.push(format!("{SHELL} (`{}`): write its value", found.as_str()));
                }
            } else if one == '`' && expands(role) && !in_document {
                remarks.push(format!("{SHELL} (in backticks): write its value"));
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
        if let Some(name) = self.needed.get(variable) {
            return name.clone();
        }
        let name = self.free(variable, |name| {
            let declared = self.suite.and_then(|suite| suite.variable(name));
            let is_own = declared.is_none_or(|own| own.env.as_deref().is_none_or(|env| env == variable));
            is_own && !self.taken.contains(name)
        });
        self.needed.insert(variable.to_owned(), name.clone());
        remarks.push(format!(
            "${variable} is a variable of the suite now: set it in the environment, or write its default"
        ));
        name
    }
}

/// The text of the here-document of a command.
struct Here {
    start: Option<usize>,
    /// Whether the shell expands variables in it.
    expands: bool,
}

impl Here {
    fn find(command: &str) -> Self {
        let found = HERE.find(command);
        let operator = found.map_or("", |found| found.as_str());
        let word = operator.trim_start_matches(['<', '-', ' ', '\t']);
        Self { start: found.map(|found| found.end()), expands: !word.starts_with(['\'', '"', '\\']) }
    }

    /// Returns the role of the character at a place in the here-document, in which quotes are letters.
    fn role(&self, at: usize) -> Option<Role> {
        let role = if self.expands { Role::Plain } else { Role::Within(Quote::Single) };
        self.start.filter(|start| at >= *start).map(|_| role)
    }
}

/// The beginning of a remark on a part of a request that only a shell can write.
pub(super) const SHELL: &str = "the shell writes a part of this request";

/// Names with another meaning in a suite; `port` and `host` are the address of the target in `launch`.
const RESERVED: [&str; 11] =
    ["target", "output", "port", "host", "true", "false", "null", "none", "not", "and", "or"];

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
static NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})"));
/// A variable with a default, which counts if nothing sets the variable.
static DEFAULT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\$\{(?P<name>[A-Za-z_]\w*)(?P<braced>):?[-=](?P<default>[^}\n]*)\}"));
/// A parameter of a script, or another expansion.
static SPECIAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\$(?:[0-9?*@#!$]|\{[^}\n]*\})"));
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
        let shown = |variables: &mut Variables<'_>, text: &str| variables.expand(text).text;
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
        let expanded = Variables::default().expand("curl http://h/$(date +%s) -d \"$1\" -d \"${A#x}\"");
        assert_eq!(expanded.text, "curl http://h/'$(date +%s)' -d \"\\$1\" -d \"$${A#x}\"");
        assert_eq!(expanded.remarks.len(), 3, "{:?}", expanded.remarks);
    }

    #[test]
    fn sends_the_default_of_a_variable() {
        let mut variables = Variables::default();
        variables.read("A=1");
        let expanded = variables.expand("curl http://h/${A:-x}/${B:-y} -d \"${C:-z}\"");
        assert_eq!(expanded.text, "curl http://h/1/y -d \"z\"");
        assert_eq!(
            expanded.remarks,
            ["the default of `${B:-y}` is sent", "the default of `${C:-z}` is sent"]
        );
    }

    #[test]
    fn names_are_unique() {
        let mut variables = Variables::default();
        assert_eq!(variables.capture("ID"), "id");
        let expanded = variables.expand("curl http://h/$ID/$id/$TOKEN/$token/$PORT/$Token");
        assert_eq!(expanded.text, "curl http://h/${id}/${id_2}/${token}/${token_2}/${port_value}/${token_3}");
        assert_eq!(variables.capture("TOKEN"), "token_4");
    }

    #[test]
    fn quotes_are_letters_in_a_here_document() {
        let mut variables = Variables::default();
        variables.read("A=1");
        let shown = |variables: &mut Variables<'_>, text: &str| variables.expand(text).text;
        assert_eq!(
            shown(&mut variables, "curl -d @- http://h/ <<E\nit's $A\nE"),
            "curl -d @- http://h/ <<E\nit's 1\nE"
        );
        let quoted = "curl -d @- http://h/ <<'E'\n$A $B\nE";
        assert_eq!(shown(&mut variables, quoted), quoted);
    }
}
