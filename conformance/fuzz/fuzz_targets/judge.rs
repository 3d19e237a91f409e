//! Whatever is expected and whatever comes: there is a verdict. The input is an expectation, a blank line, the head of an answer, a
//! blank line, and its body.
#![no_main]

mod bench;

use std::time::SystemTime;

use conformance::exchange::Breakage;
use conformance::judge::judge;
use conformance::response::Response;
use conformance::verdict::Verdict;
use libfuzzer_sys::fuzz_target;

const SCENARIO: &str = "format: 1\ntitle: fuzz\nprofile: open\nsteps:\n  - id: one\n    title: one\n    covers: [A-1.1]\n    \
                        request: {path: /}\n    expect:\n";

fuzz_target!(|input: &[u8]| {
    let (expected, answer) = halves(input);
    let (head, body) = halves(answer);
    let expected = String::from_utf8_lossy(expected);
    let scenario: String = expected.lines().map(|line| format!("      {line}\n")).collect();
    let Ok(suite) = bench::load(&format!("{SCENARIO}{scenario}")) else { return };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let response = Response { status, headers, body: body.to_vec(), ..Response::default() };
    let scope = suite.scope().at(SystemTime::UNIX_EPOCH);
    for step in suite.scenarios.iter().flat_map(|scenario| &scenario.steps) {
        let judgement = judge(&step.expectation, &Ok(response.clone()), &step.request_place, &scope);
        assert_eq!(judgement.verdict == Verdict::Pass, judgement.findings.is_empty());
        for finding in &judgement.findings {
            let _ = finding.place.snippet(&finding.label).to_string();
        }
        for capture in &step.captures {
            let _ = capture.take(&response);
        }
        judge(&step.expectation, &Err(Breakage::Broken("x".to_owned())), &step.request_place, &scope);
    }
});

fn halves(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text.windows(2).position(|pair| pair == b"\n\n");
    at.map_or((text, &[]), |at| (&text[..at], &text[at + 2..]))
}
