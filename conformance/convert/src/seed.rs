//! Prints the data that a running target must hold: as files, as curl commands, or as JSON.
//!
//! Sends nothing. The data comes from the launch contract of the suite, which has the files and the request that
//! creates a fixture.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use conformance_engine::target;
use conformance_suite::curl;
use conformance_suite::suite::{Create, Fixture, Suite};

/// Data that a target must hold.
#[derive(Debug)]
pub struct Seed<'a> {
    suite: &'a Suite,
    fixtures: Vec<&'a Fixture>,
    /// Files of the launch contract, rendered with the fixtures.
    pub files: Vec<(String, String)>,
}

/// A fixture with the command that creates it, or why no command can.
type Made<'a> = (&'a str, Result<String, String>);

impl<'a> Seed<'a> {
    /// Collects the data for the scenarios of one profile, or of all profiles.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub fn new(suite: &'a Suite, profile: Option<&str>) -> Result<Self, String> {
        let played = suite.scenarios.iter().filter(|scenario| {
            profile.is_none_or(|profile| {
                // A target that is already running gets no isolated scenarios.
                !scenario.isolated && scenario.profiles.iter().any(|own| own == profile)
            })
        });
        let used: Vec<&String> = played.flat_map(|scenario| &scenario.fixtures).collect();
        let fixtures: Vec<&Fixture> =
            suite.fixtures.iter().filter(|fixture| used.contains(&&fixture.name)).collect();
        let names: Vec<String> = fixtures.iter().map(|fixture| fixture.name.clone()).collect();
        Ok(Self { suite, fixtures, files: target::seed(suite, &names)? })
    }

    /// Writes all files, each below a line with its name.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_files(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, (name, content)) in self.files.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            writeln!(out, "{gap}==> {name} <==\n{}", content.trim_end())?;
        }
        if self.files.is_empty() {
            writeln!(out, "the suite's launch contract has no files")?;
        }
        Ok(())
    }

    /// Writes a shell script that creates the fixtures through the API of the target at `base`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_curl(&self, base: &str, out: &mut impl Write) -> io::Result<()> {
        let Some(create) = &self.suite.launch.create else {
            return writeln!(
                out,
                "# The suite does not say how a fixture is made through the API; its files hold them all."
            );
        };
        let title = self.suite.profile(&create.profile).map_or("", |profile| profile.title.as_str());
        writeln!(out, "#!/bin/sh")?;
        writeln!(out, "# Start the target in the profile `{}`: {title}.", create.profile)?;
        writeln!(
            out,
            "# Afterwards start it again in the profile that is to be judged, with what it has stored."
        )?;
        for (name, made) in self.made(create, base) {
            match made {
                Ok(command) => writeln!(out, "{command}")?,
                Err(why) => writeln!(out, "# {name}: {why}; `conformance seed --format files` has it")?,
            }
        }
        Ok(())
    }

    /// Writes everything as one JSON object.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, base: &str, out: &mut impl Write) -> io::Result<()> {
        let files = self.files.iter().map(|(name, content)| (name.clone(), json!(content)));
        let made = self.suite.launch.create.as_ref().map(|create| self.made(create, base));
        let command = |name: &str| {
            let made = made.as_ref()?.iter().find(|(own, _)| *own == name)?;
            made.1.clone().ok()
        };
        let fixtures = self.fixtures.iter().map(
            |fixture| json!({"name": fixture.name, "value": fixture.value, "curl": command(&fixture.name)}),
        );
        let value = json!({
            "files": files.collect::<serde_json::Map<String, Json>>(),
            "fixtures": fixtures.collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &value)?;
        writeln!(out)
    }

    fn made(&self, create: &Create, base: &str) -> Vec<Made<'_>> {
        let made = self.fixtures.iter().map(|fixture| {
            let command = match impossible(create, &fixture.value) {
                Some(why) => Err(why),
                None => self.command(create, fixture, base),
            };
            (fixture.name.as_str(), command)
        });
        made.collect()
    }

    fn command(&self, create: &Create, fixture: &Fixture, base: &str) -> Result<String, String> {
        let mut scope = self.suite.scope();
        scope.set("fixture", &fixture.value);
        let prepared = create.request.prepare(&scope).map_err(|error| error.to_string())?;
        Ok(curl::render(&prepared, base, ""))
    }
}

/// Returns why no request can create a fixture, if so.
fn impossible(create: &Create, value: &conformance_suite::json::Json) -> Option<String> {
    let empty = [conformance_suite::json::Json::Null, "".into()];
    let holds = |member: &str| value.get(member).is_some_and(|value| !empty.contains(value));
    if let Some(lacking) = create.needs.iter().find(|member| !holds(member)) {
        return Some(format!("no request makes it without `{lacking}`"));
    }
    let refused = create.refuses.iter().find(|member| holds(member))?;
    Some(format!("no request makes its `{refused}`"))
}
