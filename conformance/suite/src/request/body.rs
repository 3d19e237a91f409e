//! The body of a request and its parts.

use uuid::Uuid;

use super::{JSON, form_encode, percent_encode};
use crate::json::Json;
use crate::template::{Scope, TemplateError, Text};

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// No body.
    None,
    /// Concatenated fields, with the content type of forms (`-d`).
    Fields(Box<[Field]>),
    /// A JSON value.
    Json(JsonText),
    /// Text or bytes sent unchanged, without a content type.
    Raw(Field),
    /// Parts of a form (`-F`, RFC 7578), and the content type if it is not `multipart/form-data`.
    Multipart(Box<[Part]>, Option<Box<Text>>),
}

/// A piece of a query or of a body.
#[derive(Debug, Clone)]
pub enum Field {
    /// Text sent unchanged.
    Text(Text),
    /// Contents of a file when the suite was loaded.
    Bytes(Vec<u8>),
    /// Unchanged contents of a file, with its name as written.
    File {
        /// The name.
        name: Box<str>,
        /// The contents when the suite was loaded.
        bytes: Vec<u8>,
    },
    /// A value encoded as by `curl --data-urlencode`, after a name that is not encoded.
    Urlencoded {
        /// The name; without one, no `=` is sent.
        name: Option<String>,
        /// The value.
        value: Text,
    },
    /// Concatenated fields.
    Joined(Box<[Field]>),
    /// A name that is not encoded, and a percent-encoded value.
    Encoded {
        /// The name; without one, no `=` is sent.
        name: Option<String>,
        /// The value.
        value: Text,
    },
}

/// A part of a multipart form.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name of the field; not sent if it is empty.
    pub name: String,
    /// The name of the file, if the part is one.
    pub filename: Option<Text>,
    /// The content type of the part.
    pub content_type: Option<Text>,
    /// The content.
    pub content: Field,
}

/// JSON with templates as its strings, with the members in the order of the file.
#[derive(Debug, Clone)]
pub enum JsonText {
    /// A value without expressions.
    Literal(Json),
    /// A string; if it is a single expression, it keeps the type of the expression.
    Text(Text),
    /// A list.
    List(Vec<JsonText>),
    /// An object.
    Object(Vec<(String, JsonText)>),
}

impl Part {
    /// Creates an empty part.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), filename: None, content_type: None, content: Field::Bytes(Vec::new()) }
    }

    fn texts(&self) -> Vec<&Text> {
        self.filename.iter().chain(&self.content_type).chain(self.content.texts()).collect()
    }
}

impl Body {
    /// Creates a form with these fields, joined by `&`.
    pub(super) fn form(fields: Vec<Field>) -> Self {
        Self::Fields(parted(fields.into_iter().map(|field| (field, true))))
    }

    pub(super) fn texts(&self) -> Vec<&Text> {
        match self {
            Self::None => Vec::new(),
            Self::Fields(fields) => fields.iter().flat_map(Field::texts).collect(),
            Self::Json(json) => json.texts(),
            Self::Raw(field) => field.texts(),
            Self::Multipart(parts, content_type) => {
                parts.iter().flat_map(Part::texts).chain(content_type.as_deref()).collect()
            }
        }
    }

    /// Returns the name of the file, if the body is the unchanged contents of one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Raw(Field::File { name, .. }) => Some(name),
            Self::Fields(fields) => match &**fields {
                [Field::File { name, .. }] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the content type and the bytes.
    #[expect(clippy::type_complexity, reason = "a pair that is taken apart at its only caller")]
    pub(super) fn render(&self, scope: &Scope) -> Result<Option<(Option<String>, Vec<u8>)>, TemplateError> {
        Ok(Some(match self {
            Self::None => return Ok(None),
            Self::Fields(fields) => {
                (Some("application/x-www-form-urlencoded".to_owned()), join(fields, scope)?)
            }
            Self::Json(json) => (Some(JSON.to_owned()), json.render(scope)?.into_bytes()),
            Self::Raw(field) => (None, field.render(scope)?),
            Self::Multipart(parts, own) => {
                // The same form as curl's: 24 dashes and a random suffix.
                let boundary = format!("{}{}", "-".repeat(24), &Uuid::new_v4().simple().to_string()[..22]);
                let own = own.as_ref().map(|own| own.render(scope)).transpose()?;
                let content_type = own.as_deref().unwrap_or(FORM);
                let bytes = multipart(parts, content_type, &boundary, scope)?;
                (Some(format!("{content_type}; boundary={boundary}")), bytes)
            }
        }))
    }
}

impl Field {
    pub(super) fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Text(text) | Self::Urlencoded { value: text, .. } | Self::Encoded { value: text, .. } => {
                vec![text]
            }
            Self::Joined(pieces) => pieces.iter().flat_map(Self::texts).collect(),
            Self::Bytes(_) | Self::File { .. } => Vec::new(),
        }
    }

    /// Returns the templates that are not encoded.
    pub(crate) fn verbatim(&self) -> Vec<&Text> {
        match self {
            Self::Text(text) => vec![text],
            Self::Joined(pieces) => pieces.iter().flat_map(Self::verbatim).collect(),
            Self::Bytes(_) | Self::File { .. } | Self::Urlencoded { .. } | Self::Encoded { .. } => Vec::new(),
        }
    }

    pub(super) fn render(&self, scope: &Scope) -> Result<Vec<u8>, TemplateError> {
        Ok(match self {
            Self::Text(text) => text.render(scope)?.into_bytes(),
            Self::Bytes(bytes) | Self::File { bytes, .. } => bytes.clone(),
            Self::Joined(pieces) => join(pieces, scope)?,
            Self::Urlencoded { name, value } => {
                let encoded = form_encode(value.render(scope)?.as_bytes());
                name.as_ref().map_or(encoded.clone(), |name| format!("{name}={encoded}")).into_bytes()
            }
            Self::Encoded { name: None, value } => percent_encode(&value.render(scope)?).into_bytes(),
            Self::Encoded { name: Some(name), value } => {
                format!("{name}={}", percent_encode(&value.render(scope)?)).into_bytes()
            }
        })
    }
}

impl JsonText {
    /// Returns the templates, to check the names in them.
    #[must_use]
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(list) => list.iter().flat_map(Self::texts).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }

    /// Evaluates the expressions.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn value(&self, scope: &Scope) -> Result<Json, TemplateError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Text(text) => text.json(scope)?,
            Self::List(list) => {
                Json::Array(list.iter().map(|item| item.value(scope)).collect::<Result<_, _>>()?)
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| Ok((name.clone(), value.value(scope)?));
                Json::Object(members.iter().map(member).collect::<Result<_, TemplateError>>()?)
            }
        })
    }

    /// Returns the value as compact JSON, with the members in the order of the file.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn render(&self, scope: &Scope) -> Result<String, TemplateError> {
        Ok(match self {
            Self::Literal(value) => value.to_string(),
            Self::Text(text) => text.json(scope)?.to_string(),
            Self::List(list) => {
                let items = list.iter().map(|item| item.render(scope)).collect::<Result<Vec<_>, _>>()?;
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    Ok(format!("{}:{}", Json::String(name.clone()), value.render(scope)?))
                };
                format!("{{{}}}", members.iter().map(member).collect::<Result<Vec<_>, _>>()?.join(","))
            }
        })
    }
}

/// Returns the fields with `&` before each that needs a separator and is not the first.
pub(crate) fn parted(fields: impl IntoIterator<Item = (Field, bool)>) -> Box<[Field]> {
    let mut pieces = Vec::new();
    for (field, wants) in fields {
        if wants && !pieces.is_empty() {
            pieces.push(Field::Bytes(b"&".to_vec()));
        }
        pieces.push(field);
    }
    pieces.into()
}

fn join(fields: &[Field], scope: &Scope) -> Result<Vec<u8>, TemplateError> {
    Ok(fields.iter().map(|field| field.render(scope)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// The media type of a form with files (RFC 7578).
const FORM: &str = "multipart/form-data";

fn multipart(
    parts: &[Part],
    content_type: &str,
    boundary: &str,
    scope: &Scope,
) -> Result<Vec<u8>, TemplateError> {
    // With another content type, curl sends attachments.
    let disposition = if content_type.starts_with(FORM) { "form-data" } else { "attachment" };
    // RFC 7578, section 4.2, with the escapes that browsers and curl use.
    let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mut bytes = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\nContent-Disposition: {disposition}");
        if !part.name.is_empty() {
            head.push_str(&format!("; name=\"{}\"", quoted(&part.name)));
        }
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(&filename.render(scope)?)));
        }
        if let Some(content_type) = &part.content_type {
            head.push_str(&format!("\r\nContent-Type: {}", content_type.render(scope)?));
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(&part.content.render(scope)?);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(bytes)
}
