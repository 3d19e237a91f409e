//! Tests of the routes.

use super::*;

#[test]
fn final_slash_makes_no_difference() {
    for (method, path, expected) in [
        (Method::GET, "/api/v1/status", Route::Status),
        (Method::GET, "/api/v1/stats", Route::Stats),
        (Method::GET, "/api/v1/unauthorized", Route::Unauthorized),
        (Method::GET, "/api/v1/forbidden", Route::Forbidden),
        (Method::GET, "/api/v1/users", Route::ViewAllUsers),
        (Method::POST, "/api/v1/users", Route::CreateUser),
        (Method::GET, "/api/v1/users/me", Route::ViewOneUser("me")),
        (Method::GET, "/api/v1/users/an id", Route::ViewOneUser("an id")),
        (Method::PUT, "/api/v1/users/1", Route::UpdateUser("1")),
        (Method::DELETE, "/api/v1/users/1", Route::DeleteUser("1")),
        (Method::POST, "/api/v1/auth_session/login", Route::Login),
        (Method::DELETE, "/api/v1/auth_session/logout", Route::Logout),
    ] {
        assert_eq!(route(&method, path), expected);
        assert_eq!(route(&method, &format!("{path}/")), expected);
    }
}

#[test]
fn head_has_the_route_of_get() {
    assert_eq!(route(&Method::HEAD, "/api/v1/users/1"), Route::ViewOneUser("1"));
    assert_eq!(route(&Method::HEAD, "/api/v1/auth_session/login"), Route::MethodNotAllowed("OPTIONS, POST"));
}

#[test]
fn other_method_lists_the_allowed_ones() {
    for (method, path, allow) in [
        (Method::POST, "/api/v1/status", "GET, HEAD, OPTIONS"),
        (Method::DELETE, "/api/v1/users", "GET, HEAD, OPTIONS, POST"),
        (Method::PATCH, "/api/v1/users/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
        (Method::GET, "/api/v1/auth_session/login", "OPTIONS, POST"),
        (Method::GET, "/api/v1/auth_session/logout", "DELETE, OPTIONS"),
    ] {
        assert_eq!(route(&method, path), Route::MethodNotAllowed(allow));
        assert_eq!(route(&Method::OPTIONS, path), Route::Options(allow));
    }
}

#[test]
fn method_that_http_does_not_define_is_unknown() {
    for method in ["FOO", "get", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(route(&method, "/api/v1/status"), Route::UnknownMethod);
        assert_eq!(route(&method, "/api/v1/nope"), Route::Unmatched);
    }
    assert_eq!(route(&Method::TRACE, "/api/v1/status"), Route::MethodNotAllowed("GET, HEAD, OPTIONS"));
}

#[test]
fn similar_paths_are_unmatched() {
    for path in [
        "",
        "/",
        "*",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nope",
        "/api/v1/status//",
        "/api/v1//status",
        "/api/v1/Status",
        "/api/v1/users//",
        "/api/v1/users/1/2",
        "/api/v1/auth_session",
        "/api/v2/status",
        "/status",
    ] {
        assert_eq!(route(&Method::GET, path), Route::Unmatched, "{path}");
        assert_eq!(route(&Method::OPTIONS, path), Route::Unmatched, "{path}");
    }
}
