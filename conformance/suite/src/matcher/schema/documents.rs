//! Schemas inside larger documents, such as an API description: found and compiled by URI.

use jsonschema::{Draft, Registry};
use serde_json::{Value as Library, json};

use super::value::{LIMITS, Limit, Own};
use super::{Fault, Known, Schema, pattern};
use crate::json::Json;

/// Documents that contain schemas, and references between them.
#[derive(Debug)]
pub struct Documents {
    registry: Registry<'static>,
}

/// A schema of [`Documents`].
#[derive(Debug, Clone)]
pub struct DocumentSchema(Schema);

/// A violation of a schema.
#[derive(Debug, Clone)]
pub struct SchemaFault {
    /// The location in the value, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong.
    pub why: String,
    /// URI of the violated keyword.
    pub keyword: Option<String>,
}

impl Documents {
    /// Creates a set of documents by URI. Schemas are read as JSON Schema 2020-12, unless they name another dialect.
    ///
    /// # Errors
    /// A URI is invalid, or a schema refers to a document that is not in the set.
    pub fn new(documents: impl IntoIterator<Item = (String, Library)>) -> Result<Self, String> {
        let registry = Registry::new().retriever(Known::default()).draft(Draft::Draft202012);
        let documents = documents.into_iter().map(|(uri, document)| (uri, pattern::rewritten(document)));
        let registry = registry.extend(documents).and_then(jsonschema::RegistryBuilder::prepare);
        registry.map(|registry| Self { registry }).map_err(|error| error.to_string())
    }

    /// Returns the value that a reference in the document `base` names.
    ///
    /// # Errors
    /// The reference names nothing.
    pub fn find(&self, base: &str, reference: &str) -> Result<&Library, String> {
        let base = jsonschema::uri::from_str(base).map_err(|error| error.to_string())?;
        let resolved = self.registry.resolver(base).lookup(reference).map_err(|error| error.to_string())?;
        Ok(resolved.into_inner().0)
    }

    /// Compiles the schema at a URI. `format` is asserted.
    ///
    /// # Errors
    /// The schema or one that it refers to is invalid.
    pub fn compile(&self, uri: &str) -> Result<DocumentSchema, String> {
        let mut options = jsonschema::options_for::<Own>()
            .with_registry(&self.registry)
            .with_retriever(Known::default())
            .should_validate_formats(true);
        for keyword in LIMITS {
            options = options.with_keyword(keyword, move |parent, value, _| {
                Ok(Box::new(Limit::new(keyword, parent, value)))
            });
        }
        let compiled = options.build(&json!({ "$ref": uri })).map_err(|error| error.to_string())?;
        Ok(DocumentSchema(Schema { file: uri.to_owned(), compiled: compiled.into() }))
    }
}

impl DocumentSchema {
    /// Whether a value is valid.
    #[must_use]
    pub fn holds(&self, value: &Json) -> bool {
        self.0.holds(value)
    }

    /// Returns all violations; for a value so large that the library would need too much memory, only the first one.
    #[must_use]
    pub fn faults(&self, value: &Json) -> Vec<SchemaFault> {
        let faults = self.0.faults(value).into_iter();
        faults.map(|Fault { pointer, why, keyword }| SchemaFault { pointer, why, keyword }).collect()
    }
}
