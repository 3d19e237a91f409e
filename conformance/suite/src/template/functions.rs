//! The functions of expressions and the filter `url_encode`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{
    alphabet,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use minijinja::value::{Kwargs, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::value;
use crate::amount;

/// The name under which a scope holds its [`Random`]; no expression of a suite can use it.
pub(super) const RANDOM: &str = "_random";
/// The filter that percent-encodes.
pub(super) const URL_ENCODE: &str = "url_encode";

/// The unreserved characters of RFC 3986, section 2.3, are not encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A sequence of random bytes that a key determines.
#[derive(Debug)]
pub(super) struct Random {
    key: [u8; 32],
    taken: AtomicU64,
}

impl Random {
    pub(super) fn new(key: &str) -> Self {
        Self { key: Sha256::digest(key).into(), taken: AtomicU64::new(0) }
    }

    fn next(&self) -> [u8; 16] {
        let at = self.taken.fetch_add(1, Ordering::Relaxed);
        let digest: [u8; 32] =
            Sha256::new().chain_update(self.key).chain_update(at.to_be_bytes()).finalize().into();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(byte, of)| *byte = of);
        bytes
    }
}

impl Object for Random {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// Returns 16 random bytes: the next ones of the scope's sequence, or of the operating system without one.
fn random_bytes(state: &State<'_, '_>) -> [u8; 16] {
    match state.lookup(RANDOM).as_ref().and_then(Value::downcast_object_ref::<Random>) {
        Some(random) => random.next(),
        None => *uuid::Uuid::new_v4().as_bytes(),
    }
}

/// Adds the functions.
pub(super) fn set_up(environment: &mut Environment<'_>) {
    let of_text = |function: fn(&str) -> String| {
        move |given: &Value| value::to_text(given).map(|text| function(text.as_str().unwrap_or_default()))
    };
    environment.add_function("base64", of_text(|text| BASE64_STANDARD.encode(text)));
    environment.add_function("base64url", of_text(|text| BASE64_URL_SAFE_NO_PAD.encode(text)));
    environment.add_function("base64_decode", |given: &Value| {
        let given = value::to_text(given)?;
        decode(given.as_str().unwrap_or_default())
            .ok_or_else(|| invalid("base64_decode takes the Base64 of a text"))
    });
    environment.add_function("sha256", of_text(|text| hexadecimal(&Sha256::digest(text))));
    environment.add_function("hmac_sha256", |key: &Value, given: &Value, form: Option<&str>| {
        let (key, given) = (value::to_text(key)?, value::to_text(given)?);
        let mac = Hmac::<Sha256>::new_from_slice(key.as_str().unwrap_or_default().as_bytes());
        // A key of any length is valid.
        let mac = mac.map_err(|_| invalid("hmac_sha256 cannot use this key"))?;
        let code = mac.chain_update(given.as_str().unwrap_or_default()).finalize().into_bytes();
        match form {
            None | Some("hex") => Ok(hexadecimal(&code)),
            Some("base64") => Ok(BASE64_STANDARD.encode(code)),
            Some("base64url") => Ok(BASE64_URL_SAFE_NO_PAD.encode(code)),
            Some(_) => Err(invalid("the third argument of hmac_sha256 is 'hex', 'base64' or 'base64url'")),
        }
    });
    environment.add_function("now", now);
    environment.add_function("random", |state: &State<'_, '_>, least: i64, most: i64| {
        let span = u128::from(most.abs_diff(least)) + 1;
        if most < least {
            return Err(invalid("random takes two integers, the smaller one first: random(1, 6)"));
        }
        let offset = u128::from_be_bytes(random_bytes(state)) % span;
        Ok(i128::from(least) + i128::try_from(offset).unwrap_or_default())
    });
    environment.add_function("uuid", |state: &State<'_, '_>| {
        uuid::Builder::from_random_bytes(random_bytes(state)).into_uuid().to_string()
    });
    environment.add_filter(URL_ENCODE, of_text(|text| utf8_percent_encode(text, ENCODED).to_string()));
}

/// `now()`, `now('-1h')`, `now(format='http')`: the current time in UTC, moved by an offset.
#[expect(clippy::needless_pass_by_value, reason = "the library passes the arguments by value")]
fn now(offset: Option<&str>, named: Kwargs) -> Result<Value, Error> {
    let offset = match offset {
        Some(offset) => Some(offset),
        None => named.get::<Option<&str>>("offset")?,
    };
    let format = named.get::<Option<&str>>("format")?.unwrap_or("iso");
    named.assert_all_used()?;
    let now = OffsetDateTime::now_utc();
    let time = match offset {
        Some(offset) => moved(now, offset).ok_or_else(|| {
            invalid("the offset of now() is a duration with its sign, such as '+1h' or '-7d'")
        })?,
        None => now,
    };
    let pattern = match format {
        "unix" => return Ok(time.unix_timestamp().into()),
        "unix_ms" => return Ok(Value::from(time.unix_timestamp_nanos() / 1_000_000)),
        "iso" => "%Y-%m-%dT%H:%M:%SZ",
        "date" => "%Y-%m-%d",
        "http" => "%a, %d %b %Y %H:%M:%S GMT",
        pattern if pattern.contains('%') => pattern,
        _ => {
            return Err(invalid(
                "the format of now() is iso, date, http, unix, unix_ms or a pattern such as '%d.%m.%Y'",
            ));
        }
    };
    let items = time::format_description::parse_strftime_owned(pattern)
        .map_err(|_| invalid("the format of now() is not a valid pattern; write it as for strftime"))?;
    time.format(&items).map(Value::from).map_err(|_| invalid("now() cannot be written in this format"))
}

fn moved(time: OffsetDateTime, offset: &str) -> Option<OffsetDateTime> {
    let (back, distance) = match offset.strip_prefix('-') {
        Some(distance) => (true, distance),
        None => (false, offset.strip_prefix('+').unwrap_or(offset)),
    };
    let distance: Duration = amount::duration(distance)?;
    let distance = distance.try_into().ok()?;
    if back { time.checked_sub(distance) } else { time.checked_add(distance) }
}

/// Decodes Base64 with or without padding, in the standard or the URL alphabet; none if it is not the Base64 of a text.
fn decode(text: &str) -> Option<String> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    String::from_utf8(GeneralPurpose::new(alphabet, LENIENT).decode(text).ok()?).ok()
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
