//! Network settings: certificates, a proxy, and header fields for every request.
//!
//! For plain HTTP targets no TLS setup takes place, and the system's certificates are not read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::connection::Route;
use super::dialer::Dialer;
use super::tls;
use conformance_suite::request::{ClientCertificate, Header, Prepared};
use conformance_suite::shell::quote;
use conformance_suite::suite::Connections;
use conformance_suite::suite::folder::read_file;

/// Network settings for requests to a target.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Timeout for connecting, and again from the first byte of a request to the last byte of its response.
    pub limit: Duration,
    /// Whether connections are reused.
    pub connections: Connections,
    /// Header fields for every request that has no field of that name.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are not verified.
    pub insecure: bool,
    /// Additional trusted certificate authorities, with the file that contains them.
    pub authorities: Option<(PathBuf, Vec<CertificateDer<'static>>)>,
    /// Client certificate, for a target that asks for one.
    pub client_certificate: Option<ClientCertificate>,
    /// Unix socket to connect to, whatever the address of the target is.
    pub unix_socket: Option<PathBuf>,
    /// Addresses for the other origins of the suite, by name.
    pub origins: Vec<(String, String)>,
    /// Proxy for all requests.
    pub proxy: Option<Url>,
    /// Opens connections to a target that has a network of its own.
    pub dialer: Option<Arc<dyn Dialer>>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(10),
            connections: Connections::Fresh,
            headers: Vec::new(),
            insecure: false,
            authorities: None,
            client_certificate: None,
            unix_socket: None,
            origins: Vec::new(),
            proxy: None,
            dialer: None,
        }
    }
}

impl Transport {
    /// Trusts the certificate authorities in a PEM file.
    ///
    /// # Errors
    /// The file cannot be read or contains no certificate; the message is one sentence.
    pub fn trust(&mut self, path: &Path) -> Result<(), String> {
        let text = read_file(path)
            .map_err(|error| format!("the certificates in {} cannot be read: {error}", path.display()))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.unwrap_or_default();
        if certificates.is_empty() {
            return Err(format!("{} holds no certificate in PEM form", path.display()));
        }
        self.authorities = Some((path.to_owned(), certificates));
        Ok(())
    }

    /// Returns the settings for a loopback target: options about the address and TLS do not apply.
    pub(crate) fn local(&self) -> Self {
        Self {
            insecure: false,
            authorities: None,
            client_certificate: None,
            unix_socket: None,
            proxy: None,
            ..self.clone()
        }
    }

    /// Adds the header fields for every request. A raw request is returned unchanged.
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

    /// Returns the equivalent curl options, each with a leading space.
    #[must_use]
    pub fn curl_options(&self) -> String {
        let mut options = String::new();
        if self.insecure {
            options.push_str(" --insecure");
        }
        if let Some((path, _)) = &self.authorities {
            options.push_str(&format!(" --cacert {}", quote(&path.to_string_lossy())));
        }
        if let Some(client_certificate) = &self.client_certificate {
            options.push_str(&format!(" --cert {}", quote(&client_certificate.certificate)));
            if let Some(key) = &client_certificate.key {
                options.push_str(&format!(" --key {}", quote(key)));
            }
        }
        if let Some(path) = &self.unix_socket {
            options.push_str(&format!(" --unix-socket {}", quote(&path.to_string_lossy())));
        }
        if let Some(mut proxy) = self.proxy.clone() {
            // A reproduce command must not contain the proxy credentials. Removing them cannot fail for a URL with a
            // host.
            proxy.set_username("").ok();
            proxy.set_password(None).ok();
            options.push_str(&format!(" --proxy {}", quote(proxy.as_str())));
        }
        options
    }

    /// Returns the route to a target.
    pub(super) fn route(&self, target: &Url) -> Result<Route, String> {
        let speaks_tls = |address: Option<&Url>| address.is_some_and(|address| address.scheme() == "https");
        let tls = if speaks_tls(Some(target)) || speaks_tls(self.proxy.as_ref()) {
            let authorities = self.authorities.as_ref().map_or(&[][..], |(_, authorities)| authorities);
            let config = tls::config(authorities, self.insecure, self.client_certificate.as_ref())
                .map_err(|error| format!("these certificates cannot be used: {error}"))?;
            Some(Arc::new(config))
        } else {
            None
        };
        Ok(Route {
            proxy: self.proxy.clone(),
            unix_socket: self.unix_socket.clone(),
            tls,
            dialer: self.dialer.clone(),
            ..Route::new(target.clone())
        })
    }
}
