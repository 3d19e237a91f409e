//! The flags of the program: what may be said on the command line, `--help` and the manual page.
//!
//! The arguments go in, [`Options`] come out. They are described here and nowhere else; the variables of the
//! environment are described in [`VARIABLES`].

use std::fmt::Write as _;

use clap::{CommandFactory as _, Parser, ValueEnum};
use reference_server::settings::VARIABLES;

/// The Basic and Session authentication API, on hyper.
///
/// The users are kept in `.db_User.json` in the working directory, stored sessions in `.db_UserSession.json`. Once it
/// listens, the server prints its address in one line on stdout. SIGINT and SIGTERM stop it: requests in
/// flight finish, for at most 10 seconds, and new ones are refused. SIGHUP is passed over.
#[derive(Debug, Default, Parser)]
#[command(name = "reference-server", version)]
pub(crate) struct Options {
    /// Tell on stderr what is at least as grave, in lines of JSON; info tells of every request
    ///
    /// No line has a password, a cookie or a query in it. Nothing is told without this flag.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,

    /// Set `HttpOnly`, `SameSite=Strict` and `Secure` on the session cookie
    ///
    /// The specification sets none of them. Clients then send the cookie back over HTTPS only, so a proxy that
    /// speaks TLS must stand before the server.
    #[arg(long)]
    pub(crate) harden: bool,

    /// Print the manual page, for `man -l -`
    #[arg(long)]
    pub(crate) man: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogLevel {
    /// Requests that failed by the server's fault
    Error,
    /// Clients that were refused or not understood, too
    Warn,
    /// Every request, the start and the stop, too
    Info,
    /// Connections, too
    Debug,
}

impl Options {
    /// Reads the arguments of the process. Ends it when they are wrong (exit code 2), or ask for help.
    pub(crate) fn read() -> Self {
        // The course's command line has no flags: its start does not wait for the reader of flags.
        if std::env::args_os().len() <= 1 {
            return Self::default();
        }
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
        page.push_str(
            ".SH EXIT STATUS\n.TP\n0\nafter a stop\n.TP\n1\nwhen the server did not start; stderr says why\n\
             .TP\n2\nwhen a flag is wrong\n",
        );
        page
    }
}
