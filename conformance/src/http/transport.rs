//! How a target is reached beyond its address: certificates, a proxy, header fields for a gateway.
//!
//! In go the choices of a user, out come clients of HTTP. A target over plain HTTP pays nothing for TLS: no certificate of the
//! system is read for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::connection::Route;
use super::tls;
use crate::request::{Header, Prepared};
use crate::shell::quote;

/// Whether connections are kept for later requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Connections {
    /// Each request has a connection of its own, as each curl command has.
    #[default]
    Fresh,
    /// A connection is used again if the exchange before it was clean.
    Reuse,
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub struct Transport {
    /// The time for connecting, and again the time from the first byte of a request to the last byte of its response.
    pub limit: Duration,
    /// Whether connections are kept.
    pub connections: Connections,
    /// Header fields that every request gets, unless it has one of that name itself.
    pub headers: Vec<(String, String)>,
    /// Whether a certificate is taken as it is.
    pub insecure: bool,
    /// The authorities that are trusted beside those of the system, and the file they stand in.
    pub authorities: Option<(PathBuf, Vec<CertificateDer<'static>>)>,
    /// The proxy that every request goes through.
    pub proxy: Option<Url>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(10),
            connections: Connections::Fresh,
            headers: Vec::new(),
            insecure: false,
            authorities: None,
            proxy: None,
        }
    }
}

impl Transport {
    /// Trusts the authorities in a file of PEM certificates.
    ///
    /// # Errors
    /// A file that cannot be read or holds no certificate, in one sentence.
    pub fn trust(&mut self, path: &Path) -> Result<(), String> {
        let text = std::fs::read(path)
            .map_err(|error| format!("the certificates in {} cannot be read: {error}", path.display()))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.unwrap_or_default();
        if certificates.is_empty() {
            return Err(format!("{} holds no certificate in PEM form", path.display()));
        }
        self.authorities = Some((path.to_owned(), certificates));
        Ok(())
    }

    /// The transport of a target on this machine: what a user says of the network is not meant for it.
    pub(crate) fn local(&self) -> Self {
        Self { insecure: false, authorities: None, proxy: None, ..self.clone() }
    }

    /// Returns a request with the header fields that every request gets; a raw one gets none.
    #[must_use]
    pub fn dress(&self, mut request: Prepared) -> Prepared {
        if request.raw.is_some() {
            return request;
        }
        for (name, value) in &self.headers {
            if !request.headers.iter().any(|own| own.is(name)) {
                request.add(Header::new(name, value));
            }
        }
        request
    }

    /// The options of curl that say the same, each with a blank before it.
    #[must_use]
    pub fn curl_options(&self) -> String {
        let mut options = String::new();
        if self.insecure {
            options.push_str(" --insecure");
        }
        if let Some((path, _)) = &self.authorities {
            options.push_str(&format!(" --cacert {}", quote(&path.to_string_lossy())));
        }
        if let Some(mut proxy) = self.proxy.clone() {
            // Whoever repeats the command knows the credentials. An address with a host can lose them.
            proxy.set_username("").ok();
            proxy.set_password(None).ok();
            options.push_str(&format!(" --proxy {}", quote(proxy.as_str())));
        }
        options
    }

    /// Returns the way to a target: for its clients, and for what they may not send.
    pub(super) fn route(&self, target: &Url) -> Result<Route, String> {
        let speaks_tls = |address: Option<&Url>| address.is_some_and(|address| address.scheme() == "https");
        let tls = if speaks_tls(Some(target)) || speaks_tls(self.proxy.as_ref()) {
            let authorities = self.authorities.as_ref().map_or(&[][..], |(_, authorities)| authorities);
            let config = tls::config(authorities, self.insecure)
                .map_err(|error| format!("these certificates cannot be used: {error}"))?;
            Some(Arc::new(config))
        } else {
            None
        };
        Ok(Route::new(target.clone(), self.proxy.clone(), tls))
    }
}
