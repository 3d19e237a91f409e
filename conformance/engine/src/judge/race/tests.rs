//! Tests of races: several responses are judged together.

use super::{Answer, judge_race};
use crate::http::{Exchange, TransportError};
use crate::verdict::{Judgement, Verdict};
use conformance_suite::capture;
use conformance_suite::count::Count;
use conformance_suite::expectation::{self, Expectation};
use conformance_suite::format::ExpectText;
use conformance_suite::request::{Agent, Prepared, Request};
use conformance_suite::response::Response;
use conformance_suite::source::{Source, Span};
use conformance_suite::suite::{Branch, Outcome, Race};
use conformance_suite::template::{Scope, Text};
use conformance_suite::yaml::{self, Located, Node};

fn expectation(yaml: &str) -> Expectation {
    let source = Source::new("s.yaml", yaml);
    let files = |name: &str| std::fs::read(name);
    expectation::compile(&yaml::read::<ExpectText>(&source).unwrap(), &source, &files).unwrap()
}

fn branch(expect: &str) -> Branch {
    let place = Source::new("s.yaml", "request").place(Span::new(0, 7));
    let request = Request::get(Text::literal("/"), Agent::Curl);
    Branch { request, place, expectation: expectation(expect), captures: Vec::new(), times: 1 }
}

fn outcome(least: usize, most: Option<usize>, expect: &str) -> Outcome {
    let place = Source::new("s.yaml", "count").place(Span::new(0, 5));
    Outcome { count: Count { least, most }, place, expectation: expectation(expect) }
}

fn race(branches: Vec<Branch>, outcomes: Vec<Outcome>) -> Race {
    Race { branches, outcomes, distinct: None }
}

fn answer(branch: usize, status: u16, body: &str) -> Answer {
    let response = Response { status, body: body.into(), ..Response::default() };
    Answer { branch, exchange: Exchange::new(Prepared::default(), Ok(response)) }
}

fn judged(race: &Race, answers: &[Answer]) -> (Judgement, usize) {
    judge_race(race, answers, &Scope::default())
}

fn labels(race: &Race, answers: &[Answer]) -> Vec<String> {
    judged(race, answers).0.findings.into_iter().map(|finding| finding.label).collect()
}

#[test]
fn counts_responses_by_outcome() {
    let race =
        race(vec![branch("{}")], vec![outcome(1, Some(1), "status: 200"), outcome(2, None, "status: 4xx")]);
    let answers = [answer(0, 403, ""), answer(0, 200, ""), answer(0, 404, "")];
    assert_eq!(judged(&race, &answers).0.verdict, Verdict::Pass);
    let answers = [answer(0, 200, ""), answer(0, 200, ""), answer(0, 403, "")];
    assert_eq!(labels(&race, &answers), ["2 of 3 responses match this", "1 of 3 responses matches this"]);
}

#[test]
fn reports_response_that_matches_no_outcome() {
    let race = race(vec![branch("{}")], vec![outcome(1, Some(1), "status: 200")]);
    let answers = [answer(0, 200, ""), answer(0, 500, "")];
    let (judgement, shown) = judged(&race, &answers);
    assert_eq!(judgement.findings[0].label, "1 of 2 responses matches none of these outcomes: 500");
    assert_eq!(shown, 1);
}

#[test]
fn merges_equal_findings_of_several_responses() {
    let race = race(vec![branch("json: 1"), branch("json: 2")], Vec::new());
    let answers = [answer(0, 200, "1"), answer(1, 200, "1"), answer(0, 200, "1"), answer(1, 200, "1")];
    assert_eq!(labels(&race, &answers), ["the body is 1 (2 of 4 responses)"]);
    assert_eq!(judged(&race, &answers).1, 1);
}

#[test]
fn reports_shared_value_where_values_must_be_distinct() {
    let source = Source::new("s.yaml", "{json: /id}");
    let name = Located { value: "distinct".to_owned(), span: Span::default() };
    let distinct = capture::compile(&name, &yaml::read::<Node>(&source).unwrap(), &source).unwrap();
    let race = Race { distinct: Some(distinct), ..race(vec![branch("{}")], Vec::new()) };
    let of = |id: u8| answer(0, 200, &format!("{{\"id\": {id}}}"));
    assert_eq!(judged(&race, &[of(1), of(2)]).0.verdict, Verdict::Pass);
    assert_eq!(labels(&race, &[of(1), of(2), of(1)]), ["2 of 3 responses have the same value"]);
    assert_eq!(labels(&race, &[of(1), answer(0, 200, "{}")]), ["JSON member `/id` is missing in the body"]);
}

#[test]
fn race_without_connections_is_inconclusive() {
    let refused = || Err(TransportError::NoConnection("refused".to_owned()));
    let none = || Answer { branch: 0, exchange: Exchange::new(Prepared::default(), refused()) };
    let race = race(vec![branch("status: 200")], vec![outcome(2, Some(2), "status: 200")]);
    assert_eq!(judged(&race, &[none(), answer(0, 200, "")]).0.verdict, Verdict::Inconclusive);
    // A failed response counts even if another one is missing.
    assert_eq!(judged(&race, &[none(), answer(0, 500, "")]).0.verdict, Verdict::Fail);
}

#[test]
fn count_descriptions() {
    let count = |least, most| Count { least, most };
    assert!(count(1, Some(3)).allows(3) && !count(1, Some(3)).allows(4) && count(1, None).allows(99));
    let said = [count(1, Some(1)), count(0, Some(3)), count(1, Some(3)), count(2, None)].map(Count::describe);
    assert_eq!(said, ["1", "at most 3", "1 to 3", "at least 2"]);
}
