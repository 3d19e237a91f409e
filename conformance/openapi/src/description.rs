//! A loaded description: its operations, with all references to parameters, bodies and responses followed.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::matcher::{DocumentSchema, Documents};
use conformance_suite::source::{Place, Span};
use conformance_suite::suite::folder::open;
use serde_json::Value;
use url::Url;

use crate::dialect::{Direction, rewritten};
use crate::files::{Files, ReadFile};
use crate::path::{Template, segments};
use crate::read::{BrokenReference, Cursor, METHODS, split, uri_of};

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
}

/// A method of a path.
#[derive(Debug)]
pub struct Operation {
    /// The method, in upper case.
    pub method: String,
    /// The path, as a template.
    pub path: String,
    /// Its id.
    pub id: Option<String>,
    /// What it does, in a few words.
    pub summary: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its parameters, including those of its path.
    pub parameters: Vec<Parameter>,
    /// The body of its requests.
    pub body: Option<Body>,
    /// The documented responses.
    pub replies: Vec<Reply>,
    /// Alternatives of security schemes with their names; all schemes of one alternative are needed.
    pub security: Vec<Vec<(String, Scheme)>>,
    /// Its location.
    pub location: Location,
    pub(crate) template: Template,
    /// Paths of its servers, without a slash at the end.
    pub(crate) bases: Vec<String>,
}

/// A location in the files of a description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// URI of the file.
    pub uri: String,
    /// JSON Pointer in the file.
    pub pointer: String,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

/// A parameter of a request, or a header field of a response.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub within: Within,
    /// Whether it is required.
    pub required: bool,
    /// How its value is written.
    pub style: String,
    /// Whether each item of a list has a value of its own.
    pub explode: bool,
    /// Its schema.
    pub schema: Option<Schema>,
    /// Whether its value is JSON.
    pub is_json: bool,
    /// Its first example.
    pub example: Option<Value>,
    /// Its location.
    pub location: Location,
}

/// The body of a request.
#[derive(Debug)]
pub struct Body {
    /// Whether it is required.
    pub required: bool,
    /// Its media types.
    pub content: Vec<Media>,
    /// Its location.
    pub location: Location,
}

/// A documented response.
#[derive(Debug)]
pub struct Reply {
    /// The status as written: `200`, `4XX` or `default`.
    pub status: String,
    /// What it means.
    pub description: String,
    /// Its header fields.
    pub headers: Vec<Parameter>,
    /// Its media types.
    pub content: Vec<Media>,
    /// Its location.
    pub location: Location,
}

/// A media type of a message.
#[derive(Debug)]
pub struct Media {
    /// The media type or a range of them.
    pub name: String,
    /// Its schema.
    pub schema: Option<Schema>,
    /// Its examples, with their names; an example without a name has an empty one.
    pub examples: Vec<(String, Value)>,
    /// Its location.
    pub location: Location,
}

/// A schema, compiled at its first use.
#[derive(Debug)]
pub struct Schema {
    /// Its location.
    pub location: Location,
    compiled: OnceLock<Result<DocumentSchema, String>>,
    pub(crate) documents: Arc<Documents>,
}

/// A security scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// A key in a header field, a query parameter or a cookie.
    Key(Within, String),
    /// A scheme of the `Authorization` field, in lower case: `basic`, `bearer`, …
    Http(String),
    /// OAuth 2.0 or `OpenID` Connect: a bearer token.
    Token,
    /// Something that no request shows, such as a certificate.
    Other,
}

impl Schema {
    fn of(cursor: &Cursor<'_>, documents: &Arc<Documents>) -> Self {
        let documents = Arc::clone(documents);
        Self { location: Location::of(cursor), compiled: OnceLock::new(), documents }
    }

    /// Returns the compiled schema.
    ///
    /// # Errors
    /// It cannot be compiled; the message says why.
    pub(crate) fn compiled(&self) -> Result<&DocumentSchema, &str> {
        let compile = || self.documents.compile(&uri_of(&self.location.uri, &self.location.pointer));
        self.compiled.get_or_init(compile).as_ref().map_err(String::as_str)
    }
}

impl Location {
    fn of(cursor: &Cursor<'_>) -> Self {
        Self { uri: cursor.uri.clone(), pointer: cursor.pointer.clone() }
    }

    /// Returns the location of a URI.
    pub(crate) fn of_uri(uri: &str) -> Self {
        let (file, pointer) = split(uri);
        Self { uri: file.to_owned(), pointer }
    }

    /// Returns the location of a member.
    pub(crate) fn member(&self, name: &str) -> Self {
        Self { uri: self.uri.clone(), pointer: format!("{}/{name}", self.pointer) }
    }
}

impl Operation {
    /// The method and the path: `GET /users/{id}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns the path of its first server, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        self.bases.first().map_or("", String::as_str)
    }

    /// Returns the documented response for a status: the exact one, its class, or the default.
    #[must_use]
    pub fn reply(&self, status: u16) -> Option<&Reply> {
        let exactly = status.to_string();
        let class = format!("{}XX", status / 100);
        let find = |wanted: &str| self.replies.iter().find(|one| one.status.eq_ignore_ascii_case(wanted));
        find(&exactly).or_else(|| find(&class)).or_else(|| find("default"))
    }
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
        let mut bases: Vec<&str> = Vec::new();
        for operation in &self.operations {
            for base in &operation.bases {
                if !base.is_empty() && !bases.contains(&base.as_str()) {
                    bases.push(base);
                }
            }
        }
        for base in bases {
            let below = path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
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

struct Parts {
    title: String,
    servers: Vec<String>,
    tags: Vec<(String, String)>,
    operations: Vec<Operation>,
}

/// Builds the operations.
struct Reader<'d> {
    files: &'d Files,
    requests: &'d Arc<Documents>,
    responses: &'d Arc<Documents>,
}

impl<'d> Reader<'d> {
    fn description(&self, root: &str) -> Result<Parts, Diagnostics> {
        let root = Cursor::of_file(self.requests, root).map_err(Diagnostic::new)?;
        let mut errors = Diagnostics::default();
        let mut operations = Vec::new();
        let title = root.get("info").and_then(|info| info.text("title").map(str::to_owned));
        let schemes = self.schemes(&root, &mut errors);
        for (path, item) in root.get("paths").iter().flat_map(Cursor::members) {
            if !path.starts_with('/') {
                continue;
            }
            let Some(item) = self.keep(item.resolved(), &mut errors) else { continue };
            let mut methods: Vec<(String, Cursor<'d>)> = METHODS
                .iter()
                .filter_map(|method| Some((method.to_ascii_uppercase(), item.get(method)?)))
                .collect();
            let additional = item.get("additionalOperations");
            methods.extend(
                additional.iter().flat_map(Cursor::members).map(|(name, one)| (name.to_owned(), one)),
            );
            methods.sort_by_key(|(_, one)| one.pointer.len());
            for (method, operation) in methods {
                let around = Around { root: &root, item: &item, schemes: &schemes };
                operations.push(self.operation(method, path, &operation, &around, &mut errors));
            }
        }
        if operations.is_empty() && errors.is_empty() {
            let place = self.files.place(&root.uri, "/paths");
            errors.push(Diagnostic::at(place, "the description has no operation"));
        }
        let declared = root.get("tags");
        let tags = declared.iter().flat_map(Cursor::items).filter_map(|tag| {
            let description = tag.text("description").unwrap_or_default();
            Some((tag.text("name")?.to_owned(), description.to_owned()))
        });
        let (title, tags) = (title.unwrap_or_else(|| "an API".to_owned()), tags.collect());
        errors.into_result(Parts { title, servers: servers(&root), tags, operations })
    }

    fn keep<T>(&self, result: Result<T, BrokenReference>, errors: &mut Diagnostics) -> Option<T> {
        result
            .map_err(|broken| {
                let place = self.files.place(&broken.uri, &format!("{}/$ref", broken.pointer));
                errors.push(Diagnostic::at(place, broken.why));
            })
            .ok()
    }

    fn schemes(&self, root: &Cursor<'d>, errors: &mut Diagnostics) -> BTreeMap<String, Scheme> {
        let mut schemes = BTreeMap::new();
        let declared = root.get("components").and_then(|components| components.get("securitySchemes"));
        for (name, scheme) in declared.iter().flat_map(Cursor::members) {
            let Some(scheme) = self.keep(scheme.resolved(), errors) else { continue };
            let named = || scheme.text("name").unwrap_or_default().to_owned();
            let read = match (scheme.text("type"), scheme.text("in")) {
                (Some("apiKey"), Some("header")) => Scheme::Key(Within::Header, named()),
                (Some("apiKey"), Some("query")) => Scheme::Key(Within::Query, named()),
                (Some("apiKey"), Some("cookie")) => Scheme::Key(Within::Cookie, named()),
                (Some("http"), _) => {
                    Scheme::Http(scheme.text("scheme").unwrap_or_default().to_ascii_lowercase())
                }
                (Some("oauth2" | "openIdConnect"), _) => Scheme::Token,
                _ => Scheme::Other,
            };
            schemes.insert(name.to_owned(), read);
        }
        schemes
    }

    fn operation(
        &self,
        method: String,
        path: &str,
        operation: &Cursor<'d>,
        around: &Around<'_, 'd>,
        errors: &mut Diagnostics,
    ) -> Operation {
        let mut parameters: Vec<Parameter> = Vec::new();
        for holder in [operation, around.item] {
            for parameter in holder.get("parameters").iter().flat_map(Cursor::items) {
                let Some(parameter) = self.keep(parameter.resolved(), errors) else { continue };
                let Some(read) = self.parameter(&parameter, errors) else { continue };
                // A parameter of the operation replaces that of its path.
                if !parameters.iter().any(|own| own.name == read.name && own.within == read.within) {
                    parameters.push(read);
                }
            }
        }
        let body =
            operation.get("requestBody").and_then(|body| self.keep(body.resolved(), errors)).map(|body| {
                Body {
                    required: body.value.get("required") == Some(&Value::Bool(true)),
                    content: self.content(&body, self.requests, errors),
                    location: Location::of(&body),
                }
            });
        let mut replies = Vec::new();
        for (status, reply) in operation.get("responses").iter().flat_map(Cursor::members) {
            if status.starts_with("x-") {
                continue;
            }
            let Some(reply) = self.keep(reply.resolved(), errors) else { continue };
            let mut headers = Vec::new();
            for (name, header) in reply.get("headers").iter().flat_map(Cursor::members) {
                let Some(header) = self.keep(header.resolved(), errors) else { continue };
                headers.push(self.header(name, &header, errors));
            }
            replies.push(Reply {
                status: status.to_owned(),
                description: reply.text("description").unwrap_or_default().to_owned(),
                headers,
                content: self.content(&reply, self.responses, errors),
                location: Location::of(&reply),
            });
        }
        let bases =
            [operation, around.item, around.root].into_iter().map(servers).find(|own| !own.is_empty());
        let mut bases: Vec<String> =
            bases.unwrap_or_default().iter().map(|server| base_path(server)).collect();
        bases.dedup();
        let tags = operation.get("tags");
        Operation {
            method,
            path: path.to_owned(),
            id: operation.text("operationId").map(str::to_owned),
            summary: operation.text("summary").map(str::to_owned),
            tags: tags
                .iter()
                .flat_map(Cursor::items)
                .filter_map(|tag| tag.value.as_str())
                .map(str::to_owned)
                .collect(),
            parameters,
            body,
            replies,
            security: around.security(operation),
            location: Location::of(operation),
            template: Template::parse(path),
            bases,
        }
    }

    fn parameter(&self, parameter: &Cursor<'d>, errors: &mut Diagnostics) -> Option<Parameter> {
        let within = match parameter.text("in")? {
            "path" => Within::Path,
            "query" => Within::Query,
            "header" => Within::Header,
            "cookie" => Within::Cookie,
            // `querystring` of OpenAPI 3.2 describes the whole query.
            _ => return None,
        };
        let name = parameter.text("name")?;
        // Ignored by the specification: other keywords describe these fields.
        if within == Within::Header
            && ["accept", "content-type", "authorization"].iter().any(|own| name.eq_ignore_ascii_case(own))
        {
            return None;
        }
        Some(self.value(name, within, parameter, self.requests, errors))
    }

    fn header(&self, name: &str, header: &Cursor<'d>, errors: &mut Diagnostics) -> Parameter {
        self.value(name, Within::Header, header, self.responses, errors)
    }

    fn value(
        &self,
        name: &str,
        within: Within,
        value: &Cursor<'d>,
        documents: &Arc<Documents>,
        errors: &mut Diagnostics,
    ) -> Parameter {
        let content = self.content(value, documents, errors).into_iter().next();
        let usual = match within {
            Within::Path | Within::Header => "simple",
            Within::Query | Within::Cookie => "form",
        };
        let style = value.text("style").unwrap_or(usual).to_owned();
        let explode = value.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        let schema = value.get("schema").map(|schema| Schema::of(&schema, documents));
        let own = examples(value).into_iter().next().map(|(_, example)| example);
        Parameter {
            name: name.to_owned(),
            within,
            required: value.value.get("required") == Some(&Value::Bool(true)) || within == Within::Path,
            style,
            explode,
            is_json: content.as_ref().is_some_and(|media| crate::media::is_json(&media.name)),
            example: own
                .or_else(|| content.as_ref().and_then(|media| Some(media.examples.first()?.1.clone()))),
            schema: schema.or_else(|| content.and_then(|media| media.schema)),
            location: Location::of(value),
        }
    }

    fn content(
        &self,
        holder: &Cursor<'d>,
        documents: &Arc<Documents>,
        errors: &mut Diagnostics,
    ) -> Vec<Media> {
        let mut content = Vec::new();
        for (name, media) in holder.get("content").iter().flat_map(Cursor::members) {
            // OpenAPI 3.2 allows references here.
            let Some(media) = self.keep(media.resolved(), errors) else { continue };
            content.push(Media {
                name: name.to_owned(),
                schema: media.get("schema").map(|schema| Schema::of(&schema, documents)),
                examples: examples(&media),
                location: Location::of(&media),
            });
        }
        content
    }
}

/// What an operation inherits.
struct Around<'a, 'd> {
    root: &'a Cursor<'d>,
    item: &'a Cursor<'d>,
    schemes: &'a BTreeMap<String, Scheme>,
}

impl<'d> Around<'_, 'd> {
    fn security(&self, operation: &Cursor<'d>) -> Vec<Vec<(String, Scheme)>> {
        let alternatives = operation.get("security").or_else(|| self.root.get("security"));
        let alternatives = alternatives.iter().flat_map(Cursor::items).map(|alternative| {
            let names = alternative.members();
            let scheme = |name: &str| self.schemes.get(name).cloned().unwrap_or(Scheme::Other);
            names.into_iter().map(|(name, _)| (name.to_owned(), scheme(name))).collect()
        });
        alternatives.collect()
    }
}

/// Returns the examples of a parameter or a media type.
fn examples(holder: &Cursor<'_>) -> Vec<(String, Value)> {
    let own = holder.value.get("example").map(|example| (String::new(), example.clone()));
    let named = holder.get("examples");
    let named = named.iter().flat_map(Cursor::members).filter_map(|(name, example)| {
        let example = example.resolved().ok()?;
        let value = example.value.get("value").or_else(|| example.value.get("dataValue"))?;
        Some((name.to_owned(), value.clone()))
    });
    own.into_iter().chain(named).collect()
}

/// Returns the URLs of the servers that an object declares, with the defaults of their variables.
fn servers(holder: &Cursor<'_>) -> Vec<String> {
    let servers = holder.get("servers");
    let urls = servers.iter().flat_map(Cursor::items).filter_map(|server| {
        let mut url = server.text("url")?.to_owned();
        for (name, variable) in server.get("variables").iter().flat_map(Cursor::members) {
            url = url.replace(&format!("{{{name}}}"), variable.text("default").unwrap_or_default());
        }
        Some(url)
    });
    urls.collect()
}

/// Returns the path of a server without a slash at its end.
fn base_path(server: &str) -> String {
    let base = Url::parse("http://a/").and_then(|base| base.join(server));
    base.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}
