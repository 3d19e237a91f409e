//! The views: what each route answers, in the files and under the names of the course.
//!
//! A view is given the application and what it needs of the request, and returns a `Reply` or a `Rejection`.
//! Who asks was settled by the gate before.

pub(crate) mod index;
pub(crate) mod session_auth;
pub(crate) mod users;
