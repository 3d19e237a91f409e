//! A loaded description, and the operation of each request.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::matcher::Documents;
use conformance_suite::source::{Place, Span};
use conformance_suite::suite::folder::open;
use serde_json::Value;

use crate::dialect::{Direction, rewritten};
use crate::files::{Files, ReadFile};
use crate::model::{Location, Operation};
use crate::path::segments;
use crate::reader::{Parts, Reader};

/// A description of an API.
#[derive(Debug)]
pub struct Description {
    /// Its title.
    pub title: String,
    /// Its version of OpenAPI, such as `3.1.0`.
    pub openapi: String,
    /// The operations, in the order of their paths.
    pub operations: Vec<Operation>,
    /// The URLs of its servers, with the defaults of their variables.
    pub servers: Vec<String>,
    /// Descriptions of its tags.
    pub tags: Vec<(String, String)>,
    /// Whether members, fields and parameters that it does not mention are violations.
    pub strict: bool,
    files: Files,
    requests: Arc<Documents>,
    responses: Arc<Documents>,
    /// The operations by number of segments, most specific path first.
    index: BTreeMap<usize, Vec<usize>>,
    /// The different paths of servers that are not empty.
    bases: Vec<String>,
}

/// Maximum size of a file of a description in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

impl Description {
    /// Reads a description from a file. Other files are read only from its folder and the folders below.
    ///
    /// # Errors
    /// A file cannot be read, or is not a valid description.
    pub fn open(path: &Path) -> Result<Self, Diagnostics> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let Some(name) = path.file_name() else {
            return Err(Diagnostic::new(format!("{} is not a file", path.display())).into());
        };
        let read = |name: &str| {
            let path = folder.join(name);
            let mut bytes = Vec::new();
            open(&path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > LARGEST {
                return Err(io::Error::other("the file is larger than 64 MiB"));
            }
            Ok(bytes)
        };
        let shown = folder.display().to_string();
        let name: String = form_urlencoded::byte_serialize(name.to_string_lossy().as_bytes()).collect();
        Self::load(&name.replace('+', "%20"), &shown, &read)
    }

    /// Reads a description. `name` is relative to the folder that `read` reads; messages show `folder` before the names of files.
    ///
    /// # Errors
    /// A file cannot be read, or is not a valid description.
    pub fn load(name: &str, folder: &str, read: ReadFile<'_>) -> Result<Self, Diagnostics> {
        let mut files = Files::load(name, folder, read)?;
        let values = files.take_values();
        let root = files.root.clone();
        let version = values.iter().find(|(uri, _)| *uri == root).map(|(_, value)| version(value));
        let version = match version {
            Some(Ok(version)) => version,
            Some(Err(message)) => {
                let source = files.source().cloned();
                let place = source.map(|source| source.place(Span::new(0, 0)).find("swagger"));
                let wrong = match place {
                    Some(place) => Diagnostic::at(place, message),
                    None => Diagnostic::new(message),
                };
                return Err(wrong
                    .help("OpenAPI 3.0, 3.1 and 3.2 are read; convert Swagger 2.0 first")
                    .into());
            }
            None => return Err(Diagnostic::new(format!("{name} was not read")).into()),
        };
        let is_3_0 = version.starts_with("3.0");
        let documents = |direction: Direction| {
            let all = values.iter().map(|(uri, value)| (uri.clone(), rewritten(value, is_3_0, direction)));
            Documents::new(all).map(Arc::new).map_err(|why| {
                Diagnostic::at(files.place(&root, ""), format!("the schemas cannot be read: {why}"))
            })
        };
        let requests = documents(Direction::Request)?;
        let differs = values.iter().any(|(_, value)| has_directions(value));
        let responses = if differs { documents(Direction::Response)? } else { Arc::clone(&requests) };
        drop(values);
        let reader = Reader { files: &files, requests: &requests, responses: &responses };
        let parts = reader.description(&root)?;
        let mut index: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, operation) in parts.operations.iter().enumerate() {
            index.entry(operation.template.len()).or_default().push(at);
        }
        for same in index.values_mut() {
            same.sort_by_cached_key(|at| parts.operations.get(*at).map(|one| one.template.shape()));
        }
        let Parts { title, servers, tags, operations } = parts;
        let mut bases: Vec<String> = Vec::new();
        for base in operations.iter().flat_map(|operation| &operation.bases) {
            if !base.is_empty() && !bases.contains(base) {
                bases.push(base.clone());
            }
        }
        Ok(Self {
            title,
            openapi: version,
            operations,
            servers,
            tags,
            strict: false,
            files,
            requests,
            responses,
            index,
            bases,
        })
    }

    /// Returns the names of its files relative to its folder, with their texts; the one that the user named comes first.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        self.files.texts()
    }

    /// Returns the place of a location.
    #[must_use]
    pub fn place(&self, location: &Location) -> Place {
        self.files.place(&location.uri, &location.pointer)
    }

    /// Returns the location of the whole description.
    pub(crate) fn root(&self) -> Location {
        Location { uri: self.files.root.clone(), pointer: String::new() }
    }

    /// Returns the place where it begins.
    #[must_use]
    pub fn start(&self) -> Place {
        self.files.place(&self.files.root, "")
    }

    /// Returns the name of its file, as messages show it.
    #[must_use]
    pub fn file(&self) -> &str {
        self.files.source().map_or("", |source| source.path())
    }

    /// Returns the documents that describe requests or responses.
    pub(crate) fn documents(&self, of_requests: bool) -> &Documents {
        if of_requests { &self.requests } else { &self.responses }
    }

    /// Returns the operation of a request, by index, with the raw values of its path parameters; else whether another method of the
    /// path is described. The path of a server is optional, because a target under test may have another one.
    ///
    /// # Errors
    /// No operation matches; the error says whether the path exists.
    pub fn find(&self, method: &str, path: &str) -> Result<(usize, BTreeMap<String, String>), bool> {
        let mut path_exists = false;
        let found = |path: &str, base: Option<&str>, exists: &mut bool| {
            let parts = segments(path);
            let same = self.index.get(&parts.len()).into_iter().flatten();
            for at in same {
                let Some(operation) = self.operations.get(*at) else { continue };
                if base.is_some_and(|base| !operation.bases.iter().any(|own| own == base)) {
                    continue;
                }
                let Some(values) = operation.template.matches(&parts) else { continue };
                *exists = true;
                if operation.method == method {
                    return Some((*at, values));
                }
            }
            None
        };
        for base in &self.bases {
            let below =
                path.strip_prefix(base.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let Some(below) = below else { continue };
            let below = if below.is_empty() { "/" } else { below };
            if let Some(found) = found(below, Some(base), &mut path_exists) {
                return Ok(found);
            }
        }
        let slashless = path.strip_suffix('/').filter(|path| !path.is_empty());
        // Most frameworks accept a slash at the end of a path.
        let again = |exists: &mut bool| slashless.and_then(|path| found(path, None, exists));
        found(path, None, &mut path_exists).or_else(|| again(&mut path_exists)).ok_or(path_exists)
    }
}

/// Returns the version of OpenAPI.
fn version(root: &Value) -> Result<String, String> {
    if let Some(version) = root.get("swagger") {
        let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
        return Err(format!("this is Swagger {version}, which is not supported"));
    }
    match root.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.") => Ok(version.to_owned()),
        Some(version) => Err(format!("OpenAPI {version} is not supported")),
        None => Err("this is not an OpenAPI description: `openapi` is missing".to_owned()),
    }
}

/// Whether a schema differs between requests and responses.
fn has_directions(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            ["readOnly", "writeOnly"].iter().any(|name| members.get(*name) == Some(&Value::Bool(true)))
                || members.values().any(has_directions)
        }
        Value::Array(items) => items.iter().any(has_directions),
        _ => false,
    }
}
