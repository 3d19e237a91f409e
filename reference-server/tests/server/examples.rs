//! Tests that the example programs print what the specification prints.

use std::collections::BTreeSet;

use regex::Regex;

use crate::process::{Server, example_program, folder, run, users_file};

/// The output of an example, with UUIDs replaced by `<1>`, `<2>`, … in the order of first appearance on the left of a
/// `=>` or elsewhere, and with the entries of dictionaries sorted.
fn printed(name: &str) -> String {
    let folder = folder(&[]);
    let output = run(&example_program(name), folder.path(), &[("AUTH_TYPE", "session_auth")]);
    assert!(output.status.success(), "{output:?}");
    normalised(&String::from_utf8(output.stdout).unwrap())
}

fn normalised(text: &str) -> String {
    let uuid = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").unwrap();
    let mut text = text.to_owned();
    for number in 1.. {
        let Some(found) = uuid.find(&text) else { break };
        text = text.replace(&found.as_str().to_owned(), &format!("<{number}>"));
    }
    let dictionary = Regex::new(r"\{(.*)\}").unwrap();
    let in_order = |captures: &regex::Captures<'_>| {
        let entries: BTreeSet<_> = captures[1].split(", ").collect();
        format!("{{{}}}", entries.into_iter().collect::<Vec<_>>().join(", "))
    };
    dictionary.replace_all(&text, in_order).into_owned()
}

#[test]
fn main_0_creates_a_user_for_the_server() {
    let folder = folder(&[]);
    let output = run(&example_program("main_0"), folder.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(normalised(&text), "New user: <1>\nBasic Base64: Ym9iQGhidG4uaW86SDBsYmVydG9uU2Nob29sOTgh\n");
    let user_id = text.lines().next().unwrap().strip_prefix("New user: ").unwrap();
    assert!(std::fs::read_to_string(users_file(folder.path())).unwrap().contains(user_id));

    let server = Server::start(folder.path(), &[("AUTH_TYPE", "basic_auth")]);
    let token = "Authorization: Basic Ym9iQGhidG4uaW86SDBsYmVydG9uU2Nob29sOTgh";
    assert_eq!(server.curl("/api/v1/users/me", &["-H", token]).json()["id"], user_id);
}

#[test]
fn main_1_prints_the_sessions_it_creates() {
    assert_eq!(
        printed("main_1"),
        "<class 'dict'>: {}\n\
         None => None: {}\n\
         89 => None: {}\n\
         abcde => <1>: {'<1>': 'abcde'}\n\
         fghij => <2>: {'<1>': 'abcde', '<2>': 'fghij'}\n\
         abcde => <3>: {'<1>': 'abcde', '<2>': 'fghij', '<3>': 'abcde'}\n"
    );
}

#[test]
fn main_2_prints_the_user_ids_it_finds() {
    assert_eq!(
        printed("main_2"),
        "abcde => <1>: {'<1>': 'abcde'}\n\
         fghij => <2>: {'<1>': 'abcde', '<2>': 'fghij'}\n\
         ---\n\
         None => None\n\
         89 => None\n\
         doesntexist => None\n\
         ---\n\
         <1> => abcde\n\
         <2> => fghij\n\
         ---\n\
         abcde => <3>: {'<1>': 'abcde', '<2>': 'fghij', '<3>': 'abcde'}\n\
         <3> => abcde\n\
         <1> => abcde\n"
    );
}
