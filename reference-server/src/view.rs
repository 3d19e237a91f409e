//! The views: one function for each route, with the course's names of files and functions.
//!
//! A view returns a [`Reply`](crate::reply::Reply) or a [`Rejection`](crate::reply::Rejection). It runs after the gate,
//! so the request is authenticated if its path requires that.

pub(crate) mod index;
pub(crate) mod session_auth;
pub(crate) mod users;
