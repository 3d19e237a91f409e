//! `!schema FILE`, `!schema FILE#/POINTER` and `!schema {…}`: matches a value against a JSON Schema.
//!
//! No other module knows which crate validates schemas. Nothing is fetched: a `$ref` can only name a file of the suite.

mod documents;
mod pattern;
mod value;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ReferencingError, Retrieve, Uri, ValidationError, Validator};
use percent_encoding::percent_decode_str;
use serde_json::Value as Library;
use url::Url;

use super::setting::Setting;
use crate::budget;
use crate::diagnostic::Diagnostic;
use crate::json::{Json, unescape};
use crate::members::{json, string};
use crate::source::{Place, Source, Span, without_mark};
use crate::visible;
use crate::yaml::{self, Node, Value};
pub use documents::{DocumentSchema, Documents, SchemaFault};
use value::{LIMITS, Limit, Own};

/// A compiled schema.
#[derive(Clone)]
pub(super) struct Schema {
    /// The file as the scenario names it.
    file: String,
    compiled: Arc<Validator<Own>>,
}

/// A violation of a schema.
pub(super) struct Fault {
    /// The location in the value, as a JSON Pointer.
    pub(super) pointer: String,
    /// The message of the library.
    pub(super) why: String,
    /// URI of the violated keyword, if the schema has one.
    keyword: Option<String>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.file)
    }
}

impl Schema {
    /// Returns all violations; for a value so large that the library would need too much memory, only the first one.
    pub(super) fn faults(&self, value: &Json) -> Vec<Fault> {
        if self.holds(value) {
            return Vec::new();
        }
        let mut faults = Vec::new();
        if count(value, MOST_VALUES) < MOST_VALUES {
            self.compiled.iter_errors(value).for_each(|error| leaves(&error, &mut faults));
        } else if let Err(error) = self.compiled.validate(value) {
            leaves(&error, &mut faults);
        }
        faults
    }

    /// Whether a value is valid.
    pub(super) fn holds(&self, value: &Json) -> bool {
        self.compiled.is_valid(value)
    }

    pub(super) fn describe(&self) -> String {
        format!("a value that matches {}", self.file)
    }
}

/// Maximum size of a value for which all violations are reported.
const MOST_VALUES: usize = 50_000;

/// Counts the values in a value, up to a limit.
fn count(value: &Json, most: usize) -> usize {
    let sum =
        |found: usize, item: &Json| if found >= most { found } else { found + count(item, most - found) };
    match value {
        Json::Array(items) => items.iter().fold(1, sum),
        Json::Object(members) => members.values().fold(1, sum),
        _ => 1,
    }
}

/// Adds a violation; alternatives are combined into one.
fn leaves(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let pointer = error.instance_path().as_str().to_owned();
    let keyword = error.absolute_keyword_location().map(ToString::to_string);
    let alternatives = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => context,
        ValidationErrorKind::Required { property } => return missing(pointer, property, keyword, faults),
        _ => return faults.push(Fault { pointer, why: visible::display(error), keyword }),
    };
    let mut inner = Vec::new();
    alternatives.iter().flatten().for_each(|cause| leaves(cause, &mut inner));
    let below = |fault: &Fault| match fault.pointer.strip_prefix(&pointer) {
        Some("") | None => fault.why.clone(),
        Some(rest) => format!("{} at {rest}", fault.why),
    };
    let why = match inner.as_slice() {
        [] => visible::display(error),
        inner => inner.iter().map(below).collect::<Vec<_>>().join(", or "),
    };
    faults.push(Fault { pointer, why, keyword });
}

/// Adds a missing member, combining it with the previous one if possible.
fn missing(pointer: String, member: &Library, keyword: Option<String>, faults: &mut Vec<Fault>) {
    const MISSING: &str = "missing properties ";
    match faults.last_mut() {
        Some(last) if last.pointer == pointer && last.why.starts_with(MISSING) => {
            last.why.push_str(&format!(", {member}"));
        }
        _ => faults.push(Fault { pointer, why: format!("{MISSING}{member}"), keyword }),
    }
}

/// The files that have been read, for references.
#[derive(Default)]
struct Known(BTreeMap<String, Library>);

impl Retrieve for Known {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Library, Box<dyn Error + Send + Sync>> {
        self.0
            .get(uri.as_str())
            .cloned()
            .ok_or_else(|| format!("a schema may have up to {MOST_FILES} files").into())
    }
}

/// Compiles a schema from the files that have been read.
fn build(address: &str, files: &Files) -> Result<Validator<Own>, ValidationError<'static>> {
    let known =
        files.iter().map(|(address, (_, value))| (address.clone(), pattern::rewritten(value.clone())));
    let known: BTreeMap<String, Library> = known.collect();
    let root = known.get(address).cloned().unwrap_or_default();
    let mut options = jsonschema::options_for::<Own>().with_base_uri(address).with_retriever(Known(known));
    for keyword in LIMITS {
        options = options
            .with_keyword(keyword, move |parent, value, _| Ok(Box::new(Limit::new(keyword, parent, value))));
    }
    options.build(&root)
}

/// The name of a schema that is written in the step.
const INLINE: &str = "(inline)";
/// The URL path under which the library knows the folder of the scenario, deep enough for `..`.
const FOLDER: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// Compiles the argument of `!schema`.
///
/// # Errors
/// A file that is unreadable, not JSON, or not a valid schema, with its location.
pub(super) fn compile(node: &Node, setting: &Setting<'_>) -> Result<Schema, Diagnostic> {
    let reading = Reading { place: node.place(setting.source), setting };
    let base = Url::parse(&format!("suite://files/{}/", FOLDER.join("/"))).ok();
    let join = |name: &str| base.as_ref().and_then(|base| base.join(name).ok());
    let plain = node.untagged();
    let (file, address, mut files) = if matches!(plain.value, Value::Mapping(_)) {
        let schema = json(&plain, setting.source)?.to_library();
        let address = join(INLINE).map(|url| url.to_string()).unwrap_or_default();
        let files = BTreeMap::from([(address.clone(), (Arc::clone(setting.source), schema))]);
        ("the schema".to_owned(), address, files)
    } else {
        let file = string(&plain, setting.source, "the name of a file")?;
        let (name, pointer) = file.split_once('#').unwrap_or((&file, ""));
        let Some(address) = join(name).filter(|_| !name.is_empty()).map(|url| url.to_string()) else {
            return Err(Diagnostic::at(reading.place, format!("`{file}` is not a file name")));
        };
        let whole = reading.file(name, None)?;
        let (own, part) = (Arc::clone(&whole.0), whole.1.pointer(&unescaped(pointer)).is_some());
        let mut files = BTreeMap::from([(address.clone(), whole)]);
        if pointer.is_empty() {
            (file, address, files)
        } else if pointer.starts_with('/') && part {
            let reference = serde_json::json!({"$ref": format!("{address}#{pointer}")});
            let part = format!("{address}.part");
            files.insert(part.clone(), (own, reference));
            (file, part, files)
        } else {
            let message = format!("the file {name} has nothing at `{pointer}`");
            return Err(Diagnostic::at(reading.place, message)
                .help("after `#` comes a JSON Pointer, such as /components/schemas/Todo (RFC 6901)"));
        }
    };
    loop {
        let error = match build(&address, &files) {
            Ok(validator) => return Ok(Schema { file, compiled: Arc::new(validator) }),
            Err(error) => error,
        };
        match error.kind() {
            ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. })
                if !files.contains_key(uri) && files.len() < MOST_FILES =>
            {
                let more = reading.referred(uri, &files)?;
                files.insert(uri.clone(), more);
            }
            _ => return Err(reading.refused(&error, &address, &files)),
        }
    }
}

/// The memory of a compiled schema, for each byte of its text.
const MEMORY_PER_BYTE: u64 = 20;

/// Maximum number of files of a schema: each new one begins the compilation again.
const MOST_FILES: usize = 500;

type Files = BTreeMap<String, (Arc<Source>, Library)>;

/// Reads a schema and the files that it refers to.
struct Reading<'a> {
    /// Where the scenario names the schema.
    place: Place,
    setting: &'a Setting<'a>,
}

impl Reading<'_> {
    /// Reads a file relative to the scenario; `by` is the reference in another schema.
    fn file(&self, name: &str, by: Option<Place>) -> Result<(Arc<Source>, Library), Diagnostic> {
        let bytes = (self.setting.files)(name).map_err(|error| {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("the file {name} does not exist"),
                _ => format!("cannot read {name}: {error}"),
            };
            let hint = "the path is relative to the folder of the file that names the schema";
            Diagnostic::at(by.unwrap_or_else(|| self.place.clone()), message).help(hint)
        })?;
        budget::spend(bytes.len() as u64 * MEMORY_PER_BYTE)
            .map_err(|error| Diagnostic::at(self.place.clone(), error.to_string()))?;
        let folder = self.setting.source.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let shown = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let source = Source::new(shown, without_mark(&String::from_utf8_lossy(&bytes)));
        let ending = std::path::Path::new(name).extension();
        if ending.is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let node: Node = yaml::read(&source).map_err(|errors| {
                let first = errors.iter().next().cloned();
                self.named(first.unwrap_or_else(|| Diagnostic::at(whole(&source), "invalid YAML")))
            })?;
            let value = json(&node, &source).map_err(|error| self.named(error))?.to_library();
            return Ok((source, nullable(value)));
        }
        match serde_json::from_str(source.text()) {
            Ok(value) => Ok((source, nullable(value))),
            Err(error) => {
                let cause = error.to_string();
                let cause = cause.split(" at line ").next().unwrap_or(&cause);
                let place =
                    source.place(Span::new(offset(source.text(), &error), offset(source.text(), &error)));
                Err(self.named(Diagnostic::at(place, format!("invalid JSON: {cause}"))))
            }
        }
    }

    /// Reads a file that another schema refers to.
    fn referred(&self, url: &str, files: &Files) -> Result<(Arc<Source>, Library), Diagnostic> {
        let last = url.rsplit('/').next().unwrap_or(url);
        let by = files
            .values()
            .find(|(source, _)| source.text().contains(last))
            .map(|(source, _)| whole(source).find(last));
        if let Some(name) = relative_path(url) {
            return self.file(&name, by);
        }
        let message = format!("`{url}` is not fetched: a schema can only refer to files of the suite");
        Err(self.named(Diagnostic::at(by.unwrap_or_else(|| self.place.clone()), message)))
    }

    /// Returns the diagnostic for an invalid schema.
    fn refused(&self, error: &ValidationError<'_>, address: &str, files: &Files) -> Diagnostic {
        let Some((source, _)) = files.get(address) else {
            return Diagnostic::at(self.place.clone(), error.to_string());
        };
        // An unresolved reference is reported where it is written, in whichever file.
        let written = |what: &str| {
            let naming = files.values().map(|(source, _)| source).find(|one| one.text().contains(what));
            whole(naming.unwrap_or(source)).find(what)
        };
        let (place, why) = match error.kind() {
            ValidationErrorKind::Referencing(ReferencingError::PointerToNowhere { pointer }) => {
                (written(&format!("#{pointer}")), "this `$ref` points to nothing".to_owned())
            }
            ValidationErrorKind::Referencing(ReferencingError::NoSuchAnchor { anchor }) => {
                (written(anchor), format!("unknown anchor {anchor}"))
            }
            kind => {
                let why = match kind {
                    ValidationErrorKind::Format { format } if format == "regex" => {
                        let written = error.instance().as_str().unwrap_or_default().to_owned();
                        format!("invalid pattern {}: {}", error.instance(), pattern::fault(&written))
                    }
                    _ => {
                        let mut faults = Vec::new();
                        leaves(error, &mut faults);
                        faults.into_iter().map(|fault| fault.why).next().unwrap_or_default()
                    }
                };
                if address.ends_with(INLINE) {
                    return Diagnostic::at(self.place.clone(), format!("invalid JSON Schema: {why}"));
                }
                let place = located(source, error.instance_path().as_str());
                (place.unwrap_or_else(|| whole(source)), why)
            }
        };
        self.named(Diagnostic::at(place, format!("invalid JSON Schema: {why}")))
    }

    fn named(&self, wrong: Diagnostic) -> Diagnostic {
        wrong.help(format!("the schema is used at {}", self.place))
    }
}

/// Returns a JSON Pointer of a URL fragment without percent encoding.
fn unescaped(pointer: &str) -> String {
    percent_decode_str(pointer).decode_utf8_lossy().into_owned()
}

/// Replaces `nullable: true` of `OpenAPI` 3.0, which JSON Schema does not have, with `null` as a further type.
fn nullable(document: Library) -> Library {
    fn replace(value: &mut Library) {
        match value {
            Library::Array(items) => items.iter_mut().for_each(replace),
            Library::Object(members) => {
                members.values_mut().for_each(replace);
                if members.get("nullable") == Some(&Library::Bool(true)) {
                    members.remove("nullable");
                    let schema = std::mem::take(members);
                    let alternatives = serde_json::json!([schema, {"type": "null"}]);
                    members.insert("anyOf".to_owned(), alternatives);
                }
            }
            _ => {}
        }
    }
    let mut document = document;
    if document.get("openapi").and_then(Library::as_str).is_some_and(|version| version.starts_with("3.0")) {
        replace(&mut document);
    }
    document
}

/// Returns the path of a file relative to the scenario.
fn relative_path(url: &str) -> Option<String> {
    let path = url.strip_prefix("suite://files/")?;
    let segments: Vec<&str> = path.split('/').collect();
    let common = segments.iter().zip(FOLDER).take_while(|(own, folder)| *own == folder).count();
    let name = format!("{}{}", "../".repeat(FOLDER.len() - common), segments[common..].join("/"));
    Some(percent_decode_str(&name).decode_utf8_lossy().into_owned())
}

/// Returns the first line of a file, from which the whole file can be searched.
fn whole(source: &Arc<Source>) -> Place {
    source.place(Span::new(0, source.text().lines().next().unwrap_or("").len()))
}

/// Returns the location of a JSON Pointer: JSON is read as YAML, which has locations.
fn located(source: &Arc<Source>, pointer: &str) -> Option<Place> {
    let root: Node = yaml::read(source).ok()?;
    let mut node = &root;
    let mut place = None;
    for token in pointer.split('/').skip(1) {
        let token = unescape(token);
        node = match &node.value {
            Value::Mapping(members) => {
                let (name, member) = members.iter().find(|(name, _)| name.value == token)?;
                place = Some(name.place(source));
                member
            }
            Value::List(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
        if !matches!(node.value, Value::Mapping(_) | Value::List(_)) {
            place = Some(node.place(source));
        }
    }
    Some(place.unwrap_or_else(|| whole(source)))
}

/// Returns the byte offset at which the library stopped reading.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((before + error.column().saturating_sub(1)).min(text.len()))
}
