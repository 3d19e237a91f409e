//! From a curl command to the request that curl would send.
//!
//! In goes the command as a specification prints it and a reader for its `@file`s; out comes a [`Request`]. The rules
//! are those of curl's own manual; what cannot be honoured is refused, never guessed.

use std::path::Path;

use super::option::{self, Meaning};
use super::words::{place_of, split};
use crate::diagnostic::Diagnostic;
use crate::request::{Agent, Body, Field, JarUse, Part, Request, check_field_name, check_method};
use crate::source::Place;
use crate::suite::members::parse_text;
use crate::template::Text;

/// Reads a curl command.
///
/// `origin` is the specification's own, which the target's takes the place of; `files` reads a file that the command names.
///
/// # Errors
/// A command that is not curl, an option that is unknown or cannot be honoured, an address that is not under `origin`, or a
/// file that cannot be read, with a caret under the word.
pub fn parse(command: &str, origin: &str, files: Files<'_>, place: &Place) -> Result<Request, Diagnostic> {
    let words = split(command, place)?;
    let Some(("curl", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        let message = "a request is a curl command or a mapping, and this is neither";
        return Err(Diagnostic::at(place.clone(), message).help("it begins with `curl`, or has a `path`"));
    };
    let mut command = Command::new(origin, files, place);
    for given in option::read(words).map_err(|refused| command.refuse(&refused))? {
        command.apply(given.meaning, &given.word, &given.value)?;
    }
    command.finish()
}

/// Reads a file by its name beside the scenario.
pub type Files<'a> = &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// What the words have said so far.
struct Command<'a> {
    origin: &'a str,
    files: Files<'a>,
    place: &'a Place,
    address: Option<String>,
    method: Option<String>,
    headers: Vec<(String, Text)>,
    without: Vec<String>,
    data: Vec<Field>,
    parts: Vec<Part>,
    user: Option<Text>,
    cookies: Vec<Text>,
    jar: JarUse,
    switches: Vec<Meaning>,
    redirects: u32,
}

impl<'a> Command<'a> {
    fn new(origin: &'a str, files: Files<'a>, place: &'a Place) -> Self {
        Self {
            origin,
            files,
            place,
            address: None,
            method: None,
            headers: Vec::new(),
            without: Vec::new(),
            data: Vec::new(),
            parts: Vec::new(),
            user: None,
            cookies: Vec::new(),
            jar: JarUse::default(),
            switches: Vec::new(),
            // curl's own limit.
            redirects: 50,
        }
    }

    fn apply(&mut self, meaning: Meaning, word: &str, value: &str) -> Result<(), Diagnostic> {
        match meaning {
            Meaning::Method => {
                check_method(value, &place_of(value, self.place))?;
                self.method = Some(value.to_owned());
            }
            Meaning::Header => self.header(value)?,
            Meaning::Data => {
                let data = self
                    .file_or_text(value, |bytes| bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0)))?;
                self.data.push(data);
            }
            Meaning::DataRaw => self.data.push(Field::Text(self.text(value)?)),
            Meaning::DataBinary => self.data.push(self.file_or_text(value, |_| {})?),
            Meaning::DataUrlencode => self.data.push(self.urlencoded(value)?),
            Meaning::Json => {
                self.switches.push(meaning);
                self.data.push(self.file_or_text(value, |_| {})?);
            }
            Meaning::Form => self.parts.push(self.part(value)?),
            Meaning::FormString => {
                let (name, content) = self.named(value)?;
                self.parts.push(Part { content: Field::Text(self.text(content)?), ..part(name) });
            }
            Meaning::User => {
                // Without a colon curl would ask for the password at the terminal; it has none here.
                let credentials = if value.contains(':') { value.to_owned() } else { format!("{value}:") };
                self.user = Some(self.text(&credentials)?);
            }
            Meaning::Cookie if value.contains('=') => {
                self.cookies.push(self.text(value)?);
            }
            // Without `=` the value names a file of cookies: a jar of the scenario. One that nothing was put into has none.
            Meaning::Cookie => self.jar.reads = Some(value.to_owned()),
            Meaning::CookieJar => self.jar.keeps = Some(value.to_owned()),
            Meaning::Agent => self.set_header("User-Agent", value)?,
            Meaning::Referer => self.set_header("Referer", value)?,
            Meaning::Url => self.address(value)?,
            Meaning::Redirects => {
                self.redirects =
                    value.parse().map_err(|_| self.wrong(word, format!("`{word}` wants a number")))?;
            }
            Meaning::Get | Meaning::Head | Meaning::Location => self.switches.push(meaning),
            Meaning::Ignored | Meaning::IgnoredValue | Meaning::Basic => {}
        }
        Ok(())
    }

    fn address(&mut self, word: &str) -> Result<(), Diagnostic> {
        match self.address.replace(word.to_owned()) {
            None => Ok(()),
            Some(_) => Err(self
                .wrong(word, "a step sends one request, and this command names a second address")
                .help("quote a word that has spaces; give the second request a step of its own")),
        }
    }

    fn header(&mut self, line: &str) -> Result<(), Diagnostic> {
        if let Some((name, value)) = line.split_once(':') {
            check_field_name(name, &place_of(name, self.place))?;
            // curl drops the white space before the value and keeps what stands behind it.
            match value.trim_start() {
                "" => self.without.push(name.to_owned()),
                value => self.headers.push((name.to_owned(), self.text(value)?)),
            }
            return Ok(());
        }
        match line.strip_suffix(';') {
            Some(name) => self.headers.push((name.to_owned(), Text::literal(""))),
            None => {
                return Err(self
                    .wrong(line, "this header field has no colon, and curl would not send it")
                    .help("written as 'Name: value'; 'Name;' sends an empty one"));
            }
        }
        Ok(())
    }

    fn set_header(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        if value.is_empty() {
            self.without.push(name.to_owned());
        } else {
            let value = self.text(value)?;
            self.headers.push((name.to_owned(), value));
        }
        Ok(())
    }

    /// The five forms of `--data-urlencode`: `content`, `=content`, `name=content`, `@file`, `name@file`.
    fn urlencoded(&self, value: &str) -> Result<Field, Diagnostic> {
        let Some(at) = value.find(['=', '@']) else {
            return Ok(Field::Urlencoded { name: None, value: self.text(value)? });
        };
        let (name, rest) = (&value[..at], &value[at + 1..]);
        let name = (!name.is_empty()).then(|| name.to_owned());
        if value.as_bytes()[at] == b'=' {
            return Ok(Field::Urlencoded { name, value: self.text(rest)? });
        }
        let bytes = self.file(rest)?;
        let encoded = crate::request::form_encode(&bytes);
        let text = name.map_or(encoded.clone(), |name| format!("{name}={encoded}"));
        Ok(Field::Bytes(text.into_bytes()))
    }

    fn file_or_text(&self, value: &str, strip: impl Fn(&mut Vec<u8>)) -> Result<Field, Diagnostic> {
        let Some(path) = value.strip_prefix('@') else { return Ok(Field::Text(self.text(value)?)) };
        let mut bytes = self.file(path)?;
        strip(&mut bytes);
        Ok(Field::Bytes(bytes))
    }

    fn part(&self, value: &str) -> Result<Part, Diagnostic> {
        let (name, content) = self.named(value)?;
        let (content, parameters) = content.split_once(';').unwrap_or((content, ""));
        let mut part = part(name);
        for parameter in parameters.split(';').filter(|parameter| !parameter.is_empty()) {
            match parameter.trim().split_once('=') {
                Some(("type", content_type)) => part.content_type = Some(content_type.to_owned()),
                Some(("filename", filename)) => part.filename = Some(filename.trim_matches('"').to_owned()),
                _ => return Err(self.wrong(parameter, format!("`{parameter}` is not honoured in a form"))),
            }
        }
        match content.split_at_checked(1) {
            Some(("@", path)) => {
                let filename = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
                part.content_type.get_or_insert_with(|| media_type(path).to_owned());
                part.filename.get_or_insert(filename);
                part.content = Field::Bytes(self.file(path)?);
            }
            Some(("<", path)) => part.content = Field::Bytes(self.file(path)?),
            _ => part.content = Field::Text(self.text(content)?),
        }
        Ok(part)
    }

    fn named<'v>(&self, value: &'v str) -> Result<(&'v str, &'v str), Diagnostic> {
        value.split_once('=').ok_or_else(|| self.wrong(value, "a field of a form is written as name=content"))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Diagnostic> {
        if path == "-" {
            return Err(self.wrong("@-", "standard input cannot be honoured here").help("name a file"));
        }
        (self.files)(path).map_err(|error| {
            self.wrong(path, format!("the file `{path}` cannot be read: {error}"))
                .help("a file is looked for in the folder of the scenario")
        })
    }

    fn text(&self, written: &str) -> Result<Text, Diagnostic> {
        parse_text(written, self.place)
    }

    fn finish(self) -> Result<Request, Diagnostic> {
        let Some(address) = &self.address else {
            return Err(Diagnostic::at(self.place.clone(), "this command has no address"));
        };
        let (user, target) = self.target(address)?;
        if !self.data.is_empty() && !self.parts.is_empty() {
            return Err(self.wrong("-F", "curl sends either data or a form, not both"));
        }
        let mut request = Request::get(self.text(&target)?, Agent::Curl);
        let switched = |meaning| self.switches.contains(&meaning);
        let (get, head) = (switched(Meaning::Get), switched(Meaning::Head));
        let (json, location) = (switched(Meaning::Json), switched(Meaning::Location));
        if head && !get && (!self.data.is_empty() || !self.parts.is_empty()) {
            let word = if self.data.is_empty() { "-F" } else { "-d" };
            return Err(self
                .wrong(word, "curl sends either the method HEAD or data, not both")
                .help("with -G the data goes into the query"));
        }
        let carries = !self.data.is_empty() || !self.parts.is_empty();
        let inferred = match (head, carries && !get) {
            (true, _) => "HEAD",
            (false, true) => "POST",
            (false, false) => "GET",
        };
        request.method = self.method.unwrap_or_else(|| inferred.to_owned());
        request.headers = self.headers;
        request.without = self.without;
        request.cookies = self.cookies;
        request.jar = self.jar;
        request.basic = self.user.or(user);
        request.follow = if location { self.redirects } else { 0 };
        if get || head {
            request.query = self.data;
        } else if json {
            request.body = Body::JsonText(self.data);
        } else if !self.parts.is_empty() {
            request.body = Body::Multipart(self.parts);
        } else if !self.data.is_empty() {
            request.body = Body::Fields(self.data);
        }
        Ok(request)
    }

    /// Returns the credentials and the path and query of an address under the origin.
    fn target(&self, address: &str) -> Result<(Option<Text>, String), Diagnostic> {
        let (scheme, origin) = self.origin.split_once("://").unwrap_or(("http", self.origin));
        let rest = address.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")).unwrap_or(address);
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(authority_end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if host != origin {
            return Err(self
                .wrong(
                    address,
                    format!("this address is not under the specification's origin {}", self.origin),
                )
                .help("the origin is named in suite.yaml; the target's takes its place"));
        }
        let target = behind.split('#').next().unwrap_or_default();
        let mut pieces = target.split("${");
        let first = pieces.next().unwrap_or_default();
        let behind = pieces.map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
        let plain: String = std::iter::once(first).chain(behind).collect();
        if let Some(bad) = plain.chars().find(|character| matches!(character, ' ' | '[' | ']' | '{' | '}')) {
            return Err(self
                .wrong(address, format!("curl would not send `{bad}` in an address as it stands"))
                .help("percent-encode it; lists and ranges of addresses are not honoured"));
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok((user.map(|user| self.text(user)).transpose()?, target))
    }

    fn refuse(&self, refused: &option::Refused) -> Diagnostic {
        match refused {
            option::Refused::NoValue(word) => {
                self.wrong(word, format!("`{word}` is the last word here and wants a value"))
            }
            option::Refused::Unknown(word) => {
                let names: Vec<String> = option::names().collect();
                let wrong = self.wrong(word, format!("the option `{word}` of curl is not honoured here"));
                if word.starts_with("--") {
                    wrong.suggest(word, names.iter().map(String::as_str))
                } else {
                    // Every letter is near every other: none is what was meant.
                    wrong.help(format!("known here: {}", option::letters().collect::<Vec<_>>().join(", ")))
                }
            }
        }
    }

    fn wrong(&self, word: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(place_of(word, self.place), message)
    }
}

fn part(name: &str) -> Part {
    Part { name: name.to_owned(), filename: None, content_type: None, content: Field::Bytes(Vec::new()) }
}

/// The types that curl gives to files by their ending.
fn media_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
