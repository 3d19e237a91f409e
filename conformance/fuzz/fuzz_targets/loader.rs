//! Whatever stands in a scenario file: it is a suite, or what is wrong with it can be said.
#![no_main]

mod bench;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|scenario: &str| {
    match bench::load(scenario) {
        Ok(suite) => {
            for step in suite.scenarios.iter().flat_map(|scenario| &scenario.steps) {
                // What was read can be pointed at, and sent or refused.
                let _ = (step.place.block(), step.place.snippet("here").to_string());
                let _ = step.request.prepare(&suite.scope());
            }
        }
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
    }
});
