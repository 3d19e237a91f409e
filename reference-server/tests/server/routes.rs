//! Tests of methods and paths, and of the headers of every response.

use crate::curl::{LOGIN, LOGOUT, error};
use crate::process::{BOB, SESSION_AUTH, with_server};

#[test]
fn final_slash_makes_no_difference() {
    let bob = format!("/api/v1/users/{}", BOB[0]);
    with_server(&[], |server| {
        for path in ["/api/v1/status", "/api/v1/stats", "/api/v1/users", &bob, "/api/v1/unauthorized"] {
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
fn query_and_percent_encoding_do_not_change_the_path() {
    with_server(&[("AUTH_TYPE", "auth")], |server| {
        assert_eq!(server.curl("/api/v1/status?x=/api/v1/users", &[]).status, 200);
        assert_eq!(server.curl("/api/v1/%73tatus", &[]).status, 200);
        assert_eq!(server.curl("/api/v1/%75sers", &[]).error(), error(401, "Unauthorized"));
    });
}

#[test]
fn unknown_path_is_404_as_json() {
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
fn options_lists_the_methods() {
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
fn cors_allows_any_origin_under_the_api() {
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
            let response = server.curl(path, arguments);
            assert_eq!(
                (response.status, response.header("access-control-allow-origin")),
                (status, Some("*")),
                "{path}"
            );
            assert_eq!(response.header("vary"), None);
        }
        assert_eq!(server.curl("/", &[]).header("access-control-allow-origin"), None);
    });
}

#[test]
fn cors_echoes_the_origin() {
    with_server(&[], |server| {
        let response = server.curl("/api/v1/status", &["-H", "Origin: http://a.example"]);
        assert_eq!(response.header("access-control-allow-origin"), Some("http://a.example"));
        assert_eq!(response.header("vary"), Some("origin"));
    });
}

#[test]
fn cors_preflight_lists_methods_and_headers() {
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
        let response = server.curl("/api/v1/users/me", &preflight);
        assert_eq!(response.status, 200);
        let methods = response.header("access-control-allow-methods");
        assert_eq!(methods, Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"));
        assert_eq!(response.header("access-control-allow-headers"), Some("Content-Type"));
    });
}
