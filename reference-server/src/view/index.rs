//! The views that use no user: status, statistics, and the two that always reject.

use serde::Serialize;

use crate::app::App;
use crate::reply::{Rejection, Reply};

/// `GET /api/v1/status`
pub(crate) fn status() -> Reply {
    #[derive(Serialize)]
    struct Status {
        status: &'static str,
    }
    Reply::json(&Status { status: "OK" })
}

/// `GET /api/v1/stats`: the number of users.
pub(crate) fn stats(app: &App) -> Reply {
    #[derive(Serialize)]
    struct Stats {
        users: usize,
    }
    Reply::json(&Stats { users: app.users.count() })
}

/// `GET /api/v1/unauthorized` (Basic task 1)
pub(crate) fn unauthorized() -> Result<Reply, Rejection> {
    Err(Rejection::Unauthorized)
}

/// `GET /api/v1/forbidden` (Basic task 2)
pub(crate) fn forbidden() -> Result<Reply, Rejection> {
    Err(Rejection::Forbidden)
}
