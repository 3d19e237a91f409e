//! Fuzzes the `Cookie` header. Properties: every header is read; a value without quotes is unchanged; and no other
//! cookie hides the session cookie.
#![no_main]

use http::header::{COOKIE, HeaderValue};
use http::{Request, request::Parts};
use libfuzzer_sys::fuzz_target;
use reference_server::auth::Auth;

const NAME: &str = "_my_session_id";
const ID: &str = "cf3ddee1-ff24-49e4-a40b-2540333fe992";

fuzz_target!(|input: &[u8]| {
    let Ok(header) = HeaderValue::from_bytes(input) else { return };
    let found = session_cookie(&[header.clone()]);
    if !input.contains(&b'"') {
        let read = input
            .split(|byte| *byte == b';')
            .map(|cookie| {
                cookie.split_at(cookie.iter().position(|byte| *byte == b'=').unwrap_or(cookie.len()))
            })
            .find(|(name, _)| name.trim_ascii() == NAME.as_bytes())
            .map(|(_, value)| {
                String::from_utf8_lossy(value.strip_prefix(b"=").unwrap_or(value).trim_ascii()).into_owned()
            });
        assert_eq!(found, read);
    }
    let ours = HeaderValue::from_str(&format!("a=b; {NAME}={ID}; c=\"d\"")).expect("visible ASCII");
    // The first of two cookies with one name counts, and headers are read in order.
    assert_eq!(session_cookie(&[ours.clone(), header.clone()]).as_deref(), Some(ID));
    assert_eq!(session_cookie(&[header, ours]), found.or(Some(ID.to_owned())));
});

fn session_cookie(headers: &[HeaderValue]) -> Option<String> {
    let (mut head, ()): (Parts, ()) = Request::new(()).into_parts();
    for header in headers {
        head.headers.append(COOKIE, header.clone());
    }
    Auth::new(Some(NAME.to_owned())).session_cookie(Some(&head)).map(std::borrow::Cow::into_owned)
}
