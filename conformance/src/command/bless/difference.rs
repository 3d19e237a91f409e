//! Prints the changes of `run --bless` as a diff.

use std::fmt::Write as _;

use conformance_convert::bless::{Blessing, edited};
use conformance_engine::redact::Redactor;
use conformance_suite::amount::amount;
use similar::{ChangeTag, TextDiff};

/// Returns the diff, and the expectations that are not updated with the reasons.
#[must_use]
pub(super) fn difference(blessing: &Blessing, redactor: &Redactor) -> String {
    let mut page = String::new();
    for file in &blessing.files {
        let (old, new) = (file.source.text(), edited(file.source.text(), &file.edits));
        let diff = TextDiff::from_lines(old, &new);
        for hunk in diff.grouped_ops(0) {
            let line = hunk.first().map_or(0, |first| first.old_range().start) + 1;
            // Writing to a string cannot fail.
            let _ = writeln!(page, "\n--- {}:{line}", file.source.path());
            for (sign, tag) in [('-', ChangeTag::Delete), ('+', ChangeTag::Insert)] {
                let changes = hunk.iter().flat_map(|operation| diff.iter_changes(operation));
                let lines: String =
                    changes.filter(|change| change.tag() == tag).map(|change| change.value()).collect();
                // A secret may span several lines.
                for line in redactor.text(lines).lines() {
                    let _ = writeln!(page, "{sign} {line}");
                }
            }
        }
    }
    for (step, left) in &blessing.left {
        let _ = writeln!(page, "\nUNCHANGED {step} {}: {}", left.place, redactor.text(&left.why));
    }
    page
}

/// Returns a one-sentence summary.
#[must_use]
pub(super) fn summary(blessing: &Blessing) -> String {
    match blessing.files.len() {
        0 if blessing.left.is_empty() => "nothing to update: the responses are as expected".to_owned(),
        0 => "nothing was updated".to_owned(),
        files => format!(
            "updated the expectations of {} in {}",
            amount(blessing.steps.len(), "step"),
            amount(files, "file")
        ),
    }
}
