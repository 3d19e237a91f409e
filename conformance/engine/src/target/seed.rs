//! Files that a target needs before the steps run: those of the launch contract, rendered with the fixtures.

use super::scratch::Scratch;
use super::unusable::{Unusable, chain};
use conformance_suite::json::Json;
use conformance_suite::suite::Suite;
use conformance_suite::template::render;

/// Renders the files of the launch contract with the named fixtures.
///
/// # Errors
/// A template cannot be rendered; the message is one sentence.
pub fn seed(suite: &Suite, fixtures: &[String]) -> Result<Vec<(String, String)>, String> {
    let held = fixtures.iter().filter_map(|name| suite.fixture(name)).map(|fixture| fixture.value.clone());
    let mut scope = suite.scope();
    scope.set("fixtures", &Json::Array(held.collect()));
    let file = |(name, template): &(String, String)| match render(template, &scope) {
        Ok(content) => Ok((name.clone(), content)),
        Err(cause) => Err(format!("the launch contract's file `{name}` cannot be made: {cause}")),
    };
    suite.launch.files.iter().map(file).collect()
}

pub(super) fn write(suite: &Suite, fixtures: &[String], scratch: &Scratch) -> Result<(), Unusable> {
    for (name, content) in seed(suite, fixtures).map_err(Unusable::new)? {
        scratch.write(&name, content.as_bytes()).map_err(|error| Unusable::new(chain(&error)))?;
    }
    Ok(())
}
