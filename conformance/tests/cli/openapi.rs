//! Tests of everything that reads OpenAPI descriptions: `run --openapi`, `check --har`, `coverage --openapi`, `import --openapi`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use serde_json::Value as Json;

use crate::program::{Finished, conformance_in};
use crate::reference;

const DESCRIPTION: &str = r##"openapi: 3.0.3
info: {title: Pets, version: "1"}
servers: [{url: "https://pets.example/v1"}]
paths:
  /pets:
    post:
      tags: [pets]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Pet"}
            example: {name: Rex}
      responses:
        "201": {description: The pet, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
        "400": {description: A wrong body}
  /pets/{pet_id}:
    parameters: [{name: pet_id, in: path, required: true, schema: {type: integer}}]
    get:
      tags: [pets]
      responses:
        "200": {description: The pet, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
        "404": {description: No such pet}
components:
  schemas:
    Pet:
      type: object
      required: [id, name, nick]
      properties:
        id: {type: integer, format: int64, readOnly: true}
        name: {type: string}
        nick: {type: string, nullable: true, readOnly: true}
"##;

/// Serves pets. The member `id` of a pet is this text.
fn serve(id: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { continue };
            let mut request = String::new();
            let mut buffer = [0; 4096];
            // The requests of these tests fit into one packet with their bodies, or two.
            while !request.contains("\r\n\r\n")
                || (request.starts_with("POST") && request.ends_with("\r\n\r\n"))
            {
                match connection.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(size) => request.push_str(&String::from_utf8_lossy(&buffer[..size])),
                }
            }
            let pet = format!(r#"{{"id": {id}, "name": "Rex", "nick": null}}"#);
            let (status, body) = match request.split(' ').next() {
                Some("POST") if request.ends_with("\r\n\r\n{") => ("400 Bad Request", String::new()),
                Some("POST") => ("201 Created", pet),
                _ if request.contains("/999999999 ") => ("404 Not Found", String::new()),
                _ => ("200 OK", pet),
            };
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .ok();
        }
    });
    url
}

/// Imports the description into `suite` of a new folder.
fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pets.yaml"), DESCRIPTION).unwrap();
    let finished = conformance_in(folder.path(), &["import", "--openapi", "pets.yaml", "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("4 exchanges imported"), "{}", finished.stdout);
    folder
}

fn run(folder: &Path, url: &str, more: &[&str]) -> Finished {
    let arguments = ["run", url, "--suite", "suite", "--profile", "default", "--color", "never"];
    conformance_in(folder, &[&arguments, more].concat())
}

#[test]
fn imported_description_becomes_a_suite_that_a_correct_server_passes() {
    let folder = imported();
    let scenario = fs::read_to_string(folder.path().join("suite/pets.yaml")).unwrap();
    for part in [
        "path: \"/v1/pets/${new_pet_id}\"",
        "capture: {new_pet_id: {json: /id}}",
        "status: 404",
        "nick: !one_of",
    ] {
        assert!(scenario.contains(part), "{part}: {scenario}");
    }
    let url = serve("7");
    let finished = run(folder.path(), &url, &["--report", "jsonl=run.jsonl", "--report", "har=run.har"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let coverage =
        ["coverage", "--openapi", "pets.yaml", "--from", "run.jsonl", "--fail-under", "statuses=100%"];
    let finished = conformance_in(folder.path(), &coverage);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("operations         2 of 2"), "{}", finished.stdout);
    let finished = conformance_in(
        folder.path(),
        &["coverage", "--openapi", "pets.yaml", "--suite", "suite", "--format", "json"],
    );
    let coverage: Json = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(coverage["counts"][2]["covered"], 4, "{coverage:#}");
    let finished = conformance_in(folder.path(), &["check", "--har", "run.har", "--openapi", "pets.yaml"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stdout.starts_with("4 exchanges checked, 4 with a described operation, 0 violations"),
        "{}",
        finished.stdout
    );
}

#[test]
fn violations_are_a_group_of_their_own_with_both_places() {
    let folder = imported();
    // The expectation of the imported step accepts any number.
    let url = serve("7.5");
    let report = |kind: &str| format!("{kind}=run.{kind}");
    let reports = ["jsonl", "junit", "tap", "html", "har"].map(report);
    let arguments: Vec<&str> = reports.iter().flat_map(|report| ["--report", report.as_str()]).collect();
    let finished = run(folder.path(), &url, &arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for part in [
        "FAIL openapi::POST /pets",
        "suite/openapi/pets.yaml:",
        "the body at /id: 7.5 is not of type \"integer\" (step pets::post-pets at suite/pets.yaml:5:9)",
        "OpenAPI: Pets",
    ] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for (file, part) in [
        ("run.junit", "<testsuite name=\"openapi\""),
        ("run.tap", "openapi::POST /pets"),
        ("run.html", "Coverage of the description"),
        ("run.jsonl", "\"operation\":\"POST /pets\""),
    ] {
        assert!(read(file).contains(part), "{file} has no {part}: {}", read(file));
    }
    let should = run(folder.path(), &url, &["--openapi-level", "should"]);
    assert!(should.stdout.contains("SHOULD 0/1 pass"), "{}", should.stdout);
    assert_ne!(should.code, Some(2), "{should:?}");
    let finished = conformance_in(folder.path(), &["check", "--har", "run.har", "--openapi", "pets.yaml"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stdout.contains("run.har: entry 1, POST http://"), "{}", finished.stdout);
    assert!(finished.stdout.contains("--> pets.yaml:"), "{}", finished.stdout);
}

#[test]
fn unusable_descriptions_are_refused_with_their_places() {
    let folder = imported();
    for (text, message) in [
        ("swagger: '2.0'\n", "this is Swagger 2.0, which is not supported"),
        ("openapi: 3.1.0\npaths: {}\n", "the description has no operation"),
        ("a: 1\n", "this is not an OpenAPI description"),
        ("openapi: [\n", "error"),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses: {'200': {$ref: '#/components/responses/None'}}\n",
            "`$ref: #/components/responses/None` names nothing",
        ),
        ("openapi: 3.1.0\npaths:\n  /a: {$ref: 'other.yaml#/a'}\n", "the file other.yaml does not exist"),
        (
            "openapi: 3.1.0\npaths:\n  /a: {$ref: 'https://example.org/a.yaml'}\n",
            "`https://example.org/a.yaml` is not fetched",
        ),
    ] {
        fs::write(folder.path().join("bad.yaml"), text).unwrap();
        let finished = run(folder.path(), "http://127.0.0.1:9", &["--openapi", "bad.yaml"]);
        assert_eq!(finished.code, Some(2), "{text}: {finished:?}");
        assert!(finished.stderr.contains(message), "{text}: {}", finished.stderr);
    }
    let finished = conformance_in(
        folder.path(),
        &["coverage", "--openapi", "pets.yaml", "--fail-under", "operation=90%"],
    );
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn reference_server_matches_its_description_and_uses_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = reference::target_file(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let description = root.join("reference-server/openapi.yaml").display().to_string();
    let target = target.display().to_string();
    let arguments =
        ["run", "--target", &target, "--openapi", &description, "--jobs", "4", "--report", "jsonl=run.jsonl"];
    let finished = conformance_in(folder.path(), &arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let coverage = ["coverage", "--openapi", &description, "--from", "run.jsonl", "--format", "json"];
    let finished = conformance_in(folder.path(), &coverage);
    let coverage: Json = serde_json::from_str(&finished.stdout).unwrap();
    let mut missing = Vec::new();
    for operation in coverage["operations"].as_array().unwrap() {
        assert_eq!(operation["covered"], true, "{operation}");
        let statuses =
            operation["statuses"].as_array().unwrap().iter().filter(|status| status["covered"] == false);
        missing.extend(
            statuses.map(|status| format!("{} {}", operation["operation"].as_str().unwrap(), status["name"])),
        );
    }
    // The register says why no step can cause it (SESSION-8.8).
    assert_eq!(missing, ["DELETE /api/v1/auth_session/logout \"404\""]);
}
