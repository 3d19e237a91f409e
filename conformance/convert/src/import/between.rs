//! Adds remarks where stories depend on each other or contradict each other.
//!
//! Each scenario runs alone, so cookies and values from another scenario are not available. The document does not say what should happen,
//! so the reader has to decide.

use super::{Body, Exchange, Story, Wanted, capture, status};
use conformance_suite::curl;
use conformance_suite::request::{Prepared, Request};
use conformance_suite::template::Scope;

/// Adds the remarks to the exchanges.
pub(super) fn mark(stories: &mut [Story], origin: &str, wanted: &Wanted<'_>) {
    contradictions(stories, origin, wanted);
    jars(stories, origin, wanted);
    values(stories, wanted);
}

/// Marks requests that send the cookies of a jar that only another story fills.
fn jars(stories: &mut [Story], origin: &str, wanted: &Wanted<'_>) {
    let kept: Vec<(usize, usize, String)> = (stories.iter().enumerate())
        .flat_map(|(index, story)| story.exchanges.iter().map(move |exchange| (index, exchange)))
        .filter_map(|(index, exchange)| {
            Some((index, exchange.place.line(), parsed(exchange, origin, wanted)?.jar?.keeps?))
        })
        .collect();
    for (index, story) in stories.iter_mut().enumerate() {
        for exchange in &mut story.exchanges {
            let Some(jar) = parsed(exchange, origin, wanted).and_then(|request| request.jar?.reads) else {
                continue;
            };
            let own = kept
                .iter()
                .any(|(story, line, name)| *story == index && *name == jar && *line < exchange.place.line());
            let other = kept.iter().find(|(story, _, name)| *story != index && *name == jar);
            if let Some((_, line, _)) = other.filter(|_| !own) {
                exchange.remarks.push(format!(
                    "the cookie jar {jar} is filled in another scenario (line {line} of the document)"
                ));
            }
        }
    }
}

/// Marks commands that send a value that only a response of an earlier story contains.
fn values(stories: &mut [Story], wanted: &Wanted<'_>) {
    let given = |value: &str| {
        let mut fixtures = wanted.suite.iter().flat_map(|suite| &suite.fixtures);
        fixtures.any(|fixture| fixture.value.to_string().contains(value))
    };
    let number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
    let mut before: Vec<(usize, String)> = Vec::new();
    for story in stories {
        let printed: Vec<Vec<String>> = (story.exchanges.iter())
            .map(|exchange| capture::printed(exchange).into_iter().map(|(_, value)| value).collect())
            .collect();
        for (index, exchange) in story.exchanges.iter_mut().enumerate() {
            for (line, value) in &before {
                let own = printed[..index].iter().flatten().any(|other| other == value);
                let said = exchange.remarks.iter().any(|remark| remark.starts_with(value.as_str()));
                if !own
                    && !said
                    && !number(value)
                    && !given(value)
                    && capture::sends(&exchange.command, value)
                {
                    let remark = format!(
                        "{value} comes from a response in another scenario (line {line} of the document)"
                    );
                    exchange.remarks.push(remark);
                }
            }
        }
        for (exchange, values) in story.exchanges.iter().zip(printed) {
            before.extend(values.into_iter().map(|value| (exchange.place.line(), value)));
        }
    }
}

fn parsed(exchange: &Exchange, origin: &str, wanted: &Wanted<'_>) -> Option<Request> {
    curl::parse(&exchange.command, origin, wanted.files, &exchange.place).ok()
}

/// Marks requests that get another status in another story.
fn contradictions(stories: &mut [Story], origin: &str, wanted: &Wanted<'_>) {
    let mut known: Vec<(usize, usize, Prepared, u64)> = Vec::new();
    for (index_of_story, story) in stories.iter().enumerate() {
        for (index, exchange) in story.exchanges.iter().enumerate() {
            if let (Some(request), Some(status)) = (request(exchange, origin, wanted), answered(exchange)) {
                known.push((index_of_story, index, request, status));
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
            let line = stories[*other].exchanges[*at].place.line();
            let remark = format!("line {line} of the document shows status {answered} for the same request");
            stories[*story].exchanges[*index].remarks.push(remark);
        }
    }
}

fn request(exchange: &Exchange, origin: &str, wanted: &Wanted<'_>) -> Option<Prepared> {
    parsed(exchange, origin, wanted)?.prepare(&Scope::default()).ok()
}

/// Returns the status, if the document shows it or it follows from the body.
fn answered(exchange: &Exchange) -> Option<u64> {
    match (&exchange.head, &exchange.body) {
        (Some(head), _) => Some(u64::from(head.status)),
        (None, Body::Text { text, .. }) => status::known(text),
        (None, Body::Unknown) => None,
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
