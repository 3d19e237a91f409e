//! Finds the origin of a command and compares origins.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use url::{Host, Url};

use crate::pattern;
use crate::transcript::UNNAMED;
use conformance_suite::shell::{self, Role};

/// Returns the origin of the URL in a command.
pub(super) fn named_by(command: &str) -> Option<String> {
    // A here-document is not part of the words, and neither is what an unclosed quote makes of them.
    let command = command.split("<<").next().unwrap_or_default();
    let Some(words) = words(command) else {
        let found =
            command.split_whitespace().find_map(|word| ADDRESS.captures(word.trim_matches(['"', '\''])));
        return found.map(|found| without_user(&found[1])).filter(|origin| is_origin(origin));
    };
    let address = words.iter().find_map(|word| Some(ADDRESS.captures(word)?[1].to_owned()));
    let bare = || {
        let word = words.iter().skip(1).find(|word| BARE.is_match(word))?;
        Some(format!("http://{}", word.split(['/', '?']).next().unwrap_or_default()))
    };
    address.or_else(bare).map(|origin| without_user(&origin)).filter(|origin| is_origin(origin))
}

/// Returns a command with this origin if its URL has the same one in another spelling, or under another name of the local machine.
pub(super) fn with_origin(text: String, origin: &str, remarks: &mut Vec<String>) -> String {
    let other =
        |named: &String| named != origin && (is_same(named, origin) || of_this_machine(named, origin));
    let Some(named) = named_by(&text).filter(other) else { return text };
    if !is_same(&named, origin) {
        remarks.push(format!("the document uses {named} here"));
    }
    if text.contains(&named) {
        return text.replacen(&named, origin, 1);
    }
    let host = |origin: &str| origin.split_once("://").map_or("", |(_, host)| host).to_owned();
    text.replacen(&host(&named), &host(origin), 1)
}

/// Replaces the origin inside of other words, such as a body, by that of the target, if the command still parses.
pub(super) fn with_target_origin(text: &str, origin: &str, parses: impl Fn(&str) -> bool) -> String {
    let mut quotes = shell::Quotes::default();
    let roles: BTreeMap<usize, Role> = text.char_indices().map(|(at, one)| (at, quotes.take(one))).collect();
    // In a here-document, quotes are letters.
    let document = text.find("<<").and_then(|at| Some(at + text.get(at..)?.find('\n')?));
    let is_inside = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        let Some((last, one)) = before.char_indices().next_back() else { return false };
        document.is_some_and(|document| *at > document)
            || match roles.get(&last) {
                Some(Role::Within(_)) => true,
                Some(Role::Opens(..)) => false,
                _ => !one.is_whitespace() && !before.ends_with("--url="),
            }
    };
    let ends = |at: &usize| {
        !text
            .get(at + origin.len()..)
            .unwrap_or_default()
            .starts_with(|one: char| one.is_alphanumeric() || "-.:".contains(one))
    };
    let mut changed = text.to_owned();
    let places: Vec<usize> =
        text.match_indices(origin).map(|(at, _)| at).filter(is_inside).filter(ends).collect();
    for at in places.into_iter().rev() {
        changed.replace_range(at..at + origin.len(), "${target.origin}");
    }
    if changed != text && parses(&changed) { changed } else { text.to_owned() }
}

/// Whether a text is a valid origin of a suite.
pub(super) fn is_origin(text: &str) -> bool {
    let fits = |one: char| one.is_ascii_alphanumeric() || "-._~:/[]${}".contains(one);
    text.chars().all(fits) && !text.ends_with(':') && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// Whether two texts are one origin in other spellings.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || plain(one) == plain(other)
}

/// Returns the usual spelling of an origin: letter case and the default port do not matter (RFC 3986, section 6.2.3).
pub(super) fn plain(origin: &str) -> String {
    let parsed = Url::parse(origin).ok().filter(|_| !origin.contains(['$', '{']));
    parsed.map_or_else(|| origin.to_owned(), |url| url.origin().ascii_serialization())
}

/// Whether two origins are the same port of the local machine under different names.
fn of_this_machine(one: &str, other: &str) -> bool {
    let port = |origin: &str| {
        let (scheme, rest) = origin.split_once("://")?;
        let names = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
        names.iter().find_map(|name| rest.strip_prefix(name)).map(|port| (scheme.to_owned(), port.to_owned()))
    };
    port(one).is_some() && port(one) == port(other)
}

/// Whether an origin belongs to the system that a document describes, as another port or another host of it.
pub(super) fn is_related(origin: &str, main: &str) -> bool {
    const LOCAL: [&str; 10] = [
        "local",
        "localhost",
        "internal",
        "test",
        "example",
        "invalid",
        "lan",
        "example.com",
        "example.org",
        "example.net",
    ];
    let host = |origin: &str| match Url::parse(origin).ok()?.host()? {
        Host::Domain(name) => Some(Some(name.to_ascii_lowercase())),
        Host::Ipv4(_) | Host::Ipv6(_) => Some(None),
    };
    let ends = |name: &str, end: &str| name == end || name.ends_with(&format!(".{end}"));
    let domain = |name: &str| name.rsplitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    if origin.contains(['$', '{']) || origin == UNNAMED {
        return false;
    }
    match host(origin) {
        None => false,
        Some(None) => true,
        Some(Some(name)) => {
            !name.contains('.')
                || LOCAL.iter().any(|end| ends(&name, end))
                || host(main)
                    .flatten()
                    .is_some_and(|main| main.contains('.') && domain(&main) == domain(&name))
        }
    }
}

fn without_user(origin: &str) -> String {
    match origin.split_once("://").zip(origin.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}://{host}"),
        None => origin.to_owned(),
    }
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(https?://[^/?#\s]+)"));
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:[^\s/@]+@)?(localhost|\d+(\.\d+){3}|[\w-]+(\.[\w-]+)+|[A-Za-z][\w-]*:\d+)(:\d+)?(/|\?|$)")
});

/// Returns the words of a command.
pub(super) fn words(command: &str) -> Option<Vec<String>> {
    Some(shell::split(command).ok()?.into_iter().map(|word| word.text).collect())
}
