//! Compiles the contents of a request mapping: text, files, base64, and the parts of multipart forms.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Field, Files, Part};
use crate::diagnostic::Diagnostic;
use crate::members::{Members, string, text};
use crate::source::Source;
use crate::template::Text;
use crate::yaml::{Node, Value};

/// The tags for contents that are not text.
pub const TAGS: [&str; 2] = [FILE, BASE64];
const FILE: &str = "!file";
const BASE64: &str = "!base64";

/// Compiles a content: a template, `!file path`, or `!base64 text`.
///
/// # Errors
/// An unreadable file, invalid base64 or another tag, with its location.
pub(super) fn field(
    node: &Node,
    source: &Arc<Source>,
    files: Files<'_>,
    what: &str,
) -> Result<Field, Diagnostic> {
    match node.tag.as_deref() {
        Some(FILE) => {
            let path = string(&node.untagged(), source, "the path of a file")?;
            let bytes = file(&path, node, source, files)?;
            Ok(Field::File { name: path.into(), bytes })
        }
        Some(BASE64) => {
            let written = string(&node.untagged(), source, "base64")?;
            let letters: String = written.split_whitespace().collect();
            BASE64_STANDARD.decode(letters).map(Field::Bytes).map_err(|error| {
                Diagnostic::at(
                    node.place(source),
                    format!("invalid base64: {}", error.to_string().to_lowercase()),
                )
                .help("base64 consists of letters, digits, `+` and `/`, with `=` at the end (RFC 4648, section 4)")
            })
        }
        Some(tag) => {
            Err(Diagnostic::at(node.place(source), format!("the tag `{tag}` is not allowed in {what}"))
                .suggest(tag, TAGS))
        }
        None => text(node, source, what).map(Field::Text),
    }
}

/// Compiles the parts of a form: by name, a content, a mapping of `content`, `type` and `filename`, or a list of these.
///
/// # Errors
/// An invalid part, with its location.
pub(super) fn parts(node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Vec<Part>, Diagnostic> {
    let (None, Value::Mapping(entries)) = (&node.tag, &node.value) else {
        let message = format!("`multipart` must be a mapping of names to parts, not {}", node.shape());
        return Err(Diagnostic::at(node.place(source), message));
    };
    let mut parts = Vec::new();
    for (name, value) in entries {
        match &value.value {
            Value::List(list) if value.tag.is_none() => {
                for item in list {
                    parts.push(part(&name.value, item, source, files)?);
                }
            }
            _ => parts.push(part(&name.value, value, source, files)?),
        }
    }
    if parts.is_empty() {
        return Err(Diagnostic::at(node.place(source), "a form needs at least one part"));
    }
    Ok(parts)
}

fn part(name: &str, node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Part, Diagnostic> {
    if !matches!((&node.tag, &node.value), (None, Value::Mapping(_))) {
        return content(name, node, source, files);
    }
    let mut members = Members::of(node, source, "a part")?;
    let (held, content_type, filename) =
        (members.take("content"), members.take("type"), members.take("filename"));
    let whole = members.place().clone();
    members.finish()?;
    let held = held.ok_or_else(|| Diagnostic::at(whole, "this part has no `content`"))?;
    let mut part = content(name, held, source, files)?;
    if let Some(node) = content_type {
        part.content_type = Some(in_one_line(node, source, "a content type")?);
    }
    if let Some(node) = filename {
        part.filename = Some(text(node, source, "the name of a file")?);
    }
    Ok(part)
}

/// Creates a part from a content. A file sets its name and the type of its extension, as in curl.
fn content(name: &str, node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Part, Diagnostic> {
    let content = field(node, source, files, "a part")?;
    let mut part = Part { content, ..Part::new(name) };
    if let (Some(FILE), Value::String(path)) = (node.tag.as_deref(), &node.value) {
        part.come_from(path);
    }
    Ok(part)
}

fn in_one_line(node: &Node, source: &Arc<Source>, what: &str) -> Result<Text, Diagnostic> {
    if string(node, source, what)?.contains(['\r', '\n']) {
        return Err(Diagnostic::at(node.place(source), format!("{what} must be one line")));
    }
    text(node, source, what)
}

fn file(path: &str, node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Vec<u8>, Diagnostic> {
    files(path).map_err(|error| {
        Diagnostic::at(node.place(source), format!("cannot read the file `{path}`: {error}"))
            .help("the path is relative to the folder of the scenario")
    })
}

impl Part {
    /// Sets the name of a file, and the content type that curl infers from the name that is sent, or else from that of the file.
    pub(crate) fn come_from(&mut self, path: &str) {
        let filename = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sent = self.filename.as_ref().and_then(|sent| media_type(sent.written()));
        let media_type = sent.or_else(|| media_type(path)).unwrap_or("application/octet-stream");
        self.content_type.get_or_insert_with(|| Text::literal(media_type));
        self.filename.get_or_insert_with(|| Text::literal(&filename));
    }

    /// Sets the content type that curl infers from the name that is sent, or from the file whose contents are sent without its name.
    pub(crate) fn infer_type(&mut self, file: Option<&str>) {
        let sent = self.filename.as_ref().and_then(|sent| media_type(sent.written()));
        let inferred = sent.or_else(|| file.and_then(media_type));
        // curl leaves out the type that is the default of a part.
        let inferred = inferred.filter(|inferred| *inferred != "text/plain" || self.filename.is_some());
        if self.content_type.is_none() {
            self.content_type = inferred.map(Text::literal);
        }
    }
}

/// Returns the content type that curl gives a file by the end of its name, ignoring case.
pub(crate) fn media_type(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => return None,
    })
}
