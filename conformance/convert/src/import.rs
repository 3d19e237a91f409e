//! Imports documents with shell sessions and browser recordings (HAR) as scenarios.
//!
//! If there is no suite yet, the manifest and the register are written too. Guesses are never silent: each one has a comment that begins
//! with `# unsure: `. Nothing is sent to the API, and only [`folder`] touches files and downloads a document.

mod answer;
mod between;
mod capture;
mod collection;
mod command;
mod description;
mod document;
mod download;
pub mod folder;
pub(crate) mod fresh;
pub(crate) mod har;
mod httpie;
mod manifest;
mod origin;
mod placeholder;
mod postman;
mod printed;
mod rest;
mod scenario;
mod script;
mod secret;
mod shape;
mod status;
mod step;
mod summary;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use conformance_openapi::Description;
use conformance_suite::curl;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::{Agent, Files, Header, Prepared};
use conformance_suite::source::{Place, Source, Span};
use conformance_suite::suite::Suite;
use conformance_suite::yaml::page::Yaml;

pub use step::step;

/// The result of an import.
#[derive(Debug, Default)]
pub struct Import {
    /// Names and contents of the files to write.
    pub files: Vec<(String, String)>,
    /// The number of exchanges that became steps.
    pub exchanges: usize,
    /// What is added to files of the existing suite: their names relative to its root, the key, and its entries.
    pub changed: Vec<(&'static str, &'static str, String)>,
    /// The commands that did not become steps, with the reasons.
    pub left_out: Vec<Diagnostic>,
    /// The lines that mention a curl command outside of code, and were not read.
    pub unread: Vec<usize>,
    /// What else was not taken, such as the requests of a recording to other origins.
    pub notes: Vec<String>,
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
    /// Whether types and members are expected in the place of values.
    pub shape: bool,
    /// Returns the contents of a file that is in the output folder already.
    pub present: &'a dyn Fn(&str) -> Option<String>,
}

impl Wanted<'_> {
    /// The origin of the suite, or the one that was given.
    fn known_origin(&self) -> Option<String> {
        self.suite.map(|suite| suite.origin.clone()).or_else(|| self.origin.clone())
    }
}

/// An exchange as the document prints it or the browser recorded it.
#[derive(Debug, Clone)]
struct Exchange {
    /// The command as the scenario will contain it.
    command: String,
    /// The origin in its URL: that of the suite, or another one.
    origin: String,
    place: Place,
    /// The comment after the command.
    comment: Option<String>,
    head: Option<printed::Head>,
    body: Body,
    /// Remarks for the reader, written as `# unsure:` comments.
    remarks: Vec<String>,
    /// The name under which the shell keeps the body, and the JSON Pointer of the part that it keeps.
    capture: Option<(String, Option<String>)>,
    /// Members of the expectation that a test script of a collection checks.
    checks: Vec<(String, Yaml)>,
    /// Captures of variables that later requests of a collection use.
    sets: Vec<capture::Kept>,
    /// The number of the section of the document.
    section: usize,
}

/// The body of a response, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// The document does not show the body.
    Unknown,
    /// The body has this text. If not `sure`, the line end at its end is not known.
    Text { text: String, sure: bool },
    /// The body is binary and has this SHA-256 digest.
    Digest(String),
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

impl Story {
    fn new(title: String) -> Self {
        Self { title, launched: None, exchanges: Vec::new(), left_out: Vec::new() }
    }

    /// Adds an exchange, or the reason why it is left out.
    fn add(&mut self, exchange: Result<Exchange, Diagnostic>) {
        match exchange {
            Ok(exchange) => self.exchanges.push(exchange),
            Err(reason) => self.left_out.push(reason),
        }
    }
}

/// A command that starts a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Launched {
    env: Vec<(String, String)>,
    program: String,
}

/// Imports the sessions of a document.
///
/// # Errors
/// Fails if no command of the document sends a request.
pub fn document(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let document = document::read(source, wanted)?;
    let files = document::files(wanted, &document.files);
    let wanted =
        Wanted { files: &files, origin: wanted.origin.clone(), profile: wanted.profile.clone(), ..*wanted };
    let mut import = assemble(source, &document.origin, document.stories, &document.variables, &wanted)?;
    import.files.extend(document.files.iter().map(|(name, text)| (name.clone(), text.clone())));
    import.unread = document.unread;
    Ok(import)
}

/// An exchange as the import of a document reads it.
#[derive(Debug)]
pub struct Shown {
    /// The position of the command.
    pub place: Place,
    /// The heading above it.
    pub heading: String,
    /// The command as a step would have it, or why it cannot be a step.
    pub command: Result<String, String>,
    /// The origin in its URL.
    pub origin: String,
    /// The status, if the document prints it.
    pub status: Option<u16>,
    /// The body, if the document prints it.
    pub body: Option<String>,
}

/// The exchanges of a document.
#[derive(Debug, Default)]
pub struct Exchanges {
    /// The exchanges, in order.
    pub shown: Vec<Shown>,
    /// The names that `${…}` in them can have.
    pub names: Vec<String>,
    /// The files that commands send and the document prints.
    pub files: BTreeMap<String, String>,
}

/// Returns the exchanges of a document. `files` reads the files of the suite.
#[must_use]
pub fn exchanges(source: &Arc<Source>, suite: &Suite, files: Files<'_>) -> Exchanges {
    let (present, suite) = (|_: &str| None, Some(suite));
    let wanted = Wanted { origin: None, profile: None, suite, files, shape: false, present: &present };
    let Ok(document) = document::read(source, &wanted) else { return Exchanges::default() };
    let mut names: Vec<String> = document.variables.into_values().collect();
    let mut shown = Vec::new();
    for story in document.stories {
        for exchange in story.exchanges {
            names.extend(exchange.capture.map(|(name, _)| name));
            shown.push(Shown {
                place: exchange.place,
                heading: story.title.clone(),
                command: Ok(exchange.command),
                origin: exchange.origin,
                status: exchange.head.and_then(|head| head.status),
                body: match exchange.body {
                    Body::Text { text, .. } => Some(text),
                    Body::Unknown | Body::Digest(_) => None,
                },
            });
        }
        for left_out in story.left_out {
            let Some(place) = left_out.place().cloned() else { continue };
            let (heading, command) = (story.title.clone(), Err(left_out.message().to_owned()));
            let origin = document.origin.clone();
            shown.push(Shown { place, heading, command, origin, status: None, body: None });
        }
    }
    shown.sort_by_key(|shown| shown.place.span().start);
    Exchanges { shown, names, files: document.files }
}

/// Imports a browser recording (HAR 1.2).
///
/// # Errors
/// Fails if the source is not a recording, or if it has no request to an API.
pub fn har(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let recording = har::read(source, wanted)?;
    let mut import = assemble(source, &recording.origin, recording.stories, &recording.variables, wanted)?;
    import.notes = recording.notes;
    Ok(import)
}

/// Imports a Postman collection (format 2.0 or 2.1).
///
/// # Errors
/// Fails if the source is not a collection, or if it has no request.
pub fn postman(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (groups, variables) = postman::read(source)?;
    gathered(source, groups, variables, wanted)
}

/// Imports a file of requests as REST clients of editors write it (`.http`, `.rest`).
///
/// # Errors
/// Fails if it has no request.
pub fn rest(source: &Arc<Source>, wanted: &Wanted<'_>) -> Result<Import, Diagnostic> {
    let (groups, variables) = rest::read(source);
    gathered(source, groups, variables, wanted)
}

fn gathered(
    source: &Arc<Source>,
    groups: Vec<collection::Group>,
    mut variables: collection::Variables,
    wanted: &Wanted<'_>,
) -> Result<Import, Diagnostic> {
    let (origin, stories) = collection::stories(groups, &mut variables, source, wanted)?;
    assemble(source, &origin, stories, &variables.needed(), wanted)
}

/// Imports an OpenAPI description.
#[must_use]
pub fn openapi(description: &Description, wanted: &Wanted<'_>) -> Import {
    let first = wanted.suite.and_then(|suite| suite.profiles.first()).map(|profile| profile.name.as_str());
    let profile = wanted.profile.as_deref().or(first).filter(|_| wanted.suite.is_some());
    description::import(description, wanted.origin.as_deref(), profile)
}

/// Maximum number of requests in a document: the time to find the values that they share is quadratic.
const MOST: usize = 5_000;

/// Makes an import of stories.
///
/// # Errors
/// The document has too many requests.
fn assemble(
    source: &Arc<Source>,
    origin: &str,
    mut stories: Vec<Story>,
    variables: &BTreeMap<String, String>,
    wanted: &Wanted<'_>,
) -> Result<Import, Diagnostic> {
    let number: usize = stories.iter().map(|story| story.exchanges.len() + story.left_out.len()).sum();
    if number > MOST {
        let message = format!("{} has {number} requests, more than {MOST}", source.path());
        return Err(Diagnostic::new(message).help("split it into several documents"));
    }
    let mut import = Import::default();
    let sections: Vec<String> = stories.iter().map(|story| story.title.clone()).collect();
    for (section, story) in stories.iter_mut().enumerate() {
        story.exchanges.iter_mut().for_each(|exchange| exchange.section = section);
    }
    let (with_steps, empty): (Vec<_>, Vec<_>) =
        stories.into_iter().partition(|story| !story.exchanges.is_empty());
    let mut stories = between::joined(with_steps, wanted);
    between::mark(&mut stories, wanted);
    let around = manifest::Around::new(source, origin, &stories, sections, variables, wanted);
    let is_numbered =
        stories.len() == 1 || manifest::is_numbered(stories.iter().map(|story| story.title.as_str()));
    let own = format!("# From {},", scenario::document(source.path()));
    // The names of the manifest and the register.
    let mut names = BTreeSet::from(["suite".to_owned(), "requirements".to_owned()]);
    for (index, story) in stories.iter().enumerate() {
        let name = slug(&story.title);
        // Scenarios run in the order of their names, which is that of the document.
        let name = if is_numbered { name } else { format!("{:02}-{name}", index + 1) };
        let mut name = free(&name, &mut names);
        // A file of another document keeps its name.
        while (wanted.present)(&format!("{name}.yaml")).is_some_and(|text| !text.starts_with(&own)) {
            name = free(&name, &mut names);
        }
        import.files.push((format!("{name}.yaml"), scenario::write(story, &around, wanted)));
        import.exchanges += story.exchanges.len();
    }
    let entries = around.entries(&stories);
    if let Some(suite) = wanted.suite {
        import.changed = vec![
            ("requirements.yaml", "requirements:", entries),
            ("suite.yaml", "variables:", around.declarations(Some(suite))),
            ("suite.yaml", "origins:", around.origins()),
        ];
        import.changed.retain(|(_, _, added)| !added.is_empty());
    } else {
        import.files.insert(0, ("suite.yaml".to_owned(), around.manifest(&stories)));
        import.files.insert(1, ("requirements.yaml".to_owned(), manifest::REGISTER.to_owned() + &entries));
    }
    for story in stories.into_iter().chain(empty) {
        import.left_out.extend(story.left_out);
    }
    import.left_out.sort_by_key(|left_out| left_out.place().map(|place| place.span().start));
    Ok(import)
}

/// Writes a request as a curl command for this origin. The fields that curl adds by itself are not written.
///
/// # Errors
/// The request cannot be sent with curl.
fn command_of(
    mut request: Prepared,
    origin: &str,
    place: &Place,
    wanted: &Wanted<'_>,
) -> Result<String, Diagnostic> {
    for (name, value) in [("User-Agent", Agent::Curl.name()), ("Accept", "*/*")] {
        if !request.headers.iter().any(|header| header.is(name)) {
            request.headers.push(Header::new(name, value));
        }
    }
    let command = curl::command(&request, origin);
    curl::parse(&command, origin, wanted.files, place)?;
    Ok(command)
}

/// Returns the origin of the URL in a curl command.
#[must_use]
pub fn origin_of(command: &str) -> Option<String> {
    origin::named_by(command)
}

/// Returns the first occurrence of a text after a place, else the end of the place.
fn next(place: &Place, text: &str) -> Place {
    let end = place.span().end;
    place.source().place(Span::new(end, end)).find(text)
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
