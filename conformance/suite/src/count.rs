//! Counts in a suite: a number, or a range such as `1..3`.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::members::string;
use crate::source::Source;
use crate::yaml::Node;

/// A number, or a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The minimum.
    pub least: usize,
    /// The maximum, if there is one.
    pub most: Option<usize>,
}

impl Count {
    /// Whether a number is in the range.
    #[must_use]
    pub fn allows(self, number: usize) -> bool {
        self.least <= number && self.most.is_none_or(|most| number <= most)
    }

    /// Describes the allowed numbers: `1`, `at least 1`.
    #[must_use]
    pub fn describe(self) -> String {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => least.to_string(),
            (0, Some(most)) => format!("at most {most}"),
            (least, Some(most)) => format!("{least} to {most}"),
            (least, None) => format!("at least {least}"),
        }
    }
}

/// Parses a count: `1`, `1..`, `..3`, `1..3`.
///
/// # Errors
/// Any other text.
pub(crate) fn read(node: &Node, source: &Arc<Source>) -> Result<Count, Diagnostic> {
    let written = string(node, source, "a count")?;
    let wrong = || {
        Diagnostic::at(node.place(source), format!("invalid count `{written}`"))
            .help("write it as 1, 1.. (at least), ..3 (at most) or 1..3")
    };
    let number = |digits: &str| digits.trim().parse::<usize>().map_err(|_| wrong());
    let Some((least, most)) = written.split_once("..") else {
        let number = number(&written)?;
        return Ok(Count { least: number, most: Some(number) });
    };
    let least = if least.trim().is_empty() { 0 } else { number(least)? };
    let most = if most.trim().is_empty() { None } else { Some(number(most)?) };
    if most.is_some_and(|most| most < least) { Err(wrong()) } else { Ok(Count { least, most }) }
}
