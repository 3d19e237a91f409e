//! Explains why a file cannot be read as YAML.

use std::sync::Arc;

use granit_parser::{ErrorKind as Kind, ScanError};

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// Maximum number of values in a file, before and after the expansion of aliases.
pub(super) const MOST_VALUES: usize = 250_000;

pub(super) const TOO_DEEP: &str = "the values are nested too deeply";

pub(super) fn too_large(source: &Arc<Source>, span: Span) -> Diagnostic {
    Diagnostic::at(source.place(span), "the file is too large with all its aliases")
        .help(format!("a file may have up to {MOST_VALUES} values; split it into several files"))
}

pub(super) fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::at(source.place(Span::default()), "this file is empty").help("start it with `format: 1`")
}

/// Returns the diagnostic for text that is not YAML, with a hint at the usual cause.
pub(super) fn syntax_error(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let message = error.info();
    let at = error.marker().byte_offset().unwrap_or_default();
    let place = source.place(Span::new(at, at));
    if message.contains("tab")
        && let Some(tab) = indenting_tab(source)
    {
        return Diagnostic::at(source.place(tab), "tab in the indentation").help("indent YAML with spaces");
    }
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let help = match error.kind() {
        Kind::UnexpectedEof if source.text().lines().all(is_blank) => return empty(source),
        Kind::UnexpectedEof => return Diagnostic::at(place, "unexpected end of file"),
        Kind::RecursionLimitExceeded => return Diagnostic::at(place, TOO_DEEP),
        Kind::UnknownAnchor => {
            return Diagnostic::at(place, "unknown anchor: no value before this alias has it");
        }
        Kind::MappingValueNotAllowed => {
            "quote a text that contains `: `, or write it on its own lines after `>-`; if this is a key, it is \
             indented differently from its neighbours"
        }
        _ if has(&["expected ','"]) => {
            "inside brackets or braces, quote a text that contains one of `,[]{}`; or a bracket or brace is not closed"
        }
        _ if has(&["bracket", "quote", "':' indicator", "trailing content"]) => {
            "a bracket, a brace or a quote is not closed, here or earlier"
        }
        _ => return Diagnostic::at(place, message),
    };
    Diagnostic::at(place, format!("invalid YAML: {message}")).help(help)
}

fn indenting_tab(source: &Source) -> Option<Span> {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indentation].find('\t') {
            return Some(Span::new(start + at, start + indentation));
        }
        start += line.len();
    }
    None
}
