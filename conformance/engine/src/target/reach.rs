//! Connects to a target that is already running, and checks which fixtures it holds.

use super::{Running, Unusable};
use crate::http::{HttpClient, Reading, Transport};
use conformance_suite::json::Json;
use conformance_suite::response::Response;
use conformance_suite::suite::{Fixture, Present, Profile, Suite};
use conformance_suite::template::Scope;

/// Connects to a running target and checks which of the named fixtures it holds.
///
/// # Errors
/// The connection failed, or the server does not speak HTTP.
pub async fn reach(
    base: &str,
    suite: &Suite,
    profile: &Profile,
    fixtures: &[String],
    transport: &Transport,
) -> Result<Running, Unusable> {
    let http = HttpClient::new(base, transport).map_err(Unusable::new)?;
    if let Some(ready) = suite.ready(profile) {
        let request = ready.prepare(&Scope::default()).map_err(|error| Unusable::new(error.to_string()))?;
        http.send(request, None, Reading::Whole)
            .await
            .outcome
            .map_err(|transport_error| Unusable::new(format!("{transport_error} ({base})")))?;
    }
    let mut running = Running::elsewhere(http);
    for (name, url) in &transport.origins {
        let other = HttpClient::new(url, transport).map_err(Unusable::new)?;
        running.others.insert(name.clone(), other);
    }
    if let Some(present) = &profile.present {
        for fixture in fixtures.iter().filter_map(|name| suite.fixture(name)) {
            let mut scope = suite.scope();
            scope.set("fixture", &fixture.value);
            let request =
                present.request.prepare(&scope).map_err(|error| Unusable::new(error.to_string()))?;
            let response = running
                .http
                .send(request, None, Reading::Whole)
                .await
                .outcome
                .map_err(|transport_error| Unusable::new(transport_error.to_string()))?;
            match find(present, fixture, &response) {
                Found::Same => {}
                Found::Other(value) => running.learned.push((fixture.name.clone(), value)),
                Found::Nothing => running.missing.push(fixture.name.clone()),
            }
        }
    }
    Ok(running)
}

enum Found {
    Nothing,
    Same,
    /// The target holds the fixture under another id. Contains the values that it returned.
    Other(Json),
}

/// Looks up a fixture in the response. The implementation may have assigned its own id, which is the first member of
/// `learn`. If that differs, the other members are taken from the response as well.
fn find(present: &Present, fixture: &Fixture, response: &Response) -> Found {
    if !present.status.allows(response.status, &Scope::default()) {
        return Found::Nothing;
    }
    let body = response.json().ok();
    let held = match (&present.by, &body) {
        (None, Some(body)) => body.as_object(),
        (None, None) => None,
        (Some(member), Some(Json::Array(elements))) => {
            let same = |element: &&Json| element.get(member) == fixture.value.get(member);
            match elements.iter().filter(|element| element.as_object().is_some()).find(same) {
                Some(found) => found.as_object(),
                None => return Found::Nothing,
            }
        }
        (Some(_), _) => return Found::Nothing,
    };
    let Some((held, identity)) = held.zip(present.learn.first()) else { return Found::Same };
    match held.get(identity) {
        Some(own) if Some(own) != fixture.value.get(identity) => {
            let mut members = fixture.value.as_object().cloned().unwrap_or_default();
            for member in &present.learn {
                members.insert(member.clone(), held.get(member).cloned().unwrap_or_default());
            }
            Found::Other(Json::Object(members))
        }
        _ => Found::Same,
    }
}
