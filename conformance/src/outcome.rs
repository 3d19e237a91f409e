//! The outcome of a step, of a requirement and of a run.
//!
//! A verdict says what a target did; an [`Outcome`] also says whether that counts: whether it is required, and whether it is a known
//! deviation. The exit code and every report use this module, so that they agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::suite::Level;
use crate::verdict::Verdict;

/// What a step or a requirement came to. Ordered: a requirement and a run take the worst outcome of their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was left out, for a reason that is given.
    Skipped,
    /// Everything that it requires holds.
    Passed,
    /// It fails or is inconclusive, and the file of deviations lists it with a reason.
    Known,
    /// It is inconclusive, and no must depends on it.
    OptionalInconclusive,
    /// It fails, and no must depends on it.
    OptionalFailed,
    /// Nothing can be said of something that is required.
    Inconclusive,
    /// Something that is required does not hold.
    Failed,
    /// This program failed.
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
    /// A deviation excuses a failure and what is inconclusive. It does not excuse an error of this program.
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

    /// Returns the outcome of a step that covers requirements of these levels. A step is required if it covers a must, or covers
    /// nothing, as setup and cleanup steps often do: a broken setup must not pass for conformance.
    #[must_use]
    pub fn of_step(verdict: Verdict, covers: impl IntoIterator<Item = Level>, known: bool) -> Self {
        let mut covers = covers.into_iter().peekable();
        let required = covers.peek().is_none() || covers.any(|level| level == Level::Must);
        Self::of(verdict, required, known)
    }

    /// Returns the outcome of a requirement for which a step came to this verdict.
    #[must_use]
    pub fn of_requirement(verdict: Verdict, level: Level, known: bool) -> Self {
        Self::of(verdict, level == Level::Must, known)
    }

    /// Whether it keeps the run from exit code 0.
    #[must_use]
    pub fn fails_the_run(self) -> bool {
        self >= Self::Inconclusive
    }

    /// Whether a reader should look at it first: it fails or is inconclusive, and is not known.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        self > Self::Known
    }

    /// Returns its word, as reports for programs have it.
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

    /// Returns its words for people.
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

/// Returns the exit code of a run whose worst step came to `worst`; none where there was no step.
#[must_use]
pub fn exit(worst: Option<Outcome>) -> Exit {
    match worst {
        None | Some(Outcome::Skipped) => Exit::Nothing,
        Some(Outcome::Passed | Outcome::Known | Outcome::OptionalInconclusive | Outcome::OptionalFailed) => {
            Exit::Conforms
        }
        Some(Outcome::Failed) => Exit::Fails,
        // What this program failed to judge is as undecided as what the target kept it from judging.
        Some(Outcome::Inconclusive | Outcome::Error) => Exit::Unusable,
    }
}

/// What a run came to, as its exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything that is required and was tried holds.
    Conforms,
    /// Something that is required does not hold.
    DoesNotConform,
    /// It stayed inconclusive, nothing was tried, or it was ended early.
    Inconclusive,
}

impl Conclusion {
    /// Returns what an exit code says.
    #[must_use]
    pub fn of(exit: u8) -> Self {
        match exit {
            code if code == Exit::Conforms.code() => Self::Conforms,
            code if code == Exit::Fails.code() => Self::DoesNotConform,
            _ => Self::Inconclusive,
        }
    }

    /// Returns its words for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::DoesNotConform => "does not conform",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Counts how many of these hold, and how many were tried.
#[must_use]
pub fn count(outcomes: impl IntoIterator<Item = Outcome>) -> (usize, usize) {
    let tried = outcomes.into_iter().filter(|outcome| *outcome != Outcome::Skipped);
    tried.fold((0, 0), |(held, tried), one| (held + usize::from(one == Outcome::Passed), tried + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_required_and_not_known_fails_a_run() {
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
    fn the_worst_outcome_decides() {
        assert!(Outcome::ALL.is_sorted());
        let worst = |outcomes: &[Outcome]| exit(outcomes.iter().copied().max());
        assert_eq!(worst(&[Outcome::Skipped, Outcome::Passed]), Exit::Conforms);
        assert_eq!(worst(&[Outcome::Inconclusive, Outcome::Failed]), Exit::Fails);
        assert_eq!(worst(&[Outcome::OptionalFailed, Outcome::Inconclusive]), Exit::Unusable);
        assert_eq!(worst(&[Outcome::Failed, Outcome::Error]), Exit::Unusable);
    }

    #[test]
    fn the_words_of_reports_and_of_people_are_unique_and_serialized_as_they_are() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
            assert_eq!(Outcome::ALL.iter().filter(|other| other.title() == outcome.title()).count(), 1);
        }
    }
}
