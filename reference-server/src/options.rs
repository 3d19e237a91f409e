//! The flags of the program, `--help` and the manual page.
//!
//! The environment variables are described in [`VARIABLES`].

use std::fmt::Write as _;

use clap::{CommandFactory as _, Parser, ValueEnum};
use reference_server::settings::VARIABLES;

/// The sections of the manual page after ENVIRONMENT.
const LAST_SECTIONS: &str = "\
.SH FILES
.TP
\\&.db_User.json, .db_UserSession.json
the users and the stored sessions, in the working directory
.TP
\\&.db_User.journal, .db_UserSession.journal
changes that are not in these files yet
.SH EXIT STATUS
.TP
0
the server was stopped
.TP
1
the server did not start; stderr says why
.TP
2
a flag is wrong
.SH EXAMPLES
.nf
AUTH_TYPE=session_auth SESSION_NAME=_my_session_id reference\\-server \\-\\-log info
.fi
";

/// The Basic and Session authentication API, on hyper.
///
/// Users are stored in `.db_User.json` in the working directory, sessions in `.db_UserSession.json`. When it is ready,
/// the server prints its address on one line on stdout. SIGINT and SIGTERM stop it: requests in flight finish, for at
/// most 10 seconds, and new ones are refused. SIGHUP is ignored.
#[derive(Debug, Parser)]
#[command(name = "reference-server", version)]
pub(crate) struct Options {
    /// Log events of at least this level to stderr, as lines of JSON; info logs every request
    ///
    /// No line contains a password, a cookie or a query. Without this flag only failures to store a change are reported.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,

    /// Set `HttpOnly`, `SameSite=Strict` and `Secure` on the session cookie
    ///
    /// The specification sets none of them. Clients then send the cookie over HTTPS only, so the server needs a TLS
    /// proxy.
    #[arg(long)]
    pub(crate) harden: bool,

    /// Print the manual page, for `man -l -`
    #[arg(long)]
    pub(crate) man: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogLevel {
    /// Requests that failed because of the server
    Error,
    /// Also clients that were refused or sent malformed requests
    Warn,
    /// Also every request, the start and the stop
    Info,
    /// Also connections
    Debug,
}

impl Options {
    /// Parses the arguments of the process. Exits if they are wrong (exit code 2) or ask for help.
    pub(crate) fn read() -> Self {
        let mut variables = String::from("Environment:\n");
        for [name, default, meaning] in VARIABLES {
            // Writing to memory cannot fail.
            let _ = writeln!(variables, "  {name}\n          {meaning}\n          [default: {default}]\n");
        }
        let matches = Self::command().after_help(variables).get_matches();
        clap::FromArgMatches::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The manual page, in roff.
    pub(crate) fn manual() -> String {
        let mut page = Vec::new();
        // Writing to memory cannot fail.
        let _ = clap_mangen::Man::new(Self::command()).render(&mut page);
        let mut page = String::from_utf8_lossy(&page).into_owned();
        page.push_str(".SH ENVIRONMENT\n");
        for [name, default, meaning] in VARIABLES {
            let _ = writeln!(page, ".TP\n\\fB{name}\\fR\n{meaning} [default: {default}]");
        }
        page + LAST_SECTIONS
    }
}
