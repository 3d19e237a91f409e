//! Reads the operations of a description, with all references to parameters, bodies and responses followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::matcher::Documents;
use serde_json::Value;
use url::Url;

use crate::files::Files;
use crate::media::is_json;
use crate::model::{Body, Location, Media, Operation, Parameter, Reply, Schema, Scheme, Within};
use crate::path::Template;
use crate::read::{BrokenReference, Cursor, METHODS};

/// The parts of a description that are read.
pub(crate) struct Parts {
    pub(crate) title: String,
    pub(crate) servers: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) operations: Vec<Operation>,
}

/// Builds the operations.
pub(crate) struct Reader<'d> {
    pub(crate) files: &'d Files,
    pub(crate) requests: &'d Arc<Documents>,
    pub(crate) responses: &'d Arc<Documents>,
}

impl<'d> Reader<'d> {
    /// Reads the file with this URI.
    ///
    /// # Errors
    /// It has no operation, or a reference names nothing.
    pub(crate) fn description(&self, root: &str) -> Result<Parts, Diagnostics> {
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
                // The specification has no references here, but large descriptions do.
                let Some(operation) = self.keep(operation.resolved(), &mut errors) else { continue };
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
            let read = match scheme.text("type") {
                Some("apiKey") => match scheme.text("in").and_then(Within::read) {
                    None | Some(Within::Path) => Scheme::Other,
                    Some(within) => Scheme::Key(within, named()),
                },
                Some("http") => Scheme::Http(scheme.text("scheme").unwrap_or_default().to_ascii_lowercase()),
                Some("oauth2" | "openIdConnect") => Scheme::Token,
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
                headers.push(self.value(name, Within::Header, &header, self.responses, errors));
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
        let within = Within::read(parameter.text("in")?)?;
        let name = parameter.text("name")?;
        // Ignored by the specification: other keywords describe these fields.
        if within == Within::Header
            && ["accept", "content-type", "authorization"].iter().any(|own| name.eq_ignore_ascii_case(own))
        {
            return None;
        }
        Some(self.value(name, within, parameter, self.requests, errors))
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
            is_json: content.as_ref().is_some_and(|media| is_json(&media.name)),
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
