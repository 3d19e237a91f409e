//! The API beyond its transcripts: the rules of the users, of methods and paths, of the gate, and what the
//! specification leaves open.

use serde_json::{Value, json};

use crate::curl::Answer;
use crate::process::{BOB, BOBSESSION, SESSION_AUTH, Server, folder};

const JSON: &str = "Content-Type: application/json";
const LOGIN: &str = "/api/v1/auth_session/login";
const LOGOUT: &str = "/api/v1/auth_session/logout";

/// Runs a test against a server with bob and bobsession.
fn with_server(environment: &[(&str, &str)], test: impl FnOnce(&Server)) {
    let folder = folder(&[BOB, BOBSESSION]);
    test(&Server::start(folder.path(), environment));
}

fn bob() -> String {
    format!("/api/v1/users/{}", BOB[0])
}

fn post(server: &Server, body: &str) -> Answer {
    server.curl("/api/v1/users", &["-H", JSON, "-d", body])
}

fn put(server: &Server, path: &str, body: &str) -> Answer {
    server.curl(path, &["-X", "PUT", "-H", JSON, "-d", body])
}

fn error(status: u16, sentence: &str) -> (u16, String) {
    (status, sentence.to_owned())
}

#[test]
fn a_created_user_is_answered_with_201_and_six_members() {
    with_server(&[], |server| {
        let answer =
            post(server, r#"{"email": "eve@hbtn.io", "password": "pwd", "first_name": "Eve", "x": 1}"#);
        assert_eq!(answer.status, 201);
        let user = answer.json();
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
fn a_user_is_not_created_from_a_wrong_body() {
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
fn the_edges_of_the_starter_are_kept() {
    with_server(SESSION_AUTH, |server| {
        let session_id = server.login().session_id();
        let post = |body| server.with_session(&session_id, "/api/v1/users", &["-H", JSON, "-d", body]);
        let null_email = post(r#"{"email": null, "password": "b"}"#);
        assert_eq!((null_email.status, &null_email.json()["email"]), (201, &Value::Null));
        assert_eq!(post(r#"{"email": "bobsession@hbtn.io", "password": "other"}"#).status, 201);
        // Of two with the same address, the older is the one who logs in.
        assert_eq!(server.login().json()["id"], BOBSESSION[0]);
        assert_eq!(post(r#"{"email": "n@hbtn.io", "password": 89}"#).status, 201);
        let login = server.curl(LOGIN, &["-d", "email=n@hbtn.io&password=89"]);
        assert_eq!(login.error(), error(401, "wrong password"));
    });
}

#[test]
fn what_the_model_refuses_is_said_in_a_sentence() {
    with_server(&[], |server| {
        for (body, name) in [
            (r#"{"email": 1, "password": "b"}"#, "email"),
            (r#"{"email": "a", "password": "b", "first_name": ["x"]}"#, "first_name"),
            (r#"{"email": "a", "password": "b", "last_name": false}"#, "last_name"),
        ] {
            let sentence = format!("Can't create User: {name} must be a string or null");
            assert_eq!(post(server, body).error(), error(400, &sentence));
        }
    });
}

#[test]
fn only_the_names_of_a_user_change_and_only_those_given() {
    with_server(&[], |server| {
        let before = server.curl(&bob(), &[]).json();
        let answer =
            put(server, &bob(), r#"{"first_name": "Bob", "email": "x", "id": "x", "password": "x"}"#);
        assert_eq!(answer.status, 200);
        let after = answer.json();
        assert_eq!((&after["first_name"], &after["last_name"]), (&json!("Bob"), &Value::Null));
        for name in ["email", "id", "created_at"] {
            assert_eq!(after[name], before[name]);
        }
        assert_ne!(after["updated_at"], before["updated_at"]);
        let answer = put(server, &bob(), r#"{"first_name": null, "last_name": ""}"#).json();
        assert_eq!((&answer["first_name"], &answer["last_name"]), (&json!("Bob"), &json!("")));
    });
}

#[test]
fn a_user_is_not_changed_by_a_wrong_body() {
    with_server(&[], |server| {
        for body in ["", "nonsense", "null", "[]", r#"{"first_name": 1}"#] {
            assert_eq!(put(server, &bob(), body).error(), error(400, "Wrong format"), "{body}");
        }
        assert_eq!(put(server, "/api/v1/users/nobody", "nonsense").error(), error(404, "Not found"));
    });
}

#[test]
fn a_deleted_user_is_gone() {
    with_server(&[], |server| {
        let answer = server.curl(&bob(), &["-X", "DELETE"]);
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}\n"));
        assert_eq!(server.curl(&bob(), &["-X", "DELETE"]).error(), error(404, "Not found"));
        assert_eq!(server.curl(&bob(), &[]).error(), error(404, "Not found"));
        assert_eq!(server.curl("/api/v1/stats", &[]).json(), json!({"users": 1}));
    });
}

#[test]
fn the_session_of_a_deleted_user_identifies_nobody() {
    with_server(SESSION_AUTH, |server| {
        let session_id = server.login().session_id();
        let path = format!("/api/v1/users/{}", BOBSESSION[0]);
        assert_eq!(server.with_session(&session_id, &path, &["-X", "DELETE"]).status, 200);
        assert_eq!(server.with_session(&session_id, &path, &[]).error(), error(403, "Forbidden"));
    });
}

#[test]
fn every_path_is_the_same_with_and_without_a_final_slash() {
    with_server(&[], |server| {
        for path in ["/api/v1/status", "/api/v1/stats", "/api/v1/users", &bob(), "/api/v1/unauthorized"] {
            let (without, with) = (server.curl(path, &[]), server.curl(&format!("{path}/"), &[]));
            assert_eq!((without.status, without.body), (with.status, with.body), "{path}");
        }
    });
    with_server(SESSION_AUTH, |server| {
        let login = server.curl(&format!("{LOGIN}/"), &["-d", "email=bobsession@hbtn.io&password=fake+pwd"]);
        let session_id = login.session_id();
        let logout = server.with_session(&session_id, &format!("{LOGOUT}/"), &["-X", "DELETE"]);
        assert_eq!((logout.status, logout.body.as_str()), (200, "{}\n"));
    });
}

#[test]
fn a_query_and_an_escape_do_not_change_the_path() {
    with_server(&[("AUTH_TYPE", "auth")], |server| {
        assert_eq!(server.curl("/api/v1/status?x=/api/v1/users", &[]).status, 200);
        assert_eq!(server.curl("/api/v1/%73tatus", &[]).status, 200);
        assert_eq!(server.curl("/api/v1/%75sers", &[]).error(), error(401, "Unauthorized"));
    });
}

#[test]
fn a_path_that_leads_nowhere_is_404_as_json() {
    with_server(&[], |server| {
        for path in [
            "/",
            "/api/v1",
            "/api/v1/nope",
            "/api/v1/users/nobody",
            "/api/v1/users/a/b",
            "/api/v1/users/a%2Fb",
        ] {
            assert_eq!(server.curl(path, &[]).error(), error(404, "Not found"), "{path}");
        }
    });
}

#[test]
fn head_is_get_without_the_body() {
    with_server(&[], |server| {
        for (path, status) in
            [("/api/v1/status", 200), ("/api/v1/users", 200), ("/api/v1/nope", 404), (LOGIN, 405)]
        {
            let (get, head) = (server.curl(path, &[]), server.curl(path, &["--head"]));
            assert_eq!((head.status, head.body.as_str()), (status, ""), "{path}");
            assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
            assert_eq!(head.header("content-type"), get.header("content-type"));
        }
    });
}

#[test]
fn options_names_the_methods() {
    with_server(&[], |server| {
        for (path, allow) in [
            ("/api/v1/status", "GET, HEAD, OPTIONS"),
            ("/api/v1/users", "GET, HEAD, OPTIONS, POST"),
            ("/api/v1/users/anybody", "DELETE, GET, HEAD, OPTIONS, PUT"),
            (LOGIN, "OPTIONS, POST"),
            (LOGOUT, "DELETE, OPTIONS"),
        ] {
            let options = server.curl(path, &["-X", "OPTIONS"]);
            assert_eq!((options.status, options.body.as_str()), (200, ""));
            assert_eq!(options.header("allow"), Some(allow));
            assert_eq!(options.header("content-type"), Some("text/html; charset=utf-8"));
            let patch = server.curl(path, &["-X", "PATCH"]);
            assert_eq!((patch.status, patch.header("allow")), (405, Some(allow)));
        }
        assert_eq!(server.curl("/api/v1/nope", &["-X", "OPTIONS"]).error(), error(404, "Not found"));
    });
}

#[test]
fn every_answer_under_the_api_may_be_read_by_any_origin() {
    with_server(&[("AUTH_TYPE", "auth")], |server| {
        let token = ["-H", "Authorization: Test"];
        for (path, arguments, status) in [
            ("/api/v1/status", &[][..], 200),
            ("/api/v1/users", &[], 401),
            ("/api/v1/users", &token, 403),
            (LOGIN, &[], 405),
            (LOGIN, &["-X", "OPTIONS"], 200),
            (LOGIN, &["-d", ""], 400),
        ] {
            let answer = server.curl(path, arguments);
            assert_eq!(
                (answer.status, answer.header("access-control-allow-origin")),
                (status, Some("*")),
                "{path}"
            );
            assert_eq!(answer.header("vary"), None);
        }
        assert_eq!(server.curl("/", &[]).header("access-control-allow-origin"), None);
    });
}

#[test]
fn an_origin_is_echoed() {
    with_server(&[], |server| {
        let answer = server.curl("/api/v1/status", &["-H", "Origin: http://a.example"]);
        assert_eq!(answer.header("access-control-allow-origin"), Some("http://a.example"));
        assert_eq!(answer.header("vary"), Some("origin"));
    });
}

#[test]
fn a_preflight_hears_what_may_follow() {
    with_server(&[], |server| {
        let preflight = [
            "-X",
            "OPTIONS",
            "-H",
            "Origin: http://a.example",
            "-H",
            "Access-Control-Request-Method: PUT",
            "-H",
            "Access-Control-Request-Headers: Content-Type",
        ];
        let answer = server.curl("/api/v1/users/me", &preflight);
        assert_eq!(answer.status, 200);
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(methods, Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("Content-Type"));
    });
}

#[test]
fn the_gate_comes_before_routing() {
    with_server(SESSION_AUTH, |server| {
        for (path, method) in [
            ("/", "GET"),
            ("/api/v1/nope", "GET"),
            ("/api/v1/users", "PATCH"),
            ("/api/v1/users", "OPTIONS"),
            (LOGOUT, "GET"),
            ("/api/v1/statuses", "GET"),
        ] {
            let ask = |shown: &[&str]| server.curl(path, &[&["-X", method], shown].concat());
            assert_eq!(ask(&[]).error(), error(401, "Unauthorized"), "{method} {path}");
            assert_eq!(ask(&["-H", "Authorization: Test"]).error(), error(403, "Forbidden"));
            assert_eq!(ask(&["--cookie", "_my_session_id=x"]).error(), error(403, "Forbidden"));
            assert_eq!(ask(&["--cookie", "another=x"]).error(), error(401, "Unauthorized"));
        }
        let session_id = server.login().session_id();
        assert_eq!(server.with_session(&session_id, "/", &[]).error(), error(404, "Not found"));
        assert_eq!(server.with_session(&session_id, "/api/v1/users", &["-X", "PATCH"]).status, 405);
    });
}

#[test]
fn a_cookie_alone_is_403_in_every_mode_and_nothing_where_it_has_no_name() {
    for (auth_type, session_name, status) in [
        ("auth", "_my_session_id", 403),
        ("basic_auth", "_my_session_id", 403),
        ("session_auth", "another_name", 401),
    ] {
        with_server(&[("AUTH_TYPE", auth_type), ("SESSION_NAME", session_name)], |server| {
            assert_eq!(server.with_session("x", "/api/v1/users", &[]).status, status, "{auth_type}");
        });
    }
    with_server(&[("AUTH_TYPE", "session_auth")], |server| {
        assert_eq!(server.with_session("x", "/api/v1/users", &[]).status, 401);
    });
}

#[test]
fn a_login_reads_either_form_and_nothing_else() {
    with_server(SESSION_AUTH, |server| {
        let login = |arguments: &[&str]| server.curl(LOGIN, arguments);
        for arguments in [
            &["-d", "email=bobsession@hbtn.io&password=fake pwd"][..],
            &["-d", "email=bobsession%40hbtn.io&password=fake+pwd"],
            &["-d", "email=bobsession@hbtn.io", "--data-urlencode", "password=fake pwd"],
            &["-F", "email=bobsession@hbtn.io", "-F", "password=fake pwd"],
        ] {
            assert_eq!(login(arguments).status, 200, "{arguments:?}");
        }
        let json = ["-H", JSON, "-d", r#"{"email": "bobsession@hbtn.io", "password": "fake pwd"}"#];
        assert_eq!(login(&json).error(), error(400, "email missing"));
        let in_the_query = format!("{LOGIN}?email=bobsession@hbtn.io&password=fake+pwd");
        assert_eq!(server.curl(&in_the_query, &["-X", "POST"]).error(), error(400, "email missing"));
    });
}

#[test]
fn a_login_sets_the_cookie_for_the_whole_site_and_each_login_another() {
    with_server(SESSION_AUTH, |server| {
        let (one, other) = (server.login().session_id(), server.login().session_id());
        assert_ne!(one, other);
        server.with_session(&one, LOGOUT, &["-X", "DELETE"]);
        assert_eq!(server.with_session(&one, "/api/v1/users/me", &[]).status, 403);
        assert_eq!(server.with_session(&other, "/api/v1/users/me", &[]).status, 200);
    });
}

#[test]
fn without_auth_type_nobody_is_me() {
    with_server(&[], |server| {
        assert_eq!(server.curl("/api/v1/users/me", &[]).error(), error(404, "Not found"));
    });
}

#[test]
fn a_mode_without_sessions_checks_the_form_and_has_no_session_to_give() {
    for environment in [&[][..], &[("AUTH_TYPE", "auth")], &[("AUTH_TYPE", "basic_auth")]] {
        with_server(environment, |server| {
            assert_eq!(server.curl(LOGIN, &["-d", ""]).error(), error(400, "email missing"));
            let wrong = server.curl(LOGIN, &["-d", "email=bobsession@hbtn.io&password=x"]);
            assert_eq!(wrong.error(), error(401, "wrong password"));
            let right = server.login();
            assert_eq!((right.error(), right.header("set-cookie")), (error(404, "Not found"), None));
        });
    }
    with_server(&[], |server| {
        assert_eq!(server.curl(LOGOUT, &["-X", "DELETE"]).error(), error(404, "Not found"));
    });
}

#[test]
fn without_session_name_a_login_answers_the_user_and_no_cookie() {
    with_server(&[("AUTH_TYPE", "session_auth")], |server| {
        let login = server.login();
        assert_eq!((login.status, login.header("set-cookie")), (200, None));
        assert_eq!(login.json()["id"], BOBSESSION[0]);
    });
}
