//! Sends the requests of a race in parallel.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::http::{Budget, Reading};
use crate::judge::Answer;
use crate::target::Running;
use conformance_suite::jar::Jar;
use conformance_suite::request::{HttpVersion, Prepared};
use conformance_suite::suite::Race;
use conformance_suite::template::{Scope, TemplateError};

/// Sends the requests of a race. All requests carry the cookies of the jar; the jar does not store cookies of the
/// responses, since their order is undefined.
///
/// Returns the exchanges in rounds: the first of every request, then the second of every request, and so on.
///
/// # Errors
/// An expression has no value in this scope. In that case nothing was sent.
pub(super) async fn send(
    race: &Race,
    running: &Arc<Running>,
    scope: &Scope,
    jar: Option<&Jar>,
) -> Result<Vec<Answer>, TemplateError> {
    let rounds = race.branches.iter().map(|branch| branch.times).max().unwrap_or_default();
    let mut requests = Vec::new();
    for round in 0..rounds {
        for (index, branch) in race.branches.iter().enumerate().filter(|(_, branch)| round < branch.times) {
            requests.push((index, branch.request.prepare(scope)?));
        }
    }
    // Connect in advance, because a request that had to connect first would arrive after the others.
    let ahead = |request: &Prepared| request.raw.is_none() && request.version == HttpVersion::Http1;
    let kept = requests.iter().filter(|(_, request)| ahead(request)).count();
    running.http.open(kept).await;
    let mut tasks = JoinSet::new();
    let reading = Reading::Shared(Budget::of_race());
    for (place, (branch, request)) in requests.into_iter().enumerate() {
        let (running, mut jar, reading) = (Arc::clone(running), jar.cloned(), reading.clone());
        let at = race.branches.get(branch).and_then(|branch| branch.request.at.clone());
        tasks.spawn(async move {
            let http = running.client(at.as_deref()).unwrap_or(&running.http);
            let exchange = http.send(request, jar.as_mut(), reading).await;
            (place, Answer { branch, exchange })
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
