//! Joins stories that depend on each other, and adds remarks where others contradict each other.
//!
//! Each scenario runs alone, so cookies and values from another scenario are not available: a story that needs them becomes part of the
//! one that has them, unless the document starts another target in between. Then the reader has to decide.

use super::{Body, Exchange, Story, Wanted, capture, status};
use conformance_suite::curl;
use conformance_suite::request::{Prepared, Request};
use conformance_suite::template::Scope;

/// Joins each story that needs the cookies or values of an earlier one with it, and with those in between.
pub(super) fn joined(stories: Vec<Story>, wanted: &Wanted<'_>) -> Vec<Story> {
    let mut joined: Vec<Story> = Vec::new();
    for story in stories {
        let first = (0..joined.len()).find(|index| {
            let alike = joined[*index..].iter().all(|earlier| earlier.launched == story.launched);
            alike && needs(&story, &joined[*index], wanted)
        });
        let Some(first) = first else {
            joined.push(story);
            continue;
        };
        let mut parts = joined.split_off(first).into_iter();
        let Some(mut whole) = parts.next() else { continue };
        let last = story.title.clone();
        for part in parts.chain([story]) {
            whole.exchanges.extend(part.exchanges);
            whole.left_out.extend(part.left_out);
        }
        let begin = whole.title.split(" to ").next().unwrap_or_default().to_owned();
        whole.title = if begin == last { begin } else { format!("{begin} to {last}") };
        joined.push(whole);
    }
    joined
}

/// Whether a story sends cookies or values that it can only have from an earlier one.
fn needs(story: &Story, earlier: &Story, wanted: &Wanted<'_>) -> bool {
    let jar = |exchange: &Exchange| parsed(exchange, wanted).and_then(|request| request.jar);
    let reads = story.exchanges.iter().filter_map(jar).filter_map(|jar| jar.reads);
    let fills: Vec<String> = earlier.exchanges.iter().filter_map(jar).filter_map(|jar| jar.keeps).collect();
    if reads.into_iter().any(|name| fills.contains(&name)) {
        return true;
    }
    let captured = earlier.exchanges.iter().filter_map(|exchange| exchange.capture.as_ref());
    let used = |(name, _): &(String, Option<String>)| {
        story.exchanges.iter().any(|exchange| exchange.command.contains(&format!("${{{name}}}")))
    };
    if captured.into_iter().any(used) {
        return true;
    }
    earlier.exchanges.iter().enumerate().any(|(index, exchange)| {
        capture::printed(exchange).into_iter().any(|(_, value)| {
            let chosen =
                earlier.exchanges.iter().take(index + 1).any(|sent| capture::sends(&sent.command, &value));
            let own = || story.exchanges.iter().position(|own| capture::sends(&own.command, &value));
            let made = |before: usize| {
                story
                    .exchanges
                    .iter()
                    .take(before)
                    .any(|own| capture::printed(own).iter().any(|(_, other)| *other == value))
            };
            !chosen && !is_number(&value) && !is_given(&value, wanted) && own().is_some_and(|at| !made(at))
        })
    })
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_given(value: &str, wanted: &Wanted<'_>) -> bool {
    let mut fixtures = wanted.suite.iter().flat_map(|suite| &suite.fixtures);
    fixtures.any(|fixture| fixture.value.to_string().contains(value))
}

/// Adds the remarks to the exchanges.
pub(super) fn mark(stories: &mut [Story], wanted: &Wanted<'_>) {
    contradictions(stories, wanted);
    jars(stories, wanted);
    values(stories, wanted);
}

/// Marks requests that send the cookies of a jar that only another story fills.
fn jars(stories: &mut [Story], wanted: &Wanted<'_>) {
    let kept: Vec<(usize, usize, String)> = (stories.iter().enumerate())
        .flat_map(|(index, story)| story.exchanges.iter().map(move |exchange| (index, exchange)))
        .filter_map(|(index, exchange)| {
            Some((index, exchange.place.line(), parsed(exchange, wanted)?.jar?.keeps?))
        })
        .collect();
    for (index, story) in stories.iter_mut().enumerate() {
        for exchange in &mut story.exchanges {
            let Some(jar) = parsed(exchange, wanted).and_then(|request| request.jar?.reads) else {
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
    let mut before: Vec<(usize, String)> = Vec::new();
    // A value that an earlier request chose is not from its response.
    let mut commands: Vec<String> = Vec::new();
    for story in stories {
        commands.extend(story.exchanges.iter().map(|exchange| exchange.command.clone()));
        let printed: Vec<Vec<String>> = (story.exchanges.iter())
            .map(|exchange| capture::printed(exchange).into_iter().map(|(_, value)| value).collect())
            .collect();
        for (index, exchange) in story.exchanges.iter_mut().enumerate() {
            for (line, value) in &before {
                let own = printed[..index].iter().flatten().any(|other| other == value);
                let said = exchange.remarks.iter().any(|remark| remark.starts_with(value.as_str()));
                if !own
                    && !said
                    && !is_number(value)
                    && !is_given(value, wanted)
                    && capture::sends(&exchange.command, value)
                {
                    let remark = format!(
                        "{value} comes from a response in another scenario (line {line} of the document)"
                    );
                    exchange.remarks.push(remark);
                }
            }
        }
        let chosen = |value: &String| commands.iter().any(|command| capture::sends(command, value));
        let printed: Vec<Vec<String>> = printed
            .into_iter()
            .map(|values| values.into_iter().filter(|value| !chosen(value)).collect())
            .collect();
        for (exchange, values) in story.exchanges.iter().zip(printed) {
            before.extend(values.into_iter().map(|value| (exchange.place.line(), value)));
        }
    }
}

fn parsed(exchange: &Exchange, wanted: &Wanted<'_>) -> Option<Request> {
    curl::parse(&exchange.command, &exchange.origin, wanted.files, &exchange.place).ok()
}

/// Marks requests that get another status in another story.
fn contradictions(stories: &mut [Story], wanted: &Wanted<'_>) {
    let mut known: Vec<(usize, usize, Prepared, u64)> = Vec::new();
    for (index_of_story, story) in stories.iter().enumerate() {
        for (index, exchange) in story.exchanges.iter().enumerate() {
            if let (Some(request), Some(status)) = (request(exchange, wanted), answered(exchange)) {
                known.push((index_of_story, index, request, status));
            }
        }
    }
    for (story, index, request, status) in &known {
        let other = known.iter().find(|(other, at, sent, answered)| {
            other != story
                && stories[*other].launched == stories[*story].launched
                && answered != status
                && stories[*other].exchanges[*at].origin == stories[*story].exchanges[*index].origin
                && same(sent, request)
        });
        if let Some((other, at, _, answered)) = other {
            let line = stories[*other].exchanges[*at].place.line();
            let remark = format!("line {line} of the document shows status {answered} for the same request");
            stories[*story].exchanges[*index].remarks.push(remark);
        }
    }
}

fn request(exchange: &Exchange, wanted: &Wanted<'_>) -> Option<Prepared> {
    parsed(exchange, wanted)?.prepare(&Scope::default()).ok()
}

/// Returns the status, if the document shows it or it follows from the body.
fn answered(exchange: &Exchange) -> Option<u64> {
    match (&exchange.head, &exchange.body) {
        (Some(head), _) => head.status.map(u64::from),
        (None, Body::Text { text, .. }) => status::known(text),
        (None, Body::Unknown | Body::Digest(_)) => None,
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
