//! Flags about the description of the API.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use conformance_engine::run::Described;
use conformance_openapi::Description;
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::suite::{Folder, Level, Suite};

/// The description of the API.
#[derive(Debug, Args)]
#[command(next_help_heading = "OpenAPI")]
pub(crate) struct OpenApiOptions {
    /// Check every exchange against an OpenAPI description (3.0, 3.1 or 3.2; YAML or JSON) [default: `openapi` in suite.yaml].
    #[arg(long, value_name = "FILE")]
    pub openapi: Option<PathBuf>,
    /// Level of the requirement that every exchange matches the description [default: `level` in suite.yaml, else must].
    #[arg(long, value_name = "LEVEL")]
    pub openapi_level: Option<LevelOption>,
    /// Report members, header fields and query parameters that the description does not mention.
    #[arg(long)]
    pub openapi_strict: bool,
}

/// Levels of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelOption {
    /// Violations fail the run
    Must,
    /// Violations are reported and do not fail the run
    Should,
    /// Violations are reported and do not fail the run
    May,
}

impl OpenApiOptions {
    /// Loads the description that a flag or the suite names.
    ///
    /// # Errors
    /// It cannot be read or is invalid.
    pub(crate) fn described(&self, suite: &Suite, folder: &Folder) -> Result<Option<Described>, Diagnostics> {
        let mut described = match &self.openapi {
            Some(path) => {
                let mut description = Description::open(path)?;
                let of_suite = suite.openapi.as_ref();
                description.strict = of_suite.is_some_and(|own| own.strict);
                let level = of_suite.map_or(Level::Must, |own| own.level);
                Some(Described { description: Arc::new(description), level })
            }
            None => Described::of_suite(suite, folder)?,
        };
        if described.is_none() && (self.openapi_level.is_some() || self.openapi_strict) {
            let message = "--openapi-level and --openapi-strict need a description";
            return Err(Diagnostic::new(message)
                .help("name one with --openapi FILE, or with `openapi` in suite.yaml")
                .into());
        }
        if let Some(described) = &mut described {
            if let Some(level) = self.openapi_level {
                described.level = match level {
                    LevelOption::Must => Level::Must,
                    LevelOption::Should => Level::Should,
                    LevelOption::May => Level::May,
                };
            }
            if self.openapi_strict
                && let Some(description) = Arc::get_mut(&mut described.description)
            {
                description.strict = true;
            }
        }
        Ok(described)
    }
}
