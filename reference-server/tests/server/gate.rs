//! Tests of authentication, login and logout, and of what the specification leaves open.

use crate::curl::{JSON, LOGIN, LOGOUT, error};
use crate::process::{BOBSESSION, SESSION_AUTH, with_server};

#[test]
fn authentication_comes_before_routing() {
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
fn a_cookie_alone_is_403_if_session_name_is_set() {
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
fn login_accepts_both_form_encodings() {
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
fn each_login_sets_a_new_cookie_for_the_whole_site() {
    with_server(SESSION_AUTH, |server| {
        let (one, other) = (server.login().session_id(), server.login().session_id());
        assert_ne!(one, other);
        server.with_session(&one, LOGOUT, &["-X", "DELETE"]);
        assert_eq!(server.with_session(&one, "/api/v1/users/me", &[]).status, 403);
        assert_eq!(server.with_session(&other, "/api/v1/users/me", &[]).status, 200);
    });
}

#[test]
fn me_without_auth_type_is_404() {
    with_server(&[], |server| {
        assert_eq!(server.curl("/api/v1/users/me", &[]).error(), error(404, "Not found"));
    });
}

#[test]
fn login_without_session_support_checks_the_form_and_is_404() {
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
fn login_without_session_name_sets_no_cookie() {
    with_server(&[("AUTH_TYPE", "session_auth")], |server| {
        let login = server.login();
        assert_eq!((login.status, login.header("set-cookie")), (200, None));
        assert_eq!(login.json()["id"], BOBSESSION[0]);
    });
}
