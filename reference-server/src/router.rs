//! Finds the route of a request.
//!
//! The router sends no response: an unknown path and a method that is not allowed are routes too, so that
//! authentication comes before a 404 or 405.

use hyper::Method;

/// The routes, with the names of the course's views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    Status,
    Stats,
    Unauthorized,
    Forbidden,
    ViewAllUsers,
    CreateUser,
    ViewOneUser(&'p str),
    UpdateUser(&'p str),
    DeleteUser(&'p str),
    Login,
    Logout,
    /// `OPTIONS` on a known path, with the allowed methods.
    Options(&'static str),
    /// A method that the path does not allow, with the allowed methods.
    MethodNotAllowed(&'static str),
    /// A method that HTTP does not define, on a known path (RFC 9110 §9.1).
    UnknownMethod,
    /// An unknown path.
    Unmatched,
}

/// The route of a request; a final slash makes no difference.
///
/// `HEAD` has the route of `GET`: hyper leaves out the body.
pub(crate) fn route<'p>(method: &Method, path: &'p str) -> Route<'p> {
    let Some(resource) = path.strip_prefix("/api/v1/") else { return Route::Unmatched };
    let resource = resource.strip_suffix('/').unwrap_or(resource);
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let (route, allow) = match resource {
        "status" => get(method, Route::Status),
        "stats" => get(method, Route::Stats),
        "unauthorized" => get(method, Route::Unauthorized),
        "forbidden" => get(method, Route::Forbidden),
        "users" => {
            let route = match *method {
                Method::GET => Some(Route::ViewAllUsers),
                Method::POST => Some(Route::CreateUser),
                _ => None,
            };
            (route, "GET, HEAD, OPTIONS, POST")
        }
        "auth_session/login" => ((method == Method::POST).then_some(Route::Login), "OPTIONS, POST"),
        "auth_session/logout" => ((method == Method::DELETE).then_some(Route::Logout), "DELETE, OPTIONS"),
        _ => {
            let Some(user_id) = user_id(resource) else { return Route::Unmatched };
            let route = match *method {
                Method::GET => Some(Route::ViewOneUser(user_id)),
                Method::PUT => Some(Route::UpdateUser(user_id)),
                Method::DELETE => Some(Route::DeleteUser(user_id)),
                _ => None,
            };
            (route, "DELETE, GET, HEAD, OPTIONS, PUT")
        }
    };
    match route {
        Some(route) => route,
        None if method == Method::OPTIONS => Route::Options(allow),
        None if is_defined(method) => Route::MethodNotAllowed(allow),
        None => Route::UnknownMethod,
    }
}

/// Whether HTTP defines a method (RFC 9110 §9.3, RFC 5789).
fn is_defined(method: &Method) -> bool {
    matches!(
        *method,
        Method::CONNECT
            | Method::DELETE
            | Method::GET
            | Method::HEAD
            | Method::OPTIONS
            | Method::PATCH
            | Method::POST
            | Method::PUT
            | Method::TRACE
    )
}

fn get<'p>(method: &Method, route: Route<'p>) -> (Option<Route<'p>>, &'static str) {
    ((method == Method::GET).then_some(route), "GET, HEAD, OPTIONS")
}

/// The `<user_id>` of `users/<user_id>`: one non-empty segment.
fn user_id(resource: &str) -> Option<&str> {
    resource.strip_prefix("users/").filter(|user_id| !user_id.is_empty() && !user_id.contains('/'))
}

#[cfg(test)]
mod tests;
