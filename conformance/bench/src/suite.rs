//! Writes the measured suite, and the same exchanges for Hurl. Each scenario repeats five exchanges four times.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Steps of a scenario.
pub const STEPS: usize = 20;

/// Folders with the same exchanges in two formats.
pub struct Suite {
    /// The suite for the runner.
    pub folder: PathBuf,
    /// The files for Hurl, one for each scenario.
    pub hurl: Vec<PathBuf>,
    /// The number of scenarios.
    pub scenarios: usize,
    /// How connections are used.
    pub connections: Connections,
}

/// Whether requests share connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A new connection for each request, as with curl.
    Fresh,
    /// Connections are reused, as in Hurl.
    Reuse,
}

impl Connections {
    /// The value of `connections` in `suite.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Reuse => "reuse",
        }
    }
}

/// The verdicts of a suite.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every step passes.
    Right,
    /// Every third scenario has a failing step, and one that depends on it.
    Wrong,
}

const MANIFEST: &str = "\
format: 1
title: Sessions in a map
origin: http://127.0.0.1:5000
concurrency: shared
secrets: [password]
connections: CONNECTIONS
profiles:
  sessions: {}
";

const REGISTER: &str = "\
format: 1
requirements:
  - {id: LOGIN-1, level: must, clause: login, text: a login answers the user and opens a session}
  - {id: ME-1, level: must, clause: me, text: a session leads to its user}
  - {id: ME-2, level: must, clause: me, text: without a session there is no user}
  - {id: USERS-1, level: should, clause: users, text: a user is found by name}
  - {id: LOGOUT-1, level: must, clause: logout, text: a logout ends the session}
";

impl Suite {
    /// Writes a suite with this number of scenarios below `scratch`.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub fn write(
        scratch: &Path,
        name: &str,
        scenarios: usize,
        kind: Kind,
        connections: Connections,
    ) -> io::Result<Self> {
        let name = format!("{name}-{}", connections.as_str());
        let (folder, hurl_folder) = (scratch.join(&name), scratch.join(format!("{name}-hurl")));
        fs::create_dir_all(folder.join("sessions"))?;
        fs::create_dir_all(&hurl_folder)?;
        fs::write(folder.join("suite.yaml"), MANIFEST.replace("CONNECTIONS", connections.as_str()))?;
        fs::write(folder.join("requirements.yaml"), REGISTER)?;
        let mut hurl = Vec::new();
        for number in 0..scenarios {
            let wrong = kind == Kind::Wrong && number % 3 == 0;
            fs::write(folder.join(format!("sessions/{number}.yaml")), scenario(number, wrong))?;
            let path = hurl_folder.join(format!("{number}.hurl"));
            fs::write(&path, HURL.repeat(STEPS / 5))?;
            hurl.push(path);
        }
        Ok(Self { folder, hurl, scenarios, connections })
    }

    /// Writes a suite of one step that requests 1 GiB.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub fn large(scratch: &Path, name: &str, expect: &str) -> io::Result<PathBuf> {
        let folder = scratch.join(name);
        fs::create_dir_all(folder.join("sessions"))?;
        fs::write(folder.join("suite.yaml"), MANIFEST.replace("CONNECTIONS", "fresh"))?;
        fs::write(folder.join("requirements.yaml"), "format: 1\nrequirements: []\n")?;
        let scenario = format!(
            "format: 1\ntitle: A gibibyte\nprofile: sessions\nsteps:\n  - id: large\n    title: a large answer\n    \
             request: curl http://127.0.0.1:5000/large\n    expect: {expect}\n"
        );
        fs::write(folder.join("sessions/large.yaml"), scenario)?;
        Ok(folder)
    }
}

fn scenario(number: usize, wrong: bool) -> String {
    let mut text =
        format!("format: 1\ntitle: Sessions of user {number} come and go\nprofile: sessions\nsteps:\n");
    for round in 0..STEPS / 5 {
        let cookie = if wrong && round == 1 { "other" } else { "sid" };
        // Writing to a string cannot fail.
        write!(
            text,
            r#"  - id: login-{round}
    title: a login answers the user and opens a session
    covers: [LOGIN-1]
    request: curl "http://127.0.0.1:5000/login" -d "email=ada@example.org" -d "password=pwd"
    expect:
      status: 200
      headers: {{content-type: application/json}}
      cookies:
        {cookie}: {{value: !starts_with session-, path: /}}
      json: {{id: !uuid , email: ada@example.org, first_name: Ada, last_name: null, visits: 3}}
    capture:
      session_{round}: {{cookie: {cookie}}}
  - id: me-{round}
    title: the session leads to its user
    covers: [ME-1]
    request: curl "http://127.0.0.1:5000/me" --cookie "sid=${{session_{round}}}"
    expect:
      status: 200
      json: !subset {{email: ada@example.org}}
  - id: user-{round}
    title: the user is found by name
    covers: [USERS-1]
    request: curl "http://127.0.0.1:5000/users/ada" --cookie "sid=${{session_{round}}}"
    expect:
      status: 200
      headers: {{content-type: !starts_with application/json}}
      json: !subset {{id: !uuid , visits: !integer }}
  - id: logout-{round}
    title: a logout ends the session
    covers: [LOGOUT-1]
    request: curl "http://127.0.0.1:5000/logout" -X DELETE --cookie "sid=${{session_{round}}}"
    expect:
      status: 200
      json: {{}}
  - id: forbidden-{round}
    title: a session that has ended leads nowhere
    covers: [ME-2]
    request: curl "http://127.0.0.1:5000/me" --cookie "sid=${{session_{round}}}"
    expect:
      status: 403
      json: {{error: Forbidden}}
"#
        )
        .ok();
    }
    text
}

/// A description of the five exchanges.
pub const DESCRIPTION: &str = r##"openapi: 3.1.0
info: {title: Sessions, version: "1"}
paths:
  /login:
    post:
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [email, password]
              properties: {email: {type: string}, password: {type: string}}
      responses:
        "200":
          description: The user
          headers: {Set-Cookie: {required: true, schema: {type: string, pattern: "^sid=session-"}}}
          content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}
  /me:
    get:
      parameters: [{name: sid, in: cookie, required: true, schema: {type: string}}]
      responses:
        "200": {description: The user, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
        "403":
          description: No session
          content:
            application/json: {schema: {type: object, required: [error], properties: {error: {const: Forbidden}}}}
  /users/{name}:
    get:
      parameters: [{name: name, in: path, required: true, schema: {type: string, maxLength: 20}}]
      responses:
        "200": {description: The user, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
  /logout:
    delete:
      responses:
        "200": {description: Done, content: {application/json: {schema: {type: object, maxProperties: 0}}}}
components:
  schemas:
    User:
      type: object
      required: [id, email, first_name, last_name, visits]
      additionalProperties: false
      properties:
        id: {type: string, format: uuid}
        email: {type: string, format: email}
        first_name: {type: [string, "null"]}
        last_name: {type: [string, "null"]}
        visits: {type: integer, minimum: 0}
"##;

/// The same five exchanges with the same expectations.
const HURL: &str = r#"
POST {{target}}/login
[FormParams]
email: ada@example.org
password: pwd
HTTP 200
[Captures]
session: cookie "sid"
[Asserts]
header "Content-Type" == "application/json"
cookie "sid" startsWith "session-"
cookie "sid[Path]" == "/"
jsonpath "$.id" matches /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
jsonpath "$.email" == "ada@example.org"
jsonpath "$.first_name" == "Ada"
jsonpath "$.last_name" == null
jsonpath "$.visits" == 3

GET {{target}}/me
Cookie: sid={{session}}
HTTP 200
[Asserts]
jsonpath "$.email" == "ada@example.org"

GET {{target}}/users/ada
Cookie: sid={{session}}
HTTP 200
[Asserts]
header "Content-Type" startsWith "application/json"
jsonpath "$.id" matches /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
jsonpath "$.visits" isInteger

DELETE {{target}}/logout
Cookie: sid={{session}}
HTTP 200
[Asserts]
jsonpath "$" isEmpty

GET {{target}}/me
Cookie: sid={{session}}
HTTP 403
[Asserts]
jsonpath "$.error" == "Forbidden"
"#;
