//! Imports documents with shell sessions and browser recordings (HAR) as scenarios.
//!
//! If there is no suite yet, the manifest and the register are written too. Guesses are never silent: each one has a comment that begins
//! with `# unsure: `. Nothing is sent to the API, and only [`folder`] touches files and downloads a document.

mod answer;
mod between;
mod capture;
mod document;
mod download;
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

use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::Files;
use conformance_suite::source::{Place, Source};
use conformance_suite::suite::Suite;
use conformance_suite::yaml::page::UNSURE;

pub use step::step;

/// The result of an import.
#[derive(Debug, Default)]
pub struct Import {
    /// Names and contents of the files to write.
    pub files: Vec<(String, String)>,
    /// The number of exchanges that became steps.
    pub exchanges: usize,
    /// The commands that did not become steps, with the reasons.
    pub left_out: Vec<Diagnostic>,
}

/// Options of an import, and the context that it needs.
pub struct Wanted<'a> {
    /// The origin of the specification. Default: the origin that most commands use.
    pub origin: Option<String>,
    /// The profile that the scenarios run in.
    pub profile: Option<String>,
    /// The existing suite that the scenarios are added to.
    pub suite: Option<&'a Suite>,
    /// Reads a file that a command refers to, such as `-d @file`.
    pub files: Files<'a>,
}

/// An exchange as the document prints it or the browser recorded it.
#[derive(Debug, Clone)]
struct Exchange {
    /// The command as the scenario will contain it.
    command: String,
    place: Place,
    /// The comment after the command.
    comment: Option<String>,
    head: Option<printed::Head>,
    body: Body,
    /// Remarks for the reader, written as `# unsure:` comments.
    remarks: Vec<String>,
}

/// The body of a response, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// The document does not show the body.
    Unknown,
    /// The body has this text. If not `sure`, it may lack a newline at its end.
    Text { text: String, sure: bool },
}

/// The exchanges under one heading, in document order.
#[derive(Debug, Clone)]
struct Story {
    title: String,
    /// The command that started the target, if the document prints it.
    launched: Option<Launched>,
    exchanges: Vec<Exchange>,
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
/// Fails if no command of the document sends a request.
pub fn document(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (origin, stories) = document::stories(source, wanted)?;
    Ok(assemble(source, &origin, stories, wanted))
}

/// Imports a browser recording (HAR 1.2).
///
/// # Errors
/// Fails if the source is not a recording, or if it has no request to an API.
pub fn har(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (origin, stories) = har::stories(source, wanted)?;
    Ok(assemble(source, &origin, stories, wanted))
}

/// Maximum number of requests in a document: the time to find the values that they share is quadratic.
const MOST: usize = 5_000;

/// Checks the number of requests in a document.
fn check_number(number: usize, source: &Source) -> Result<(), Diagnostic> {
    if number <= MOST {
        return Ok(());
    }
    let message = format!("{} has {number} requests, more than {MOST}", source.path());
    Err(Diagnostic::new(message).help("split it into several documents"))
}

fn assemble(source: &Arc<Source>, origin: &str, stories: Vec<Story>, wanted: &Wanted<'_>) -> Import {
    let mut import = Import::default();
    let (mut stories_with_steps, empty): (Vec<_>, Vec<_>) =
        stories.into_iter().partition(|story| !story.exchanges.is_empty());
    between::mark(&mut stories_with_steps, origin, wanted);
    let around = manifest::Around::new(source, origin, &stories_with_steps, wanted);
    let mut names = BTreeSet::new();
    let mut register = Vec::new();
    for (index, story) in stories_with_steps.iter().enumerate() {
        let name = free(&slug(&story.title), &mut names);
        let (text, requirements) = scenario::write(story, &around, index, wanted);
        import.files.push((format!("{name}.yaml"), text));
        import.exchanges += story.exchanges.len();
        register.extend(requirements);
    }
    if wanted.suite.is_none() {
        import.files.insert(0, ("suite.yaml".to_owned(), around.manifest(&stories_with_steps)));
        import.files.insert(1, ("requirements.yaml".to_owned(), manifest::register(&register)));
    }
    for story in stories_with_steps.into_iter().chain(empty) {
        import.left_out.extend(story.left_out);
    }
    import.left_out.sort_by_key(|left_out| left_out.place().map(|place| place.span().start));
    import
}

impl Import {
    /// Lists the written files and the places marked `unsure`, with a summary line.
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

    /// Lists the commands that were left out, with the reasons.
    #[must_use]
    pub fn complaints(&self) -> String {
        self.left_out.iter().map(|left_out| format!("left out: {left_out}\n")).collect()
    }

    /// The places marked `unsure`: file, line (from 1) and remark.
    pub fn unsure(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.files.iter().flat_map(|(name, text)| {
            let lines = text.lines().enumerate();
            lines.filter_map(move |(index, line)| {
                Some((name.as_str(), index + 1, line.trim_start().strip_prefix(UNSURE)?))
            })
        })
    }
}

/// Returns the origin of the URL in a curl command.
#[must_use]
pub fn origin_of(command: &str) -> Option<String> {
    document::named_by(command)
}

/// Converts a text to a name of lower-case letters, digits and `-`, at most 60 characters long.
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

/// Returns `name`, or, if it is taken, `name-2`, `name-3`, …, and marks the result as taken.
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
