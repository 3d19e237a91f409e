//! Judging is total and deterministic. The input is an expectation, captures, a response head and a body, separated by blank lines.
#![no_main]

use std::time::SystemTime;

use conformance_engine::http::TransportError;
use conformance_suite::fuzz;
use conformance_engine::judge::judge;
use conformance_suite::response::Response;
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;
use conformance_engine::verdict::Verdict;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (expected, rest) = halves(input);
    let (kept, answer) = halves(rest);
    let (head, body) = halves(answer);
    let source = |name: &str, text: &[u8]| Source::new(name, String::from_utf8_lossy(text));
    let (expected, kept) = (source("expect", expected), source("capture", kept));
    let (expectation, captures) = match fuzz::asked(&expected, &kept) {
        Ok(asked) => asked,
        Err(wrong) => {
            assert!(!wrong.to_string().is_empty());
            return;
        }
    };
    let response = response(&String::from_utf8_lossy(head), body);
    let scope = Scope::default().at(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH);
    let place = expected.place(Span::new(0, 0));
    let judgement = judge(&expectation, &Ok(response.clone()), &place, &scope);
    assert_eq!(judgement.verdict == Verdict::Pass, judgement.findings.is_empty());
    let again = judge(&expectation, &Ok(response.clone()), &place, &scope);
    assert_eq!(format!("{judgement:?}"), format!("{again:?}"));
    for finding in &judgement.findings {
        let _ = finding.place.snippet(&finding.label).to_string();
    }
    for capture in &captures {
        if let Err(sentence) = capture.take(&response, &scope) {
            assert!(!sentence.is_empty());
        }
    }
    let broken = judge(&expectation, &Err(TransportError::Broken("x".to_owned())), &place, &scope);
    assert_ne!(broken.verdict, Verdict::Pass);
});

fn response(head: &str, body: &[u8]) -> Response {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Response { status, headers, body: body.to_vec(), ..Response::default() }
}

fn halves(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text.windows(2).position(|pair| pair == b"\n\n");
    at.map_or((text, &[]), |at| (&text[..at], &text[at + 2..]))
}
