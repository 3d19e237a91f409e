//! Fuzzes the `Authorization` header. Properties: a header either has no credentials, or is the only base64 of them;
//! and credentials survive a round trip through a header.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use reference_server::auth::{Auth, BasicAuth};

fuzz_target!(|input: &str| {
    let auth = BasicAuth::new(Auth::new(None));
    let credentials = |header: &str| {
        let base64 = auth.extract_base64_authorization_header(Some(header));
        let decoded = auth.decode_base64_authorization_header(base64)?;
        let (email, password) = auth.extract_user_credentials(Some(&decoded));
        Some((email?.to_owned(), password?.to_owned()))
    };
    if let Some((email, password)) = credentials(input) {
        assert!(!email.contains(':'));
        assert_eq!(format!("Basic {}", STANDARD.encode(format!("{email}:{password}"))), input);
    }
    let (email, password) = input.split_once(':').unwrap_or((input, ""));
    let shown = credentials(&format!("Basic {}", STANDARD.encode(format!("{email}:{password}"))));
    assert_eq!(shown, Some((email.to_owned(), password.to_owned())));
});
