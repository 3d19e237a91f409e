//! Answers a challenge for credentials: Digest authentication (RFC 7616), or Basic if the request allows any.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

use conformance_suite::request::{Authentication, Header, Prepared};
use conformance_suite::response::Response;

/// What a request does about challenges.
pub(super) struct Credentials {
    user: String,
    password: String,
    kind: Authentication,
    /// The challenge that was answered, and the number of its answers.
    answered: Option<(Challenge, u32)>,
}

/// A challenge of a target.
enum Challenge {
    Basic,
    Digest(Vec<(String, String)>),
}

impl Credentials {
    /// Returns the credentials of a request that waits for a challenge.
    pub(super) fn of(request: &Prepared) -> Option<Self> {
        let transfer = request.transfer.as_deref()?;
        let (user, password) = transfer.credentials.as_deref()?.split_once(':')?;
        let kind = transfer.authentication;
        Some(Self { user: user.to_owned(), password: password.to_owned(), kind, answered: None })
    }

    /// Whether the first request has no body: curl expects that the target refuses it.
    pub(super) fn holds_body(&self, request: &Prepared) -> bool {
        let is_safe = matches!(request.method.as_str(), "GET" | "HEAD");
        self.kind == Authentication::Digest && self.answered.is_none() && request.body.is_some() && !is_safe
    }

    /// Returns the request without its body.
    pub(super) fn without_body(request: &Prepared) -> Prepared {
        let mut request = request.clone();
        request.body = Some(Vec::new());
        let before = request.headers.len();
        // curl composes a form, with its content type, only when it sends it.
        let is_form = |header: &Header| header.is("content-type") && header.value.contains("; boundary=");
        request.headers.retain(|header| !header.is("expect") && !is_form(header));
        request.after_length = request.after_length.saturating_sub(before - request.headers.len());
        request
    }

    /// Reads the challenge in a response. Returns whether the request is to be sent again.
    pub(super) fn take(&mut self, response: &Response) -> bool {
        if response.status != 401 || self.answered.is_some() {
            return false;
        }
        let fields: Vec<&str> = response.header_values("www-authenticate").collect();
        let digest = fields.iter().find_map(|field| after_scheme(field, "Digest")).map(parameters);
        let is_basic = fields.iter().any(|field| after_scheme(field, "Basic").is_some());
        let challenge =
            match digest.filter(|own| own.iter().any(|(name, _)| name == "nonce") && is_known(own)) {
                Some(parameters) => Challenge::Digest(parameters),
                None if is_basic && self.kind == Authentication::Any => Challenge::Basic,
                None => return false,
            };
        self.answered = Some((challenge, 0));
        true
    }

    /// Adds the credentials to a request for `target`, once a challenge was received.
    pub(super) fn add(&mut self, request: &mut Prepared, target: &str) {
        let (user, password) = (&self.user, &self.password);
        let Some((challenge, count)) = &mut self.answered else { return };
        if request.headers.iter().any(|header| header.is("authorization")) {
            return;
        }
        *count += 1;
        let value = match challenge {
            Challenge::Basic => format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))),
            Challenge::Digest(challenge) => {
                answer(challenge, user, password, &request.method, target, *count, &fresh(challenge))
            }
        };
        request.headers.insert(0, Header::new("Authorization", value));
    }
}

/// Whether the algorithm and the protection of a challenge are implemented.
fn is_known(challenge: &[(String, String)]) -> bool {
    let named = |name: &str| challenge.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let algorithm = named("algorithm").unwrap_or("MD5").to_ascii_lowercase();
    let protects =
        named("qop").is_none_or(|all| all.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")));
    matches!(algorithm.trim_end_matches("-sess"), "md5" | "sha-256" | "sha-512-256") && protects
}

/// Returns the value of the Authorization field (RFC 7616, section 3.4), with the parameters in curl's order.
fn answer(
    challenge: &[(String, String)],
    user: &str,
    password: &str,
    method: &str,
    target: &str,
    count: u32,
    cnonce: &str,
) -> String {
    let named = |name: &str| challenge.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let (realm, nonce) = (named("realm").unwrap_or_default(), named("nonce").unwrap_or_default());
    let algorithm = named("algorithm");
    let lower = algorithm.unwrap_or("MD5").to_ascii_lowercase();
    let hash = |text: &str| match lower.trim_end_matches("-sess") {
        "sha-256" => hex(&Sha256::digest(text)),
        "sha-512-256" => hex(&Sha512_256::digest(text)),
        _ => hex(&Md5::digest(text)),
    };
    let mut secret = hash(&format!("{user}:{realm}:{password}"));
    if lower.ends_with("-sess") {
        secret = hash(&format!("{secret}:{nonce}:{cnonce}"));
    }
    let request = hash(&format!("{method}:{target}"));
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{target}\", ",
        quoted(user),
        quoted(realm),
        quoted(nonce)
    );
    if named("qop").is_some() {
        let response = hash(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{request}"));
        value.push_str(&format!("cnonce=\"{cnonce}\", nc={count:08x}, qop=auth, response=\"{response}\""));
    } else {
        value.push_str(&format!("response=\"{}\"", hash(&format!("{secret}:{nonce}:{request}"))));
    }
    if let Some(opaque) = named("opaque") {
        value.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
    }
    if let Some(algorithm) = algorithm {
        value.push_str(&format!(", algorithm={algorithm}"));
    }
    value
}

/// Returns a nonce of the client that no other request has.
fn fresh(challenge: &[(String, String)]) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = format!("{now:?} {} {challenge:?}", std::process::id());
    BASE64_STANDARD.encode(&hex(&Sha256::digest(seed))[..32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the parameters after a scheme in a WWW-Authenticate field, which may have several challenges.
fn after_scheme<'f>(field: &'f str, scheme: &str) -> Option<&'f str> {
    let lower = field.to_ascii_lowercase();
    let scheme = scheme.to_ascii_lowercase();
    let (at, _) = lower.match_indices(&scheme).find(|(at, _)| {
        let before = lower[..*at].trim_end();
        let after = &lower[at + scheme.len()..];
        (before.is_empty() || before.ends_with(',')) && (after.is_empty() || after.starts_with(' '))
    })?;
    field.get(at + scheme.len()..)
}

/// Reads the parameters of a challenge: `name=value` or `name="value"`, with commas between them.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim();
        // A blank in a name is the scheme of the next challenge.
        if name.is_empty() || name.contains(' ') {
            break;
        }
        let after = after.trim_start();
        let (value, more) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.push((name.to_ascii_lowercase(), value));
        rest = more.trim_start_matches([' ', ',']);
    }
    found
}

/// Returns a quoted string without its quotes, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, one)) = characters.next() {
        match one {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            one => value.push(one),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7616, section 3.9.1.
    #[test]
    fn answers_the_challenges_of_the_rfc() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let field = format!(
                "Basic realm=x, Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"{nonce}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let challenge = parameters(after_scheme(&field, "Digest").unwrap());
            assert!(is_known(&challenge));
            let said = answer(&challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, cnonce);
            assert!(said.contains(&format!("response=\"{response}\"")), "{said}");
        }
    }

    #[test]
    fn ignores_challenges_that_cannot_be_answered() {
        for field in ["Digest nonce=n, algorithm=MD9", "Digest nonce=n, qop=auth-int", "Digest \"", "Digest"]
        {
            let challenge = parameters(after_scheme(field, "Digest").unwrap());
            assert!(!is_known(&challenge) || challenge.is_empty(), "{field}");
        }
        assert!(after_scheme("Basic realm=\"Digest x\"", "Digest").is_none());
    }
}
