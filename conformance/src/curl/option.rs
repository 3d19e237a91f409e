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
    Agent,
    Referer,
    Url,
    Redirects,
    Get,
    Head,
    Location,
    Basic,
}

impl Meaning {
    pub(super) fn takes_value(self) -> bool {
        !matches!(self, Self::Ignored | Self::Get | Self::Head | Self::Location | Self::Basic)
    }
}

/// Returns what a long option (without its dashes) means.
pub(super) fn long(name: &str) -> Option<Meaning> {
    OPTIONS.iter().find(|(_, long, _)| *long == name).map(|(_, _, meaning)| *meaning)
}

/// Returns what a short option means.
pub(super) fn short(letter: char) -> Option<Meaning> {
    OPTIONS.iter().find(|(short, _, _)| *short == Some(letter)).map(|(_, _, meaning)| *meaning)
}

/// The long names, with their dashes, for suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    OPTIONS.iter().map(|(_, long, _)| format!("--{long}"))
}

const OPTIONS: &[(Option<char>, &str, Meaning)] = &[
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
    (Some('A'), "user-agent", Meaning::Agent),
    (Some('e'), "referer", Meaning::Referer),
    (None, "url", Meaning::Url),
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
    (Some('g'), "globoff", Meaning::Ignored),
    (None, "http1.1", Meaning::Ignored),
    (Some('O'), "remote-name", Meaning::Ignored),
    (Some('o'), "output", Meaning::IgnoredValue),
    (Some('D'), "dump-header", Meaning::IgnoredValue),
    (Some('w'), "write-out", Meaning::IgnoredValue),
    (None, "stderr", Meaning::IgnoredValue),
    (None, "trace", Meaning::IgnoredValue),
    (None, "trace-ascii", Meaning::IgnoredValue),
];
