//! Benchmarks the reference server against a bare hyper server, an axum server and Flask.
//!
//! Usage: `server-bench REFERENCE_SERVER FLASK VENV ROUNDS SECONDS [TABLE…]`; `make bench-server` fills in the
//! arguments. The servers of a table are up at the same time and are measured in turn, round by round, so that other
//! load on the machine affects all of them. The output is Markdown.

mod fleet;
mod load;
mod process;
mod table;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use tempfile::TempDir;

use fleet::{Fleet, SESSION_ID, SESSION_NAME, STATUS_BYTES, USER_BYTES, folder};
use load::Load;
use process::Server;
use table::{Row, median};

const FEW: usize = 100;
const MANY: usize = 100_000;
const SESSIONS: f64 = 1_000_000.0;
const CONNECTIONS: [usize; 3] = [1, 32, 256];

/// The configuration of a benchmark.
struct Bench {
    fleet: Fleet,
    rounds: usize,
    seconds: u32,
    scratch: TempDir,
}

type Done = Result<(), Box<dyn Error>>;

/// The name of a table and the function that prints it.
type Table = (&'static str, fn(&Bench) -> Done);

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Done {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some(([reference_server, flask, venv, rounds, seconds], names)) = arguments.split_first_chunk()
    else {
        return Err("usage: server-bench REFERENCE_SERVER FLASK VENV ROUNDS SECONDS [TABLE…]".into());
    };
    load::look_for_wrk()?;
    let own = std::env::current_exe()?.parent().ok_or("the path of this program has no parent")?.to_owned();
    let bench = Bench {
        fleet: Fleet {
            reference_server: Path::new(reference_server).canonicalize()?,
            own: own.canonicalize()?,
            flask: Path::new(flask).canonicalize()?,
            // Not canonicalized: the interpreter finds its environment by the path of its symbolic link.
            venv: std::path::absolute(venv)?,
        },
        rounds: rounds.parse()?,
        seconds: seconds.parse()?,
        scratch: tempfile::tempdir()?,
    };
    let tables: [Table; 6] = [
        ("start", Bench::start),
        ("status", Bench::status),
        ("me", Bench::me),
        ("login", Bench::login),
        ("basic", Bench::basic),
        ("post", Bench::post),
    ];
    if let Some(unknown) = names.iter().find(|name| tables.iter().all(|(table, _)| table != name)) {
        return Err(format!(
            "unknown table {unknown}; the tables are start, status, me, login, basic and post"
        )
        .into());
    }
    for (table, measure) in tables {
        if names.is_empty() || names.iter().any(|name| name == table) {
            measure(&bench)?;
        }
    }
    Ok(())
}

fn session(id: &str) -> Vec<(&'static str, String)> {
    vec![("Cookie", format!("{SESSION_NAME}={id}"))]
}

/// Logins of a hundred of `users` users.
fn logins(users: usize) -> Load {
    let form = || vec![("Content-Type", "application/x-www-form-urlencoded".to_owned())];
    let body = |number| format!("email=user{}@hbtn.io&password=pwd", number * (users / 100));
    let requests = (0..100).map(|number| (form(), body(number))).collect();
    Load { method: "POST", path: "/api/v1/auth_session/login", requests }
}

impl Bench {
    /// Measures the time to the first response and the memory after it.
    fn start(&self) -> Done {
        let (nobody, users) = (tempfile::tempdir()?, folder(FEW)?);
        let mut rows: [(&str, Vec<(f64, f64)>); 4] = [const { ("", Vec::new()) }; 4];
        for _ in 0..4 * self.rounds {
            let starts: [&dyn Fn() -> Result<Server, Box<dyn Error>>; 4] = [
                &|| self.fleet.bare(STATUS_BYTES),
                &|| self.fleet.reference("reference server", nobody.path(), Some("session_auth")),
                &|| self.fleet.reference("reference server, 100 users", users.path(), Some("session_auth")),
                &|| self.fleet.axum(),
            ];
            for (start, row) in starts.iter().zip(&mut rows) {
                let server = start()?;
                row.0 = server.name;
                row.1.push((server.first_response.as_secs_f64() * 1e3, server.memory() / (1024.0 * 1024.0)));
            }
        }
        println!("| start | first response ms | ratio | idle memory MiB | more than bare hyper MiB |");
        println!("|---|---:|---:|---:|---:|");
        let middle = |row: &[(f64, f64)]| {
            (median(row.iter().map(|start| start.0)), median(row.iter().map(|start| start.1)))
        };
        let (base_response, base_memory) = middle(&rows[0].1);
        for (name, row) in &rows {
            let (response, memory) = middle(row);
            let (ratio, more) = (response / base_response, memory - base_memory);
            println!("| {name} | {response:.1} | {ratio:.2} | {memory:.1} | {more:.1} |");
        }
        println!();
        Ok(())
    }

    fn status(&self) -> Done {
        let (users, stored) = (folder(FEW)?, folder(FEW)?);
        let servers = [
            self.fleet.bare(STATUS_BYTES)?,
            self.fleet.reference("reference server", users.path(), Some("session_auth"))?,
            self.fleet.axum()?,
            self.fleet.flask(stored.path())?,
            self.fleet.gunicorn(stored.path())?,
        ];
        let load = Load::get("/api/v1/status", Vec::new());
        let loads: Vec<_> = servers.iter().map(|server| (server, &load)).collect();
        self.tables("`GET /api/v1/status`", &CONNECTIONS, &loads)
    }

    fn me(&self) -> Done {
        let (few, many, stored) = (folder(FEW)?, folder(FEW)?, folder(FEW)?);
        let servers = [
            self.fleet.bare(USER_BYTES)?,
            self.fleet.reference("reference server", few.path(), Some("session_auth"))?,
            self.fleet.reference(
                "reference server, 1,000,000 sessions",
                many.path(),
                Some("session_auth"),
            )?,
            self.fleet.axum()?,
            self.fleet.flask(stored.path())?,
            self.fleet.gunicorn(stored.path())?,
        ];
        let before = servers[2].memory();
        let mut sessions = 0.0;
        while sessions < SESSIONS {
            sessions += logins(FEW).run(&servers[2], 32, 1, self.scratch.path())?.requests;
        }
        let bytes = (servers[2].memory() - before) / sessions;
        println!("A session takes {bytes:.0} bytes: {sessions} were opened.\n");

        let ids = [SESSION_ID.to_owned(), login(&servers[1])?, login(&servers[2])?];
        let loads = ids.map(|id| Load::get("/api/v1/users/me", session(&id)));
        let load_of = |server: &Server| match server.name {
            "reference server" => &loads[1],
            "reference server, 1,000,000 sessions" => &loads[2],
            _ => &loads[0],
        };
        let loads: Vec<_> = servers.iter().map(|server| (server, load_of(server))).collect();
        self.tables("`GET /api/v1/users/me` with a session", &CONNECTIONS, &loads)
    }

    fn login(&self) -> Done {
        let (few, many) = (folder(FEW)?, folder(MANY)?);
        let servers = [
            self.fleet.bare(USER_BYTES)?,
            self.fleet.reference("reference server, 100 users", few.path(), Some("session_auth"))?,
            self.fleet.reference("reference server, 100,000 users", many.path(), Some("session_auth"))?,
        ];
        let loads = [logins(FEW), logins(FEW), logins(MANY)];
        self.tables("login", &CONNECTIONS, &servers.iter().zip(&loads).collect::<Vec<_>>())
    }

    fn basic(&self) -> Done {
        let (few, many) = (folder(FEW)?, folder(MANY)?);
        let servers = [
            self.fleet.bare(USER_BYTES)?,
            self.fleet.reference("reference server, 100 users", few.path(), Some("basic_auth"))?,
            self.fleet.reference("reference server, 100,000 users", many.path(), Some("basic_auth"))?,
        ];
        let loads = [FEW, FEW, MANY].map(|users| {
            let credentials = |number| base64(&format!("user{}@hbtn.io:pwd", number * (users / 100)));
            let header = |number| vec![("Authorization", format!("Basic {}", credentials(number)))];
            let requests = (0..100).map(|number| (header(number), String::new())).collect();
            Load { method: "GET", path: "/api/v1/users/me", requests }
        });
        let loads: Vec<_> = servers.iter().zip(&loads).collect();
        self.tables("`GET /api/v1/users/me` with Basic authentication", &CONNECTIONS, &loads)
    }

    /// Measures durable writes by the number of users; each round has new folders.
    fn post(&self) -> Done {
        let json = vec![("Content-Type", "application/json".to_owned())];
        let body = r#"{"email": "eve@hbtn.io", "password": "pwd"}"#.to_owned();
        let load = Load { method: "POST", path: "/api/v1/users", requests: vec![(json, body)] };
        for connections in [1, 32] {
            let mut rows = [("100 users", FEW), ("100,000 users", MANY)]
                .map(|(name, users)| (users, Row { name: name.to_owned(), rounds: Vec::new() }));
            for _ in 0..self.rounds {
                for (users, row) in &mut rows {
                    let users = folder(*users)?;
                    let server = self.fleet.reference("reference server", users.path(), None)?;
                    row.rounds.push(load.run(&server, connections, 1, self.scratch.path())?);
                }
            }
            let rows = rows.map(|(_, row)| row);
            table::print(&title("`POST /api/v1/users`, on disk", connections), &rows);
        }
        Ok(())
    }

    fn tables(&self, what: &str, connections: &[usize], loads: &[(&Server, &Load)]) -> Done {
        for &connections in connections {
            let name = |server: &Server| server.name.to_owned();
            let mut rows: Vec<_> =
                loads.iter().map(|(server, _)| Row { name: name(server), rounds: Vec::new() }).collect();
            for _ in 0..self.rounds {
                for ((server, load), row) in loads.iter().zip(&mut rows) {
                    row.rounds.push(load.run(server, connections, self.seconds, self.scratch.path())?);
                }
            }
            table::print(&title(what, connections), &rows);
        }
        let memory = |server: &Server| server.memory() / (1024.0 * 1024.0);
        let mut line = "Memory after: ".to_owned();
        for (index, (server, _)) in loads.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(line, "{comma}{} {:.1} MiB", server.name, memory(server))?;
        }
        println!("{line}.\n");
        Ok(())
    }
}

fn title(what: &str, connections: usize) -> String {
    format!("{what}, {connections} connection{}", if connections == 1 { "" } else { "s" })
}

/// Logs in and returns the Session ID.
fn login(server: &Server) -> Result<String, Box<dyn Error>> {
    let body = "email=user0@hbtn.io&password=pwd";
    let response = server.ask(&format!(
        "POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    ))?;
    let cookie = format!("{SESSION_NAME}=");
    let id = response.split(&cookie).nth(1).and_then(|rest| rest.split(';').next());
    Ok(id.ok_or_else(|| format!("{} created no session: {response}", server.name))?.to_owned())
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for bytes in text.as_bytes().chunks(3) {
        let word = bytes.iter().fold(0, |word: usize, &byte| word << 8 | usize::from(byte))
            << (8 * (3 - bytes.len()));
        for place in 0..4 {
            let digit = char::from(DIGITS[word >> (18 - 6 * place) & 63]);
            encoded.push(if place <= bytes.len() { digit } else { '=' });
        }
    }
    encoded
}
