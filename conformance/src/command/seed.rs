//! `seed`: prints the fixtures that a running target needs.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::options::{self, SeedFormat};
use conformance_convert::seed::Seed;
use conformance_engine::exit::Exit;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::suite::Suite;

use super::{Stopped, written};

/// Prints the fixtures, or writes them to files without overwriting any.
pub(crate) fn seed(options: &options::Seed) -> Result<ExitCode, Stopped> {
    let suite = Suite::load(&options.suite.folder())?;
    if let Some(name) = options.profile.as_deref().filter(|name| suite.profile(name).is_none()) {
        let known = suite.profiles.iter().map(|profile| profile.name.as_str());
        return Err(Diagnostic::new(format!("the suite has no profile `{name}`"))
            .suggest(name, known)
            .into());
    }
    let seed = Seed::new(&suite, options.profile.as_deref()).map_err(Diagnostic::new)?;
    if let Some(folder) = &options.into {
        for (name, content) in &seed.files {
            let path = folder.join(name);
            let written = OpenOptions::new().write(true).create_new(true).open(&path);
            written
                .and_then(|mut file| file.write_all(content.as_bytes()))
                .map_err(|error| Diagnostic::new(format!("cannot write {}: {error}", path.display())))?;
        }
        return Ok(Exit::Conforms.into());
    }
    let base = options.url.as_deref().unwrap_or(&suite.origin);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = match options.format {
        SeedFormat::Files => seed.write_files(&mut out),
        SeedFormat::Curl => seed.write_curl(base, &mut out),
        SeedFormat::Json => seed.write_json(base, &mut out),
    };
    written(done.and_then(|()| out.flush()))
}
