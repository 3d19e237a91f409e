//! The outcome of a step, of a requirement and of a run.
//!
//! A verdict describes what a target did. An [`Outcome`] adds whether the step is required and whether the failure is known. The
//! exit code and all reports use this module, so that they agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::verdict::Verdict;
use conformance_suite::suite::Level;

/// Outcome of a step or a requirement, ordered from best to worst. A requirement and a run have the worst outcome of their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not run; the report gives the reason.
    Skipped,
    /// Everything passes.
    Passed,
    /// Fails or is inconclusive, and the file of deviations lists it.
    Known,
    /// Inconclusive; no MUST depends on it.
    OptionalInconclusive,
    /// Fails; no MUST depends on it.
    OptionalFailed,
    /// Required and inconclusive.
    Inconclusive,
    /// Required and fails.
    Failed,
    /// Internal error of this program.
    Error,
}

impl Outcome {
    /// Every outcome, the best first.
    pub const ALL: [Self; 8] = [
        Self::Skipped,
        Self::Passed,
        Self::Known,
        Self::OptionalInconclusive,
        Self::OptionalFailed,
        Self::Inconclusive,
        Self::Failed,
        Self::Error,
    ];

    /// Returns the outcome of a verdict on something that is `required` or not, and is a `known` deviation or not.
    ///
    /// A deviation covers failures and inconclusive results, but not errors of this program.
    #[must_use]
    pub fn of(verdict: Verdict, required: bool, known: bool) -> Self {
        match verdict {
            Verdict::Skipped => Self::Skipped,
            Verdict::Pass => Self::Passed,
            Verdict::Error => Self::Error,
            Verdict::Fail | Verdict::Inconclusive if known => Self::Known,
            Verdict::Inconclusive if required => Self::Inconclusive,
            Verdict::Inconclusive => Self::OptionalInconclusive,
            Verdict::Fail if required => Self::Failed,
            Verdict::Fail => Self::OptionalFailed,
        }
    }

    /// Returns the outcome of a step that covers requirements of these levels. A step is required if it covers a MUST or no
    /// requirement at all, like many setup steps: a broken setup must not look like conformance.
    #[must_use]
    pub fn of_step(verdict: Verdict, covers: impl IntoIterator<Item = Level>, known: bool) -> Self {
        let mut covers = covers.into_iter().peekable();
        let required = covers.peek().is_none() || covers.any(|level| level == Level::Must);
        Self::of(verdict, required, known)
    }

    /// Returns the outcome of a requirement that a step with this verdict covers.
    #[must_use]
    pub fn of_requirement(verdict: Verdict, level: Level, known: bool) -> Self {
        Self::of(verdict, level == Level::Must, known)
    }

    /// Whether it prevents exit code 0.
    #[must_use]
    pub fn fails_the_run(self) -> bool {
        self >= Self::Inconclusive
    }

    /// Whether it fails or is inconclusive and is not a known failure.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        self > Self::Known
    }

    /// Returns the name that machine-readable reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Known => "known",
            Self::OptionalInconclusive => "optional-inconclusive",
            Self::OptionalFailed => "optional-failed",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }

    /// Returns the text that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "pass",
            Self::Known => "known deviation",
            Self::OptionalInconclusive => "inconclusive (optional)",
            Self::OptionalFailed => "fail (optional)",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "fail",
            Self::Error => "error",
        }
    }
}

/// Returns the exit code of a run; `worst` is the worst outcome of its steps, none if there was no step.
#[must_use]
pub fn exit(worst: Option<Outcome>) -> Exit {
    match worst {
        None | Some(Outcome::Skipped) => Exit::Nothing,
        Some(Outcome::Passed | Outcome::Known | Outcome::OptionalInconclusive | Outcome::OptionalFailed) => {
            Exit::Conforms
        }
        Some(Outcome::Failed) => Exit::Fails,
        // An error of this program leaves the result open, as an unusable target does.
        Some(Outcome::Inconclusive | Outcome::Error) => Exit::Unusable,
    }
}

/// Conclusion of a run, from its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything required that was run passes.
    Conforms,
    /// Something required fails.
    DoesNotConform,
    /// The run was inconclusive, empty or interrupted.
    Inconclusive,
}

impl Conclusion {
    /// Returns the conclusion of an exit code.
    #[must_use]
    pub fn of(exit: u8) -> Self {
        match exit {
            code if code == Exit::Conforms.code() => Self::Conforms,
            code if code == Exit::Fails.code() => Self::DoesNotConform,
            _ => Self::Inconclusive,
        }
    }

    /// Returns the text that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::DoesNotConform => "does not conform",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Returns how many of these pass, and how many were tested.
#[must_use]
pub fn count(outcomes: impl IntoIterator<Item = Outcome>) -> (usize, usize) {
    let tried = outcomes.into_iter().filter(|outcome| *outcome != Outcome::Skipped);
    tried.fold((0, 0), |(held, tried), one| (held + usize::from(one == Outcome::Passed), tried + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_required_unknown_failures_fail_a_run() {
        use Verdict::{Error, Fail, Inconclusive, Pass, Skipped};
        for (verdict, required, known, code) in [
            (Pass, true, false, Exit::Conforms),
            (Pass, true, true, Exit::Conforms),
            (Fail, true, false, Exit::Fails),
            (Fail, true, true, Exit::Conforms),
            (Fail, false, false, Exit::Conforms),
            (Inconclusive, true, false, Exit::Unusable),
            (Inconclusive, true, true, Exit::Conforms),
            (Inconclusive, false, false, Exit::Conforms),
            (Skipped, true, false, Exit::Nothing),
            (Skipped, true, true, Exit::Nothing),
            (Error, true, false, Exit::Unusable),
            (Error, false, true, Exit::Unusable),
        ] {
            let outcome = Outcome::of(verdict, required, known);
            assert_eq!(exit(Some(outcome)), code, "{verdict} {required} {known}");
            let fails = !matches!(code, Exit::Conforms | Exit::Nothing);
            assert_eq!(outcome.fails_the_run(), fails, "{outcome:?}");
        }
        assert_eq!(exit(None), Exit::Nothing);
    }

    #[test]
    fn worst_outcome_determines_exit_code() {
        assert!(Outcome::ALL.is_sorted());
        let worst = |outcomes: &[Outcome]| exit(outcomes.iter().copied().max());
        assert_eq!(worst(&[Outcome::Skipped, Outcome::Passed]), Exit::Conforms);
        assert_eq!(worst(&[Outcome::Inconclusive, Outcome::Failed]), Exit::Fails);
        assert_eq!(worst(&[Outcome::OptionalFailed, Outcome::Inconclusive]), Exit::Unusable);
        assert_eq!(worst(&[Outcome::Failed, Outcome::Error]), Exit::Unusable);
    }

    #[test]
    fn names_are_unique_and_match_serialization() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
            assert_eq!(Outcome::ALL.iter().filter(|other| other.title() == outcome.title()).count(), 1);
        }
    }
}
