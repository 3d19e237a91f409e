//! From what a specification prints to scenarios.
//!
//! In goes a document with shell sessions, or a browser's recording (HAR); out comes an [`Import`]: the files of scenarios, and of a
//! suite around them where there is none yet. What the document does not tell is never guessed in silence: it stands under a
//! comment that begins with `# unsure: `. Nothing is sent, and only
//! [`folder`] touches files.

mod answer;
mod between;
mod capture;
mod document;
pub mod folder;
mod fresh;
mod har;
mod manifest;
mod printed;
mod scenario;
mod status;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use regex::Regex;

use crate::diagnostic::Diagnostic;
use crate::request::Files;
use crate::source::{Place, Source};
use crate::suite::Suite;
use crate::yaml::page::UNSURE;

pub use step::step;

/// What came of a document.
#[derive(Debug, Default)]
pub struct Import {
    /// The files: name and text.
    pub files: Vec<(String, String)>,
    /// How many exchanges became steps.
    pub exchanges: usize,
    /// The commands that became none, and why.
    pub left_out: Vec<Diagnostic>,
}

/// What the one who imports says beside the document.
pub struct Wanted<'a> {
    /// The specification's own origin; the one that most commands name unless it is said.
    pub origin: Option<String>,
    /// The profile that the scenarios run in.
    pub profile: Option<String>,
    /// The suite that the scenarios will belong to, if it is there.
    pub suite: Option<&'a Suite>,
    /// Reads a file that a command names.
    pub files: Files<'a>,
}

/// An exchange as it is printed or recorded.
#[derive(Debug, Clone)]
struct Seen {
    /// The command, as it will stand in the scenario.
    command: String,
    place: Place,
    /// What the document says of it in a comment.
    comment: Option<String>,
    head: Option<printed::Head>,
    body: Body,
    /// What a reader should know of the request.
    remarks: Vec<String>,
}

/// The body of an answer, as far as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// Nothing is told of it.
    Untold,
    /// It is this text, up to the line end at its end where that is not `sure`.
    Text { text: String, sure: bool },
}

/// The exchanges under one heading, in their order.
#[derive(Debug, Clone)]
struct Story {
    title: String,
    /// How the target was started for them, as far as it is printed.
    launched: Option<Launched>,
    seen: Vec<Seen>,
    left_out: Vec<Diagnostic>,
}

/// A command that starts a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Launched {
    env: Vec<(String, String)>,
    program: String,
}

/// Imports the shell sessions of a document.
///
/// # Errors
/// A document in which no command sends a request.
pub fn document(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (origin, stories) = document::stories(source, wanted)?;
    Ok(assemble(source, &origin, stories, wanted))
}

/// Imports a browser's recording.
///
/// # Errors
/// What is no recording, or one in which nothing speaks to an API.
pub fn har(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (origin, stories) = har::stories(source, wanted)?;
    Ok(assemble(source, &origin, stories, wanted))
}

fn assemble(source: &Arc<Source>, origin: &str, stories: Vec<Story>, wanted: &Wanted<'_>) -> Import {
    let mut import = Import::default();
    let (mut told, silent): (Vec<_>, Vec<_>) = stories.into_iter().partition(|story| !story.seen.is_empty());
    between::mark(&mut told, origin, wanted);
    let around = manifest::Around::new(source, origin, &told, wanted);
    let mut names = BTreeSet::new();
    let mut register = Vec::new();
    for (index, story) in told.iter().enumerate() {
        let name = free(&slug(&story.title), &mut names);
        let (text, demands) = scenario::write(story, &around, index, wanted);
        import.files.push((format!("{name}.yaml"), text));
        import.exchanges += story.seen.len();
        register.extend(demands);
    }
    if wanted.suite.is_none() {
        import.files.insert(0, ("suite.yaml".to_owned(), around.manifest(&told)));
        import.files.insert(1, ("requirements.yaml".to_owned(), manifest::register(&register)));
    }
    for story in told.into_iter().chain(silent) {
        import.left_out.extend(story.left_out);
    }
    import.left_out.sort_by_key(|left_out| left_out.place().map(|place| place.span().start));
    import
}

impl Import {
    /// Says what was written into a folder and what a reader should look at there.
    #[must_use]
    pub fn summary(&self, folder: &Path) -> String {
        let shown = |name: &str| folder.join(name).display().to_string();
        let mut page: String =
            self.files.iter().map(|(name, _)| format!("wrote {}\n", shown(name))).collect();
        for (name, line, sentence) in self.unsure() {
            page.push_str(&format!("unsure {}:{line}: {sentence}\n", shown(name)));
        }
        let (left_out, unsure) = (self.left_out.len(), self.unsure().count());
        let steps = self.exchanges;
        page + &format!(
            "{steps} exchanges became steps, {left_out} commands were left out, {unsure} places are unsure\n"
        )
    }

    /// Says which commands were left out, and why.
    #[must_use]
    pub fn complaints(&self) -> String {
        self.left_out.iter().map(|left_out| format!("left out: {left_out}\n")).collect()
    }

    /// Where something is unsure: the file, the line counted from 1, and the sentence.
    pub fn unsure(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.files.iter().flat_map(|(name, text)| {
            let lines = text.lines().enumerate();
            lines.filter_map(move |(index, line)| {
                Some((name.as_str(), index + 1, line.trim_start().strip_prefix(UNSURE)?))
            })
        })
    }
}

/// Returns the origin that a curl command names, if it names one.
#[must_use]
pub fn origin_of(command: &str) -> Option<String> {
    document::named_by(command)
}

/// Returns a name in small letters, digits and `-`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for one in text.chars() {
        if one.is_ascii_alphanumeric() {
            slug.push(one.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && one != '\'' && one != '’' {
            slug.push('-');
        }
    }
    let slug: String = slug.chars().take(60).collect();
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "scenario".to_owned() } else { slug.to_owned() }
}

/// Returns the name, or with a number behind it the first that is not taken.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    for number in 2.. {
        if taken.insert(free.clone()) {
            break;
        }
        free = format!("{name}-{number}");
    }
    free
}

#[expect(clippy::unwrap_used, reason = "called with constants only, and a test compiles each")]
fn pattern(written: &str) -> Regex {
    Regex::new(written).unwrap()
}
