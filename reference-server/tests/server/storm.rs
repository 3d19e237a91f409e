//! Sends `kill -9` at random moments of concurrent writes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::curl::JSON;
use crate::process::{BOB, Server, folder};

const CLIENTS: usize = 4;

/// Users by id, with their first names.
type Users = BTreeMap<String, Option<String>>;

/// A client that creates, changes and removes its own users on one connection.
#[derive(Default)]
struct Client {
    /// Its users after the acknowledged changes.
    users: Users,
    /// Its users whose removal was acknowledged.
    gone: BTreeSet<String>,
    /// The last request without a response.
    asked: Option<Asked>,
}

/// A change that may have been applied or not.
enum Asked {
    Create,
    Rename(String, String),
    Remove(String),
}

fn random(below: u128) -> u128 {
    // The last bits of a version 4 UUID are random, unlike some in the middle.
    Uuid::new_v4().as_u128() % (1 << 32) % below
}

impl Client {
    /// Sends changes until the server is gone or the count is reached.
    fn storm(&mut self, address: &str, changes: usize) {
        let Ok(mut stream) = TcpStream::connect(address) else { return };
        let Ok(mut reader) = stream.try_clone().map(BufReader::new) else { return };
        for _ in 0..changes {
            let (line, body) = self.ask();
            let length = body.len();
            let request =
                format!("{line} HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: {length}\r\n\r\n{body}");
            if stream.write_all(request.as_bytes()).is_err() {
                return;
            }
            let Some(response) = response(&mut reader) else { return };
            self.acknowledged(&response);
        }
    }

    fn ask(&mut self) -> (String, String) {
        let user = self.users.keys().nth(usize::try_from(random(20)).unwrap()).cloned();
        match (user, random(3)) {
            (Some(id), 0) => {
                let line = format!("DELETE /api/v1/users/{id}");
                self.asked = Some(Asked::Remove(id));
                (line, String::new())
            }
            (Some(id), 1) => {
                let (line, name) = (format!("PUT /api/v1/users/{id}"), Uuid::new_v4().to_string());
                let body = format!(r#"{{"first_name": "{name}"}}"#);
                self.asked = Some(Asked::Rename(id, name));
                (line, body)
            }
            _ => {
                self.asked = Some(Asked::Create);
                // Long enough that a checkpoint also happens during the writes.
                let body = format!(
                    r#"{{"email": "e", "password": "p", "last_name": "{}"}}"#,
                    "x".repeat(usize::try_from(random(5000)).unwrap())
                );
                ("POST /api/v1/users".to_owned(), body)
            }
        }
    }

    fn acknowledged(&mut self, response: &serde_json::Value) {
        match self.asked.take().unwrap() {
            Asked::Create => drop(self.users.insert(response["id"].as_str().unwrap().to_owned(), None)),
            Asked::Rename(id, name) => {
                assert_eq!(response["first_name"], name, "{response}");
                self.users.insert(id, Some(name));
            }
            Asked::Remove(id) => {
                assert_eq!(response.to_string(), "{}");
                self.users.remove(&id);
                self.gone.insert(id);
            }
        }
    }

    /// Compares the state after the next start with the acknowledged changes, and removes its own users from it.
    fn check(&mut self, found: &mut Users) {
        let asked = self.asked.take();
        self.users.retain(|id, acknowledged| {
            let name = found.remove(id);
            let is_as_asked = match &asked {
                Some(Asked::Rename(asked, new)) => asked == id && name.as_ref() == Some(&Some(new.clone())),
                Some(Asked::Remove(asked)) => asked == id && name.is_none(),
                _ => false,
            };
            assert!(is_as_asked || name.as_ref() == Some(acknowledged), "{id}: {name:?}, {acknowledged:?}");
            name.map(|name| *acknowledged = name).is_some()
        });
        let back: Vec<_> = self.gone.iter().filter(|id| found.contains_key(*id)).collect();
        assert!(back.is_empty(), "{back:?}");
    }
}

/// The JSON of a complete 2xx response; `None` if the server was gone before its end.
fn response(reader: &mut impl BufRead) -> Option<serde_json::Value> {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        reader.read_line(&mut head).ok().filter(|&read| read > 0)?;
        if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    assert!(head.starts_with("HTTP/1.1 20"), "{head}");
    Some(serde_json::from_slice(&body).unwrap())
}

fn users(server: &Server) -> Users {
    let users = server.curl("/api/v1/users", &[]).json();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (text(&user["id"]).unwrap(), text(&user["first_name"])))
        .collect()
}

#[test]
fn kill_9_loses_no_acknowledged_change() {
    let folder = folder(&[BOB]);
    let mut clients: [Client; CLIENTS] = Default::default();
    for round in 0..=100 {
        let server = Server::start(folder.path(), &[]);
        let mut found = users(&server);
        assert!(found.remove(BOB[0]).is_some(), "round {round}");
        for client in &mut clients {
            client.check(&mut found);
        }
        // Other users can only come from requests that were in flight when the server was killed, at most one for each
        // client.
        assert!(found.len() <= CLIENTS, "round {round}: {found:?}");
        for id in found.keys() {
            assert_eq!(server.curl(&format!("/api/v1/users/{id}"), &["-X", "DELETE"]).status, 200);
        }
        if round == 100 {
            return;
        }

        // In some rounds the writes end before the kill, so that it hits a checkpoint or the idle state.
        let calms_down = round % 5 == 0;
        let changes = if calms_down { 3 } else { usize::MAX };
        thread::scope(|scope| {
            for client in &mut clients {
                let address = server.address.clone();
                scope.spawn(move || client.storm(&address, changes));
            }
            let milliseconds = if calms_down { 220 + random(80) } else { random(40) };
            thread::sleep(Duration::from_micros(u64::try_from(1000 * milliseconds + random(1000)).unwrap()));
            server.kill();
        });
    }
}
