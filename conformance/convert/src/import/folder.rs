//! Reads the files of an import and writes its results.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::download::{download, is_url};
use super::{Import, Wanted, document, har, openapi, postman, rest};
use crate::pattern;
use conformance_openapi::Description;
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::source::Source;
use conformance_suite::suite::folder::open;
use conformance_suite::suite::{Folder, Suite};

/// Source, destination and options of an import.
#[derive(Debug)]
pub struct Order<'a> {
    /// The document or recording.
    pub from: From<'a>,
    /// The folder to write to.
    pub out: &'a Path,
    /// The origin of the specification, if given.
    pub origin: Option<&'a str>,
    /// The profile of every scenario, if given.
    pub profile: Option<&'a str>,
    /// Whether types and members are expected in the place of values.
    pub shape: bool,
    /// Whether existing files may be overwritten.
    pub force: bool,
}

/// The kind of source.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    /// A document that contains shell sessions: a path or a URL.
    Document(&'a str),
    /// A browser recording (HAR): a path or a URL.
    Har(&'a str),
    /// An OpenAPI description: a path or a URL.
    OpenApi(&'a str),
    /// A Postman collection: a path or a URL.
    Postman(&'a str),
    /// A file of requests, as REST clients of editors write it: a path or a URL.
    Rest(&'a str),
}

/// Imports into a folder, then loads the suite that the folder belongs to.
///
/// # Errors
/// Fails if a file cannot be read or written, if a file would be overwritten without `force`, if the document has no exchanges, or if the
/// resulting suite does not load.
pub fn import(order: &Order<'_>) -> Result<Import, Diagnostics> {
    let root = root(order.out);
    let suite = match &root {
        Some(root) => Some(Suite::load(&Folder::Directory(root.clone()))?),
        None => None,
    };
    if let (Some(suite), Some(name)) = (&suite, order.profile)
        && suite.profile(name).is_none()
    {
        let known = suite.profiles.iter().map(|profile| profile.name.as_str());
        return Err(Diagnostic::new(format!("the suite has no profile `{name}`"))
            .suggest(name, known)
            .into());
    }
    // What a command names is relative to the scenario, and belongs to the suite.
    let folder = Folder::Directory(root.clone().unwrap_or_else(|| order.out.to_owned()));
    let own = root
        .as_ref()
        .and_then(|root| absolute(order.out).strip_prefix(absolute(root)).ok().map(Path::to_owned));
    let own = own.unwrap_or_default();
    let files = |name: &str| folder.read(&own.join(name).to_string_lossy());
    let wanted = Wanted {
        origin: order.origin.map(|origin| origin.trim_end_matches('/').to_owned()),
        profile: order.profile.map(str::to_owned),
        suite: suite.as_ref(),
        files: &files,
        shape: order.shape,
        present: &|name| {
            let path = order.out.join(name);
            let is_file = path.symlink_metadata().is_ok_and(|file| file.is_file());
            is_file.then(|| String::from_utf8(read_file(&path).ok()?).ok()).flatten()
        },
    };
    let from = recognized(order.from);
    let import = match from {
        From::Document(from) => document(&read(from)?, &wanted)?,
        From::Har(from) => har(&read(from)?, &wanted)?,
        From::OpenApi(from) => openapi(&description(from)?, &wanted),
        From::Postman(from) => postman(&read(from)?, &wanted)?,
        From::Rest(from) => rest(&read(from)?, &wanted)?,
    };
    if import.exchanges == 0 {
        let (From::Document(from)
        | From::Har(from)
        | From::OpenApi(from)
        | From::Postman(from)
        | From::Rest(from)) = from;
        let mut wrong =
            Diagnostics::from(Diagnostic::new(format!("{from} has no exchange that can become a step")));
        import.left_out.into_iter().for_each(|left_out| wrong.push(left_out));
        return Err(wrong);
    }
    write(&import, order)?;
    let root = root.unwrap_or_else(|| order.out.to_owned());
    for (name, key, added) in &import.changed {
        add(&root.join(name), key, added)?;
    }
    Suite::load(&folder)?;
    Ok(import)
}

/// Returns the kind of a file that was given as a document: by its extension, and by what it begins with.
fn recognized(from: From<'_>) -> From<'_> {
    let From::Document(path) = from else { return from };
    if is_url(path) {
        return from;
    }
    let extension = Path::new(path).extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str().unwrap_or_default() {
        "har" => From::Har(path),
        "http" => From::Rest(path),
        "yaml" | "yml" | "json" if is_description(Path::new(path)) => From::OpenApi(path),
        _ => from,
    }
}

/// Whether a file is an OpenAPI description.
#[must_use]
pub fn is_description(path: &Path) -> bool {
    let text = read_file(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    OPENAPI.is_match(&text)
}

/// The member that every OpenAPI description has.
static OPENAPI: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?m)^(?:openapi|swagger)[ \t]*:|^\s*\{?\s*"(?:openapi|swagger)"\s*:\s*"\d"#));

/// Reads a description from a file, or from a URL, in which case its references to other files are not followed.
fn description(from: &str) -> Result<Description, Diagnostics> {
    if !is_url(from) {
        return Description::open(Path::new(from));
    }
    let bytes = download(from)?;
    let path = from.split(['?', '#']).next().unwrap_or(from);
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("openapi");
    let (folder, _) = path.rsplit_once('/').unwrap_or_default();
    let own = |wanted: &str| {
        if wanted == name { Ok(bytes.clone()) } else { Err(io::ErrorKind::NotFound.into()) }
    };
    Description::load(name, folder, &own)
}

fn read(document: &str) -> Result<Arc<Source>, Diagnostic> {
    let bytes = if is_url(document) {
        download(document)?
    } else {
        read_file(Path::new(document))
            .map_err(|error| Diagnostic::new(format!("the file {document} cannot be read: {error}")))?
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(document, text.trim_start_matches('\u{feff}'))),
        Err(_) => Err(Diagnostic::new(format!("the file {document} is not UTF-8")).help("save it in UTF-8")),
    }
}

/// Maximum size of a document in bytes. Recordings of a browser contain pictures.
const MAX_SIZE: u64 = 256 * 1024 * 1024;

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(io::Error::other(format!("it is larger than {} MiB", MAX_SIZE / 1024 / 1024)));
    }
    Ok(bytes)
}

/// Returns the root of the suite that a folder belongs to: the folder itself or one above it.
fn root(out: &Path) -> Option<PathBuf> {
    let is_suite = |folder: &&Path| folder.join("suite.yaml").is_file();
    if is_suite(&out) {
        return Some(out.to_owned());
    }
    absolute(out).ancestors().skip(1).find(is_suite).map(Path::to_owned)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Adds entries to the register, or to the variables or origins of the manifest.
fn add(path: &Path, key: &str, added: &str) -> Result<(), Diagnostic> {
    let failed = |error: io::Error| Diagnostic::new(format!("{} cannot be changed: {error}", path.display()));
    let mut text = fs::read_to_string(path).map_err(failed)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let is_manifest = path.ends_with("suite.yaml");
    // Entries of the register are at its end; an empty list in brackets cannot be continued.
    match text.lines().position(|line| line.split(" #").next().unwrap_or_default().trim_end() == key) {
        Some(at) if is_manifest => {
            let end: usize = text.split_inclusive('\n').take(at + 1).map(str::len).sum();
            text.insert_str(end, added);
        }
        Some(_) => text.push_str(added),
        None if !text.lines().any(|line| line.starts_with(key)) => {
            text.push_str(&format!("\n{key}\n{added}"));
        }
        None => {
            return Err(Diagnostic::new(format!(
                "{} has `{key}` on one line with its entries",
                path.display()
            ))
            .help(format!("write an entry per line, then add these:\n{added}")));
        }
    }
    fs::write(path, text).map_err(failed)
}

/// Writes the files. A link in the place of a file is never followed: without `force` it exists, with `force` it is replaced.
fn write(import: &Import, order: &Order<'_>) -> Result<(), Diagnostic> {
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
    let there = import.files.iter().map(|(name, _)| order.out.join(name)).find(is_there);
    if let Some(path) = there.filter(|_| !order.force) {
        return Err(Diagnostic::new(format!("the file {} already exists", path.display()))
            .help("nothing was written; use --force to overwrite it"));
    }
    let unwritable = |path: &Path, error: &io::Error| {
        Diagnostic::new(format!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(order.out).map_err(|error| unwritable(order.out, &error))?;
    for (name, text) in &import.files {
        let path = order.out.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        write_file(&path, text, order.force).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let options = match path.symlink_metadata() {
        Ok(about) if about.is_file() && force => OpenOptions::new().write(true).truncate(true).clone(),
        Ok(about) if about.is_symlink() && force => {
            fs::remove_file(path)?;
            OpenOptions::new().write(true).create_new(true).clone()
        }
        _ => OpenOptions::new().write(true).create_new(true).clone(),
    };
    options.open(path)?.write_all(text.as_bytes())
}
