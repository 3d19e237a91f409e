//! Finds the credentials of a host in a netrc file, as curl does.

use std::io::ErrorKind;

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::template::Text;

/// Returns the credentials that curl sends with `-n`, `--netrc-optional` or `--netrc-file`, given those of the URL.
///
/// Without a path, the file is `.netrc` in the folder of the scenario.
///
/// # Errors
/// A file that cannot be read (but a missing one may be optional) or is invalid, or a URL whose user is an expression.
pub(super) fn credentials(
    path: Option<&str>,
    is_optional: bool,
    of_url: Option<Text>,
    origin: &str,
    reader: &Reader<'_>,
) -> Result<Option<Text>, Diagnostic> {
    let written = of_url.as_ref().map(Text::written);
    if of_url.as_ref().is_some_and(|text| !text.is_literal()) {
        return Err(reader
            .wrong(
                written.unwrap_or_default(),
                "a netrc file cannot be searched for a user that is an expression",
            )
            .help("write `-u \"${user}:${password}\"` instead"));
    }
    let user = written.map(|text| text.split_once(':').map_or(text, |(user, _)| user));
    let password = written.and_then(|text| text.split_once(':')).map(|(_, password)| password);
    if is_optional && password.is_some() {
        return Ok(of_url);
    }
    let name = path.unwrap_or(".netrc");
    let spot = path.unwrap_or("-n");
    let file = match (reader.files)(name) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if is_optional && error.kind() == ErrorKind::NotFound => return Ok(of_url),
        Err(error) => {
            return Err(reader
                .wrong(spot, format!("cannot read the netrc file `{name}`: {error}"))
                .help("its path is relative to the folder of the scenario, not to your home; or write the credentials with `-u`"));
        }
    };
    let found = find(&file, host_of(origin), user).map_err(|line| {
        reader.wrong(spot, format!("line {line} of the netrc file `{name}` has a quote that is not closed"))
    })?;
    let Some(found) = found.filter(|found| found.user.is_some() || found.password.is_some()) else {
        return Ok(of_url);
    };
    let user = user.map(str::to_owned).or(found.user).unwrap_or_default();
    let password = found.password.as_deref().or(password).unwrap_or_default();
    if user.chars().chain(password.chars()).any(char::is_control) {
        let message = format!("the credentials in the netrc file `{name}` have a control character");
        return Err(reader.wrong(spot, message).help("remove it"));
    }
    Ok(Some(Text::literal(&format!("{user}:{password}"))))
}

/// Returns the host of an origin without the port and the brackets of an IPv6 address.
fn host_of(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// The credentials of a host; the file may give only one of the two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// What the next word is.
enum Next {
    /// A keyword outside of the entry of the host.
    Entry,
    /// The name of a machine.
    Machine,
    /// A word in the entry of the host.
    Keyword,
    User,
    Password,
}

/// Returns the credentials of the first entry for `host`, or of `default`; with `user`, of the entry for this user.
///
/// As in curl, the password of an entry for another user counts if no entry is for this one.
///
/// # Errors
/// Returns the line, from 1, of a quote that is not closed.
pub(super) fn find(file: &str, host: &str, user: Option<&str>) -> Result<Option<Credentials>, usize> {
    let mut next = Next::Entry;
    let mut is_found = false;
    let mut own = Credentials { user: None, password: None };
    let mut is_macro = false;
    for (at, line) in file.lines().enumerate() {
        is_macro &= !line.trim().is_empty();
        if is_macro || line.trim_start_matches([' ', '\t']).starts_with('#') {
            continue;
        }
        for word in words(line).ok_or(at + 1)? {
            next = match next {
                Next::Machine if host.eq_ignore_ascii_case(&word) => Next::Keyword,
                Next::Machine => Next::Entry,
                Next::User => {
                    own.user = Some(word);
                    Next::Keyword
                }
                Next::Password => {
                    own.password = Some(word);
                    Next::Keyword
                }
                Next::Entry | Next::Keyword => match word.to_ascii_lowercase().as_str() {
                    "machine" => {
                        own = Credentials { user: None, password: None };
                        Next::Machine
                    }
                    "default" => {
                        own = Credentials { user: None, password: None };
                        Next::Keyword
                    }
                    "macdef" if matches!(next, Next::Entry) => {
                        is_macro = true;
                        break;
                    }
                    "login" if matches!(next, Next::Keyword) => Next::User,
                    "password" if matches!(next, Next::Keyword) => Next::Password,
                    _ => next,
                },
            };
            is_found |= matches!(next, Next::Keyword);
            let is_own = own.user.is_some() && user.is_none_or(|user| own.user.as_deref() == Some(user));
            if is_own && own.password.is_some() {
                return Ok(Some(own));
            }
        }
    }
    if !is_found {
        return Ok(None);
    }
    let is_own = own.user.is_some() && user.is_none_or(|user| own.user.as_deref() == Some(user));
    if is_own {
        own.password.get_or_insert_default();
    }
    Ok(Some(own))
}

/// Splits a line at blanks; a word in double quotes may contain them. Returns `None` if a quote is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let mut word = String::new();
        let mut letters = rest.chars();
        if first == '"' {
            letters.next();
            loop {
                match letters.next()? {
                    '"' => break,
                    '\\' => word.push(escaped(letters.next()?)),
                    other => word.push(other),
                }
            }
        } else {
            word.extend(letters.by_ref().take_while(|one| !one.is_ascii_whitespace()));
        }
        words.push(word);
        rest = letters.as_str().trim_start();
    }
    Some(words)
}

/// Returns the character that an escape in quotes means.
fn escaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    /// Returns the credentials as curl 8.11.1 sends them, with `-` for what is not in the file.
    fn found(file: &str, user: Option<&str>) -> String {
        match find(file, "h", user) {
            Ok(None) => "none".to_owned(),
            Ok(Some(own)) => {
                let or = |one: Option<String>| one.unwrap_or_else(|| "-".to_owned());
                format!("{}:{}", user.map_or_else(|| or(own.user), str::to_owned), or(own.password))
            }
            Err(line) => format!("line {line}"),
        }
    }

    #[test]
    fn finds_the_entry_that_curl_finds() {
        for (file, user, expected) in [
            ("machine other login a password b", None, "none"),
            ("machine other login a password b\nmachine H login bob\n\tpassword pw", None, "bob:pw"),
            ("machine h password pw account x login bob", None, "bob:pw"),
            ("machine h login bob password b\nmachine h login eve password e", Some("eve"), "eve:e"),
            ("machine h login bob password b\ndefault login any password a", Some("zed"), "zed:a"),
            ("default login any password a\nmachine h login bob password b", None, "any:a"),
            ("machine h password only", None, "-:only"),
            ("machine h login bob", None, "bob:"),
            ("machine h login bob", Some("zed"), "zed:-"),
            ("macdef init\nmachine h login a password b\n\nmachine h login c password d", None, "c:d"),
            (
                "# machine h login a password b\nmachine h login \"b o\" password \"\\\"\\tx\"",
                None,
                "b o:\"\tx",
            ),
            ("machine x\nmachine h login \"bob", None, "line 2"),
        ] {
            assert_eq!(found(file, user), expected, "{file:?} for {user:?}");
        }
    }
}
