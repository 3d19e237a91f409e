//! The rooms of the runner: what one takes from another leads one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Rooms = BTreeMap<String, BTreeSet<String>>;

/// Adds what the code below a folder takes from other rooms: `crate::NAME`, outside of comments and tests.
fn look(folder: &Path, room: Option<&str>, rooms: &mut Rooms) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs");
        let own = room.unwrap_or(module.unwrap_or(&name)).to_owned();
        if entry.file_type().unwrap().is_dir() {
            if name != "tests" {
                look(&entry.path(), Some(&own), rooms);
            }
        } else if module.is_some_and(|module| module != "tests") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.lines().filter_map(|line| line.split("//").next());
            for taken in code.flat_map(|line| line.split("crate::").skip(1)) {
                let other: String = taken.chars().take_while(char::is_ascii_lowercase).collect();
                if other != own && !other.is_empty() {
                    rooms.entry(own.clone()).or_default().insert(other);
                }
            }
        }
    }
}

/// Returns a way from a room back to itself, if there is one.
fn circle(room: &str, way: &mut Vec<String>, left: &mut BTreeSet<String>, rooms: &Rooms) -> bool {
    if let Some(at) = way.iter().position(|before| before == room) {
        way.drain(..at);
        way.push(room.to_owned());
        return true;
    }
    if left.contains(room) {
        return false;
    }
    way.push(room.to_owned());
    for next in rooms.get(room).into_iter().flatten() {
        if circle(next, way, left, rooms) {
            return true;
        }
    }
    way.pop();
    left.insert(room.to_owned());
    false
}

#[test]
fn no_way_through_the_rooms_leads_back() {
    let mut rooms = Rooms::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut rooms);
    assert!(rooms["suite"].contains("capture") && rooms["run"].contains("suite"), "{rooms:?}");
    let mut left = BTreeSet::new();
    for room in rooms.keys() {
        let mut way = Vec::new();
        assert!(!circle(room, &mut way, &mut left, &rooms), "{}", way.join(" takes from "));
    }
}
