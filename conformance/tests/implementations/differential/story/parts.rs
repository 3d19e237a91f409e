//! Generates parts of requests: mostly those that the specification mentions, and some others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::random::Random;
use super::{Profile, Request};

mod body;

/// Initial users with their passwords, and some unknown ones.
const KNOWN: &[(&str, &str)] = &[
    ("bob@hbtn.io", "H0lbertonSchool98!"),
    ("bob100@hbtn.io", "H0lberton:School:98!"),
    ("bobsession@hbtn.io", "fake pwd"),
    ("zo\u{eb}@hbtn.io", "\u{e9}t\u{e9} & +100%"),
    ("twice@hbtn.io", "older"),
    ("twice@hbtn.io", "younger"),
    ("nopassword@hbtn.io", "None"),
    ("guillaume@hbtn.io", "nobody"),
];

const IDS: &[&str] = &[
    "9375973a-68c7-46aa-b135-29f79e837495",
    "9891e1ad-0fd1-4f5a-b5a1-4ee8bd3ba1d3",
    "cf3ddee1-ff24-49e4-a40b-2540333fe992",
    "5a1b9f5e-0000-4000-8000-000000000004",
    "00000000-0000-4000-8000-00000000dead",
];

const PATHS: &[&str] = &[
    "/api/v1/status",
    "/api/v1/stats",
    "/api/v1/unauthorized",
    "/api/v1/forbidden",
    "/api/v1/users",
    "/api/v1/users/me",
    "/api/v1/auth_session/login",
    "/api/v1/auth_session/logout",
    "/",
    "/api/v1",
    "/api/v1/nop",
    "/api/v1/users/me/x",
    "/API/v1/status",
];

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GETS"];

/// What earlier requests created, if their servers did so.
#[derive(Default)]
pub(super) struct Made {
    /// The number of the request, the e-mail address and the password.
    users: Vec<(usize, String, String)>,
    sessions: Vec<usize>,
}

/// Generates the next request.
pub(super) fn request(random: &mut Random, profile: &Profile, made: &mut Made, number: usize) -> Request {
    let mut request = match random.below(20) {
        0 | 1 => create(random, made, number),
        2..=4 => login(random, made, number),
        5 => plain("DELETE", "/api/v1/auth_session/logout"),
        6 | 7 => update(random, made),
        8 => plain("DELETE", &user(random, made)),
        9..=14 => {
            plain("GET", &if random.percent(50) { random.pick(PATHS).to_owned() } else { user(random, made) })
        }
        _ => {
            let path = if random.percent(80) { random.pick(PATHS).to_owned() } else { user(random, made) };
            let mut request = plain(random.pick(METHODS), &path);
            if random.percent(30) {
                body::any(random, &mut request);
            }
            request
        }
    };
    request.number = number;
    if random.percent(15) {
        request.target = odd_path(random, &request.target);
    }
    show(random, profile, made, &mut request);
    if random.percent(8) {
        origin(random, &mut request);
    }
    request
}

fn plain(method: &str, target: &str) -> Request {
    Request {
        number: 0,
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: None,
    }
}

fn create(random: &mut Random, made: &mut Made, number: usize) -> Request {
    let mut request = plain("POST", "/api/v1/users");
    let (email, password) = (format!("user{number}@hbtn.io"), format!("pass:{number}"));
    body::user(random, &mut request, &email, &password);
    made.users.push((number, email, password));
    request
}

fn update(random: &mut Random, made: &Made) -> Request {
    let mut request = plain("PUT", &user(random, made));
    body::user(random, &mut request, "new@hbtn.io", "new");
    request
}

fn login(random: &mut Random, made: &mut Made, number: usize) -> Request {
    let mut request = plain("POST", "/api/v1/auth_session/login");
    let (email, password) = credentials(random, made);
    body::form(random, &mut request, &email, &password);
    made.sessions.push(number);
    request
}

/// Generates the path of a user: a recently created or an initial one.
fn user(random: &mut Random, made: &Made) -> String {
    let lately = &made.users[made.users.len().saturating_sub(8)..];
    if lately.is_empty() || random.percent(25) {
        return format!("/api/v1/users/{}", random.pick(IDS));
    }
    format!("/api/v1/users/{{user-{}}}", lately[random.below(lately.len())].0)
}

fn credentials(random: &mut Random, made: &Made) -> (String, String) {
    let lately = &made.users[made.users.len().saturating_sub(4)..];
    if !lately.is_empty() && random.percent(30) {
        let (_, email, password) = random.pick(lately);
        return (email, password);
    }
    let (email, password) = random.pick(KNOWN);
    let password = if random.percent(10) { "wrong" } else { password };
    (email.to_owned(), password.to_owned())
}

/// Generates another spelling of a path, or a different path.
fn odd_path(random: &mut Random, path: &str) -> String {
    // Change only what follows the first slash, so that it stays a path.
    let (front, back) = path.split_at(path.len().min(2 + random.below(path.len())));
    match random.below(11) {
        0..=2 => format!("{path}/"),
        3 => format!("{path}?email=bob@hbtn.io&password=x"),
        4 => format!("{path}/?"),
        5 => format!("{front}/{back}"),
        6 => format!("{front}%{:02X}{back}", random.below(256)),
        7 if front.len() > 1 => {
            // The same path with one byte percent-encoded.
            let byte = front.as_bytes()[front.len() - 1];
            format!("{}%{byte:02x}{back}", &front[..front.len() - 1])
        }
        8 => format!("{front};{back}"),
        9 => format!(
            "{path}{}",
            random.pick(&["//", "/.", "/../users", "/%2e%2e", "%20", "%00", "%C3%A9", "%ff", "%zz", "*"])
        ),
        _ => format!("{front}{back}x"),
    }
}

/// Generates the credentials of a request.
fn show(random: &mut Random, profile: &Profile, made: &Made, request: &mut Request) {
    let basic = profile.variable("AUTH_TYPE") == Some("basic_auth");
    if random.percent(if basic { 85 } else { 15 }) {
        let (email, password) = credentials(random, made);
        request.headers.push(("Authorization".to_owned(), authorization(random, &email, &password)));
    }
    let name = profile.variable("SESSION_NAME").unwrap_or("_my_session_id");
    if random.percent(if basic { 10 } else { 80 }) {
        request.headers.push(("Cookie".to_owned(), cookie(random, made, name)));
        if random.percent(3) {
            request.headers.push(("Cookie".to_owned(), cookie(random, made, name)));
        }
    }
}

fn authorization(random: &mut Random, email: &str, password: &str) -> Vec<u8> {
    let mut credentials = STANDARD.encode(format!("{email}:{password}")).into_bytes();
    let scheme = if random.percent(85) {
        "Basic "
    } else {
        random.pick(&["basic ", "Basic", "Basic  ", "Basic\t", "Bearer ", "BASIC ", "", "Digest "])
    };
    if random.percent(15) {
        random.spoil(&mut credentials, b"=A/+ -_\t9,;\xe9");
    }
    let header = [scheme.as_bytes(), &credentials].concat();
    if random.percent(3) {
        random.pick(&[&b""[..], b"Test", b"Basic test", b"Basic"]).to_vec()
    } else {
        header
    }
}

fn cookie(random: &mut Random, made: &Made, name: &str) -> Vec<u8> {
    let lately = &made.sessions[made.sessions.len().saturating_sub(4)..];
    let session = if lately.is_empty() || random.percent(8) {
        random.pick(IDS).to_owned()
    } else {
        format!("{{session-{}}}", random.pick(lately))
    };
    let plain = format!("{name}={session}");
    if random.percent(70) {
        return plain.into_bytes();
    }
    let header = match random.below(14) {
        0 => format!("a=b; {plain}"),
        1 => format!("{plain}; {name}=other"),
        2 => format!("{name}=other; {plain}"),
        3 => format!("{name}=\"{session}\""),
        4 => format!(" {name} = {session} "),
        5 => format!("a=b;{plain};c=d"),
        6 => name.to_owned(),
        7 => format!("{name}=C is fun"),
        8 => format!("{name}="),
        9 => format!("x=\"y; {plain}\""),
        10 => format!("x=y z; {plain}"),
        11 => format!("{}={session}", name.to_uppercase()),
        12 => format!(";;{plain}"),
        _ => format!("{name}=\"{session}\\054\""),
    };
    let mut header = header.into_bytes();
    if random.percent(20) && !header.contains(&b'{') {
        random.spoil(&mut header, b"=;\" \\,\t:\xc3\xff");
    }
    header
}

fn origin(random: &mut Random, request: &mut Request) {
    let mut header =
        |name: &str, value: &str| request.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    header("Origin", random.pick(&["http://localhost:3000", "null", "https://a.example"]));
    if random.percent(50) {
        header("Access-Control-Request-Method", random.pick(&["PUT", "GET", "DELETE"]));
        if random.percent(50) {
            header("Access-Control-Request-Headers", random.pick(&["content-type", "Authorization, X-Any"]));
        }
    }
}
