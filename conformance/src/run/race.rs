//! Sends the requests of a race, all at once.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::http::{Budget, Reading};
use crate::jar::Jar;
use crate::judge::Answer;
use crate::suite::Race;
use crate::target::Running;
use crate::template::{Scope, TemplateError};

/// Every request takes the cookies of the jar along, which keeps none of theirs: nobody can say which came last.
///
/// Returns the exchanges: the first of every request, the second of every request, and so on.
///
/// # Errors
/// An expression that has no value in this scope; nothing was sent then.
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
    // A request that first waited for its connection would come behind the others.
    let kept = requests.iter().filter(|(_, request)| request.raw.is_none()).count();
    running.http.open(kept).await;
    let mut tasks = JoinSet::new();
    let reading = Reading::Shared(Budget::of_race());
    for (place, (branch, request)) in requests.into_iter().enumerate() {
        let (running, mut jar, reading) = (Arc::clone(running), jar.cloned(), reading.clone());
        tasks.spawn(async move {
            let exchange = running.http.send(request, jar.as_mut(), reading).await;
            (place, Answer { branch, exchange })
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
