//! Tests of creating, changing and deleting users, and of invalid requests.

use serde_json::{Value, json};

use crate::curl::{JSON, LOGIN, Response, error};
use crate::process::{BOB, BOBSESSION, SESSION_AUTH, Server, with_server};

fn bob() -> String {
    format!("/api/v1/users/{}", BOB[0])
}

fn post(server: &Server, body: &str) -> Response {
    server.curl("/api/v1/users", &["-H", JSON, "-d", body])
}

fn put(server: &Server, path: &str, body: &str) -> Response {
    server.curl(path, &["-X", "PUT", "-H", JSON, "-d", body])
}

#[test]
fn creating_a_user_returns_201_and_six_members() {
    with_server(&[], |server| {
        let response =
            post(server, r#"{"email": "eve@hbtn.io", "password": "pwd", "first_name": "Eve", "x": 1}"#);
        assert_eq!(response.status, 201);
        let user = response.json();
        let names: Vec<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["created_at", "email", "first_name", "id", "last_name", "updated_at"]);
        assert_eq!((&user["email"], &user["first_name"]), (&json!("eve@hbtn.io"), &json!("Eve")));
        assert_eq!(user["last_name"], Value::Null);
        let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
        assert_eq!(server.curl(&path, &[]).json(), user);
        assert_eq!(server.curl("/api/v1/stats", &[]).json(), json!({"users": 3}));
    });
}

#[test]
fn creating_a_user_rejects_a_wrong_body() {
    with_server(&[], |server| {
        for body in ["", "nonsense", "null", "[]", "1", r#""text""#, r#"{"email": "a", "password": "b"} x"#] {
            assert_eq!(post(server, body).error(), error(400, "Wrong format"), "{body}");
        }
        let form = ["-d", r#"{"email": "a", "password": "b"}"#];
        assert_eq!(server.curl("/api/v1/users", &form).error(), error(400, "Wrong format"));
        assert_eq!(server.curl("/api/v1/users", &["-X", "POST"]).error(), error(400, "Wrong format"));
        assert_eq!(server.curl("/api/v1/stats", &[]).json(), json!({"users": 2}));
    });
}

#[test]
fn a_user_needs_an_email_and_a_password() {
    with_server(&[], |server| {
        for body in ["{}", r#"{"email": ""}"#, r#"{"password": "b"}"#, r#"{"email": "", "password": ""}"#] {
            assert_eq!(post(server, body).error(), error(400, "email missing"), "{body}");
        }
        for body in [r#"{"email": "a"}"#, r#"{"email": "a", "password": ""}"#] {
            assert_eq!(post(server, body).error(), error(400, "password missing"), "{body}");
        }
    });
}

#[test]
fn keeps_the_edge_cases_of_the_starter() {
    with_server(SESSION_AUTH, |server| {
        let session_id = server.login().session_id();
        let post = |body| server.with_session(&session_id, "/api/v1/users", &["-H", JSON, "-d", body]);
        let null_email = post(r#"{"email": null, "password": "b"}"#);
        assert_eq!((null_email.status, &null_email.json()["email"]), (201, &Value::Null));
        assert_eq!(post(r#"{"email": "bobsession@hbtn.io", "password": "other"}"#).status, 201);
        // Of two users with the same address, the older one can log in.
        assert_eq!(server.login().json()["id"], BOBSESSION[0]);
        assert_eq!(post(r#"{"email": "n@hbtn.io", "password": 89}"#).status, 201);
        let login = server.curl(LOGIN, &["-d", "email=n@hbtn.io&password=89"]);
        assert_eq!(login.error(), error(401, "wrong password"));
    });
}

#[test]
fn attributes_of_a_wrong_type_are_named() {
    with_server(&[], |server| {
        for (body, name) in [
            (r#"{"email": 1, "password": "b"}"#, "email"),
            (r#"{"email": "a", "password": "b", "first_name": ["x"]}"#, "first_name"),
            (r#"{"email": "a", "password": "b", "last_name": false}"#, "last_name"),
        ] {
            let message = format!("Can't create User: {name} must be a string or null");
            assert_eq!(post(server, body).error(), error(400, &message));
        }
    });
}

#[test]
fn only_the_given_names_of_a_user_change() {
    with_server(&[], |server| {
        let before = server.curl(&bob(), &[]).json();
        let response =
            put(server, &bob(), r#"{"first_name": "Bob", "email": "x", "id": "x", "password": "x"}"#);
        assert_eq!(response.status, 200);
        let after = response.json();
        assert_eq!((&after["first_name"], &after["last_name"]), (&json!("Bob"), &Value::Null));
        for name in ["email", "id", "created_at"] {
            assert_eq!(after[name], before[name]);
        }
        assert_ne!(after["updated_at"], before["updated_at"]);
        let response = put(server, &bob(), r#"{"first_name": null, "last_name": ""}"#).json();
        assert_eq!((&response["first_name"], &response["last_name"]), (&json!("Bob"), &json!("")));
    });
}

#[test]
fn changing_a_user_rejects_a_wrong_body() {
    with_server(&[], |server| {
        for body in ["", "nonsense", "null", "[]", r#"{"first_name": 1}"#] {
            assert_eq!(put(server, &bob(), body).error(), error(400, "Wrong format"), "{body}");
        }
        assert_eq!(put(server, "/api/v1/users/nobody", "nonsense").error(), error(404, "Not found"));
    });
}

#[test]
fn deleting_a_user_removes_it() {
    with_server(&[], |server| {
        let response = server.curl(&bob(), &["-X", "DELETE"]);
        assert_eq!((response.status, response.body.as_str()), (200, "{}\n"));
        assert_eq!(server.curl(&bob(), &["-X", "DELETE"]).error(), error(404, "Not found"));
        assert_eq!(server.curl(&bob(), &[]).error(), error(404, "Not found"));
        assert_eq!(server.curl("/api/v1/stats", &[]).json(), json!({"users": 1}));
    });
}

#[test]
fn session_of_a_deleted_user_is_403() {
    with_server(SESSION_AUTH, |server| {
        let session_id = server.login().session_id();
        let path = format!("/api/v1/users/{}", BOBSESSION[0]);
        assert_eq!(server.with_session(&session_id, &path, &["-X", "DELETE"]).status, 200);
        assert_eq!(server.with_session(&session_id, &path, &[]).error(), error(403, "Forbidden"));
    });
}
