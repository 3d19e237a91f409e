//! Fuzzes forms. Property: the fields of a form survive a round trip through both encodings of HTML. The input is a
//! content type, a line feed, and the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::fuzz::form;

const BOUNDARY: &str = "------------------------d74496d66958873e";

fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let Ok(content_type) = str::from_utf8(&input[..at]) else { return };
    let fields = form(content_type, input.get(at + 1..).unwrap_or_default());

    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    assert_eq!(form("application/x-www-form-urlencoded", encoded.as_bytes()), fields);

    // In a multipart body a name is quoted, and neither name nor value may contain the boundary.
    let representable = |(name, value): &&(String, String)| {
        !name.contains(['"', '\\', '\r', '\n']) && !format!("{name}{value}").contains(BOUNDARY)
    };
    let fields: Vec<_> = fields.iter().filter(representable).cloned().collect();
    let parts = fields.iter().map(|(name, value)| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = format!("{}--{BOUNDARY}--\r\n", parts.collect::<String>());
    assert_eq!(form(&format!("multipart/form-data; boundary={BOUNDARY}"), body.as_bytes()), fields);
});
