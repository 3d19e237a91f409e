//! Parses a curl command into the request that curl would send.
//!
//! The rules are those of curl's manual. Unsupported options are rejected, never guessed.

use std::cell::Cell;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::{self, well_known::Rfc2822, well_known::Rfc3339};

use super::option::{self, Meaning};
use super::place::place_of;
use super::reader::{Content, Input, Reader};
use super::words::split;
use super::{address, config, cookies, form, netrc};
use crate::diagnostic::{Diagnostic, nearest};
use crate::request::{
    Agent, Authentication, Body, ClientCertificate, Field, Files, Header, HttpVersion, JarUse, Part, Request,
    Transfer, check_field_name, check_method, parted,
};
use crate::source::{Place, Source, Span};
use crate::template::Text;

/// Parses a curl command as it is written for a shell.
///
/// `origin` is the origin of the specification, which requests replace by the target's; `files` reads a file that the command
/// names.
///
/// # Errors
/// A command other than curl, text that only a shell can interpret, an unknown or unsupported option, a URL that is not under
/// `origin`, or an unreadable file, at the location of the word.
pub fn parse(command: &str, origin: &str, files: Files<'_>, place: &Place) -> Result<Request, Diagnostic> {
    let split = split(command, place)?;
    let stdin = Input::Given(Cell::new(split.stdin));
    read(&split.words, origin, Reader { files, place: place.clone(), stdin })
}

/// Parses the words that a shell made of a curl command. `files` reads `-` as the standard input.
///
/// # Errors
/// See [`parse`].
pub fn parse_words(
    words: &[String],
    origin: &str,
    files: Files<'_>,
    place: &Place,
) -> Result<Request, Diagnostic> {
    let words: Vec<String> = words.iter().map(|word| literal(word)).collect();
    read(&words, origin, Reader { files, place: place.clone(), stdin: Input::Process })
}

/// Returns the origin of the URL in a command, or in a config file of it, given the words that a shell made of it.
#[must_use]
pub fn origin_of(words: &[String], files: Files<'_>) -> Option<String> {
    let words = words.get(1..)?;
    let Ok(given) = option::read(words) else {
        // Parsing the command will report the option.
        return words.iter().filter(|word| word.contains("://")).find_map(|word| address::origin(word));
    };
    if let Some(url) = given.iter().find(|given| given.meaning == Meaning::Url) {
        return address::origin(url.value);
    }
    given.iter().filter(|given| given.meaning == Meaning::Config).find_map(|given| {
        let text = String::from_utf8(files(given.value).ok()?).ok()?;
        let url = |line: config::Line| match &*line.words {
            [option, url] if option == "--url" => address::origin(url),
            _ => None,
        };
        config::lines(&text).find_map(url)
    })
}

/// Escapes a text that has no expressions.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

fn read(words: &[String], origin: &str, reader: Reader<'_>) -> Result<Request, Diagnostic> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let name = first.rsplit(['/', '\\']).next().unwrap_or_default();
    if !matches!(name, "curl" | "curl.exe") {
        return Err(not_curl(words, &reader));
    }
    let mut command = Command::new(origin, reader);
    command.options(words.get(1..).unwrap_or_default(), 0)?;
    command.finish()
}

fn not_curl(words: &[String], reader: &Reader<'_>) -> Diagnostic {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let odd = |one: char| super::typed::is_odd_blank(one);
    if first.starts_with("curl") && first.contains(odd) {
        return reader.wrong(first, "there is a no-break space (U+00A0) after `curl`").help("write a blank");
    }
    if words.iter().any(|word| word == "curl" || word.ends_with("/curl")) {
        let what = if matches!(first, "$" | "#" | "%" | ">") { "a prompt, " } else { "" };
        return reader
            .wrong(
                first,
                format!("the command begins with {what}`{first}`, and a request begins with `curl`"),
            )
            .help(format!("leave out `{first}`"));
    }
    Diagnostic::at(reader.place.clone(), "a request must be a curl command or a mapping")
        .help("begin the command with `curl`, or write a mapping with a `path`")
}

/// Maximum number of config files inside one another.
const DEEPEST: u8 = 8;

/// The Accept-Encoding of `--compressed`, as sent by a curl that is built with all its decoders.
pub const COMPRESSED: &str = "deflate, gzip, br, zstd";

/// The options parsed so far.
struct Command<'a> {
    origin: &'a str,
    reader: Reader<'a>,
    address: Option<String>,
    method: Option<Text>,
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
    /// The forms in the form that are still open.
    groups: Vec<Part>,
    user: Option<Text>,
    netrc_file: Option<String>,
    cookies: Vec<Text>,
    jar: JarUse,
    /// The cookies in the files of `-b`.
    stored: Vec<String>,
    switches: Vec<Meaning>,
    /// The files of `--cert` and `--key`.
    certificate: Option<String>,
    key: Option<String>,
    /// Options that have no effect.
    remarks: Vec<Diagnostic>,
    /// The content of `-T`, with the name of its file; without a name it comes from standard input.
    upload: Option<(Field, Option<String>)>,
    transfer: Transfer,
    request_target: Option<Text>,
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
            groups: Vec::new(),
            user: None,
            netrc_file: None,
            cookies: Vec::new(),
            jar: JarUse::default(),
            stored: Vec::new(),
            switches: Vec::new(),
            certificate: None,
            key: None,
            remarks: Vec::new(),
            upload: None,
            transfer: Transfer::default(),
            request_target: None,
            // The default of curl.
            redirects: 50,
            version: HttpVersion::Http1,
        }
    }

    /// Applies options. `depth` is the number of config files around them.
    fn options(&mut self, words: &[String], depth: u8) -> Result<(), Diagnostic> {
        for given in option::read(words).map_err(|wrong| self.refuse(&wrong))? {
            match given.meaning {
                meaning if given.is_off => self.switches.retain(|switch| *switch != meaning),
                Meaning::Remark(reason) | Meaning::RemarkValue(reason) => {
                    let name = given.letter.map_or(given.word.to_owned(), |letter| format!("-{letter}"));
                    self.remark(given.word, format!("curl option `{name}` has no effect here: {reason}"));
                }
                Meaning::Config => self.config(given.value, depth)?,
                meaning => self.apply(meaning, given.word, given.value)?,
            }
        }
        Ok(())
    }

    /// Applies the options in a config file.
    fn config(&mut self, path: &str, depth: u8) -> Result<(), Diagnostic> {
        if depth == DEEPEST {
            return Err(self
                .reader
                .wrong(path, format!("more than {DEEPEST} config files name one another"))
                .help("remove `config` from one of them"));
        }
        let (text, has_expressions) = match self.reader.file(path)? {
            Content::Text(text) => (text, true),
            Content::Bytes(bytes) => {
                let text = String::from_utf8(bytes);
                let text =
                    text.map_err(|_| self.reader.wrong(path, format!("the file `{path}` is not UTF-8")))?;
                (text, false)
            }
        };
        let source = Source::new(path, text.as_str());
        let outer = self.reader.place.clone();
        for line in config::lines(&text) {
            self.reader.place = if has_expressions { outer.clone() } else { source.place(line.span) };
            let words: Vec<String> = line
                .words
                .iter()
                .map(|word| if has_expressions { word.clone() } else { literal(word) })
                .collect();
            let option = words.first().map(String::as_str).unwrap_or_default();
            let is_split = option::read(&words).is_ok_and(|given| given.len() > 1);
            if option.starts_with("--") && is_split {
                let message = format!("`{option}` takes no value");
                return Err(self.reader.wrong(option.trim_start_matches('-'), message));
            }
            self.options(&words, depth + 1)?;
            if !line.rest.is_empty() {
                let message = format!("curl ignores `{}`, since the value is not in quotes", line.rest);
                self.remark(&line.rest, message);
            }
        }
        self.reader.place = outer;
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each meaning")]
    fn apply(&mut self, meaning: Meaning, word: &str, value: &str) -> Result<(), Diagnostic> {
        match meaning {
            Meaning::Method => {
                let spot = if value.is_empty() { word } else { value };
                let method = self.reader.text(value)?;
                check_method(&method, &place_of(spot, &self.reader.place))?;
                self.method = Some(method);
            }
            Meaning::Header => self.header(value)?,
            Meaning::Data => {
                let data = self.file_or_text(value, |byte| !matches!(byte, b'\r' | b'\n' | 0))?;
                self.data.push((data, true));
            }
            Meaning::DataRaw => self.data.push((Field::Text(self.reader.text(value)?), true)),
            Meaning::DataBinary => self.data.push((self.file_or_text(value, |_| true)?, true)),
            Meaning::DataUrlencode => self.data.push((self.urlencoded(value)?, true)),
            Meaning::Json => {
                self.switches.push(meaning);
                self.data.push((self.file_or_text(value, |_| true)?, false));
            }
            Meaning::UrlQuery => self.query.push(match value.strip_prefix('+') {
                Some(plain) => Field::Text(self.reader.text(plain)?),
                None => self.urlencoded(value)?,
            }),
            Meaning::Form => match form::item(value, &self.reader)? {
                form::Item::Part(part) => self.add_part(part),
                form::Item::Open(group) => self.groups.push(group),
                form::Item::Close => {
                    let Some(group) = self.groups.pop() else {
                        return Err(self.reader.wrong(value, "`=)` closes a form that is not open"));
                    };
                    self.add_part(group);
                }
            },
            Meaning::FormString => {
                let (name, content) = form::named(value, &self.reader)?;
                let content = Field::Text(self.reader.text(content)?);
                self.add_part(Part { content, ..Part::new(name) });
            }
            Meaning::User => {
                if !value.contains(':') && !value.contains("${") && !value.is_empty() {
                    // Without a terminal, curl sends an empty password too.
                    self.remark(value, "the password is empty; on a terminal, curl would ask for it");
                }
                self.user = Some(self.reader.text(value)?);
            }
            Meaning::Bearer => {
                self.switches.push(meaning);
                self.field("Authorization", &format!("Bearer {value}"))?;
            }
            Meaning::Upload => self.upload(value)?,
            Meaning::ContinueAt if value == "-" => {}
            Meaning::ContinueAt => {
                value.parse::<u64>().map_err(|_| self.reader.wrong(word, format!("`{word}` needs a number")))?;
                self.field("Range", &format!("bytes={value}-"))?;
            }
            Meaning::TimeCondition => self.time_condition(value)?,
            Meaning::EtagCompare => {
                let bytes = self.reader.plain_file(value)?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let tag = text.lines().next().unwrap_or_default();
                self.push("If-None-Match", " ".to_owned(), Text::literal(if tag.is_empty() { "\"\"" } else { tag }));
            }
            Meaning::RequestTarget => {
                self.transfer.any_target = true;
                self.request_target = Some(self.reader.text(value)?);
            }
            Meaning::MaxTime => self.transfer.timeout = self.seconds(word, value)?,
            Meaning::ConnectTimeout => self.transfer.connect_timeout = self.seconds(word, value)?,
            Meaning::Range => {
                // curl reads a number alone as the first byte of an open range.
                let digits = value.find(|one: char| !one.is_ascii_digit()).unwrap_or(value.len());
                match value.get(..digits) {
                    Some(first) if digits > 0 && !value.contains('-') && !value.contains("${") => {
                        self.field("Range", &format!("bytes={first}-"))?;
                    }
                    _ => self.field("Range", &format!("bytes={value}"))?,
                }
            }
            Meaning::Cookie if value.starts_with('@') => self.cookie_file(value.trim_start_matches('@')),
            // With an expression, the value decides at run time.
            Meaning::Cookie if value.contains('=') || value.contains("${") => {
                self.one_line("Cookie", value)?;
                self.cookies.push(self.reader.text(value)?);
            }
            // Without `=`, the value names a cookie file: one that exists, or a jar of the scenario.
            Meaning::Cookie => self.cookie_file(value),
            Meaning::CookieJar => self.jar.keeps = Some(value.to_owned()),
            Meaning::Agent => self.field("User-Agent", value)?,
            Meaning::Referer if value.ends_with(";auto") => {
                self.transfer.referer_follows = true;
                self.field("Referer", value.trim_end_matches(";auto"))?;
            }
            Meaning::Referer => self.field("Referer", value)?,
            Meaning::Url => self.address(value)?,
            Meaning::Redirects => {
                self.redirects = match value.trim_start_matches('+') {
                    "-1" => u32::MAX,
                    digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        digits.parse().unwrap_or(u32::MAX)
                    }
                    _ => return Err(self.reader.wrong(word, format!("`{word}` needs a number, or -1 for no limit"))),
                };
            }
            // As sent by a curl 8 that is built with all its decoders.
            Meaning::Compressed => self.field("Accept-Encoding", COMPRESSED)?,
            Meaning::Get
            | Meaning::Head
            | Meaning::Location
            | Meaning::PathAsIs
            | Meaning::NoGlobs
            | Meaning::Basic
            | Meaning::Digest
            | Meaning::AnyAuth
            | Meaning::Netrc
            | Meaning::NetrcOptional
            | Meaning::TransferEncoding => self.switches.push(meaning),
            Meaning::Fail | Meaning::FailWithBody => {
                let other = if meaning == Meaning::Fail { Meaning::FailWithBody } else { Meaning::Fail };
                if self.switches.contains(&other) {
                    return Err(self
                        .reader
                        .wrong(word, "curl refuses --fail together with --fail-with-body")
                        .help("leave out one of them; neither changes the request"));
                }
                self.switches.push(meaning);
            }
            // The last one counts, as in curl.
            Meaning::Http10 => self.version = HttpVersion::Http10,
            Meaning::Http1 => self.version = HttpVersion::Http1,
            Meaning::Http2 => self.version = HttpVersion::Negotiated,
            Meaning::Http2PriorKnowledge => self.version = HttpVersion::Http2,
            Meaning::Certificate => self.certificate = Some(value.to_owned()),
            Meaning::CertificateKey => self.key = Some(value.to_owned()),
            Meaning::IdentityType if !value.eq_ignore_ascii_case("pem") => {
                return Err(self
                    .reader
                    .wrong(value, format!("a certificate of the type {value} cannot be read"))
                    .help("convert it to PEM; `openssl pkcs12 -nodes -in FILE -out FILE` converts PKCS #12"));
            }
            Meaning::NetrcFile => self.netrc_file = Some(value.to_owned()),
            Meaning::IdentityType
            // Only the list of options knows how deep a config file is.
            | Meaning::Config
            | Meaning::Ignored
            | Meaning::IgnoredValue
            | Meaning::RemoteName
            | Meaning::Remark(_)
            | Meaning::RemarkValue(_)
            // The reader of options refuses them.
            | Meaning::Refused(_)
            | Meaning::RefusedValue(_) => {}
        }
        Ok(())
    }

    /// Reads a file of cookies if it exists; otherwise the name is that of a jar.
    fn cookie_file(&mut self, name: &str) {
        if let Some(bytes) =
            Some(name).filter(|name| !name.is_empty()).and_then(|name| (self.reader.files)(name).ok())
        {
            self.stored.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        self.jar.reads = Some(name.to_owned());
    }

    /// Checks that the value of an option stays in its header field.
    fn one_line(&self, name: &str, value: &str) -> Result<(), Diagnostic> {
        if !value.contains(['\r', '\n', '\0']) {
            return Ok(());
        }
        let message = format!("the value of the field `{name}` has a line end or a NUL");
        Err(self.reader.wrong(value, message).help("a field is one line; remove it"))
    }

    /// Reads a number of seconds; zero means no limit.
    fn seconds(&self, word: &str, value: &str) -> Result<Option<Duration>, Diagnostic> {
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let wrong = || self.reader.wrong(word, format!("`{word}` needs a number of seconds"));
        Ok(Some(seconds.ok_or_else(wrong)?).filter(|limit| !limit.is_zero()))
    }

    fn remark(&mut self, word: &str, message: impl Into<String>) {
        self.remarks.push(self.reader.wrong(word, message));
    }

    /// Reads the client certificate. As in curl, its files matter only for a URL with TLS.
    fn client_certificate(&mut self) -> Result<Option<ClientCertificate>, Diagnostic> {
        let Some(given) = self.certificate.take() else { return Ok(None) };
        if !self.origin.starts_with("https://") {
            self.remark(
                &given,
                "a client certificate has no effect here: the origin of the suite has no TLS",
            );
            return Ok(None);
        }
        // A password may follow the name of the file.
        let is_file = |name: &str| (self.reader.files)(name).is_ok();
        let name = match given.rsplit_once(':') {
            Some((name, _)) if !is_file(&given) => name,
            _ => &given,
        };
        let client_certificate = ClientCertificate::read(name, self.key.as_deref(), self.reader.files);
        let wrong = |cause| {
            self.reader
                .wrong(name, cause)
                .help("the path is relative to the folder of the scenario; `run --cert FILE` sends one with every step")
        };
        client_certificate.map(Some).map_err(wrong)
    }

    fn add_part(&mut self, part: Part) {
        match self.groups.last_mut() {
            Some(group) => group.parts.get_or_insert_default().push(part),
            None => self.parts.push(part),
        }
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
            let text = match self.reader.file(path)? {
                Content::Text(text) => text,
                Content::Bytes(bytes) => String::from_utf8(bytes)
                    .map_err(|_| self.reader.wrong(path, format!("the file `{path}` is not UTF-8")))?,
            };
            // Like curl, skip a line that is not a field.
            let is_field = |line: &&str| line.contains(':') || line.ends_with(';');
            return text.lines().filter(is_field).try_for_each(|line| self.header_line(line));
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
                    self.one_line(name, text)?;
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
        place_of(if name.trim().is_empty() { line } else { name }, &self.reader.place)
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
        self.one_line(name, value)?;
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
        match self.reader.file(rest)? {
            Content::Text(text) => Ok(Field::Urlencoded { name, value: self.reader.text(&text)? }),
            Content::Bytes(bytes) => {
                let encoded = crate::request::form_encode(&bytes);
                let text = name.map_or(encoded.clone(), |name| format!("{name}={encoded}"));
                Ok(Field::Bytes(text.into_bytes()))
            }
        }
    }

    /// Returns the contents of a file or a text; of a file, only the bytes that `keeps` accepts.
    fn file_or_text(&self, value: &str, keeps: impl Fn(u8) -> bool) -> Result<Field, Diagnostic> {
        let Some(path) = value.strip_prefix('@') else { return Ok(Field::Text(self.reader.text(value)?)) };
        let mut bytes = match self.reader.file(path)? {
            Content::Bytes(bytes) => bytes,
            Content::Text(mut text) => {
                text.retain(|one| u8::try_from(one).map_or(true, &keeps));
                return Ok(Field::Text(self.reader.text(&text)?));
            }
        };
        let length = bytes.len();
        bytes.retain(|byte| keeps(*byte));
        Ok(if bytes.len() == length { Field::File { name: path.into(), bytes } } else { Field::Bytes(bytes) })
    }

    /// Reads the file of `-T`; `-` and `.` are the standard input.
    fn upload(&mut self, path: &str) -> Result<(), Diagnostic> {
        if path.is_empty() {
            return Ok(());
        }
        if path.contains(['{', '[']) {
            return Err(self
                .reader
                .wrong(path, "curl sends several requests for a list of files")
                .help("write a step for each file"));
        }
        let stdin = matches!(path, "-" | ".");
        let content = match self.reader.file(if stdin { "-" } else { path })? {
            Content::Text(text) => Field::Text(self.reader.text(&text)?),
            Content::Bytes(bytes) => Field::File { name: path.into(), bytes },
        };
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        self.upload = Some((content, (!stdin).then(|| crate::request::percent_encode(name))));
        Ok(())
    }

    /// Sets the field of `-z`: a date, after `-` for a resource that has not changed since, or `=`.
    fn time_condition(&mut self, value: &str) -> Result<(), Diagnostic> {
        let (name, date) = match (value.strip_prefix('-'), value.strip_prefix('=')) {
            (Some(date), _) => ("If-Unmodified-Since", date),
            (_, Some(date)) => ("Last-Modified", date),
            _ => ("If-Modified-Since", value),
        };
        let format = "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT";
        let date = OffsetDateTime::parse(date, &Rfc2822)
            .or_else(|_| OffsetDateTime::parse(date, &Rfc3339))
            .or_else(|_| OffsetDateTime::parse(&format!("{date}T00:00:00Z"), &Rfc3339))
            .ok()
            .zip(format_description::parse_borrowed::<2>(format).ok())
            .and_then(|(date, format)| date.to_offset(time::UtcOffset::UTC).format(&format).ok());
        let Some(date) = date else {
            return Err(self
                .reader
                .wrong(value, format!("the date `{value}` cannot be read here"))
                .help(format!("write it as `-H '{name}: Tue, 01 Jan 2030 00:00:00 GMT'`")));
        };
        self.push(name, " ".to_owned(), Text::literal(&date));
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "the order in which curl composes a request")]
    fn finish(mut self) -> Result<Request, Diagnostic> {
        let Some(word) = self.address.take() else {
            return Err(Diagnostic::at(self.reader.place.clone(), "this command has no URL"));
        };
        let switched = |meaning| self.switches.contains(&meaning);
        let (get, head) = (switched(Meaning::Get), switched(Meaning::Head));
        let (json, location) = (switched(Meaning::Json), switched(Meaning::Location));
        let (as_is, globs) = (switched(Meaning::PathAsIs), !switched(Meaning::NoGlobs));
        let mut address = address::read(&word, self.origin, globs, &self.reader)?;
        self.reader.check_input()?;
        // curl closes the forms that are still open.
        while let Some(group) = self.groups.pop() {
            self.add_part(group);
        }
        let form = !self.parts.is_empty();
        if !self.data.is_empty() && form {
            return Err(self.reader.wrong("-F", "curl cannot send both data and a form"));
        }
        let upload = self.upload.take();
        if upload.is_some() && (form || head || (!self.data.is_empty() && !get)) {
            return Err(self
                .reader
                .wrong("-T", "curl cannot send a file with -T together with -d, -F or -I")
                .help("use --data-binary @FILE with -X PUT"));
        }
        let carries = form || (!self.data.is_empty() && !get);
        if head && carries {
            let word = if form { "-F" } else { "-d" };
            return Err(self
                .reader
                .wrong(word, "curl cannot send data with a HEAD request")
                .help("use -G to send the data in the query"));
        }
        if (carries || upload.is_some()) && self.fields.iter().any(|field| field.is("range")) {
            return Err(self
                .reader
                .wrong("-r", "curl sends no Range field with a body")
                .help("write the field that you mean with -H, such as -H 'Content-Range: bytes 0-9/100'"));
        }
        let inferred = match (head, carries, &upload) {
            (.., Some(_)) => "PUT",
            (true, ..) => "HEAD",
            (_, true, _) => "POST",
            (_, false, _) => "GET",
        };
        // Without the name of a file in the URL, curl adds that of the file that it sends.
        if let Some((_, Some(name))) = &upload {
            let end = address.target.find('?').unwrap_or(address.target.len());
            if address.target[..end].ends_with('/') {
                address.target.insert_str(end, name);
            }
        }
        let composed = (get && !self.data.is_empty()) || !self.query.is_empty();
        // curl composes the query from either kind of options, and then parses the URL again.
        if get && !self.data.is_empty() {
            self.query.clear();
        }
        let mut request = Request::get(self.reader.text(&address.target)?, Agent::Curl);
        request.path_as_is = as_is && !composed;
        request.request_target = self.request_target.take();
        request.version = self.version;
        request.method_stays = self.method.is_some();
        request.method = self.method.take().unwrap_or_else(|| Text::literal(inferred));
        request.cookies = std::mem::take(&mut self.cookies).into();
        let jar = std::mem::take(&mut self.jar);
        request.jar = (jar != JarUse::default()).then(|| Box::new(jar));
        request.basic = self.credentials(address.user)?.map(Box::new);
        self.authenticate();
        let (scheme, host) = self.origin.split_once("://").unwrap_or(("http", self.origin));
        let host = host.split(':').next().unwrap_or_default();
        let stored = self
            .stored
            .iter()
            .filter_map(|file| cookies::pairs(file, host, &address.target, scheme == "https"));
        self.transfer.cookies = stored.reduce(|pairs, more| pairs + "; " + &more);
        self.transfer.client_certificate = self.client_certificate()?;
        request.follow = if location { self.redirects } else { 0 };
        if self.switches.contains(&Meaning::TransferEncoding) && !self.header_option_names("te") {
            match self.headers.iter().position(|header| header.is("connection")) {
                Some(at) => {
                    let own = self.headers.remove(at);
                    let joined = self.reader.text(&format!("{}, TE", own.value.written()))?;
                    self.headers.insert(at, Header { value: joined, ..own });
                }
                None => self.headers.push(Header::new("Connection", Text::literal("TE"))),
            }
            self.headers.push(Header::new("TE", Text::literal("gzip")));
        }
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
        } else if let Some((content, name)) = upload {
            request.body = Body::Raw(content);
            // The length of standard input is unknown to curl.
            for (field, value) in [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")] {
                if name.is_none() && !self.header_option_names(field) {
                    self.headers.push(Header::new(field, Text::literal(value)));
                }
            }
        } else if !pieces.is_empty() {
            request.body = Body::Fields(pieces);
        }
        for text in self.query.iter().flat_map(Field::verbatim) {
            address::check(text.written(), text.written(), &self.reader)?;
        }
        for bytes in self.query.iter().flat_map(Field::bytes) {
            let text = String::from_utf8_lossy(bytes);
            let can_send_bytes = matches!(self.version, HttpVersion::Http1 | HttpVersion::Http10)
                && matches!(self.transfer.authentication, Authentication::Basic | Authentication::OnDemand)
                && matches!(self.reader.stdin, Input::Given(_));
            if text.contains(char::REPLACEMENT_CHARACTER) && !can_send_bytes {
                return Err(self
                    .reader
                    .wrong(
                        "-G",
                        "the query has bytes that are not UTF-8, which this step cannot send in a URL",
                    )
                    .help("percent-encode them"));
            }
            address::check(&text.replace("${", ""), &text, &self.reader)?;
        }
        request.query = self.query.into();
        request.headers = self.headers.into();
        request.without = self.without.into();
        request.remarks = self.remarks.into();
        request.transfer = (self.transfer != Transfer::default()).then(|| Box::new(self.transfer));
        Ok(request)
    }

    /// Returns the credentials of `-u`, of the netrc file or of the URL.
    fn credentials(&mut self, of_url: Option<Text>) -> Result<Option<Text>, Diagnostic> {
        let given = |meaning| self.switches.contains(&meaning);
        let is_optional = given(Meaning::NetrcOptional);
        match self.user.take() {
            None if is_optional || given(Meaning::Netrc) || self.netrc_file.is_some() => {
                netrc::credentials(self.netrc_file.as_deref(), is_optional, of_url, self.origin, &self.reader)
            }
            user => Ok(user.or(of_url)),
        }
    }

    /// Decides between the kinds of authentication. If several are allowed, curl sends no credentials before the target asks for
    /// them.
    fn authenticate(&mut self) {
        let given = |meaning| self.switches.contains(&meaning);
        let (basic, digest) = (given(Meaning::Basic), given(Meaning::Digest));
        let (bearer, any) = (given(Meaning::Bearer), given(Meaning::AnyAuth));
        if bearer && (basic || digest || any) {
            self.fields.retain(|field| !field.is("authorization"));
        }
        self.transfer.authentication = match (any || (basic && digest), digest, bearer && basic) {
            (true, ..) => Authentication::Any,
            (_, true, _) => Authentication::Digest,
            (.., true) => Authentication::OnDemand,
            _ => Authentication::Basic,
        };
    }

    /// Whether `-H` adds or removes a field.
    fn header_option_names(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.is(name))
            || self.without.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn refuse(&self, wrong: &option::Wrong<'_>) -> Diagnostic {
        let reader = &self.reader;
        match wrong {
            option::Wrong::NoValue(word) => reader.wrong(word, format!("`{word}` needs a value")),
            option::Wrong::Unknown(word) => {
                let names: Vec<String> = option::names().collect();
                let wrong = reader.wrong(word, format!("curl has no option `{word}`"));
                match nearest(word, &names.iter().map(String::as_str).collect::<Vec<_>>()) {
                    Some(near) => wrong.label(format!("did you mean `{near}`?")),
                    None => wrong.help("`curl --help all` lists the options"),
                }
            }
            option::Wrong::UnknownLetter(word, letter, at) => Diagnostic::at(
                self.letter(word, *at),
                format!("curl has no option `-{letter}`{}", within(word)),
            )
            .help("quote a word that begins with `-` after its option; `curl --help all` lists the options"),
            option::Wrong::Ambiguous(word, [one, other]) => {
                reader.wrong(word, format!("`{word}` is ambiguous: `--{one}` or `--{other}`"))
            }
            option::Wrong::Unsupported(word, name, at, reason) => {
                let place = if *at == 0 { place_of(word, &reader.place) } else { self.letter(word, *at) };
                let within = if *at == 0 { String::new() } else { within(word) };
                let method = word.trim_start_matches('-');
                if *at > 0 && matches!(method, "POST" | "PUT" | "PATCH" | "HEAD") {
                    return Diagnostic::at(place, format!("`{word}` is not how curl names a method"))
                        .help(format!("write `-X {method}`"));
                }
                Diagnostic::at(place, format!("curl option `{name}`{within} is not supported: {reason}"))
            }
        }
    }

    /// Returns the location of a letter in a word of joined options.
    fn letter(&self, word: &str, at: usize) -> Place {
        let place = place_of(word, &self.reader.place);
        let start = place.span().start + at;
        let source = place.source();
        let length =
            source.text().get(start..).and_then(|text| text.chars().next()).map_or(0, char::len_utf8);
        if place.span() == self.reader.place.span() {
            place
        } else {
            source.place(Span::new(start, start + length))
        }
    }
}

/// Names the word of joined options, if there is more than one letter in it.
fn within(word: &str) -> String {
    if word.chars().count() > 2 { format!(" (in `{word}`)") } else { String::new() }
}

#[cfg(test)]
mod tests;
