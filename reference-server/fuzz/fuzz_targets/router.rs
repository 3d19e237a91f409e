//! Fuzzes paths. Properties: every path has a route, a final slash makes no difference, and no path that is open
//! without authentication reads or changes a user. The input is a method, a space, and the percent-encoded path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::fuzz::{is_open, route};

/// The routes that may be open without authentication.
const OPEN: &[&str] = &["Status", "Unauthorized", "Forbidden", "Login", "Options(", "MethodNotAllowed("];

fuzz_target!(|input: &str| {
    let Some((method, path)) = input.split_once(' ') else { return };
    let Ok(method) = method.parse() else { return };
    let Ok(target) = path.parse::<http::Uri>() else { return };
    let found = route(&method, target.path());
    if is_open(target.path()) {
        assert!(OPEN.iter().any(|route| found.starts_with(route)), "{found} needs no authentication");
    }
    // A doubled slash, encoded or not, does not count as a final slash.
    let is_single = |shorter: &&str| !["/", "%2F", "%2f"].iter().any(|slash| shorter.ends_with(slash));
    if let Some(shorter) = target.path().strip_suffix('/').filter(is_single) {
        assert_eq!(route(&method, shorter), found);
        assert_eq!(is_open(shorter), is_open(target.path()));
    }
    if method == http::Method::HEAD {
        assert_eq!(route(&http::Method::GET, target.path()), found);
    }
});
