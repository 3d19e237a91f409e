//! The options of curl 8.11.1, and what they mean for a request.

/// What an option does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No effect on the request; ignored.
    Ignored,
    /// Ignored, with its value.
    IgnoredValue,
    /// Ignored, with a remark that says what counts instead.
    Remark(&'static str),
    /// Ignored, with its value and a remark.
    RemarkValue(&'static str),
    /// Not supported, with the reason and the remedy.
    Refused(&'static str),
    /// Not supported, with a value.
    RefusedValue(&'static str),
    Method,
    Header,
    Data,
    DataRaw,
    DataBinary,
    DataUrlencode,
    Json,
    Form,
    FormString,
    Upload,
    User,
    Cookie,
    CookieJar,
    Agent,
    Referer,
    Url,
    /// A file with more options.
    Config,
    Redirects,
    Get,
    Head,
    Location,
    Basic,
    Bearer,
    Digest,
    AnyAuth,
    Netrc,
    NetrcFile,
    NetrcOptional,
    Certificate,
    CertificateKey,
    /// The form of the client certificate or its key.
    IdentityType,
    Range,
    ContinueAt,
    TimeCondition,
    EtagCompare,
    TransferEncoding,
    RequestTarget,
    MaxTime,
    ConnectTimeout,
    UrlQuery,
    PathAsIs,
    NoGlobs,
    Compressed,
    Fail,
    FailWithBody,
    RemoteName,
    Http10,
    Http1,
    Http2,
    Http2PriorKnowledge,
}

#[allow(clippy::enum_glob_use, reason = "the table names nearly every variant")]
use Meaning::*;

/// An option of a command, with its value.
pub(super) struct Given<'w> {
    pub(super) meaning: Meaning,
    /// The word that named it.
    pub(super) word: &'w str,
    /// The letter that named it, if it is one of several in its word.
    pub(super) letter: Option<char>,
    /// Its value; empty if it takes none.
    pub(super) value: &'w str,
    /// Whether `--no-` precedes its name, which takes it back.
    pub(super) is_off: bool,
}

/// Why a word is not a valid option.
pub(super) enum Wrong<'w> {
    Unknown(&'w str),
    /// A letter that is not an option, in a word of joined letters, and its position.
    UnknownLetter(&'w str, char, usize),
    /// A beginning that several options have.
    Ambiguous(&'w str, [&'static str; 2]),
    NoValue(&'w str),
    /// An option that is not supported, its name, where it is in the word, and the reason.
    Unsupported(&'w str, String, usize, &'static str),
}

/// Parses the words after `curl` as options; other words are URLs.
pub(super) fn read(words: &[String]) -> Result<Vec<Given<'_>>, Wrong<'_>> {
    let mut given = Vec::with_capacity(words.len());
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            given.push(Given { meaning: Url, word, letter: None, value: word, is_off: false });
            continue;
        };
        // The value is attached to the option or is the next word.
        let mut give = |meaning: Meaning, letter, attached, is_off| {
            let value = match (meaning.takes_value(), attached) {
                (false, _) => "",
                (true, "") => words.next().ok_or(Wrong::NoValue(word))?,
                (true, attached) => attached,
            };
            given.push(Given { meaning, word, letter, value, is_off });
            Ok(meaning.takes_value())
        };
        match name.strip_prefix('-') {
            // curl ignores `--`, which ends the options of other programs.
            Some("") => {}
            Some(long) => {
                let (meaning, is_off) = find_long(long, word)?;
                if let Refused(reason) | RefusedValue(reason) = meaning {
                    return Err(Wrong::Unsupported(word, word.to_owned(), 0, reason));
                }
                give(meaning, None, "", is_off)?;
            }
            None => {
                for (at, letter) in name.char_indices() {
                    let row = OPTIONS.iter().find(|(short, _, _)| *short == Some(letter));
                    let &(_, _, meaning) = row.ok_or(Wrong::UnknownLetter(word, letter, at + 1))?;
                    if let Refused(reason) | RefusedValue(reason) = meaning {
                        return Err(Wrong::Unsupported(word, format!("-{letter}"), at + 1, reason));
                    }
                    if give(meaning, Some(letter), &name[at + letter.len_utf8()..], false)? {
                        break;
                    }
                }
            }
        }
    }
    Ok(given)
}

/// Finds a long option by its name or by a beginning that no other option has, ignoring case as curl 7.88 does.
fn find_long<'w>(name: &str, word: &'w str) -> Result<(Meaning, bool), Wrong<'w>> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, _, meaning)) = OPTIONS.iter().find(|(_, long, _)| *long == lower) {
        return Ok((*meaning, false));
    }
    if let Some(positive) = lower.strip_prefix("no-")
        && let Some((_, _, meaning)) = OPTIONS.iter().find(|(_, long, _)| *long == positive)
        && !meaning.takes_value()
    {
        return Ok((*meaning, true));
    }
    let begins = |long: &str| !lower.is_empty() && long.starts_with(&lower) && !RECENT.contains(&long);
    let mut rows = OPTIONS.iter().filter(|(_, long, _)| begins(long));
    match (rows.next(), rows.next()) {
        (Some((_, _, meaning)), None) => Ok((*meaning, false)),
        (Some((_, one, _)), Some((_, other, _))) => Err(Wrong::Ambiguous(word, [one, other])),
        (None, _) => Err(Wrong::Unknown(word)),
    }
}

impl Meaning {
    fn takes_value(self) -> bool {
        !matches!(
            self,
            Ignored
                | Remark(_)
                | Refused(_)
                | Get
                | Head
                | Location
                | Basic
                | Digest
                | AnyAuth
                | Netrc
                | NetrcOptional
                | TransferEncoding
                | PathAsIs
                | NoGlobs
                | Compressed
                | Fail
                | FailWithBody
                | RemoteName
                | Http10
                | Http1
                | Http2
                | Http2PriorKnowledge
        )
    }
}

/// Returns the long names with their dashes, for suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    let supported = |meaning| !matches!(meaning, Refused(_) | RefusedValue(_));
    OPTIONS.iter().filter(move |(_, _, meaning)| supported(*meaning)).map(|(_, long, _)| format!("--{long}"))
}

/// Options that need their whole name, since a curl without them may have written the document.
const RECENT: &[&str] = &[
    "ca-native",
    "proxy-ca-native",
    "variable",
    "trace-ids",
    "trace-config",
    "haproxy-clientip",
    "ipfs-gateway",
    "ech",
    "ip-tos",
    "vlan-priority",
    "keepalive-cnt",
    "dump-ca-embed",
    "skip-existing",
    "tls-earlydata",
    "mptcp",
    "proxy-http2",
];

const ADDRESS: &str = "the address of the target counts";
const TRUST: &str = "`conformance run --cacert FILE` names the certificates to trust";
const INSECURE: &str = "`conformance run --insecure` accepts any certificate";
const RETRY: &str = "a request is sent once; `retry` of the step repeats it";
const SIZE: &str = "the limits for bodies are those of the run";
const RATE: &str = "the request is sent as fast as possible";
const TLS: &str = "the run chooses the version and the ciphers of TLS";
const NEXT: &str = "a step is one request, and `--next` begins a second one; write a second step";
const PROXY: &str = "a proxy is set for the whole run, with `conformance run --proxy URL`";
const AUTHENTICATION: &str =
    "this kind of authentication is not implemented; write the Authorization field with `-H`";
const HTTP3: &str = "HTTP/3 is not implemented";
const NOT_HTTP: &str = "it has no meaning in HTTP";
const NO_REQUEST: &str = "curl then sends no request";
const POST: &str = "the method of a redirected request cannot be chosen; write a second step";
const HAPROXY: &str = "the PROXY protocol is not implemented";
const CONVERTED: &str = "line ends are not converted; write the body as it is to be sent";

type Row = (Option<char>, &'static str, Meaning);

/// Every option, with its letter. To support another one, change its row, and `Command::apply` if it changes the request.
#[rustfmt::skip]
const OPTIONS: &[Row] = &[
    (None, "abstract-unix-socket", RemarkValue(ADDRESS)),
    (None, "alpn", Ignored),
    (None, "alt-svc", IgnoredValue),
    (None, "anyauth", AnyAuth),
    (Some('a'), "append", Remark(NOT_HTTP)),
    (None, "aws-sigv4", RefusedValue(AUTHENTICATION)),
    (None, "basic", Basic),
    (None, "buffer", Ignored),
    (None, "cacert", RemarkValue(TRUST)),
    (None, "capath", RemarkValue(TRUST)),
    (Some('E'), "cert", Certificate),
    (None, "cert-status", Ignored),
    (None, "cert-type", IdentityType),
    (None, "ciphers", RemarkValue(TLS)),
    (None, "clobber", Ignored),
    (None, "compressed", Compressed),
    (None, "compressed-ssh", Ignored),
    (Some('K'), "config", Config),
    (None, "connect-timeout", ConnectTimeout),
    (None, "connect-to", RemarkValue(ADDRESS)),
    (Some('C'), "continue-at", ContinueAt),
    (Some('b'), "cookie", Cookie),
    (Some('c'), "cookie-jar", CookieJar),
    (None, "create-dirs", Ignored),
    (None, "create-file-mode", IgnoredValue),
    (None, "crlf", Refused(CONVERTED)),
    (None, "crlfile", IgnoredValue),
    (None, "curves", RemarkValue(TLS)),
    (Some('d'), "data", Data),
    (None, "data-ascii", Data),
    (None, "data-binary", DataBinary),
    (None, "data-raw", DataRaw),
    (None, "data-urlencode", DataUrlencode),
    (None, "delegation", IgnoredValue),
    (None, "digest", Digest),
    (Some('q'), "disable", Ignored),
    (None, "disable-eprt", Ignored),
    (None, "disable-epsv", Ignored),
    (None, "disallow-username-in-url", Ignored),
    (None, "dns-interface", IgnoredValue),
    (None, "dns-ipv4-addr", IgnoredValue),
    (None, "dns-ipv6-addr", IgnoredValue),
    (None, "dns-servers", IgnoredValue),
    (None, "doh-cert-status", Ignored),
    (None, "doh-insecure", Ignored),
    (None, "doh-url", IgnoredValue),
    (Some('D'), "dump-header", IgnoredValue),
    (None, "egd-file", IgnoredValue),
    (None, "engine", IgnoredValue),
    (None, "eprt", Ignored),
    (None, "epsv", Ignored),
    (None, "etag-compare", EtagCompare),
    (None, "etag-save", IgnoredValue),
    (None, "expect100-timeout", IgnoredValue),
    (Some('f'), "fail", Fail),
    (None, "fail-early", Ignored),
    (None, "fail-with-body", FailWithBody),
    (None, "false-start", Ignored),
    (Some('F'), "form", Form),
    (None, "form-escape", Refused("the escapes of a form cannot be changed")),
    (None, "form-string", FormString),
    (None, "ftp-account", IgnoredValue),
    (None, "ftp-alternative-to-user", IgnoredValue),
    (None, "ftp-create-dirs", Ignored),
    (None, "ftp-method", IgnoredValue),
    (None, "ftp-pasv", Ignored),
    (Some('P'), "ftp-port", RefusedValue(NOT_HTTP)),
    (None, "ftp-pret", Ignored),
    (None, "ftp-skip-pasv-ip", Ignored),
    (None, "ftp-ssl", Ignored),
    (None, "ftp-ssl-ccc", Ignored),
    (None, "ftp-ssl-ccc-mode", IgnoredValue),
    (None, "ftp-ssl-control", Ignored),
    (None, "ftp-ssl-reqd", Ignored),
    (Some('G'), "get", Get),
    (Some('g'), "globoff", NoGlobs),
    (None, "happy-eyeballs-timeout-ms", IgnoredValue),
    (None, "haproxy-protocol", Refused(HAPROXY)),
    (Some('I'), "head", Head),
    (Some('H'), "header", Header),
    (Some('h'), "help", RefusedValue(NO_REQUEST)),
    (None, "hostpubmd5", IgnoredValue),
    (None, "hostpubsha256", IgnoredValue),
    (None, "hsts", IgnoredValue),
    (None, "http0.9", Ignored),
    (Some('0'), "http1.0", Http10),
    (None, "http1.1", Http1),
    (None, "http2", Http2),
    (None, "http2-prior-knowledge", Http2PriorKnowledge),
    (None, "http3", Refused(HTTP3)),
    (None, "http3-only", Refused(HTTP3)),
    (None, "ignore-content-length", Ignored),
    (Some('i'), "include", Ignored),
    (Some('k'), "insecure", Remark(INSECURE)),
    (None, "interface", RemarkValue(ADDRESS)),
    (Some('4'), "ipv4", Ignored),
    (Some('6'), "ipv6", Ignored),
    (None, "json", Json),
    (Some('j'), "junk-session-cookies", Ignored),
    (None, "keepalive", Ignored),
    (None, "keepalive-time", IgnoredValue),
    (None, "key", CertificateKey),
    (None, "key-type", IdentityType),
    (None, "krb", IgnoredValue),
    (None, "krb4", IgnoredValue),
    (None, "libcurl", IgnoredValue),
    (None, "limit-rate", RemarkValue(RATE)),
    (Some('l'), "list-only", Remark(NOT_HTTP)),
    (None, "local-port", IgnoredValue),
    (Some('L'), "location", Location),
    (None, "location-trusted", Location),
    (None, "login-options", IgnoredValue),
    (None, "mail-auth", IgnoredValue),
    (None, "mail-from", RemarkValue(NOT_HTTP)),
    (None, "mail-rcpt", RemarkValue(NOT_HTTP)),
    (None, "mail-rcpt-allowfails", Ignored),
    (Some('M'), "manual", Refused(NO_REQUEST)),
    (None, "max-filesize", RemarkValue(SIZE)),
    (None, "max-redirs", Redirects),
    (Some('m'), "max-time", MaxTime),
    (None, "metalink", Ignored),
    (None, "negotiate", Refused(AUTHENTICATION)),
    (Some('n'), "netrc", Netrc),
    (None, "netrc-file", NetrcFile),
    (None, "netrc-optional", NetrcOptional),
    (Some(':'), "next", Refused(NEXT)),
    (None, "no-alpn", Ignored),
    (Some('N'), "no-buffer", Ignored),
    (None, "no-clobber", Ignored),
    (None, "no-keepalive", Ignored),
    (None, "no-npn", Ignored),
    (None, "no-progress-meter", Ignored),
    (None, "no-sessionid", Ignored),
    (None, "noproxy", IgnoredValue),
    (None, "npn", Ignored),
    (None, "ntlm", Refused(AUTHENTICATION)),
    (None, "ntlm-wb", Refused(AUTHENTICATION)),
    (None, "oauth2-bearer", Bearer),
    (Some('o'), "output", IgnoredValue),
    (None, "output-dir", IgnoredValue),
    (Some('Z'), "parallel", Ignored),
    (None, "parallel-immediate", Ignored),
    (None, "parallel-max", IgnoredValue),
    (None, "pass", IgnoredValue),
    (None, "path-as-is", PathAsIs),
    (None, "pinnedpubkey", IgnoredValue),
    (None, "post301", Refused(POST)),
    (None, "post302", Refused(POST)),
    (None, "post303", Refused(POST)),
    (None, "preproxy", RefusedValue(PROXY)),
    (None, "progress-meter", Ignored),
    (Some('#'), "progress-bar", Ignored),
    (None, "proto", IgnoredValue),
    (None, "proto-default", IgnoredValue),
    (None, "proto-redir", IgnoredValue),
    (Some('x'), "proxy", RefusedValue(PROXY)),
    (None, "proxy-anyauth", Ignored),
    (None, "proxy-basic", Ignored),
    (None, "proxy-cacert", IgnoredValue),
    (None, "proxy-capath", IgnoredValue),
    (None, "proxy-cert", IgnoredValue),
    (None, "proxy-cert-type", IgnoredValue),
    (None, "proxy-ciphers", IgnoredValue),
    (None, "proxy-crlfile", IgnoredValue),
    (None, "proxy-digest", Ignored),
    (None, "proxy-header", IgnoredValue),
    (None, "proxy-insecure", Ignored),
    (None, "proxy-key", IgnoredValue),
    (None, "proxy-key-type", IgnoredValue),
    (None, "proxy-negotiate", Refused(AUTHENTICATION)),
    (None, "proxy-ntlm", Ignored),
    (None, "proxy-pass", IgnoredValue),
    (None, "proxy-pinnedpubkey", IgnoredValue),
    (None, "proxy-service-name", IgnoredValue),
    (None, "proxy-ssl-allow-beast", Ignored),
    (None, "proxy-ssl-auto-client-cert", Ignored),
    (None, "proxy-tls13-ciphers", IgnoredValue),
    (None, "proxy-tlsauthtype", IgnoredValue),
    (None, "proxy-tlspassword", IgnoredValue),
    (None, "proxy-tlsuser", IgnoredValue),
    (None, "proxy-tlsv1", Ignored),
    (Some('U'), "proxy-user", IgnoredValue),
    (None, "proxy1.0", RefusedValue(PROXY)),
    (Some('p'), "proxytunnel", Ignored),
    (None, "pubkey", IgnoredValue),
    (Some('Q'), "quote", RemarkValue(NOT_HTTP)),
    (None, "random-file", IgnoredValue),
    (Some('r'), "range", Range),
    (None, "rate", IgnoredValue),
    (None, "raw", Ignored),
    (Some('e'), "referer", Referer),
    (Some('J'), "remote-header-name", Ignored),
    (Some('O'), "remote-name", RemoteName),
    (None, "remote-name-all", Ignored),
    (Some('R'), "remote-time", Ignored),
    (None, "remove-on-error", Ignored),
    (Some('X'), "request", Method),
    (None, "request-target", RequestTarget),
    (None, "resolve", RemarkValue(ADDRESS)),
    (None, "retry", RemarkValue(RETRY)),
    (None, "retry-all-errors", Ignored),
    (None, "retry-connrefused", Ignored),
    (None, "retry-delay", IgnoredValue),
    (None, "retry-max-time", IgnoredValue),
    (None, "sasl-authzid", IgnoredValue),
    (None, "sasl-ir", Ignored),
    (None, "service-name", IgnoredValue),
    (None, "sessionid", Ignored),
    (Some('S'), "show-error", Ignored),
    (None, "show-headers", Ignored),
    (Some('s'), "silent", Ignored),
    (None, "socks4", RefusedValue(PROXY)),
    (None, "socks4a", RefusedValue(PROXY)),
    (None, "socks5", RefusedValue(PROXY)),
    (None, "socks5-basic", Ignored),
    (None, "socks5-gssapi", Ignored),
    (None, "socks5-gssapi-nec", Ignored),
    (None, "socks5-gssapi-service", IgnoredValue),
    (None, "socks5-hostname", RefusedValue(PROXY)),
    (Some('Y'), "speed-limit", IgnoredValue),
    (Some('y'), "speed-time", IgnoredValue),
    (None, "ssl", Ignored),
    (None, "ssl-allow-beast", Ignored),
    (None, "ssl-auto-client-cert", Ignored),
    (None, "ssl-no-revoke", Ignored),
    (None, "ssl-reqd", Ignored),
    (None, "ssl-revoke-best-effort", Ignored),
    (Some('2'), "sslv2", Ignored),
    (Some('3'), "sslv3", Ignored),
    (None, "stderr", IgnoredValue),
    (None, "styled-output", Ignored),
    (None, "suppress-connect-headers", Ignored),
    (None, "tcp-fastopen", Ignored),
    (None, "tcp-nodelay", Ignored),
    (Some('t'), "telnet-option", RemarkValue(NOT_HTTP)),
    (None, "tftp-blksize", IgnoredValue),
    (None, "tftp-no-options", Ignored),
    (Some('z'), "time-cond", TimeCondition),
    (None, "tls-max", RemarkValue(TLS)),
    (None, "tls13-ciphers", RemarkValue(TLS)),
    (None, "tls-earlydata", Ignored),
    (None, "tlsauthtype", IgnoredValue),
    (None, "tlspassword", IgnoredValue),
    (None, "tlsuser", IgnoredValue),
    (Some('1'), "tlsv1", Remark(TLS)),
    (None, "tlsv1.0", Remark(TLS)),
    (None, "tlsv1.1", Remark(TLS)),
    (None, "tlsv1.2", Remark(TLS)),
    (None, "tlsv1.3", Remark(TLS)),
    (None, "tr-encoding", TransferEncoding),
    (None, "trace", IgnoredValue),
    (None, "trace-ascii", IgnoredValue),
    (None, "trace-time", Ignored),
    (None, "unix-socket", RemarkValue(ADDRESS)),
    (Some('T'), "upload-file", Upload),
    (None, "url", Url),
    (None, "url-query", UrlQuery),
    (Some('B'), "use-ascii", Refused(CONVERTED)),
    (Some('u'), "user", User),
    (Some('A'), "user-agent", Agent),
    (Some('v'), "verbose", Ignored),
    (Some('V'), "version", Refused(NO_REQUEST)),
    (Some('w'), "write-out", IgnoredValue),
    (None, "xattr", Ignored),
    (None, "ca-native", Ignored),
    (None, "proxy-ca-native", Ignored),
    (None, "variable", RefusedValue("write the variable under `variables` and `${name}` in the command")),
    (None, "trace-ids", Ignored),
    (None, "trace-config", IgnoredValue),
    (None, "haproxy-clientip", RefusedValue(HAPROXY)),
    (None, "ipfs-gateway", IgnoredValue),
    (None, "ech", IgnoredValue),
    (None, "ip-tos", IgnoredValue),
    (None, "vlan-priority", IgnoredValue),
    (None, "keepalive-cnt", IgnoredValue),
    (None, "dump-ca-embed", Ignored),
    (None, "skip-existing", Ignored),
    (None, "mptcp", Ignored),
    (None, "proxy-http2", Ignored),
];
