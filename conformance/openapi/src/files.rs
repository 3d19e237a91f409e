//! The files of a description: the one that the user names, and those that its references name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::{Arc, OnceLock};

use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::json::unescape;
use conformance_suite::source::{Place, Source, Span};
use conformance_suite::yaml::{self, Node, Value as Yaml};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value};
use url::Url;

/// Reads a file by its path relative to the folder of the description.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> io::Result<Vec<u8>>;

/// The URI of the folder of a description.
const FOLDER: &str = "openapi://files/";

/// The files of a description, by URI.
#[derive(Debug)]
pub(crate) struct Files {
    files: BTreeMap<String, File>,
    /// URI of the file that the user named.
    pub(crate) root: String,
}

/// A file with its value.
#[derive(Debug)]
struct File {
    source: Arc<Source>,
    value: Value,
    /// The same value with locations, read when a location is needed.
    tree: OnceLock<Option<Node>>,
}

/// Files up to this size have locations; in larger ones, places are at the first line.
const LARGEST_TREE: usize = 8 * 1024 * 1024;

impl Files {
    /// Reads a description and all files that it refers to. `name` is relative to the folder that `read` reads, and messages show
    /// `folder` before the names of files.
    ///
    /// # Errors
    /// A file cannot be read or parsed, or a reference names a file outside of the folder.
    pub(crate) fn load(name: &str, folder: &str, read: ReadFile<'_>) -> Result<Self, Diagnostics> {
        let base = Url::parse(FOLDER).map_err(|error| Diagnostic::new(error.to_string()))?;
        let root = base.join(name).map_err(|_| Diagnostic::new(format!("`{name}` is not a file name")))?;
        let root = root.to_string();
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        let mut wanted: Vec<(String, Option<Place>, bool)> = vec![(root.clone(), None, false)];
        while let Some((uri, by, may_be_missing)) = wanted.pop() {
            if files.contains_key(&uri) {
                continue;
            }
            let file = match File::read(&uri, folder, read, by.as_ref()) {
                Ok(file) => file,
                Err(_) if may_be_missing => continue,
                Err(wrong) => return Err(wrong),
            };
            let mut references = Vec::new();
            collect(&file.value, may_be_missing, &mut references);
            for (reference, is_optional) in references {
                if reference.starts_with('#') {
                    continue;
                }
                let place = || Some(file.first_line().find(&reference));
                let Some(joined) = Url::parse(&uri).ok().and_then(|own| own.join(&reference).ok()) else {
                    continue;
                };
                let mut joined = joined;
                joined.set_fragment(None);
                let joined = joined.to_string();
                if !files.contains_key(&joined) && joined != uri {
                    wanted.push((joined, place(), is_optional));
                }
            }
            files.insert(uri, file);
        }
        Ok(Self { files, root })
    }

    /// Takes the values of the files, by URI.
    pub(crate) fn take_values(&mut self) -> Vec<(String, Value)> {
        self.files.iter_mut().map(|(uri, file)| (uri.clone(), file.value.take())).collect()
    }

    /// Returns the names and texts of the files; the one that the user named comes first.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let own = |uri: &str| *uri == self.root;
        let first = self.files.iter().filter(move |(uri, _)| own(uri));
        let others = self.files.iter().filter(move |(uri, _)| !own(uri));
        first.chain(others).filter_map(|(uri, file)| {
            let name = percent_decode_str(uri.strip_prefix(FOLDER)?).decode_utf8_lossy().into_owned();
            Some((name, file.source.text()))
        })
    }

    /// Returns the source of the file that the user named.
    pub(crate) fn source(&self) -> Option<&Arc<Source>> {
        self.files.get(&self.root).map(|file| &file.source)
    }

    /// Returns the place of a JSON Pointer in a file: the name of the member, or the item of a list.
    pub(crate) fn place(&self, uri: &str, pointer: &str) -> Place {
        let Some(file) = self.files.get(uri).or_else(|| self.files.get(&self.root)) else {
            return Source::new("", "").place(Span::default());
        };
        file.place(pointer)
    }
}

/// Adds every `$ref` in a value, and whether its file may be missing: extensions (`x-…`) refer to whatever their tools read, such as
/// Markdown, and what an example contains is data. `default` is data in a schema, and a response in a list of responses.
fn collect(value: &Value, may_be_missing: bool, references: &mut Vec<(String, bool)>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push((reference.clone(), may_be_missing));
            }
            for (name, value) in members {
                let is_data =
                    matches!(name.as_str(), "example" | "default") || (name == "value" && value.is_object());
                collect(value, may_be_missing || is_data || name.starts_with("x-"), references);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, may_be_missing, references)),
        _ => {}
    }
}

impl File {
    fn read(uri: &str, folder: &str, read: ReadFile<'_>, by: Option<&Place>) -> Result<Self, Diagnostics> {
        let wrong = |message: String| match by {
            Some(place) => Diagnostic::at(place.clone(), message),
            None => Diagnostic::new(message),
        };
        let refused = |message: String| {
            wrong(message)
                .help("save the file next to the description, or bundle the description into one file")
        };
        let Some(name) = uri.strip_prefix(FOLDER) else {
            let message = format!("`{uri}` is not fetched: a description can only refer to files");
            return Err(refused(message).into());
        };
        let name = percent_decode_str(name).decode_utf8_lossy();
        // Joining URLs removes `..`, but not an encoded slash such as in `..%2f`, or a second slash.
        if !Path::new(&*name).components().all(|part| matches!(part, Component::Normal(_))) {
            let message = format!("`{name}` is not read: it is outside of the folder of the description");
            return Err(refused(message).into());
        }
        let shown = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
        let bytes = read(&name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => wrong(format!("the file {shown} does not exist")),
            _ => wrong(format!("cannot read {shown}: {error}")),
        })?;
        let text = String::from_utf8(bytes).map_err(|_| wrong(format!("the file {shown} is not UTF-8")))?;
        let source = Source::new(shown, text.trim_start_matches('\u{feff}'));
        // Most large descriptions are JSON, which its own reader reads much faster.
        if source.text().trim_start().starts_with('{')
            && let Ok(value) = serde_json::from_str(source.text())
        {
            return Ok(Self { source, value, tree: OnceLock::new() });
        }
        let tree: Node = yaml::read(&source)?;
        let value = value_of(&tree);
        Ok(Self { source, value, tree: OnceLock::from(Some(tree)) })
    }

    fn first_line(&self) -> Place {
        self.source.place(Span::new(0, self.source.text().lines().next().unwrap_or("").len()))
    }

    fn place(&self, pointer: &str) -> Place {
        let tree = self.tree.get_or_init(|| {
            let is_small = self.source.text().len() <= LARGEST_TREE;
            is_small.then(|| yaml::read(&self.source).ok()).flatten()
        });
        let Some(mut node) = tree.as_ref() else { return self.first_line() };
        let mut place = self.first_line();
        for token in pointer.split('/').skip(1) {
            let token = unescape(token);
            let next = match &node.value {
                Yaml::Mapping(members) => members
                    .iter()
                    .find(|(name, _)| name.value == token)
                    .map(|(name, node)| (name.place(&self.source), node)),
                Yaml::List(items) => {
                    let item = token.parse::<usize>().ok().and_then(|at| items.get(at));
                    item.map(|item| (item.place(&self.source).start(), item))
                }
                _ => None,
            };
            // A keyword that only the reader of the dialect knows is shown at its schema.
            let Some((at, below)) = next else { break };
            (place, node) = (at, below);
        }
        place
    }
}

/// Converts a value of a YAML file.
fn value_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Number(written) => written.parse::<Number>().map_or(Value::Null, Value::Number),
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::List(items) => Value::Array(items.iter().map(value_of).collect()),
        Yaml::Mapping(members) => {
            let members = members.iter().map(|(name, value)| (name.value.clone(), value_of(value)));
            Value::Object(members.collect::<Map<String, Value>>())
        }
    }
}
