//! A copy of the repository in which the server is made wrong, and the compiler's word on it.
//!
//! In go mutants, out comes a build of the server in which each of them can be switched on by the variable `MUTANT`. Only this
//! room writes into the copy; the repository itself is read.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::listing::Mutant;
use crate::schema;

/// The copy.
pub(crate) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

/// What became of the mutants when the server was built with all of them.
#[derive(Default)]
pub(crate) struct Built {
    /// Numbers of those that do not compile.
    pub(crate) unviable: BTreeSet<usize>,
    /// Numbers of those that cannot be switched, and are built by themselves.
    pub(crate) apart: BTreeSet<usize>,
}

/// What the server gets to know which of its mutants is on.
const SWITCH: &str = r#"//! Which mutant is on.
/// Whether it is this one.
pub fn active(number: u32) -> bool {
    static ACTIVE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *ACTIVE.get_or_init(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(u32::MAX)) == number
}
"#;

/// What the library is called in its own files and in those of the program.
const LIBRARY: &str = "reference_server";

/// The errors that a mutant has by itself, however it is put into the file: types and traits that do not fit, names that are not there.
/// With any other it is built by itself before it is called unviable.
const ITS_OWN: [&str; 9] = ["E0277", "E0282", "E0283", "E0308", "E0369", "E0425", "E0433", "E0599", "E0600"];

impl Tree {
    /// Copies the repository to a folder, without what was built. Builds go to `target`.
    ///
    /// # Errors
    /// A sentence, when a file cannot be copied.
    pub(crate) fn copy(from: &Path, to: PathBuf, target: PathBuf) -> Result<Self, String> {
        copy(from, &to)
            .map_err(|error| format!("{} is not copied to {}: {error}", from.display(), to.display()))?;
        Ok(Self { root: to, target })
    }

    /// The copy of a file or a folder.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where the programs of the server are after a build.
    #[must_use]
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Builds the server as it stands in the copy. Says whether it builds.
    #[must_use]
    pub(crate) fn build(&self) -> bool {
        let mut cargo = self.cargo("build");
        cargo.args(["--bins", "--examples", "--quiet"]).output().is_ok_and(|output| output.status.success())
    }

    /// Builds the server with all mutants in it, and leaves out one after another that does not compile.
    ///
    /// # Errors
    /// A sentence, when the compiler complains of something that no mutant has brought about.
    pub(crate) fn build_switched(&self, mutants: &[Mutant]) -> Result<Built, String> {
        let mut built = Built::default();
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        let rights: Vec<(&str, String)> =
            files.into_iter().map(|file| Ok((file, self.read(file)?))).collect::<Result<_, String>>()?;
        self.write("reference-server/src/mutant.rs", SWITCH)?;
        let library = self.read("reference-server/src/lib.rs")?;
        loop {
            for (file, right) in &rights {
                let inside: Vec<(usize, &Mutant)> = mutants
                    .iter()
                    .enumerate()
                    .filter(|(number, mutant)| mutant.file == *file && !built.leaves_out(*number))
                    .collect();
                let schema =
                    schema::write(right, LIBRARY, &inside).map_err(|error| format!("{file}: {error}"))?;
                built.apart.extend(schema.apart);
                self.write(file, &schema.text)?;
            }
            self.write(
                "reference-server/src/lib.rs",
                &format!("{library}\nextern crate self as {LIBRARY};\n#[doc(hidden)]\npub mod mutant;\n"),
            )?;
            let complaints = self.complaints()?;
            if complaints.is_empty() {
                break;
            }
            let before = built.unviable.len() + built.apart.len();
            for complaint in &complaints {
                if let Some(number) = complaint.mutant() {
                    let own = ITS_OWN.contains(&complaint.code.as_str());
                    if own {
                        built.unviable.insert(number)
                    } else {
                        built.apart.insert(number)
                    };
                }
            }
            if built.unviable.len() + built.apart.len() == before {
                return Err(format!("no mutant explains what the compiler says: {}", complaints[0].said));
            }
        }
        if !self.build() {
            return Err("the server with all its mutants switched off does not build".to_owned());
        }
        for (file, right) in &rights {
            // The programs stay as they are; the sources are right again for those that are built by themselves.
            self.write(file, right)?;
        }
        self.write("reference-server/src/lib.rs", &library)?;
        Ok(built)
    }

    /// Builds the server with one mutant in the place of what is right. Says whether it builds.
    ///
    /// # Errors
    /// A sentence, when a file cannot be read or written.
    pub(crate) fn build_with(&self, mutant: &Mutant) -> Result<bool, String> {
        let right = self.read(&mutant.file)?;
        self.write(&mutant.file, &schema::replaced(&right, mutant))?;
        let builds = self.build();
        self.write(&mutant.file, &right)?;
        Ok(builds)
    }

    fn complaints(&self) -> Result<Vec<Complaint>, String> {
        let output = self
            .cargo("check")
            .args(["--lib", "--bins", "--message-format=json"])
            .output()
            .map_err(|error| format!("cargo does not start: {error}"))?;
        let lines = String::from_utf8_lossy(&output.stdout);
        let messages = lines.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let complaints: Vec<Complaint> =
            messages.filter_map(|line| line.message).filter_map(|message| self.complaint(message)).collect();
        if complaints.is_empty() && !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(complaints)
    }

    fn complaint(&self, message: Message) -> Option<Complaint> {
        let code = message.code.map(|code| code.code);
        let span = message.spans.into_iter().find(|span| span.is_primary);
        match (message.level.as_str(), span) {
            ("error", Some(span)) => Some(Complaint {
                text: self.read(&span.file_name).unwrap_or_default(),
                place: span.byte_start..span.byte_end,
                code: code.unwrap_or_default(),
                said: message.rendered,
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

/// An error of the compiler.
struct Complaint {
    text: String,
    place: Range<usize>,
    code: String,
    said: String,
}

impl Complaint {
    fn mutant(&self) -> Option<usize> {
        schema::mutant_at(&self.text, self.place.clone())
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
    spans: Vec<Place>,
    rendered: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Place {
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
