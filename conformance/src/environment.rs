//! Reads the environment variables that name a target and the variables of a suite.

use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::suite::Suite;

/// Returns the value of an environment variable; none if it is unset or not UTF-8.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the URL and the profile of a running target from `CONFORMANCE_TARGET` and `CONFORMANCE_PROFILE`, for tests.
///
/// # Errors
/// The URL is invalid, or the suite has several profiles and none is given.
pub fn target_of_environment(suite: &Suite) -> Result<Option<(String, String)>, Diagnostic> {
    let Ok(url) = std::env::var("CONFORMANCE_TARGET") else { return Ok(None) };
    conformance_engine::http::check_address(&url)
        .map_err(|wrong| Diagnostic::new(format!("CONFORMANCE_TARGET: {wrong}")))?;
    let named: Vec<String> = std::env::var("CONFORMANCE_PROFILE").into_iter().collect();
    Ok(Some((url, one_profile(&named, suite, "CONFORMANCE_PROFILE")?)))
}

/// Returns the only profile of a suite, or the one that is named.
///
/// # Errors
/// The suite has several profiles and none is named. `by` is how to name one.
pub fn one_profile(named: &[String], suite: &Suite, by: &str) -> Result<String, Diagnostic> {
    match (named, suite.profiles.as_slice()) {
        ([one], _) => Ok(one.clone()),
        ([], [one]) => Ok(one.name.clone()),
        (_, profiles) => {
            let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("a running target has one profile; name it with `{by}`");
            Err(Diagnostic::new(message).help(format!("profiles of the suite: {known}")))
        }
    }
}
