//! `init`: writes a small suite that runs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::options;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::{log, terminal};
use conformance_suite::shell;

use super::{Stopped, document, print};

/// The files of the suite.
const FILES: [(&str, &str); 3] = [
    ("suite.yaml", include_str!("init/suite.yaml")),
    ("requirements.yaml", include_str!("init/requirements.yaml")),
    ("pages/start.yaml", include_str!("init/pages.yaml")),
];

/// Writes a suite from the curl examples of a document, or else one with two steps for any web server.
pub(crate) fn init(options: &options::Init) -> Result<ExitCode, Stopped> {
    let folder = &options.folder;
    let is_empty = match folder.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_empty {
        let message = format!("{} is not an empty folder; nothing was written", folder.display());
        return Err(Diagnostic::new(message).help("name a folder that does not exist yet").into());
    }
    if let Some(document) = &options.from {
        return document::import(&options::Import::of_document(document, folder));
    }
    for (name, text) in FILES {
        write(&folder.join(name), text)?;
    }
    let name = folder.display().to_string();
    let name = shell::quote(&name);
    let next = format!(
        "wrote {name}: suite.yaml, requirements.yaml and pages/start.yaml\n\n\
         next:\n  \
         conformance check --suite {name}\n  \
         conformance run http://127.0.0.1:8000 --suite {name}     against a server that runs\n  \
         conformance run --suite {name} -- COMMAND                starts the server with $PORT\n"
    );
    print(&log(&terminal(&next)))
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|error| Diagnostic::new(format!("cannot write {}: {error}", path.display())))
}
