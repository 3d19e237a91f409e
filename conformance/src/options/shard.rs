//! Which part of a run is wanted, where it is split across machines, and the reports that are joined again.

use std::path::PathBuf;

use clap::Args;

use super::OutputOptions;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::shard::{self, Costs, Part};

/// Which part is taken.
#[derive(Debug, Args)]
pub struct ShardOptions {
    /// Only one part of several, as 2/5: each scenario falls in exactly one, the same on every machine.
    #[arg(long, value_name = "N/OF")]
    pub shard: Option<Part>,
    /// Splits by what the scenarios took in an earlier run, as its JSON Lines tell it, in place of their steps and waits.
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub shard_by: Option<PathBuf>,
}

/// `conformance merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// The reports of all shards of one run: JSON Lines, as `run --shard 1/2 --report jsonl=FILE` writes them.
    #[arg(value_name = "FILE", required = true)]
    pub reports: Vec<PathBuf>,
    /// What is told, and where.
    #[command(flatten)]
    pub telling: OutputOptions,
}

impl ShardOptions {
    /// Returns the part of a plan that is wanted, or all of it.
    ///
    /// # Errors
    /// A report of an earlier run that cannot be read.
    pub fn cut(&self, plan: Plan) -> Result<Plan, Diagnostic> {
        let Some(part) = self.shard else { return Ok(plan) };
        let costs = self.shard_by.as_deref().map(Costs::read).transpose()?.unwrap_or_default();
        Ok(shard::cut(plan, part, &costs))
    }
}
