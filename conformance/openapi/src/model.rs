//! What a description says about an API: operations, messages, schemas and security schemes.

use std::sync::{Arc, OnceLock};

use conformance_suite::matcher::{DocumentSchema, Documents};
use serde_json::Value;

use crate::path::Template;
use crate::read::{Cursor, split, uri_of};

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
    documents: Arc<Documents>,
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

impl Within {
    /// Reads the value of the key `in`.
    pub(crate) fn read(written: &str) -> Option<Self> {
        match written {
            "path" => Some(Self::Path),
            "query" => Some(Self::Query),
            "header" => Some(Self::Header),
            "cookie" => Some(Self::Cookie),
            // `querystring` of OpenAPI 3.2 describes the whole query.
            _ => None,
        }
    }
}

impl Schema {
    /// Returns the schema at a location.
    pub(crate) fn of(cursor: &Cursor<'_>, documents: &Arc<Documents>) -> Self {
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

    /// Returns the value of the schema.
    pub(crate) fn cursor(&self) -> Option<Cursor<'_>> {
        Cursor::at(&self.documents, &self.location.uri, &self.location.pointer)
    }
}

impl Location {
    /// Returns the location of a value.
    pub(crate) fn of(cursor: &Cursor<'_>) -> Self {
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
