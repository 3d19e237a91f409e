//! Parses a curl command into the request that curl would send.
//!
//! The rules are those of curl's manual. Unsupported options are rejected, never guessed.

use super::option::{self, Meaning};
use super::reader::Reader;
use super::words::{place_of, split};
use super::{address, form};
use crate::diagnostic::Diagnostic;
use crate::request::{
    Agent, Body, Field, Files, Header, HttpVersion, JarUse, Part, Request, check_field_name, check_method,
    parted,
};
use crate::source::Place;
use crate::template::Text;

/// Parses a curl command.
///
/// `origin` is the origin of the specification, which requests replace by the target's; `files` reads a file that the command
/// names.
///
/// # Errors
/// A command other than curl, an unknown or unsupported option, a URL that is not under `origin`, or an unreadable file, at the
/// location of the word.
pub fn parse(command: &str, origin: &str, files: Files<'_>, place: &Place) -> Result<Request, Diagnostic> {
    let words = split(command, place)?;
    let Some(("curl", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        let message = "a request must be a curl command or a mapping";
        return Err(Diagnostic::at(place.clone(), message)
            .help("begin the command with `curl`, or write a mapping with a `path`"));
    };
    let mut command = Command::new(origin, Reader { files, place });
    for given in option::read(words).map_err(|refused| command.refuse(&refused))? {
        command.apply(given.meaning, given.word, given.value)?;
    }
    command.finish()
}

/// The Accept-Encoding of `--compressed`, as sent by a curl that is built with all its decoders.
pub const COMPRESSED: &str = "deflate, gzip, br, zstd";

/// The options parsed so far.
struct Command<'a> {
    origin: &'a str,
    reader: Reader<'a>,
    address: Option<String>,
    method: Option<String>,
    /// The fields of `-H`.
    headers: Vec<Header<Text>>,
    /// The names of fields removed by `-H`.
    without: Vec<String>,
    /// Fields set by other options: the last one of each name is sent, unless `-H` names it.
    fields: Vec<Header<Text>>,
    /// The fields of the body, each with a flag that says whether it needs `&` before it.
    data: Vec<(Field, bool)>,
    query: Vec<Field>,
    parts: Vec<Part>,
    user: Option<Text>,
    cookies: Vec<Text>,
    jar: JarUse,
    switches: Vec<Meaning>,
    redirects: u32,
    version: HttpVersion,
}

impl<'a> Command<'a> {
    fn new(origin: &'a str, reader: Reader<'a>) -> Self {
        Self {
            origin,
            reader,
            address: None,
            method: None,
            headers: Vec::new(),
            without: Vec::new(),
            fields: Vec::new(),
            data: Vec::new(),
            query: Vec::new(),
            parts: Vec::new(),
            user: None,
            cookies: Vec::new(),
            jar: JarUse::default(),
            switches: Vec::new(),
            // The default of curl.
            redirects: 50,
            version: HttpVersion::Http1,
        }
    }

    fn apply(&mut self, meaning: Meaning, word: &str, value: &str) -> Result<(), Diagnostic> {
        match meaning {
            Meaning::Method => {
                let spot = if value.is_empty() { word } else { value };
                check_method(value, &place_of(spot, self.reader.place))?;
                self.method = Some(value.to_owned());
            }
            Meaning::Header => self.header(value)?,
            Meaning::Data => {
                let data = self
                    .file_or_text(value, |bytes| bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0)))?;
                self.data.push((data, true));
            }
            Meaning::DataRaw => self.data.push((Field::Text(self.reader.text(value)?), true)),
            Meaning::DataBinary => self.data.push((self.file_or_text(value, |_| {})?, true)),
            Meaning::DataUrlencode => self.data.push((self.urlencoded(value)?, true)),
            Meaning::Json => {
                self.switches.push(meaning);
                self.data.push((self.file_or_text(value, |_| {})?, false));
            }
            Meaning::UrlQuery => self.query.push(match value.strip_prefix('+') {
                Some(plain) => Field::Text(self.reader.text(plain)?),
                None => self.urlencoded(value)?,
            }),
            Meaning::Form => self.parts.push(form::part(value, &self.reader)?),
            Meaning::FormString => {
                let (name, content) = form::named(value, &self.reader)?;
                let content = Field::Text(self.reader.text(content)?);
                self.parts.push(Part { content, ..Part::new(name) });
            }
            Meaning::User => self.user = Some(self.reader.text(value)?),
            Meaning::Bearer => self.field("Authorization", &format!("Bearer {value}"))?,
            Meaning::Range => self.field("Range", &format!("bytes={value}"))?,
            // With an expression, the value decides at run time.
            Meaning::Cookie if value.contains('=') || value.contains("${") => {
                self.cookies.push(self.reader.text(value)?);
            }
            // Without `=`, the value names a cookie file: a jar of the scenario, which may still be empty.
            Meaning::Cookie => self.jar.reads = Some(value.to_owned()),
            Meaning::CookieJar => self.jar.keeps = Some(value.to_owned()),
            Meaning::Agent => self.field("User-Agent", value)?,
            Meaning::Referer if value.ends_with(";auto") => {
                return Err(self
                    .reader
                    .wrong(value, "a referer that follows redirects (;auto) is not supported"));
            }
            Meaning::Referer => self.field("Referer", value)?,
            Meaning::Url => self.address(value)?,
            Meaning::Redirects => {
                self.redirects =
                    value.parse().map_err(|_| self.reader.wrong(word, format!("`{word}` needs a number")))?;
            }
            // As sent by a curl 8 that is built with all its decoders.
            Meaning::Compressed => self.field("Accept-Encoding", COMPRESSED)?,
            Meaning::Get | Meaning::Head | Meaning::Location | Meaning::PathAsIs | Meaning::NoGlobs => {
                self.switches.push(meaning);
            }
            // The last one counts, as in curl.
            Meaning::Http1 => self.version = HttpVersion::Http1,
            Meaning::Http2 => self.version = HttpVersion::Negotiated,
            Meaning::Http2PriorKnowledge => self.version = HttpVersion::Http2,
            Meaning::Ignored | Meaning::IgnoredValue | Meaning::Basic => {}
        }
        Ok(())
    }

    fn address(&mut self, word: &str) -> Result<(), Diagnostic> {
        match self.address.replace(word.to_owned()) {
            None => Ok(()),
            Some(_) => Err(self
                .reader
                .wrong(word, "this command has a second URL, but a step sends one request")
                .help("quote a word that contains spaces, or write a second step")),
        }
    }

    fn header(&mut self, line: &str) -> Result<(), Diagnostic> {
        if let Some(path) = line.strip_prefix('@') {
            let bytes = self.reader.file(path)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| self.reader.wrong(path, format!("the file `{path}` is not UTF-8")))?;
            return text.lines().filter(|line| !line.is_empty()).try_for_each(|line| self.header_line(line));
        }
        self.header_line(line)
    }

    fn header_line(&mut self, line: &str) -> Result<(), Diagnostic> {
        if let Some((name, value)) = line.split_once(':') {
            check_field_name(name, &self.spot(name, line))?;
            // curl sends the line unchanged, but drops a field without a value.
            match value.trim_start() {
                "" => self.without.push(name.to_owned()),
                text => {
                    let gap = value[..value.len() - text.len()].to_owned();
                    self.push(name, gap, self.reader.text(text)?);
                }
            }
            return Ok(());
        }
        let Some(name) = line.strip_suffix(';') else {
            return Err(self
                .reader
                .wrong(line, "this header field has no colon, so curl would not send it")
                .help("write 'Name: value', or 'Name;' for an empty value"));
        };
        check_field_name(name, &self.spot(name, line))?;
        self.push(name, String::new(), Text::literal(""));
        Ok(())
    }

    fn spot(&self, name: &str, line: &str) -> Place {
        place_of(if name.trim().is_empty() { line } else { name }, self.reader.place)
    }

    /// Adds a field of `-H`. curl writes `Host` in its own case and sends only the first.
    fn push(&mut self, name: &str, gap: String, value: Text) {
        let host = name.eq_ignore_ascii_case("host");
        if host && self.headers.iter().any(|header| header.is("host")) {
            return;
        }
        let name = if host { "Host" } else { name };
        self.headers.push(Header { name: name.to_owned(), gap: gap.into(), value });
    }

    /// Sets a field that has an option of its own; an empty value removes it.
    fn field(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        let value = self.reader.text(value)?;
        self.fields.retain(|field| !field.is(name));
        self.fields.push(Header::new(name, value));
        Ok(())
    }

    /// Parses the five forms of `--data-urlencode`: `content`, `=content`, `name=content`, `@file`, `name@file`.
    fn urlencoded(&self, value: &str) -> Result<Field, Diagnostic> {
        let at = value.find('=').or_else(|| value.find('@'));
        let Some(at) = at else {
            return Ok(Field::Urlencoded { name: None, value: self.reader.text(value)? });
        };
        let (name, rest) = (&value[..at], &value[at + 1..]);
        let name = (!name.is_empty()).then(|| name.to_owned());
        if value.as_bytes()[at] == b'=' {
            return Ok(Field::Urlencoded { name, value: self.reader.text(rest)? });
        }
        let bytes = self.reader.file(rest)?;
        let encoded = crate::request::form_encode(&bytes);
        let text = name.map_or(encoded.clone(), |name| format!("{name}={encoded}"));
        Ok(Field::Bytes(text.into_bytes()))
    }

    fn file_or_text(&self, value: &str, strip: impl Fn(&mut Vec<u8>)) -> Result<Field, Diagnostic> {
        let Some(path) = value.strip_prefix('@') else { return Ok(Field::Text(self.reader.text(value)?)) };
        let mut bytes = self.reader.file(path)?;
        let length = bytes.len();
        strip(&mut bytes);
        Ok(if bytes.len() == length { Field::File { name: path.into(), bytes } } else { Field::Bytes(bytes) })
    }

    fn finish(mut self) -> Result<Request, Diagnostic> {
        let Some(word) = self.address.take() else {
            return Err(Diagnostic::at(self.reader.place.clone(), "this command has no URL"));
        };
        let switched = |meaning| self.switches.contains(&meaning);
        let (get, head) = (switched(Meaning::Get), switched(Meaning::Head));
        let (json, location) = (switched(Meaning::Json), switched(Meaning::Location));
        let (as_is, globs) = (switched(Meaning::PathAsIs), !switched(Meaning::NoGlobs));
        let address = address::read(&word, self.origin, globs, &self.reader)?;
        let form = !self.parts.is_empty();
        if !self.data.is_empty() && form {
            return Err(self.reader.wrong("-F", "curl cannot send both data and a form"));
        }
        let carries = form || (!self.data.is_empty() && !get);
        if head && carries {
            let word = if form { "-F" } else { "-d" };
            return Err(self
                .reader
                .wrong(word, "curl cannot send data with a HEAD request")
                .help("use -G to send the data in the query"));
        }
        let inferred = match (head, carries) {
            (true, _) => "HEAD",
            (false, true) => "POST",
            (false, false) => "GET",
        };
        let mut request = Request::get(self.reader.text(&address.target)?, Agent::Curl);
        request.path_as_is = as_is;
        request.version = self.version;
        request.method_stays = self.method.is_some();
        request.method = self.method.take().unwrap_or_else(|| inferred.to_owned());
        request.cookies = std::mem::take(&mut self.cookies).into();
        let jar = std::mem::take(&mut self.jar);
        request.jar = (jar != JarUse::default()).then(|| Box::new(jar));
        request.basic = self.user.take().or(address.user).map(Box::new);
        request.follow = if location { self.redirects } else { 0 };
        if json {
            for name in ["Content-Type", "Accept"] {
                if !self.header_option_names(name) {
                    self.headers.push(Header::new(name, Text::literal("application/json")));
                }
            }
        }
        let mut own = Vec::new();
        for field in std::mem::take(&mut self.fields) {
            match (self.header_option_names(&field.name), field.value.written()) {
                (true, _) => {}
                (false, "") => self.without.push(field.name),
                (false, _) => own.push(field),
            }
        }
        request.own = own.into();
        let pieces = parted(std::mem::take(&mut self.data));
        if form {
            let own = self.headers.iter().position(|header| header.is("content-type"));
            let mut own = own.map(|index| self.headers.remove(index).value);
            if own.is_none() && self.header_option_names("content-type") {
                self.without.retain(|name| !name.eq_ignore_ascii_case("content-type"));
                own = Some(Text::literal(""));
            }
            request.body = Body::Multipart(self.parts.into(), own.map(Box::new));
        } else if get && !pieces.is_empty() {
            self.query.push(Field::Joined(pieces));
        } else if !pieces.is_empty() {
            request.body = Body::Fields(pieces);
        }
        for text in self.query.iter().flat_map(Field::verbatim) {
            address::check(text.written(), false, text.written(), &self.reader)?;
        }
        request.query = self.query.into();
        request.headers = self.headers.into();
        request.without = self.without.into();
        Ok(request)
    }

    /// Whether `-H` adds or removes a field.
    fn header_option_names(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.is(name))
            || self.without.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn refuse(&self, refused: &option::Refused<'_>) -> Diagnostic {
        match *refused {
            option::Refused::NoValue(word) => self.reader.wrong(word, format!("`{word}` needs a value")),
            option::Refused::Unknown(word) => {
                let names: Vec<String> = option::names().collect();
                let wrong = self.reader.wrong(word, format!("curl option `{word}` is not supported"));
                if word.starts_with("--") {
                    wrong.suggest(word, names.iter().map(String::as_str))
                } else {
                    // All letters are similar, so that a suggestion would be arbitrary.
                    wrong.help(format!("supported: {}", option::letters().collect::<Vec<_>>().join(", ")))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
