//! Cookie jar of a client for one site (RFC 6265, section 5).

use std::time::SystemTime;

use url::Url;

use crate::cookie::Lifetime;
use crate::response::Response;

/// The cookies of one user.
#[derive(Debug, Clone, Default)]
pub struct Jar(Vec<Kept>);

#[derive(Debug, Clone)]
struct Kept {
    name: String,
    value: String,
    domain: String,
    /// Whether the cookie is sent only to this host and not to its subdomains.
    host_only: bool,
    path: String,
    secure: bool,
    expires: Option<SystemTime>,
}

impl Jar {
    /// Stores the cookies of a response from `url` (section 5.3).
    pub fn keep(&mut self, url: &Url, response: &Response) {
        let now = SystemTime::now();
        for cookie in response.cookies() {
            let host = url.host_str().unwrap_or_default();
            let domain = cookie.domain();
            if domain.as_ref().is_some_and(|domain| !domain_matches(host, domain)) {
                continue;
            }
            let path = cookie.path().map_or_else(|| default_path(url), str::to_owned);
            let (gone, expires) = match cookie.lifetime(now) {
                Lifetime::Expired => (true, None),
                Lifetime::Until(moment) => (false, Some(moment)),
                Lifetime::Session => (false, None),
            };
            let kept = Kept {
                name: cookie.name.to_owned(),
                value: cookie.value.to_owned(),
                host_only: domain.is_none(),
                domain: domain.unwrap_or_else(|| host.to_owned()),
                path,
                secure: cookie.has("secure"),
                expires,
            };
            let same =
                |old: &Kept| old.name == kept.name && old.domain == kept.domain && old.path == kept.path;
            match self.0.iter().position(same) {
                Some(index) if gone => drop(self.0.remove(index)),
                // A cookie that is set again keeps its position (section 5.3, step 11).
                Some(index) => {
                    if let Some(old) = self.0.get_mut(index) {
                        *old = kept;
                    }
                }
                None if gone => {}
                None => self.0.push(kept),
            }
        }
    }

    /// Returns the `Cookie` header value for `url` (section 5.4). Longer paths come first, then older cookies.
    #[must_use]
    pub fn pairs(&self, url: &Url) -> Option<String> {
        let now = SystemTime::now();
        let host = url.host_str().unwrap_or_default();
        let mut cookies: Vec<&Kept> = (self.0.iter())
            .filter(|cookie| {
                if cookie.host_only { cookie.domain == host } else { domain_matches(host, &cookie.domain) }
            })
            .filter(|cookie| path_matches(url.path(), &cookie.path))
            .filter(|cookie| !cookie.secure || url.scheme() == "https")
            .filter(|cookie| cookie.expires.is_none_or(|moment| moment > now))
            .collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// Domain matching (section 5.1.3).
fn domain_matches(host: &str, domain: &str) -> bool {
    let below = || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    host == domain || (below() && host.parse::<std::net::IpAddr>().is_err())
}

/// Default path (section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => url.path().get(..end).unwrap_or("/").to_owned(),
    }
}

fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("http://shop.example.org{path}")).unwrap()
    }

    fn jar(path: &str, cookies: &[&str]) -> Jar {
        let mut jar = Jar::default();
        let headers = cookies.iter().map(|cookie| ("set-cookie".to_owned(), (*cookie).to_owned())).collect();
        jar.keep(&url(path), &Response { headers, ..Response::default() });
        jar
    }

    #[test]
    fn sends_cookies_by_host_and_path() {
        let jar = jar("/a/b", &["one=1", "two=2; Path=/", "three=3; Domain=example.org; Path=/a/b"]);
        assert_eq!(jar.pairs(&url("/a/b/c")).unwrap(), "three=3; one=1; two=2");
        assert_eq!(jar.pairs(&url("/ab")).unwrap(), "two=2");
        assert_eq!(jar.pairs(&Url::parse("http://www.example.org/a/b").unwrap()).unwrap(), "three=3");
        assert_eq!(jar.pairs(&Url::parse("http://example.net/").unwrap()), None);
    }

    #[test]
    fn rejects_cookie_of_another_domain() {
        assert!(
            jar("/", &["x=1; Domain=example.net", "y=1; Domain=hop.example.org"]).pairs(&url("/")).is_none()
        );
    }

    #[test]
    fn replaces_cookie_set_again_and_deletes_expired_one() {
        let mut jar = jar("/", &["a=1", "b=2"]);
        let again = |cookie: &str| Response {
            headers: vec![("set-cookie".into(), cookie.into())],
            ..Response::default()
        };
        jar.keep(&url("/"), &again("a=3"));
        assert_eq!(jar.pairs(&url("/")).unwrap(), "a=3; b=2");
        jar.keep(&url("/"), &again("a=; Max-Age=0"));
        jar.keep(&url("/"), &again("b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(jar.pairs(&url("/")), None);
    }

    #[test]
    fn cookie_with_huge_max_age_is_kept() {
        for age in ["9223372036854775807", "99999999999999999999999999999999"] {
            let jar = jar("/", &[&format!("a=1; Max-Age={age}")]);
            assert_eq!(jar.pairs(&url("/")).as_deref(), Some("a=1"), "{age}");
        }
        assert_eq!(jar("/", &["a=1; Max-Age=-9223372036854775808"]).pairs(&url("/")), None);
    }

    #[test]
    fn expired_cookie_is_deleted_in_every_form_of_the_date() {
        for expires in [
            "Thu, 01 Jan 1970 00:00:00 UTC",
            "Thu, 01 Jan 1970 00:00:00 -0000",
            "Thu, 01 Jan 1970 00:00:00 +0000",
            "Thursday, 01-Jan-70 00:00:00 GMT",
            "Thu, 01-Jan-1970 00:00:00 GMT",
            "Thu Jan  1 00:00:00 1970",
            "1 Jan 1601 00:00:00",
        ] {
            let jar = jar("/", &["sid=abc; Path=/", &format!("sid=; Expires={expires}; Path=/")]);
            assert_eq!(jar.pairs(&url("/")), None, "{expires}");
        }
        assert!(jar("/", &["a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"]).pairs(&url("/")).is_some());
    }

    #[test]
    fn secure_cookie_is_not_sent_over_plain_http() {
        let jar = jar("/", &["s=1; Secure"]);
        assert!(jar.pairs(&url("/")).is_none());
        assert!(jar.pairs(&Url::parse("https://shop.example.org/").unwrap()).is_some());
    }
}
