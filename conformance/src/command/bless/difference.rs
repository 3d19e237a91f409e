//! Prints the changes of `run --bless` as a diff.

use std::fmt::Write as _;

use conformance_convert::bless::{Blessing, Edit, Rewritten, edited};
use conformance_engine::redact::Redactor;
use conformance_suite::amount::amount;
use conformance_suite::source::Span;

/// Returns the diff, and the expectations that are not updated with the reasons.
#[must_use]
pub(super) fn difference(blessing: &Blessing, redactor: &Redactor) -> String {
    let mut page = String::new();
    for file in &blessing.files {
        for hunk in hunks(file) {
            let line = file.source.place(hunk.0).line();
            // Writing to a string cannot fail.
            let _ = writeln!(page, "\n--- {}:{line}", file.source.path());
            for (sign, text) in [('-', &hunk.1), ('+', &hunk.2)] {
                for line in redactor.text(text).lines() {
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

/// Consecutive lines of a file before and after the update.
type Hunk = (Span, String, String);

fn hunks(file: &Rewritten) -> Vec<Hunk> {
    let text = file.source.text();
    let mut groups: Vec<(Span, Vec<Edit>)> = Vec::new();
    for edit in &file.edits {
        let lines = whole_lines(text, edit.span);
        match groups.last_mut() {
            Some((span, edits)) if lines.start <= span.end => {
                span.end = span.end.max(lines.end);
                edits.push(edit.clone());
            }
            _ => groups.push((lines, vec![edit.clone()])),
        }
    }
    let hunk = |(span, edits): (Span, Vec<Edit>)| {
        let within = |edit: Edit| {
            let moved = Span::new(edit.span.start - span.start, edit.span.end - span.start);
            Edit { span: moved, ..edit }
        };
        let old = &text[span.start..span.end];
        let edits: Vec<Edit> = edits.into_iter().map(within).collect();
        without_common(span, old, &edited(old, &edits))
    };
    groups.into_iter().map(hunk).collect()
}

/// Removes unchanged lines at both ends.
fn without_common(span: Span, old: &str, new: &str) -> Hunk {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let head = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
    let most = before.len().min(after.len()) - head;
    let tail =
        (before.iter().rev().zip(after.iter().rev())).take(most).take_while(|(old, new)| old == new).count();
    let skipped: usize = before[..head].iter().map(|line| line.len()).sum();
    let span = Span::new(span.start + skipped, span.end);
    (span, before[head..before.len() - tail].concat(), after[head..after.len() - tail].concat())
}

fn whole_lines(text: &str, span: Span) -> Span {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    // An edit that ends at the end of a line does not include the next line.
    let last =
        if span.end > span.start && text[..span.end].ends_with('\n') { span.end - 1 } else { span.end };
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline + 1);
    Span::new(start, end)
}
