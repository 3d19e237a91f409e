//! Names the route of a request.
//!
//! A method and a decoded path go in, a [`Route`] comes out. The router answers nothing: an unknown path and
//! a method that is not allowed are routes too, so that the gate comes before either shows.

use hyper::Method;

/// Where a request leads; the names are those of the course's views.
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
    /// `OPTIONS` on a known path, with the methods that it allows.
    Options(&'static str),
    /// Another method than the known path allows, with the methods that it does.
    MethodNotAllowed(&'static str),
    /// A path that is not known.
    Unmatched,
}

/// The route of a request; each path is the same with and without a final slash.
///
/// `HEAD` goes where `GET` goes: hyper leaves out the body.
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
        None => Route::MethodNotAllowed(allow),
    }
}

fn get<'p>(method: &Method, route: Route<'p>) -> (Option<Route<'p>>, &'static str) {
    ((method == Method::GET).then_some(route), "GET, HEAD, OPTIONS")
}

/// The `<user_id>` of `users/<user_id>`: one segment, not empty.
fn user_id(resource: &str) -> Option<&str> {
    resource.strip_prefix("users/").filter(|user_id| !user_id.is_empty() && !user_id.contains('/'))
}

#[cfg(test)]
mod tests;
