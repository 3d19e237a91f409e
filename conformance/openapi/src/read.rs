//! Walks the documents of a description, and follows references.

use conformance_suite::json::escape;
use conformance_suite::matcher::Documents;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use url::Url;

/// The members of a path item that are operations.
pub(crate) const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// A value in the documents of a description, with its location.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'d> {
    documents: &'d Documents,
    pub(crate) value: &'d Value,
    /// URI of its file.
    pub(crate) uri: String,
    /// JSON Pointer to it.
    pub(crate) pointer: String,
}

/// A reference that names nothing.
#[derive(Debug)]
pub(crate) struct BrokenReference {
    /// URI of the file with the reference.
    pub(crate) uri: String,
    /// JSON Pointer to the object with the reference.
    pub(crate) pointer: String,
    /// What is wrong, in one sentence.
    pub(crate) why: String,
}

/// Maximum number of references from one to the next.
const MOST_HOPS: usize = 30;

impl<'d> Cursor<'d> {
    /// Returns the value of a whole file.
    pub(crate) fn of_file(documents: &'d Documents, uri: &str) -> Result<Self, String> {
        let value = documents.find(uri, "#")?;
        Ok(Self { documents, value, uri: uri.to_owned(), pointer: String::new() })
    }

    /// Returns the value at a location.
    pub(crate) fn at(documents: &'d Documents, uri: &str, pointer: &str) -> Option<Self> {
        let value = Self::of_file(documents, uri).ok()?.value.pointer(pointer)?;
        Some(Self { documents, value, uri: uri.to_owned(), pointer: pointer.to_owned() })
    }

    /// Returns a member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name)?;
        Some(Self { value, pointer: format!("{}/{}", self.pointer, escape(name)), ..self.clone() })
    }

    /// Returns a member that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&'d str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// Returns the members of an object.
    pub(crate) fn members(&self) -> Vec<(&'d str, Self)> {
        let members = self.value.as_object().into_iter().flatten();
        let member = |(name, value): (&'d String, &'d Value)| {
            let pointer = format!("{}/{}", self.pointer, escape(name));
            (name.as_str(), Self { value, pointer, ..self.clone() })
        };
        members.map(member).collect()
    }

    /// Returns the items of a list.
    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        let item = |(at, value)| Self { value, pointer: format!("{}/{at}", self.pointer), ..self.clone() };
        items.map(item).collect()
    }

    /// Follows references until a value has no `$ref`.
    pub(crate) fn resolved(self) -> Result<Self, BrokenReference> {
        let mut one = self;
        for _ in 0..MOST_HOPS {
            let Some(reference) = one.text("$ref") else { return Ok(one) };
            one = one.target(reference)?;
        }
        Err(one.broken("the references lead in a circle".to_owned()))
    }

    fn target(&self, reference: &str) -> Result<Self, BrokenReference> {
        let found = self.documents.find(&self.uri, reference);
        let value = found.map_err(|why| self.broken(format!("`$ref: {reference}` names nothing: {why}")))?;
        let joined = Url::parse(&self.uri).and_then(|own| own.join(reference));
        let mut joined = joined.map_err(|error| self.broken(format!("`$ref: {reference}`: {error}")))?;
        let pointer = percent_decode_str(joined.fragment().unwrap_or_default()).decode_utf8_lossy();
        let pointer = pointer.into_owned();
        joined.set_fragment(None);
        Ok(Self { value, uri: joined.to_string(), pointer, ..self.clone() })
    }

    fn broken(&self, why: String) -> BrokenReference {
        BrokenReference { uri: self.uri.clone(), pointer: self.pointer.clone(), why }
    }
}

/// Characters of a JSON Pointer that a fragment cannot have (RFC 3986, section 3.5).
const IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Returns the URI of a value.
pub(crate) fn uri_of(file: &str, pointer: &str) -> String {
    format!("{file}#{}", utf8_percent_encode(pointer, IN_FRAGMENT))
}

/// Splits the URI of a value into that of its file and a JSON Pointer.
pub(crate) fn split(uri: &str) -> (&str, String) {
    let (file, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    (file, percent_decode_str(fragment).decode_utf8_lossy().into_owned())
}
