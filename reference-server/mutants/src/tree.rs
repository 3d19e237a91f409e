//! A copy of the repository in which mutants are built.
//!
//! A build contains every mutant, and the environment variable `MUTANT` selects one. Only this module writes to the
//! copy; the repository itself is only read.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::listing::Mutant;
use crate::schema;

/// The copy of the repository.
pub(crate) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

/// The mutants that could not be built together with the others.
#[derive(Default)]
pub(crate) struct Built {
    /// The numbers of the mutants that do not compile.
    pub(crate) unviable: BTreeSet<usize>,
    /// The numbers of the mutants that cannot be switched and need their own build.
    pub(crate) apart: BTreeSet<usize>,
}

/// The module that selects the active mutant.
const SWITCH: &str = r#"//! Selects the active mutant.
/// Whether this mutant is active.
pub fn active(number: u32) -> bool {
    static ACTIVE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *ACTIVE.get_or_init(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(u32::MAX)) == number
}
"#;

/// The name of the library crate, in its own files and in the program's.
const LIBRARY: &str = "reference_server";

/// Compiler errors that a mutant causes however it is inserted: mismatched types and traits, unknown names. After any
/// other error it gets its own build before it counts as unviable.
const ITS_OWN: [&str; 9] = ["E0277", "E0282", "E0283", "E0308", "E0369", "E0425", "E0433", "E0599", "E0600"];

impl Tree {
    /// Copies the repository to a folder, without build artifacts. Builds go to `target`.
    ///
    /// # Errors
    /// A message if a file cannot be copied.
    pub(crate) fn copy(from: &Path, to: PathBuf, target: PathBuf) -> Result<Self, String> {
        copy(from, &to)
            .map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))?;
        Ok(Self { root: to, target })
    }

    /// The path of a file or folder in the copy.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The folder of the server's programs after a build.
    #[must_use]
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Builds the server from the copy. Returns whether that succeeds.
    #[must_use]
    pub(crate) fn build(&self) -> bool {
        let mut cargo = self.cargo("build");
        cargo.args(["--bins", "--examples", "--quiet"]).output().is_ok_and(|output| output.status.success())
    }

    /// Builds the server with all mutants and leaves out those that do not compile.
    ///
    /// # Errors
    /// A message if the compiler reports an error that no mutant causes.
    pub(crate) fn build_switched(&self, mutants: &[Mutant]) -> Result<Built, String> {
        let mut built = Built::default();
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        let originals: Vec<(&str, String)> =
            files.into_iter().map(|file| Ok((file, self.read(file)?))).collect::<Result<_, String>>()?;
        self.write("reference-server/src/mutant.rs", SWITCH)?;
        let library = self.read("reference-server/src/lib.rs")?;
        loop {
            for (file, original) in &originals {
                let inside: Vec<(usize, &Mutant)> = mutants
                    .iter()
                    .enumerate()
                    .filter(|(number, mutant)| mutant.file == *file && !built.leaves_out(*number))
                    .collect();
                let schema =
                    schema::write(original, LIBRARY, &inside).map_err(|error| format!("{file}: {error}"))?;
                built.apart.extend(schema.apart);
                self.write(file, &schema.text)?;
            }
            self.write(
                "reference-server/src/lib.rs",
                &format!("{library}\nextern crate self as {LIBRARY};\n#[doc(hidden)]\npub mod mutant;\n"),
            )?;
            let diagnostics = self.diagnostics()?;
            if diagnostics.is_empty() {
                break;
            }
            let before = built.unviable.len() + built.apart.len();
            for diagnostic in &diagnostics {
                if let Some(number) = diagnostic.mutant() {
                    let own = ITS_OWN.contains(&diagnostic.code.as_str());
                    if own {
                        built.unviable.insert(number)
                    } else {
                        built.apart.insert(number)
                    };
                }
            }
            if built.unviable.len() + built.apart.len() == before {
                return Err(format!("no mutant causes this compiler error: {}", diagnostics[0].message));
            }
        }
        if !self.build() {
            return Err("the server does not build with all mutants switched off".to_owned());
        }
        for (file, original) in &originals {
            // The programs stay; the sources are restored for the mutants that get their own build.
            self.write(file, original)?;
        }
        self.write("reference-server/src/lib.rs", &library)?;
        Ok(built)
    }

    /// Builds the server with one mutant applied. Returns whether that succeeds.
    ///
    /// # Errors
    /// A message if a file cannot be read or written.
    pub(crate) fn build_with(&self, mutant: &Mutant) -> Result<bool, String> {
        let original = self.read(&mutant.file)?;
        self.write(&mutant.file, &schema::replaced(&original, mutant))?;
        let builds = self.build();
        self.write(&mutant.file, &original)?;
        Ok(builds)
    }

    fn diagnostics(&self) -> Result<Vec<Diagnostic>, String> {
        let output = self
            .cargo("check")
            .args(["--lib", "--bins", "--message-format=json"])
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let lines = String::from_utf8_lossy(&output.stdout);
        let messages = lines.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let diagnostics: Vec<Diagnostic> =
            messages.filter_map(|line| line.message).filter_map(|message| self.diagnostic(message)).collect();
        if diagnostics.is_empty() && !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(diagnostics)
    }

    fn diagnostic(&self, message: Message) -> Option<Diagnostic> {
        let code = message.code.map(|code| code.code);
        let span = message.spans.into_iter().find(|span| span.is_primary);
        match (message.level.as_str(), span) {
            ("error", Some(span)) => Some(Diagnostic {
                text: self.read(&span.file_name).unwrap_or_default(),
                range: span.byte_start..span.byte_end,
                code: code.unwrap_or_default(),
                message: message.rendered,
            }),
            _ => None,
        }
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .args([command, "--package", "reference-server"])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }

    fn read(&self, name: &str) -> Result<String, String> {
        fs::read_to_string(self.root.join(name)).map_err(|error| format!("{name}: {error}"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.root.join(name), text).map_err(|error| format!("{name}: {error}"))
    }
}

impl Built {
    fn leaves_out(&self, number: usize) -> bool {
        self.unviable.contains(&number) || self.apart.contains(&number)
    }
}

/// A compiler error.
struct Diagnostic {
    text: String,
    range: Range<usize>,
    code: String,
    message: String,
}

impl Diagnostic {
    fn mutant(&self) -> Option<usize> {
        schema::mutant_at(&self.text, self.range.clone())
    }
}

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    rendered: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if ["target", ".git", "node_modules"].iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (source, copied) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            copy(&source, &copied)?;
        } else {
            fs::copy(&source, &copied)?;
        }
    }
    Ok(())
}
