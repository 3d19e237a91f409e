//! The curl options that a request may use, and what they mean.

/// What an option does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No effect on the request; ignored.
    Ignored,
    /// Ignored, with its value.
    IgnoredValue,
    Method,
    Header,
    Data,
    DataRaw,
    DataBinary,
    DataUrlencode,
    Json,
    Form,
    FormString,
    User,
    Cookie,
    CookieJar,
    Agent,
    Referer,
    Url,
    Redirects,
    Get,
    Head,
    Location,
    Basic,
    Bearer,
    Range,
    UrlQuery,
    PathAsIs,
    NoGlobs,
    Compressed,
    Http1,
    Http2,
    Http2PriorKnowledge,
}

/// An option of a command, with its value.
pub(super) struct Given<'w> {
    pub(super) meaning: Meaning,
    /// The word that named it.
    pub(super) word: &'w str,
    /// Its value; empty if it takes none.
    pub(super) value: &'w str,
}

/// Why a word is not a valid option.
pub(super) enum Refused<'w> {
    Unknown(&'w str),
    NoValue(&'w str),
}

/// Parses the words after `curl` as options; other words are URLs.
pub(super) fn read(words: &[String]) -> Result<Vec<Given<'_>>, Refused<'_>> {
    let mut given = Vec::with_capacity(words.len());
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            given.push(Given { meaning: Meaning::Url, word, value: word });
            continue;
        };
        // The value is attached to the option or is the next word.
        let mut give = |meaning: Meaning, attached| {
            let value = match (meaning.takes_value(), attached) {
                (false, _) => "",
                (true, "") => words.next().ok_or(Refused::NoValue(word))?,
                (true, attached) => attached,
            };
            given.push(Given { meaning, word, value });
            Ok(meaning.takes_value())
        };
        match name.strip_prefix('-') {
            // curl ignores `--`, which ends the options of other programs.
            Some("") => {}
            Some(long) => {
                let meaning = find(|(_, name, _)| *name == long).ok_or(Refused::Unknown(word))?;
                give(meaning, "")?;
            }
            None => {
                let letters =
                    name.char_indices().map(|(at, letter)| (letter, &name[at + letter.len_utf8()..]));
                for (letter, rest) in letters {
                    let meaning =
                        find(|(short, _, _)| *short == Some(letter)).ok_or(Refused::Unknown(word))?;
                    if give(meaning, rest)? {
                        break;
                    }
                }
            }
        }
    }
    Ok(given)
}

impl Meaning {
    fn takes_value(self) -> bool {
        !matches!(
            self,
            Self::Ignored
                | Self::Get
                | Self::Head
                | Self::Location
                | Self::Basic
                | Self::PathAsIs
                | Self::NoGlobs
                | Self::Compressed
                | Self::Http1
                | Self::Http2
                | Self::Http2PriorKnowledge
        )
    }
}

fn find(is: impl Fn(&Row) -> bool) -> Option<Meaning> {
    OPTIONS.iter().find(|row| is(row)).map(|(_, _, meaning)| *meaning)
}

/// Returns the long names with their dashes, for suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    OPTIONS.iter().map(|(_, long, _)| format!("--{long}"))
}

/// Returns the short names with their dash.
pub(super) fn letters() -> impl Iterator<Item = String> {
    OPTIONS.iter().filter_map(|(short, _, _)| short.map(|letter| format!("-{letter}")))
}

type Row = (Option<char>, &'static str, Meaning);

const OPTIONS: &[Row] = &[
    (Some('X'), "request", Meaning::Method),
    (Some('H'), "header", Meaning::Header),
    (Some('d'), "data", Meaning::Data),
    (None, "data-ascii", Meaning::Data),
    (None, "data-raw", Meaning::DataRaw),
    (None, "data-binary", Meaning::DataBinary),
    (None, "data-urlencode", Meaning::DataUrlencode),
    (None, "json", Meaning::Json),
    (Some('F'), "form", Meaning::Form),
    (None, "form-string", Meaning::FormString),
    (Some('u'), "user", Meaning::User),
    (None, "basic", Meaning::Basic),
    (Some('b'), "cookie", Meaning::Cookie),
    (Some('c'), "cookie-jar", Meaning::CookieJar),
    (Some('A'), "user-agent", Meaning::Agent),
    (Some('e'), "referer", Meaning::Referer),
    (None, "oauth2-bearer", Meaning::Bearer),
    (Some('r'), "range", Meaning::Range),
    (None, "url", Meaning::Url),
    (None, "url-query", Meaning::UrlQuery),
    (None, "path-as-is", Meaning::PathAsIs),
    (Some('G'), "get", Meaning::Get),
    (Some('I'), "head", Meaning::Head),
    (Some('L'), "location", Meaning::Location),
    (None, "compressed", Meaning::Compressed),
    (None, "max-redirs", Meaning::Redirects),
    (Some('v'), "verbose", Meaning::Ignored),
    (Some('s'), "silent", Meaning::Ignored),
    (Some('S'), "show-error", Meaning::Ignored),
    (Some('i'), "include", Meaning::Ignored),
    (Some('f'), "fail", Meaning::Ignored),
    (None, "fail-with-body", Meaning::Ignored),
    (Some('N'), "no-buffer", Meaning::Ignored),
    (Some('#'), "progress-bar", Meaning::Ignored),
    (None, "no-progress-meter", Meaning::Ignored),
    (Some('g'), "globoff", Meaning::NoGlobs),
    (None, "http1.1", Meaning::Http1),
    (None, "http2", Meaning::Http2),
    (None, "http2-prior-knowledge", Meaning::Http2PriorKnowledge),
    (Some('O'), "remote-name", Meaning::Ignored),
    (Some('o'), "output", Meaning::IgnoredValue),
    (Some('D'), "dump-header", Meaning::IgnoredValue),
    (Some('w'), "write-out", Meaning::IgnoredValue),
    (None, "stderr", Meaning::IgnoredValue),
    (None, "trace", Meaning::IgnoredValue),
    (None, "trace-ascii", Meaning::IgnoredValue),
];
