//! `!schema FILE`: a value that a JSON Schema describes.
//!
//! The only module that knows the schema library. Nothing is fetched: what a `$ref` names is a file of the suite.

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

use super::compile::Setting;
use crate::diagnostic::Diagnostic;
use crate::json::{Json, unescape};
use crate::members::string;
use crate::source::{Place, Source, Span, without_mark};
use crate::visible;
use crate::yaml::{self, Node, Value};
use value::{LIMITS, Limit, Own};

/// A schema that has been read.
#[derive(Clone)]
pub(super) struct Schema {
    /// The file as the scenario names it.
    file: String,
    compiled: Arc<Validator<Own>>,
}

/// Where a value is not as a schema says, and why.
pub(super) struct Fault {
    /// A JSON Pointer in the value.
    pub(super) pointer: String,
    /// Why, in the library's words.
    pub(super) why: String,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.file)
    }
}

impl Schema {
    /// Returns in what a value is not as the schema says: everything, or the first thing of a value so large that the library would
    /// keep too much.
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

    /// Whether a value is as the schema says.
    pub(super) fn holds(&self, value: &Json) -> bool {
        self.compiled.is_valid(value)
    }

    pub(super) fn describe(&self) -> String {
        format!("what {} describes", self.file)
    }
}

/// The largest value of which every fault is said.
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

/// Adds what an error says; alternatives are one fault.
fn leaves(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let pointer = error.instance_path().as_str().to_owned();
    let alternatives = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => context,
        ValidationErrorKind::Required { property } => return missing(pointer, property, faults),
        _ => return faults.push(Fault { pointer, why: visible::display(error) }),
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
    faults.push(Fault { pointer, why });
}

/// Adds a member that an object has to have, to the others that it lacks.
fn missing(pointer: String, member: &Library, faults: &mut Vec<Fault>) {
    const MISSING: &str = "missing properties ";
    match faults.last_mut() {
        Some(last) if last.pointer == pointer && last.why.starts_with(MISSING) => {
            last.why.push_str(&format!(", {member}"));
        }
        _ => faults.push(Fault { pointer, why: format!("{MISSING}{member}") }),
    }
}

/// The files that have been read, for what refers to them.
struct Known(BTreeMap<String, Library>);

impl Retrieve for Known {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Library, Box<dyn Error + Send + Sync>> {
        self.0.get(uri.as_str()).cloned().ok_or_else(|| "it has not been read".into())
    }
}

/// Builds a schema of the files that have been read.
fn build(address: &str, files: &Files) -> Result<Validator<Own>, ValidationError<'static>> {
    let known = files.iter().map(|(address, (_, value))| (address.clone(), value.clone())).collect();
    let mut options = jsonschema::options_for::<Own>().with_base_uri(address).with_retriever(Known(known));
    for keyword in LIMITS {
        options = options
            .with_keyword(keyword, move |parent, value, _| Ok(Box::new(Limit::new(keyword, parent, value))));
    }
    options.build(files.get(address).map_or(&Library::Null, |(_, value)| value))
}

/// The address under which the library knows the folder of the scenario: deep enough for `..`.
const FOLDER: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// Returns the schema that the argument of `!schema` names.
///
/// # Errors
/// A file that cannot be read or is not JSON, or that is no schema, at its place.
pub(super) fn compile(node: &Node, setting: &Setting<'_>) -> Result<Schema, Diagnostic> {
    let file = string(&node.untagged(), setting.source, "the name of a file")?;
    let reading = Reading { place: node.place(setting.source), setting };
    let base = Url::parse(&format!("suite://files/{}/", FOLDER.join("/"))).ok();
    let Some(address) = base.and_then(|base| base.join(&file).ok()).map(|mut url| {
        url.set_fragment(None);
        url.to_string()
    }) else {
        return Err(Diagnostic::at(reading.place, format!("`{file}` is not the name of a file")));
    };
    let mut files = BTreeMap::from([(address.clone(), reading.file(&file, None)?)]);
    loop {
        let error = match build(&address, &files) {
            Ok(validator) => return Ok(Schema { file, compiled: Arc::new(validator) }),
            Err(error) => error,
        };
        match error.kind() {
            ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. })
                if !files.contains_key(uri) =>
            {
                let more = reading.referred(uri, &files)?;
                files.insert(uri.clone(), more);
            }
            _ => return Err(reading.refused(&error, &address, &files)),
        }
    }
}

type Files = BTreeMap<String, (Arc<Source>, Library)>;

/// The reading of a schema and of what it refers to.
struct Reading<'a> {
    /// Where the scenario names it.
    place: Place,
    setting: &'a Setting<'a>,
}

impl Reading<'_> {
    /// Returns a file by its name beside the scenario; `by` is where another schema refers to it.
    fn file(&self, name: &str, by: Option<Place>) -> Result<(Arc<Source>, Library), Diagnostic> {
        let bytes = (self.setting.files)(name).map_err(|error| {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("there is no file {name}"),
                _ => format!("the file {name} cannot be read: {error}"),
            };
            let beside = "a schema is looked for in the folder of the file that names it";
            Diagnostic::at(by.unwrap_or_else(|| self.place.clone()), message).help(beside)
        })?;
        let folder = self.setting.source.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let shown = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let source = Source::new(shown, without_mark(&String::from_utf8_lossy(&bytes)));
        match serde_json::from_str(source.text()) {
            Ok(value) => Ok((source, value)),
            Err(error) => {
                let cause = error.to_string();
                let cause = cause.split(" at line ").next().unwrap_or(&cause);
                let place =
                    source.place(Span::new(offset(source.text(), &error), offset(source.text(), &error)));
                Err(self.named(Diagnostic::at(place, format!("this is not JSON: {cause}"))))
            }
        }
    }

    /// Returns a file to which another refers.
    fn referred(&self, url: &str, files: &Files) -> Result<(Arc<Source>, Library), Diagnostic> {
        let last = url.rsplit('/').next().unwrap_or(url);
        let by = files
            .values()
            .find(|(source, _)| source.text().contains(last))
            .map(|(source, _)| whole(source).find(last));
        if let Some(name) = beside(url) {
            return self.file(&name, by);
        }
        let message = format!("`{url}` is not fetched: a schema refers to files of the suite");
        Err(self.named(Diagnostic::at(by.unwrap_or_else(|| self.place.clone()), message)))
    }

    /// Says what the library says of a schema, at its place.
    fn refused(&self, error: &ValidationError<'_>, address: &str, files: &Files) -> Diagnostic {
        let Some((source, _)) = files.get(address) else {
            return Diagnostic::at(self.place.clone(), error.to_string());
        };
        // A reference to what is not there has its place where it is written, in whichever file.
        let written = |what: &str| {
            let naming = files.values().map(|(source, _)| source).find(|one| one.text().contains(what));
            whole(naming.unwrap_or(source)).find(what)
        };
        let (place, why) = match error.kind() {
            ValidationErrorKind::Referencing(ReferencingError::PointerToNowhere { pointer }) => {
                (written(&format!("#{pointer}")), "nothing stands at this `$ref`".to_owned())
            }
            ValidationErrorKind::Referencing(ReferencingError::NoSuchAnchor { anchor }) => {
                (written(anchor), format!("there is no anchor {anchor}"))
            }
            kind => {
                let why = match kind {
                    ValidationErrorKind::Format { format } if format == "regex" => {
                        format!("the pattern {} cannot be read", error.instance())
                    }
                    _ => {
                        let mut faults = Vec::new();
                        leaves(error, &mut faults);
                        faults.into_iter().map(|fault| fault.why).next().unwrap_or_default()
                    }
                };
                let place = located(source, error.instance_path().as_str());
                (place.unwrap_or_else(|| whole(source)), why)
            }
        };
        self.named(Diagnostic::at(place, format!("this is no JSON Schema: {why}")))
    }

    fn named(&self, wrong: Diagnostic) -> Diagnostic {
        wrong.help(format!("the schema is named at {}", self.place))
    }
}

/// The name beside the scenario of the file that has an address.
fn beside(url: &str) -> Option<String> {
    let path = url.strip_prefix("suite://files/")?;
    let segments: Vec<&str> = path.split('/').collect();
    let common = segments.iter().zip(FOLDER).take_while(|(own, folder)| *own == folder).count();
    let name = format!("{}{}", "../".repeat(FOLDER.len() - common), segments[common..].join("/"));
    Some(percent_decode_str(&name).decode_utf8_lossy().into_owned())
}

/// The first line of a file, from which the whole of it is searched.
fn whole(source: &Arc<Source>) -> Place {
    source.place(Span::new(0, source.text().lines().next().unwrap_or("").len()))
}

/// Where the value stands to which a JSON Pointer leads: JSON is read as YAML for the places of its values.
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

/// The byte at which the library stopped reading.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((before + error.column().saturating_sub(1)).min(text.len()))
}
