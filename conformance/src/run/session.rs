//! A plan and a target, ready to play any scenario of it at any time, from any thread.

use std::collections::HashMap;

use tokio::sync::{Mutex, Semaphore};

use super::Options;
use super::scene::{Scene, untold};
use super::stage::{Stage, Unset};
use crate::event::Record;
use crate::plan::Plan;
use crate::target::Target;

/// What all scenarios of a run share.
pub struct Session {
    plan: Plan,
    pub(super) options: Options,
    /// A scenario holds a permit while it sends, not while it waits.
    pub(super) sending: Semaphore,
    /// The target of each group, or why it has none.
    stages: Vec<Result<Stage, Unset>>,
    /// Two targets cannot listen on the same port at once.
    ports: HashMap<u16, Mutex<()>>,
}

impl Session {
    /// Returns a session in which nothing has been started yet.
    #[must_use]
    pub fn new(plan: Plan, target: Target, options: Options) -> Self {
        let stages: Vec<_> = plan.groups.iter().map(|group| Stage::set(&plan.suite, &target, group, &options)).collect();
        let ports = stages.iter().filter_map(|stage| stage.as_ref().ok()?.port()).map(|port| (port, Mutex::new(())));
        let ports = ports.collect();
        Self { sending: Semaphore::new(options.jobs), plan, options, stages, ports }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Starts the target of a group, so that it is there when it is needed.
    pub(super) async fn warm_up(&self, group: usize) {
        if let Ok(stage) = &self.stages[group]
            && stage.port().is_none()
        {
            // What is wrong with it is told by the scenario that needs it.
            stage.running(&self.plan.suite, self.options.limit).await.ok();
        }
    }

    /// Plays one scenario of a group and returns the records of its steps.
    pub async fn play(&self, group: usize, trial: usize) -> Vec<Record> {
        let Some((stage, trial)) = self.stages.get(group).zip(self.plan.groups[group].trials.get(trial)) else {
            return Vec::new();
        };
        let stage = match stage {
            Ok(stage) => stage,
            Err(unset) => return untold(self, trial, unset),
        };
        // A target that listens on one port whatever it is told lives for one scenario, so that another can have the port.
        let port = match stage.port().and_then(|port| self.ports.get(&port)) {
            Some(port) => Some(port.lock().await),
            None => None,
        };
        let records = Scene::new(self, trial).play(stage).await;
        if port.is_some() || self.plan.groups[group].isolated {
            stage.strike().await;
        }
        records
    }

    /// Ends the target of a group.
    pub(super) async fn strike(&self, group: usize) {
        if let Ok(stage) = &self.stages[group] {
            stage.strike().await;
        }
    }

    /// Ends every target.
    pub async fn close(&self) {
        for group in 0..self.stages.len() {
            self.strike(group).await;
        }
    }
}
