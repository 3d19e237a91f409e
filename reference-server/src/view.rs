//! The views: one function for each route, in files and under names of the course.
//!
//! A view returns a `Reply` or a `Rejection`. Authentication has happened before.

pub(crate) mod index;
pub(crate) mod session_auth;
pub(crate) mod users;
