//! Paths whose value is known only at run time.

use super::*;

fn path_of(agent: Agent, value: &str) -> Result<String, String> {
    let mut scope = Scope::default();
    scope.set("next", &value.into());
    let request = Request::get(Text::parse("${next}").unwrap(), agent);
    request.prepare(&scope).map(|prepared| prepared.target).map_err(|error| error.to_string())
}

#[test]
fn suggests_a_slash_before_a_path_without_one() {
    let said = path_of(Agent::Conformance, "h/users").unwrap_err();
    assert!(said.starts_with("`${next}` makes the path `h/users`, which does not begin with `/`: "));
    assert!(said.ends_with(": write `/${next}`"), "{said}");
}

#[test]
fn curl_inserts_a_slash_before_a_query_or_an_empty_path() {
    assert_eq!(path_of(Agent::Curl, "?page=2").unwrap(), "/?page=2");
    assert_eq!(path_of(Agent::Curl, "").unwrap(), "/");
    assert!(path_of(Agent::Curl, "users").is_err() && path_of(Agent::Conformance, "").is_err());
    assert_eq!(path_of(Agent::Conformance, "/users").unwrap(), "/users");
}
