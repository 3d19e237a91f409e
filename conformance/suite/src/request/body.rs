//! The body of a request and its parts.

use base64::Engine as _;
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
    /// The parts of a form in this form, instead of a content.
    pub parts: Option<Vec<Part>>,
    /// How the content is encoded.
    pub encoder: Option<Encoder>,
    /// More header fields, as lines.
    pub headers: Vec<Text>,
}

/// An encoding of the content of a part (RFC 2045, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoder {
    /// Base64, in lines of 76 characters.
    Base64,
    /// Unchanged, with this name.
    Unchanged(&'static str),
}

impl Encoder {
    /// Finds an encoding by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base64" => Self::Base64,
            "7bit" => Self::Unchanged("7bit"),
            "8bit" => Self::Unchanged("8bit"),
            "binary" => Self::Unchanged("binary"),
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Unchanged(name) => name,
        }
    }

    fn apply(self, bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Unchanged(_) => bytes,
            Self::Base64 => {
                let lines: Vec<String> =
                    bytes.chunks(57).map(|line| base64::prelude::BASE64_STANDARD.encode(line)).collect();
                lines.join("\r\n").into_bytes()
            }
        }
    }
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
        Self {
            name: name.to_owned(),
            filename: None,
            content_type: None,
            content: Field::Bytes(Vec::new()),
            parts: None,
            encoder: None,
            headers: Vec::new(),
        }
    }

    fn texts(&self) -> Vec<&Text> {
        let own = self.filename.iter().chain(&self.content_type).chain(&self.headers);
        own.chain(self.content.texts()).chain(self.parts.iter().flatten().flat_map(Self::texts)).collect()
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
                let boundary = boundary();
                let own = own.as_ref().map(|own| own.render(scope)).transpose()?;
                let content_type = own.as_deref().unwrap_or(FORM);
                let bytes = multipart(parts, content_type, &boundary, scope)?;
                (Some(format!("{content_type}; boundary={boundary}")), bytes)
            }
        }))
    }
}

impl Field {
    /// Whether it sends nothing, whatever the values of variables are.
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text)
            | Self::Urlencoded { name: None, value: text }
            | Self::Encoded { name: None, value: text } => text.written().is_empty(),
            Self::Bytes(bytes) | Self::File { bytes, .. } => bytes.is_empty(),
            Self::Joined(pieces) => pieces.iter().all(Self::is_empty),
            Self::Urlencoded { name: Some(_), .. } | Self::Encoded { name: Some(_), .. } => false,
        }
    }

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

    /// Returns what is sent unencoded and is not made of templates.
    pub(crate) fn bytes(&self) -> Vec<&[u8]> {
        match self {
            Self::Bytes(bytes) | Self::File { bytes, .. } => vec![bytes],
            Self::Joined(pieces) => pieces.iter().flat_map(Self::bytes).collect(),
            Self::Urlencoded { name: Some(name), .. } => vec![name.as_bytes()],
            Self::Text(_) | Self::Urlencoded { .. } | Self::Encoded { .. } => Vec::new(),
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

/// Returns the fields with `&` before each that needs a separator and is not the first. Empty fields at the beginning do not count, as
/// in curl.
pub(crate) fn parted(fields: impl IntoIterator<Item = (Field, bool)>) -> Box<[Field]> {
    let mut pieces: Vec<Field> = Vec::new();
    for (field, wants) in fields {
        if wants && !pieces.iter().all(Field::is_empty) {
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

/// Returns a boundary in the form of curl's: 24 dashes and a random suffix.
fn boundary() -> String {
    format!("{}{}", "-".repeat(24), &Uuid::new_v4().simple().to_string()[..22])
}

fn multipart(
    parts: &[Part],
    content_type: &str,
    boundary: &str,
    scope: &Scope,
) -> Result<Vec<u8>, TemplateError> {
    let is_form = content_type.starts_with(FORM);
    // RFC 7578, section 4.2, with the escapes that browsers and curl use.
    let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mut bytes = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}");
        let filename = part.filename.as_ref().map(|filename| filename.render(scope)).transpose()?;
        // With another content type, curl sends attachments.
        if is_form || !part.name.is_empty() || filename.is_some() {
            head.push_str("\r\nContent-Disposition: ");
            head.push_str(if is_form { "form-data" } else { "attachment" });
        }
        if !part.name.is_empty() {
            head.push_str(&format!("; name=\"{}\"", quoted(&part.name)));
        }
        if let Some(filename) = &filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        let mut content_type = part.content_type.as_ref().map(|own| own.render(scope)).transpose()?;
        let content = match &part.parts {
            Some(parts) => {
                let (own, boundary) =
                    (content_type.unwrap_or_else(|| "multipart/mixed".to_owned()), self::boundary());
                let content = multipart(parts, &own, &boundary, scope)?;
                content_type = Some(format!("{own}; boundary={boundary}"));
                content
            }
            None => part.content.render(scope)?,
        };
        if let Some(content_type) = content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        if let Some(encoder) = part.encoder {
            head.push_str(&format!("\r\nContent-Transfer-Encoding: {}", encoder.name()));
        }
        for line in &part.headers {
            head.push_str(&format!("\r\n{}", line.render(scope)?));
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n\r\n");
        match part.encoder {
            Some(encoder) => bytes.extend(encoder.apply(content)),
            None => bytes.extend(content),
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(bytes)
}
