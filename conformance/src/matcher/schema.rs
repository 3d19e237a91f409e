//! `!schema FILE`: a value that a JSON Schema describes.
//!
//! The one door to the schema library. In goes a file beside the scenario with the files that it refers to, out comes a [`Schema`],
//! or what is wrong with it at its place in that file. Nothing is fetched: what a `$ref` names is a file of the suite.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, SchemeUrlLoader, ValidationError};
use percent_encoding::percent_decode_str;
use serde_json::Value as Library;
use url::Url;

use super::compile::Setting;
use crate::diagnostic::Diagnostic;
use crate::json::{Json, unescape};
use crate::members::string;
use crate::source::{Place, Source, Span, without_mark};
use crate::yaml::{self, Node, Value};

/// A schema that has been read.
#[derive(Clone)]
pub(super) struct Schema {
    /// The file as the scenario names it.
    file: String,
    compiled: Arc<(Schemas, SchemaIndex)>,
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
    /// Returns everything in which a value is not as the schema says.
    pub(super) fn faults(&self, value: &Json) -> Vec<Fault> {
        let value = value.to_library();
        let mut faults = Vec::new();
        if let Err(error) = self.compiled.0.validate(&value, self.compiled.1) {
            leaves(&error, &mut faults);
        }
        faults
    }

    pub(super) fn describe(&self) -> String {
        format!("what {} describes", self.file)
    }
}

/// The errors that say something: those that only hold others are passed over, and alternatives are told as one.
fn leaves(error: &ValidationError<'_, '_>, faults: &mut Vec<Fault>) {
    let alternatives = matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(None));
    if !alternatives && !error.causes.is_empty() {
        return error.causes.iter().for_each(|cause| leaves(cause, faults));
    }
    let mut inner = Vec::new();
    error.causes.iter().for_each(|cause| leaves(cause, &mut inner));
    let pointer = error.instance_location.to_string();
    let below = |fault: &Fault| match fault.pointer.strip_prefix(&pointer) {
        Some("") | None => fault.why.clone(),
        Some(rest) => format!("{} at {rest}", fault.why),
    };
    let why = match inner.as_slice() {
        [] => error.kind.to_string(),
        inner => inner.iter().map(below).collect::<Vec<_>>().join(", or "),
    };
    faults.push(Fault { pointer, why });
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
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.use_loader(Box::new(SchemeUrlLoader::new()));
        for (address, (_, value)) in &files {
            // The addresses were made by the library that reads them.
            let _ = compiler.add_resource(address, value.clone());
        }
        let mut schemas = Schemas::new();
        match compiler.compile(&address, &mut schemas) {
            Ok(index) => return Ok(Schema { file, compiled: Arc::new((schemas, index)) }),
            Err(CompileError::LoadUrlError { url, .. }) if !files.contains_key(&url) => {
                let more = reading.referred(&url, &files)?;
                files.insert(url, more);
            }
            Err(error) => return Err(reading.refused(&error, &address, &files)),
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
    fn refused(&self, error: &CompileError, address: &str, files: &Files) -> Diagnostic {
        let (at, why) = match error {
            CompileError::ValidationError { url, src } => {
                let mut faults = Vec::new();
                leaves(src, &mut faults);
                let fault = faults.into_iter().next();
                let (pointer, why) = fault.map(|fault| (fault.pointer, fault.why)).unwrap_or_default();
                (format!("{}#{pointer}", url.trim_end_matches('#')), why)
            }
            CompileError::InvalidRegex { url, regex, .. } => {
                (url.clone(), format!("the pattern {regex} cannot be read"))
            }
            CompileError::JsonPointerNotFound(url) => {
                (url.clone(), "nothing stands at this `$ref`".to_owned())
            }
            CompileError::AnchorNotFound { url, reference } => {
                (url.clone(), format!("there is no anchor {reference}"))
            }
            other => (address.to_owned(), format!("{other:#}").replace("suite://files/0/1/2/3/4/5/6/7/", "")),
        };
        let (file, pointer) = at.split_once('#').unwrap_or((&at, ""));
        let Some((source, _)) = files.get(file).or_else(|| files.get(address)) else {
            return Diagnostic::at(self.place.clone(), why);
        };
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        let place = match located(source, &pointer) {
            Some(place) => place,
            // A reference to what is not there stands where it is written.
            None => whole(source).find(&format!("#{pointer}")),
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
