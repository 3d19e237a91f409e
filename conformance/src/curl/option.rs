//! The options of curl that a request may use: a table of names, and what each means.

/// What an option does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing that goes over the wire: it is read and forgotten.
    Ignored,
    /// The same, and it takes a value.
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
}

/// An option of a command, with its value.
pub(super) struct Given {
    pub(super) meaning: Meaning,
    /// The word that named it.
    pub(super) word: String,
    /// Its value; empty for one that takes none.
    pub(super) value: String,
}

/// Why a word is no option.
pub(super) enum Refused {
    Unknown(String),
    NoValue(String),
}

/// Reads the words behind `curl` as options; a word that is none is an address.
pub(super) fn read(words: &[String]) -> Result<Vec<Given>, Refused> {
    let mut given = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (meanings, attached) = named(word).ok_or_else(|| Refused::Unknown(word.clone()))?;
        for meaning in meanings {
            let value = match (meaning.takes_value(), attached) {
                (false, _) => "",
                (true, "") => words.next().ok_or_else(|| Refused::NoValue(word.clone()))?,
                (true, attached) => attached,
            };
            given.push(Given { meaning, word: word.clone(), value: value.to_owned() });
        }
    }
    Ok(given)
}

/// Returns the options that a word names, and the value that is attached to the last of them.
fn named(word: &str) -> Option<(Vec<Meaning>, &str)> {
    if word == "--" {
        return Some((Vec::new(), ""));
    }
    if let Some(long) = word.strip_prefix("--") {
        return Some((vec![find(|(_, name, _)| *name == long)?], ""));
    }
    let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
        return Some((vec![Meaning::Url], word));
    };
    let mut meanings = Vec::new();
    for (at, letter) in letters.char_indices() {
        let meaning = find(|(short, _, _)| *short == Some(letter))?;
        meanings.push(meaning);
        if meaning.takes_value() {
            return Some((meanings, &letters[at + letter.len_utf8()..]));
        }
    }
    Some((meanings, ""))
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
        )
    }
}

fn find(is: impl Fn(&Row) -> bool) -> Option<Meaning> {
    OPTIONS.iter().find(|row| is(row)).map(|(_, _, meaning)| *meaning)
}

/// The long names, with their dashes, for suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    OPTIONS.iter().map(|(_, long, _)| format!("--{long}"))
}

/// The short names, with their dash.
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
    (None, "http1.1", Meaning::Ignored),
    (Some('O'), "remote-name", Meaning::Ignored),
    (Some('o'), "output", Meaning::IgnoredValue),
    (Some('D'), "dump-header", Meaning::IgnoredValue),
    (Some('w'), "write-out", Meaning::IgnoredValue),
    (None, "stderr", Meaning::IgnoredValue),
    (None, "trace", Meaning::IgnoredValue),
    (None, "trace-ascii", Meaning::IgnoredValue),
];
