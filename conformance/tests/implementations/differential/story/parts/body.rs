//! Generates bodies: users as JSON, login forms, and malformed ones.

use serde_json::{Value, json};

use super::super::Request;
use super::super::random::Random;

const BOUNDARY: &str = "------------------------d74496d66958873e";

/// Generates a user as JSON, sometimes with an error.
pub(super) fn user(random: &mut Random, request: &mut Request, email: &str, password: &str) {
    let mut members = serde_json::Map::new();
    for (name, usual) in
        [("email", Some(email)), ("password", Some(password)), ("first_name", None), ("last_name", None)]
    {
        let value = match usual {
            Some(usual) if random.percent(93) => json!(usual),
            // Names may be any text.
            _ if random.percent(90) => text(random),
            _ => random.pick(&[json!(7), json!(false), json!([]), json!({"a": [1]}), json!(0), json!(-1.5)]),
        };
        if random.percent(93) {
            members.insert(name.to_owned(), value);
        }
    }
    if random.percent(10) {
        members.insert(random.pick(&["id", "_password", "updated_at", "other"]).to_owned(), text(random));
    }
    let mut body = Value::Object(members).to_string().into_bytes();
    if random.percent(5) {
        random.spoil(&mut body, b"\"{}[]:,\\ \n\x01\xff0n");
    }
    if random.percent(3) {
        let odd: &[&[u8]] = &[
            b"",
            b"null",
            b"[]",
            b"[1]",
            b"7",
            b"\"a\"",
            b"{}",
            b"\xef\xbb\xbf{}",
            b"{}{}",
            b" {} ",
            b"NaN",
        ];
        body = random.pick(odd).to_vec();
    }
    send(random, request, "application/json", body);
}

/// Generates a text or null.
fn text(random: &mut Random) -> Value {
    random.pick(&[
        json!("Ada"),
        json!("Lovelace"),
        json!(null),
        json!(""),
        json!("\u{c9}va \u{1f600}"),
        json!("a\"b\\c\n\t\u{1}\u{7f}/<>&'"),
        json!("{x}"),
        json!(" x "),
    ])
}

/// Generates a login form in either encoding of HTML forms.
pub(super) fn form(random: &mut Random, request: &mut Request, email: &str, password: &str) {
    let mut fields = vec![("email", email), ("password", password)];
    match random.below(16) {
        0 => drop(fields.remove(0)),
        1 => drop(fields.remove(1)),
        2 => fields[0].1 = "",
        3 => fields[1].1 = "",
        4 => fields.push(("email", "bob@hbtn.io")),
        5 => fields.insert(0, ("x", "y")),
        6 => fields.reverse(),
        _ => {}
    }
    if random.percent(20) {
        let parts = fields.iter().map(|(name, value)| {
            let file = if random.percent(3) { "; filename=\"f\"" } else { "" };
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            )
        });
        let body = format!("{}--{BOUNDARY}--\r\n", parts.collect::<String>());
        send(random, request, &format!("multipart/form-data; boundary={BOUNDARY}"), body.into_bytes());
        return;
    }
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", encoded(random, value)));
    let mut body = fields.collect::<Vec<_>>().join("&").into_bytes();
    if random.percent(6) {
        random.spoil(&mut body, b"&=%+;\xff\xc3 \0#");
    }
    send(random, request, "application/x-www-form-urlencoded", body);
}

/// Encodes a form value: only the necessary characters, all except letters, or spaces as plus signs.
fn encoded(random: &mut Random, value: &str) -> String {
    let (all, plus) = (random.percent(50), random.percent(50));
    let encode = |byte: u8| match byte {
        b' ' if plus => "+".to_owned(),
        b'&' | b'+' | b'%' | b'=' => format!("%{byte:02X}"),
        b'@' | b' ' | b'!' | b':' | 0x80.. if all => format!("%{byte:02x}"),
        _ => String::new(),
    };
    let mut encoded = String::new();
    for character in value.chars() {
        let bytes: Vec<String> = character.to_string().bytes().map(encode).collect();
        if bytes.iter().all(String::is_empty) { encoded.push(character) } else { encoded.extend(bytes) }
    }
    encoded
}

/// Generates a body for a request that may not need one.
pub(super) fn any(random: &mut Random, request: &mut Request) {
    if random.percent(50) {
        user(random, request, "any@hbtn.io", "any");
    } else {
        form(random, request, "bobsession@hbtn.io", "fake pwd");
    }
}

fn send(random: &mut Random, request: &mut Request, content_type: &str, body: Vec<u8>) {
    let content_type = if random.percent(92) {
        content_type
    } else {
        random.pick(&[
            "",
            "text/plain",
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "application/vnd.api+json",
            "text/json",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "application/json",
        ])
    };
    if !content_type.is_empty() {
        request.headers.push(("Content-Type".to_owned(), content_type.as_bytes().to_vec()));
    }
    request.body = (!body.is_empty()).then_some(body);
}
