//! The views that use no user: status, statistics, and the two that always reject.

use serde::Serialize;

use crate::app::App;
use crate::reply::{Rejection, Reply};

/// `GET /api/v1/status`
pub(crate) const fn status() -> Reply {
    Reply::fixed_json("{\n  \"status\": \"OK\"\n}\n")
}

/// `GET /api/v1/stats`: the number of objects.
pub(crate) fn stats(app: &App) -> Reply {
    #[derive(Serialize)]
    struct Stats {
        users: usize,
    }
    Reply::json(&Stats { users: app.users.count() })
}

/// `GET /api/v1/unauthorized` (Basic task 1)
pub(crate) const fn unauthorized() -> Result<Reply, Rejection> {
    Err(Rejection::Unauthorized)
}

/// `GET /api/v1/forbidden` (Basic task 2)
pub(crate) const fn forbidden() -> Result<Reply, Rejection> {
    Err(Rejection::Forbidden)
}
