//! The stages at which a step or a scenario applies.

use std::sync::Arc;

use super::Suite;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::yaml::Located;

/// The stages at which something applies: from `since` up to but not including `until`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    /// Index of the first stage.
    pub since: usize,
    /// Index of the first stage at which it no longer applies.
    pub until: Option<usize>,
}

impl Stages {
    /// Whether it applies at a stage.
    #[must_use]
    pub fn hold_at(self, stage: usize) -> bool {
        self.since <= stage && self.until.is_none_or(|until| stage < until)
    }

    /// Returns the stages at which both apply.
    #[must_use]
    pub fn within(self, outer: Self) -> Self {
        let until = [self.until, outer.until].into_iter().flatten().min();
        Self { since: self.since.max(outer.since), until }
    }
}

/// Resolves the names of stages.
///
/// # Errors
/// An unknown stage.
pub(super) fn stages(
    since: Option<&Located<String>>,
    until: Option<&Located<String>>,
    source: &Arc<Source>,
    suite: &Suite,
) -> Result<Stages, Diagnostic> {
    let stage = |name: &Located<String>| {
        suite.stage(&name.value).ok_or_else(|| {
            let message = format!("unknown stage `{}`", name.value);
            Diagnostic::at(name.place(source), message)
                .suggest(&name.value, suite.stages.iter().map(String::as_str))
        })
    };
    let stages =
        Stages { since: since.map(stage).transpose()?.unwrap_or(0), until: until.map(stage).transpose()? };
    match until {
        Some(name) if stages.until <= Some(stages.since) => {
            let message = "`until` must come after `since`";
            Err(Diagnostic::at(name.place(source), message)
                .help(format!("the order of the stages is {}", suite.stages.join(", "))))
        }
        _ => Ok(stages),
    }
}
