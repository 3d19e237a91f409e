//! What becomes of a path when it is known.

use super::*;

fn told(agent: Agent, value: &str) -> Result<String, String> {
    let mut scope = Scope::default();
    scope.set("next", &value.into());
    let request = Request::get(Text::parse("${next}").unwrap(), agent);
    request.prepare(&scope).map(|prepared| prepared.target).map_err(|error| error.to_string())
}

#[test]
fn a_path_that_is_a_whole_address_is_told_how_its_part_is_kept() {
    let said = told(Agent::Conformance, "http://h/users").unwrap_err();
    assert!(said.starts_with("`${next}` makes the path `http://h/users`, which does not begin with `/`: "));
    assert!(
        said.ends_with(": a capture with a `pattern` keeps the part of an address from there on"),
        "{said}"
    );
}

#[test]
fn behind_a_host_curl_puts_the_slash_before_a_query_and_where_there_is_nothing() {
    assert_eq!(told(Agent::Curl, "?page=2").unwrap(), "/?page=2");
    assert_eq!(told(Agent::Curl, "").unwrap(), "/");
    assert!(told(Agent::Curl, "users").is_err() && told(Agent::Conformance, "").is_err());
    assert_eq!(told(Agent::Conformance, "/users").unwrap(), "/users");
}
