//! `JSONPath` (RFC 9535): the value of the body that a capture takes.
//!
//! The library searches a copy of the body whose numbers have 64 bits. The value itself is taken from the body, with all digits.

use serde_json_path::JsonPath;

use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::members::parse_text;
use crate::source::Place;
use crate::template::{Scope, Text};

/// A `JSONPath`, in which texts may contain `${…}`.
#[derive(Debug, Clone)]
pub(super) struct Path(Text);

impl Path {
    /// Compiles a path.
    ///
    /// # Errors
    /// An invalid path or expression, with its location.
    pub(super) fn compile(written: &str, place: &Place) -> Result<Self, Diagnostic> {
        let text = parse_text(written, place)?;
        if text.is_literal()
            && let Err(error) = JsonPath::parse(written)
        {
            let at = written.get(error.position()..).and_then(|rest| rest.split_whitespace().next());
            let at = at.map_or_else(|| place.clone(), |rest| place.find(rest));
            return Err(Diagnostic::at(at, format!("invalid JSONPath: {}", error.message()))
                .help("write it as in RFC 9535: $.items[0].id, or $[?@.name == 'b'].id"));
        }
        Ok(Self(text))
    }

    pub(super) fn text(&self) -> &Text {
        &self.0
    }

    /// Returns the first value that the path selects, in the order of the body.
    ///
    /// # Errors
    /// Why the path selects no value, as a sentence.
    pub(super) fn find<'b>(&self, body: &'b Json, scope: &Scope) -> Result<&'b Json, String> {
        let written = self.0.render_with(scope, escape).map_err(|error| error.to_string())?;
        let path =
            JsonPath::parse(&written).map_err(|error| format!("invalid JSONPath `{written}`: {error}"))?;
        let library = body.to_library();
        let found = path.query_located(&library).into_iter().next();
        let pointer = found.map(|node| node.location().to_json_pointer());
        pointer
            .and_then(|pointer| body.pointer(&pointer))
            .ok_or_else(|| format!("`{written}` selects nothing in the body"))
    }
}

/// Escapes a value for a quoted text of a path, so that no value can end the text.
fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for one in value.chars() {
        match one {
            '\'' | '"' | '\\' | '\0'..='\u{1f}' => escaped.push_str(&format!("\\u{:04x}", u32::from(one))),
            _ => escaped.push(one),
        }
    }
    escaped
}
