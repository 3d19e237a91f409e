//! Reads the common checks of test scripts: `pm.expect(…)` of Postman, `client.assert(…)` of JetBrains IDEs, and the variables that they set.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value as Json;

use crate::pattern;
use conformance_suite::json::escape;
use conformance_suite::yaml::page::{Yaml, quote};

/// What a script checks and sets, as far as it is understood.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The expected status, as an expectation writes it.
    pub(super) status: Option<String>,
    /// The other members of an expectation.
    pub(super) expected: Vec<(String, Yaml)>,
    /// Variables that the script sets: their names, with what a step captures.
    pub(super) sets: Vec<(String, (&'static str, String))>,
    /// The first line that is not understood.
    pub(super) unread: Option<String>,
}

/// The JSON value of a response, or a name of a part of it, and a path: `jsonData.user["id"]`.
const PATH: &str = r#"(pm\.response\.json\(\)|JSON\.parse\((?:responseBody|pm\.response\.text\(\))\)|response\.body|\w+)((?:\??\.\w+|\[["'][^"'\]]+["']\]|\[\d+\])*)"#;
const LITERAL: &str = r#"("[^"\\]*"|'[^'\\]*'|-?\d+(?:\.\d+)?|true|false|null)"#;
const EQUAL: &str = r"\.to\.(?:be\.)?(?:deep\.)?(?:eql?|equals?)\(";

fn with_parts(text: &str) -> Regex {
    pattern(&text.replace("PATH", PATH).replace("LITERAL", LITERAL).replace("EQUAL", EQUAL))
}

static STATUS: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(
        r"(?:have\.status\(|response\.(?:code|status)\)EQUAL|(?:responseCode\.code|response\.(?:status|code))\s*===?\s*)\s*([1-5]\d\d)\b",
    )
});
static STATUSES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"response\.code\)\.to\.be\.oneOf\(\s*\[([\d,\s]+)\]"));
static SUCCESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"pm\.response\.to\.be\.(?:ok|success)\b"));
static HAS_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(r#"pm\.response\.to\.have\.header\(\s*["']([\w-]+)["']\s*(?:,\s*LITERAL\s*)?\)"#)
});
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(
        r#"headers\.(?:get|valueOf)\(["']([\w-]+)["']\)\)?\s*(EQUAL|\.to\.(?:include|contain)\(|===?\s*)\s*LITERAL"#,
    )
});
static TEXT: LazyLock<Regex> =
    LazyLock::new(|| with_parts(r"pm\.response\.text\(\)\)\.to\.(?:include|contain)\(\s*LITERAL"));
static EQUALS: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(r"(?:pm\.expect\(\s*PATH\s*\)EQUAL\s*|(?:assert\(|=)\s*PATH\s*===?\s*)LITERAL")
});
static IS: LazyLock<Regex> =
    LazyLock::new(|| with_parts(r"pm\.expect\(\s*PATH\s*\)\.to\.be\.(true|false|null)\b"));
static TYPE: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(r#"pm\.expect\(\s*PATH\s*\)\.to\.be\.an?\(["'](string|number|boolean|array|object)["']\)"#)
});
static EXISTS: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(
        r#"pm\.expect\(\s*PATH\s*\)\.to\.(?:exist\b|not\.be\.undefined|have\.property\(["'](\w+)["']\s*(?:,\s*LITERAL\s*)?\))"#,
    )
});
static ALIAS: LazyLock<Regex> =
    LazyLock::new(|| with_parts(r"(?:const|let|var)\s+(\w+)\s*=\s*PATH\s*(?:;|\n|$)"));
static SETS: LazyLock<Regex> = LazyLock::new(|| {
    with_parts(
        r#"(?:pm\.\w+|client\.global|postman)\.set\w*\(\s*["']([\w.-]+)["']\s*,\s*(?:PATH|(?:pm\.)?response\.headers\.(?:get|valueOf)\(["']([\w-]+)["']\))\s*\)"#,
    )
});
static BRANCH: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:if|else|for|forEach|while|switch|catch)\b"));
/// What has to be understood.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"pm\.expect\(|pm\.response\.to\.|client\.assert\(|tests\[|(?:pm\.\w+|client\.global|postman)\.(?:un)?set\w*\(|pm\.sendRequest|setNextRequest",
    )
});

/// Reads a script.
pub(super) fn read(text: &str) -> Script {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut reader = Reader { aliases: BTreeMap::new(), fields: Vec::new(), json: Node::default() };
    // Names of the body, and of parts of it.
    for found in ALIAS.captures_iter(&text) {
        if let Some(path) = reader.path(&found, 2) {
            reader.aliases.insert(found[1].to_owned(), path);
        }
    }
    let mut script = Script::default();
    // A check in a branch or a loop does not apply to every response.
    let branches = BRANCH.is_match(&text);
    for line in statements(&text) {
        if !reader.statement(line, &mut script) && script.unread.is_none() {
            script.unread = Some(line.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    if branches && !(script.expected.is_empty() && reader.fields.is_empty() && reader.json.members.is_empty())
    {
        script.unread.get_or_insert_with(|| "branches or loops".to_owned());
        script.expected.clear();
        return script;
    }
    if !reader.fields.is_empty() {
        script.expected.push(("headers".to_owned(), Yaml::Mapping(reader.fields)));
    }
    if !reader.json.members.is_empty() {
        script.expected.push(("json".to_owned(), reader.json.yaml()));
    }
    script
}

/// Splits a script at the places where something is checked or set.
fn statements(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = STATEMENT.find_iter(text).map(|found| found.start()).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).map(first_statement).collect()
}

/// Cuts off what follows a statement.
fn first_statement(text: &str) -> &str {
    text.split([';', '\n']).next().unwrap_or_default()
}

/// The path of a member: names and indexes.
type Path = Vec<String>;

struct Reader {
    /// The paths of the parts of the body that variables of the script contain.
    aliases: BTreeMap<String, Path>,
    fields: Vec<(String, Yaml)>,
    json: Node,
}

impl Reader {
    /// Returns the path that two groups of a match name; none if they do not name a part of the body.
    fn path(&self, found: &Captures<'_>, at: usize) -> Option<Path> {
        static STEP: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\.(\w+)|\[["']([^"']+)["']\]|\[(\d+)\]"#));
        let root = found.get(at)?.as_str();
        let is_body = root.starts_with("pm.") || root.starts_with("JSON.") || root == "response.body";
        let mut path = if is_body { Vec::new() } else { self.aliases.get(root)?.clone() };
        for step in STEP.captures_iter(found.get(at + 1)?.as_str()) {
            path.push(step.iter().skip(1).flatten().next()?.as_str().to_owned());
        }
        // The number of elements is not a member.
        (path.last().is_none_or(|name| name != "length")).then_some(path)
    }

    /// Reads a statement; whether it is understood.
    fn statement(&mut self, text: &str, script: &mut Script) -> bool {
        let is_negated = text.contains(".not.") && !text.contains(".not.be.undefined");
        if is_negated || text.contains("||") || text.contains("&&") {
            return false;
        }
        if let Some(found) = STATUS.captures(text) {
            script.status = Some(found[1].to_owned());
        } else if let Some(found) = STATUSES.captures(text) {
            let statuses: Vec<&str> = found[1].split(',').map(str::trim).collect();
            script.status = Some(format!("[{}]", statuses.join(", ")));
        } else if SUCCESS.is_match(text) {
            script.status = Some("2xx".to_owned());
        } else if let Some(found) = HAS_FIELD.captures(text) {
            let value = match found.get(2).map(|value| literal(value.as_str())) {
                Some(Some(value)) => value,
                Some(None) => return false,
                None => "!any".to_owned(),
            };
            self.field(&found[1], value);
        } else if let Some(found) = FIELD.captures(text) {
            let Some(value) = literal(&found[3]) else { return false };
            let contains = found[2].contains("include") || found[2].contains("contain");
            self.field(&found[1], if contains { format!("!contains {value}") } else { value });
        } else if let Some(found) = TEXT.captures(text) {
            let Some(value) = literal(&found[1]) else { return false };
            script.expected.push(("text".to_owned(), Yaml::Scalar(format!("!contains {value}"))));
        } else if let Some(found) = SETS.captures(text) {
            let from = match found.get(4) {
                Some(name) => ("header", name.as_str().to_ascii_lowercase()),
                None => match self.path(&found, 2) {
                    Some(path) => ("json", pointer(&path)),
                    None => return false,
                },
            };
            script.sets.push((found[1].to_owned(), from));
        } else if let Some(found) = EQUALS.captures(text) {
            let path = if found.get(1).is_some() { self.path(&found, 1) } else { self.path(&found, 3) };
            let (Some(path), Some(value)) = (path, literal(&found[5])) else { return false };
            return self.json.insert(&path, value);
        } else if let Some(found) = IS.captures(text) {
            let Some(path) = self.path(&found, 1) else { return false };
            return self.json.insert(&path, found[3].to_owned());
        } else if let Some(found) = TYPE.captures(text) {
            let Some(path) = self.path(&found, 1) else { return false };
            let matcher = match &found[3] {
                "array" => "!each [!any]".to_owned(),
                "object" => "!subset {}".to_owned(),
                kind => format!("!{kind}"),
            };
            return self.json.insert(&path, matcher);
        } else if let Some(found) = EXISTS.captures(text) {
            let Some(mut path) = self.path(&found, 1) else { return false };
            path.extend(found.get(3).map(|name| name.as_str().to_owned()));
            let value = found.get(4).map_or_else(|| Some("!any".to_owned()), |value| literal(value.as_str()));
            return value.is_some_and(|value| self.json.insert(&path, value));
        } else {
            return false;
        }
        true
    }

    fn field(&mut self, name: &str, value: String) {
        let name = name.to_ascii_lowercase();
        match self.fields.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) if value != "!any" => *own = Yaml::Scalar(value),
            Some(_) => {}
            None => self.fields.push((name, Yaml::Scalar(value))),
        }
    }
}

/// Returns a literal of a script in YAML; none if it contains a variable.
fn literal(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix(['"', '\'']) else {
        return serde_json::from_str::<Json>(text).ok().map(|value| value.to_string());
    };
    let value = quoted.strip_suffix(['"', '\''])?;
    (!value.contains("{{")).then(|| quote(&value.replace("${", "$${")))
}

/// Returns the JSON Pointer of a path.
fn pointer(path: &[String]) -> String {
    path.iter().map(|name| format!("/{}", escape(name))).collect()
}

/// Expected members of an object.
#[derive(Default)]
struct Node {
    value: Option<String>,
    members: BTreeMap<String, Node>,
}

impl Node {
    /// Adds what is expected at a path; whether it can be expected together with the rest.
    fn insert(&mut self, path: &[String], value: String) -> bool {
        // Elements of lists cannot be expected one by one.
        if path.is_empty() || path.iter().any(|name| name.bytes().all(|one| one.is_ascii_digit())) {
            return false;
        }
        let mut node = self;
        for name in path {
            // Several checks of one value: the last one is usually the most exact.
            node.value = None;
            node = node.members.entry(name.clone()).or_default();
        }
        if node.members.is_empty() && (node.value.is_none() || value != "!any") {
            node.value = Some(value);
        }
        true
    }

    fn yaml(&self) -> Yaml {
        let member = |(name, node): (&String, &Node)| match &node.value {
            Some(value) => (name.clone(), Yaml::Scalar(value.clone())),
            None => (name.clone(), node.yaml()),
        };
        Yaml::tagged("!subset", Yaml::Mapping(self.members.iter().map(member).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let script = read(text);
        let mut page = script.status.map(|status| format!("status: {status}\n")).unwrap_or_default();
        Yaml::Mapping(script.expected).write_block(0, "expect:", &mut page);
        for (name, (kind, from)) in script.sets {
            page.push_str(&format!("{name} = {kind} {from}\n"));
        }
        page + &script.unread.map(|line| format!("unread {line}\n")).unwrap_or_default()
    }

    #[test]
    fn reads_common_checks_of_postman() {
        let text = r#"
            pm.test("ok", function () { pm.response.to.have.status(201); });
            const body = pm.response.json();
            pm.test("body", () => {
                pm.expect(body.name).to.eql("Ada");
                pm.expect(body.owner.id).to.be.a('number');
                pm.expect(body).to.have.property("extra");
                pm.expect(body["is open"]).to.be.true;
                pm.expect(pm.response.headers.get("Content-Type")).to.include("json");
            });
            // pm.expect(body.name).to.eql("Eve");
            pm.environment.set("token", body.session.token);
            pm.collectionVariables.set("first", pm.response.json().items[0].id);
            pm.expect(body.items.length).to.eql(3);
            pm.response.to.not.have.status(404);"#;
        let page = shown(text);
        for part in [
            "status: 201",
            "name: Ada",
            "owner: !subset",
            "id: !number",
            "extra: !any",
            "is open: true",
            "content-type: !contains json",
            "token = json /session/token",
            "first = json /items/0/id",
            "unread pm.expect(body.items.length).to.eql(3)",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("Eve") && !page.contains("404"), "{page}");
    }

    #[test]
    fn expects_nothing_of_branches() {
        let page = shown(
            "if (x) { pm.expect(pm.response.json().a).to.eql(1) } else { pm.environment.set('t', pm.response.json().t) }",
        );
        assert_eq!(page, "expect:\n  {}\nt = json /t\nunread branches or loops\n");
    }

    #[test]
    fn reads_common_checks_of_jetbrains() {
        let page = shown(
            "client.test('x', () => { client.assert(response.status === 200, 'no');\n client.assert(response.body.name === 'Ada'); });\n client.global.set('token', response.body.token);\n client.global.set('next', response.headers.valueOf('Location'));",
        );
        for part in ["status: 200", "name: Ada", "token = json /token", "next = header location"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("unread"), "{page}");
    }
}
