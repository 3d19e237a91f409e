//! Imports of Postman collections and of `.http` files.

use std::fs;

use crate::program::conformance_in;

const COLLECTION: &str = r#"{
  "info": {"name": "Notes", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
  "variable": [{"key": "baseUrl", "value": "http://notes.example:8080"}, {"key": "kind", "value": "memo"}],
  "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]},
  "item": [
    {"name": "Reading", "item": [
      {"name": "All notes", "request": {"method": "GET", "url": {"raw": "{{baseUrl}}/notes?kind={{kind}}"}},
       "event": [{"listen": "test", "script": {"exec": ["pm.test('ok', () => pm.response.to.have.status(200));"]}}]},
      {"name": "One note", "request": {"method": "GET", "auth": {"type": "noauth"},
        "url": {"raw": "{{baseUrl}}/notes/:id", "variable": [{"key": "id", "value": "7"}]}}}
    ]},
    {"name": "New note", "request": {"method": "POST", "url": "{{baseUrl}}/notes",
      "header": [{"key": "X-Off", "value": "1", "disabled": true}],
      "body": {"mode": "raw", "raw": "{\"text\": \"${x}\"}", "options": {"raw": {"language": "json"}}}},
     "event": [{"listen": "test", "script": {"exec": ["pm.expect(pm.response.code).to.eql(201);", "pm.expect(pm.response.json().text).to.eql('a');",
       "pm.environment.set('noteId', pm.response.json().note.id);", "pm.expect(pm.response.responseTime).to.be.below(200);"]}}]},
    {"name": "Delete it", "request": {"method": "DELETE", "url": "{{baseUrl}}/notes/{{noteId}}"}},
    {"name": "Elsewhere", "request": {"method": "GET", "url": "https://other.example/x"}}
  ]
}"#;

const REQUESTS: &str = r#"@host = http://notes.example:8080
@id = 7

### All notes
GET {{host}}/notes
    ?kind=memo
    &limit=5
Accept: application/json

###
# @name create
POST {{host}}/notes HTTP/1.1
Content-Type: application/json
Authorization: Bearer {{token}}

{
  "text": "milk"
}

> {%
  client.test("created", () => client.assert(response.status === 201));
  client.global.set("etag", response.headers.valueOf("ETag"));
%}

### Rename
PATCH {{host}}/notes/{{newest}}

{"text": "bread"}

@newest = {{create.response.body.$.note.id}}

# ===== Changes =====

### Change
PUT {{host}}/notes/{{create.response.body.$.note.id}}
If-Match: {{etag}}

### Delete
DELETE {{host}}/notes/{{id}}
"#;

fn imported(flag: &str, name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let finished = conformance_in(folder.path(), &["import", flag, name, "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let checked = conformance_in(folder.path(), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let mut all = String::new();
    for entry in fs::read_dir(folder.path().join("suite")).unwrap() {
        all.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    (folder, all + &finished.stdout + &finished.stderr)
}

#[test]
fn postman_collection_becomes_a_suite() {
    let (_folder, all) = imported("--postman", "notes.json", COLLECTION);
    for part in [
        "origin: http://notes.example:8080",
        "token: {env: TOKEN, secret: true}",
        "title: All notes",
        "notes?kind=memo",
        "Authorization: Bearer ${token}",
        "/notes/7",
        "status: 201",
        "Content-Type: application/json",
        "text: a",
        "new_noteid: {json: /note/id}",
        "/notes/${new_noteid}",
        "the test script has more, which is left out: `pm.expect(pm.response.responseTime).to.be.below(200)`",
        "the request is not to http://notes.example:8080",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("X-Off"), "{all}");
    // An expression of the collection is sent as text.
    assert!(all.contains(r#"{"text": "$${x}"}"#), "{all}");
}

#[test]
fn file_of_requests_becomes_a_suite() {
    let (_, all) = imported("--http", "notes.http", REQUESTS);
    for part in [
        "origin: http://notes.example:8080",
        "title: All notes",
        "notes?kind=memo&limit=5",
        "title: create",
        "Authorization: Bearer ${token}",
        "milk",
        "status: 201",
        "new_etag: {header: etag}",
        "create_body_note_id: {json: /note/id}",
        "/notes/${create_body_note_id}",
        "If-Match: ${new_etag}",
        "PATCH",
        "/notes/7",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("=====") && !all.contains("--data-raw '\n") && !all.contains("newest"), "{all}");
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, text, message) in [
        ("--postman", "[]", "is not a Postman collection"),
        ("--postman", "{", "is not a Postman collection"),
        ("--postman", r#"{"item": []}"#, "has no request"),
        ("--http", "# nothing\n", "has no request"),
    ] {
        fs::write(folder.path().join("file"), text).unwrap();
        let finished = conformance_in(folder.path(), &["import", flag, "file", "--out", "suite"]);
        assert_eq!(finished.code, Some(2), "{text}: {finished:?}");
        assert!(finished.stderr.contains(message), "{text}: {}", finished.stderr);
    }
}
