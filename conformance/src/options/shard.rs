//! Flags that split a run into shards, and flags of `merge`.

use std::path::PathBuf;

use clap::Args;

use super::OutputOptions;
use conformance_engine::shard::{self, Costs, Part};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::Plan;

/// Which shard of a run to take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct ShardOptions {
    /// Run only shard N of OF, for example 2/5; every scenario is in exactly one shard.
    #[arg(long, value_name = "N/OF")]
    pub shard: Option<Part>,
    /// Balance the shards by the timings of an earlier JSON Lines report.
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub shard_by: Option<PathBuf>,
}

/// `conformance merge`.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// Reports of all shards as JSON Lines, written by `run --shard 1/2 --report jsonl=FILE`; or the report of one whole run, to
    /// write it in other formats.
    #[arg(value_name = "FILE", required = true)]
    pub reports: Vec<PathBuf>,
    /// Output options.
    #[command(flatten)]
    pub output: OutputOptions,
}

impl ShardOptions {
    /// Returns the steps of a plan that belong to the shard; all of them if there is no `--shard`.
    ///
    /// # Errors
    /// The report of `--shard-by` cannot be read.
    pub(crate) fn cut(&self, plan: Plan) -> Result<Plan, Diagnostic> {
        let Some(part) = self.shard else { return Ok(plan) };
        let costs = self.shard_by.as_deref().map(Costs::read).transpose()?.unwrap_or_default();
        Ok(shard::cut(plan, part, &costs))
    }
}
