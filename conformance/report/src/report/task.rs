//! Groups requirements by task of the specification: by their clause, or by the part of their ids before the last dot.

use serde::Serialize;

use conformance_engine::event::{self, Standing};
use conformance_engine::outcome::Outcome;
use conformance_suite::suite::Level;

/// Requirements whose ids differ only in the last number, such as `SESSION-7.1` and `SESSION-7.2`.
#[derive(Debug, Clone, Serialize)]
pub struct Task<'a> {
    /// Common prefix of the ids, or the clause.
    pub id: &'a str,
    /// Title of its clause in the specification.
    pub title: &'a str,
    /// Its requirements in the order of the register.
    pub requirements: Vec<&'a Standing>,
}

/// Returns the task id of a requirement: its clause if its id has no dot, because ids such as `N-1` do not name a group.
#[must_use]
pub fn id<'a>(requirement: &'a str, clause: &'a str) -> &'a str {
    requirement.rsplit_once('.').map_or(clause, |(task, _)| task)
}

/// Returns the tasks in the order of the register.
#[must_use]
pub fn tasks(requirements: &[Standing]) -> Vec<Task<'_>> {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for standing in requirements {
        let id = id(&standing.id, &standing.clause);
        match tasks.iter_mut().find(|task| task.id == id) {
            Some(task) => task.requirements.push(standing),
            None => tasks.push(Task { id, title: &standing.clause, requirements: vec![standing] }),
        }
    }
    for task in &mut tasks {
        let differ = task.requirements.iter().any(|standing| standing.clause != task.title);
        if differ {
            // The text after the colon names a part of the task.
            task.title = task.title.split_once(": ").map_or(task.title, |(title, _)| title);
        }
    }
    tasks
}

impl Task<'_> {
    /// Returns how many requirements of a level pass, and how many were tested.
    #[must_use]
    pub fn held(&self, level: Level) -> (usize, usize) {
        event::held(self.requirements.iter().copied(), level)
    }

    /// Returns the worst outcome of the requirements of a level; none if no step ran.
    #[must_use]
    pub fn outcome(&self, level: Level) -> Option<Outcome> {
        let of_level = self.requirements.iter().filter(|standing| standing.level == level);
        of_level.filter_map(|standing| standing.outcome()).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance_engine::verdict::Verdict;

    fn standing(id: &str, clause: &str, verdict: Option<Verdict>) -> Standing {
        let (id, clause, text) = (id.to_owned(), clause.to_owned(), String::new());
        Standing {
            id,
            level: Level::Must,
            clause,
            text,
            verdict,
            deviates: false,
            outcome: None,
            reason: None,
            points: None,
            earned: None,
            hidden: false,
        }
    }

    #[test]
    fn groups_requirements_by_task_and_finds_the_common_title() {
        let requirements = [
            standing("BASIC-0.1", "0, Starter: routes", Some(Verdict::Pass)),
            standing("BASIC-0.2", "0, Starter: users", Some(Verdict::Fail)),
            standing("BASIC-0.3", "0, Starter: users", Some(Verdict::Skipped)),
            standing("BASIC-0.4", "0, Starter: users", None),
            standing("BASIC-1.1", "1, Handler: Unauthorized", None),
        ];
        let tasks = tasks(&requirements);
        assert_eq!((tasks[0].id, tasks[0].title), ("BASIC-0", "0, Starter"));
        assert_eq!((tasks[1].id, tasks[1].title), ("BASIC-1", "1, Handler: Unauthorized"));
        assert_eq!((tasks[0].held(Level::Must), tasks[0].held(Level::May)), ((1, 2), (0, 0)));
        let requirements =
            [standing("N-1", "Notes", None), standing("E-1", "Errors", None), standing("N-2", "Notes", None)];
        let tasks = super::tasks(&requirements);
        assert_eq!((tasks.len(), tasks[0].title, tasks[0].requirements.len()), (2, "Notes", 2));
    }
}
