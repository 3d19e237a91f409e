//! What holds for secrets, whatever their characters are. A test of the program uses it too.

use conformance_engine::redact::{REDACTED, Redactor};
use conformance_suite::json::Json;

/// How a value is written in a format.
type Encode = fn(&str) -> String;

/// Fields with the name `password`: what is before the value, how the value is written, and what is after it.
const FIELDS: [(&str, Encode, &str); 12] = [
    ("{\"id\": 1, \"password\": \"", json, "\", \"x\": [2]}"),
    ("{\"body\": \"{\\\"password\\\":\\\"", |secret| json(&json(secret)), "\\\"}\"}"),
    ("{\"password\": {\"a\": [\"", json, "\"]}, \"x\": 1}"),
    ("a=1&password=", percent, "&b=2"),
    ("/path?password=", percent, "#end"),
    ("password=", |secret| percent(secret).replace("%20", "+"), ""),
    ("--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n", str::to_owned, "\r\n--b--\r\n"),
    ("<user><password>", html, "</password></user>"),
    ("<input name=x password=\"", html, "\">"),
    ("http://user:", percent, "@host/path"),
    ("Bearer e30.", |secret| base64(&format!("{{\"password\":\"{}\"}}", json(secret))), ".c2ln"),
    ("[[\"password\", \"", json, "\"], [\"x\", \"y\"]]"),
];

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a string");
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

fn percent(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encoded = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(text: &str) -> String {
    const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded = text.as_bytes().chunks(3).flat_map(|bytes| {
        let bits =
            bytes.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        let character = move |at: usize| char::from(CHARACTERS[bits >> (18 - 6 * at) & 63]);
        (0..=bytes.len()).map(character)
    });
    encoded.collect()
}

/// Panics if a secret that a redactor knows, or a field with a secret name, is shown. The redactor knows the name `password`.
pub(crate) fn holds(redactor: &Redactor, secret: &str, text: &str) {
    // Names are shown, the placeholder shows a part of itself, and a part of the frame below shows nothing.
    let is_shown = |frame: &str| {
        let small = secret.to_lowercase();
        let frame = frame.to_lowercase();
        frame.contains(&small) || REDACTED.contains(&small) || secret.contains(REDACTED)
    };
    for (before, written, after) in FIELDS {
        let value = written(secret);
        let is_ended =
            before.ends_with("\r\n\r\n") && ["\n--", "\\n--"].iter().any(|end| secret.contains(end));
        // One character between its frame may be there by chance.
        if secret.chars().count() < 4 || is_shown(&format!("{before}{REDACTED}{after}")) || is_ended {
            continue;
        }
        for shown in [
            redactor.text(format!("{before}{value}{after}")),
            redactor.lines(format!("{before}{value}{after}")),
        ] {
            assert!(!shown.contains(secret) && !shown.contains(&value), "{value:?} in {shown:?}");
        }
    }
    let header = |name: &str, value: String| redactor.header(name, value);
    for (shown, frame) in [
        (header("Authorization", format!("Basic {}", base64(&format!("u:{secret}")))), "Basic <redacted>"),
        (header("Cookie", format!("a={}", percent(secret))), "a=<redacted>"),
        (header("Set-Cookie", format!("a={}; Path=/", percent(secret))), "a=<redacted>; Path=/"),
        (header("Password", secret.to_owned()), REDACTED),
    ] {
        assert!(
            is_shown(frame) || secret.chars().count() < 4 || !shown.contains(&percent(secret)),
            "{shown:?}"
        );
    }

    // Short secrets are not searched for, and names of fields are shown.
    let names = ["auth", "cookie", "key", "pass", "pwd", "secret", "session", "token"];
    let small = secret.to_lowercase();
    if !(8..=200).contains(&secret.len()) || names.iter().any(|name| small.contains(name)) || is_shown("") {
        return;
    }
    let redactor = redactor.clone();
    redactor.hide(&Json::from(secret.to_owned()));
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for form in [secret, &encoded] {
        for text in [format!("{text}{form}"), format!("{form}{text}"), format!("{text} {form} {text}")] {
            for shown in [redactor.text(text.as_str()), redactor.lines(text.as_str())] {
                assert!(!shown.contains(form), "{form:?} in {shown:?}");
            }
            let bytes = redactor.bytes(text.clone().into_bytes());
            assert!(!String::from_utf8_lossy(&bytes).contains(form));
            // A mask keeps the length, so that carets stay under their words.
            assert_eq!(redactor.mask(&text).len(), text.len());
        }
    }
    let forms = [
        json(secret),
        json(&json(secret)),
        percent(secret),
        html(secret),
        hexadecimal(secret),
        base64(secret),
    ];
    for form in forms {
        let shown = redactor.text(format!("value \"{form}\" end"));
        assert!(!shown.contains(&form), "{form:?} in {shown:?}");
    }
}
