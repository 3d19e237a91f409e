//! Gives fuzz targets access to private modules.
//!
//! Compiled only with `cfg(fuzzing)`, which `cargo fuzz` sets. The fuzz targets are in `fuzz/fuzz_targets`.

use std::sync::Arc;

use crate::budget;
use crate::capture::{self, Capture};
use crate::diagnostic::Diagnostics;
use crate::expectation::{self, Expectation};
use crate::format::ExpectText;
use crate::source::{Source, Span};
use crate::yaml::layout::Layout;
use crate::yaml::{self, Node, Ordered};

/// The position of a value, without its tag.
#[must_use]
pub fn span(node: &Node) -> Span {
    node.span()
}

/// The spans of the values in a file that can be edited separately.
#[must_use]
pub fn layout(source: &Arc<Source>) -> Vec<Span> {
    Layout::of(source).map(|layout| layout.stretches()).unwrap_or_default()
}

const SCHEMA: &[u8] = br##"{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/list"}},
  "$defs": {"list": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/list"}]}, "uniqueItems": true}}}"##;

/// Compiles the contents of `expect:` and `capture:`.
///
/// # Errors
/// The errors in either of them.
pub fn asked(
    expect: &Arc<Source>,
    capture: &Arc<Source>,
) -> Result<(Expectation, Vec<Capture>), Diagnostics> {
    budget::start();
    let files = |name: &str| match name {
        "schema.json" => Ok(SCHEMA.to_vec()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    let expectation = expectation::compile(&yaml::read::<ExpectText>(expect)?, expect, &files)?;
    if capture.text().is_empty() {
        return Ok((expectation, Vec::new()));
    }
    let captures: Ordered<Node> = yaml::read(capture)?;
    let captures = captures.0.iter().map(|(name, node)| capture::compile(name, node, capture));
    Ok((expectation, captures.collect::<Result<_, _>>()?))
}
