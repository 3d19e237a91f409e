//! Where a document answers one request in two ways: under two headings, of a target that was started alike.
//!
//! In go the stories, out come they with remarks at both places. Which of the two is right, or what has happened between them, the
//! document does not say in its sessions.

use super::{Body, Seen, Story, Wanted, status};
use crate::curl;
use crate::request::Prepared;
use crate::template::Scope;

/// Adds a remark to each exchange that another story answers with another status.
pub(super) fn mark(stories: &mut [Story], origin: &str, wanted: &Wanted<'_>) {
    let mut known: Vec<(usize, usize, Prepared, u64)> = Vec::new();
    for (story, told) in stories.iter().enumerate() {
        for (index, seen) in told.seen.iter().enumerate() {
            if let (Some(request), Some(status)) = (request(seen, origin, wanted), answered(seen)) {
                known.push((story, index, request, status));
            }
        }
    }
    for (story, index, request, status) in &known {
        let other = known.iter().find(|(other, _, sent, answered)| {
            other != story
                && stories[*other].launched == stories[*story].launched
                && answered != status
                && same(sent, request)
        });
        if let Some((other, at, _, answered)) = other {
            let line = stories[*other].seen[*at].place.line();
            let remark = format!("line {line} of the document answers this very request {answered}");
            stories[*story].seen[*index].remarks.push(remark);
        }
    }
}

fn request(seen: &Seen, origin: &str, wanted: &Wanted<'_>) -> Option<Prepared> {
    let request = curl::parse(&seen.command, origin, wanted.files, &seen.place).ok()?;
    request.prepare(&Scope::default()).ok()
}

/// The status, where the document tells it.
fn answered(seen: &Seen) -> Option<u64> {
    match (&seen.head, &seen.body) {
        (Some(head), _) => Some(u64::from(head.status)),
        (None, Body::Text { text, .. }) => status::known(text),
        (None, Body::Untold) => None,
    }
}

fn same(one: &Prepared, other: &Prepared) -> bool {
    let fields = |request: &Prepared| -> Vec<(String, String)> {
        let fields =
            request.headers.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.clone()));
        fields.collect()
    };
    one.method == other.method
        && one.target == other.target
        && one.body == other.body
        && fields(one) == fields(other)
}
