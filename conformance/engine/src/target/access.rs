//! How a started target is reached, besides plain HTTP on its port: over TLS, over a unix socket, with a client certificate.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::port::free_port;
use super::scratch::Scratch;
use super::unusable::Unusable;
use crate::http::{HttpClient, Transport};
use conformance_suite::json::Json;
use conformance_suite::request::ClientCertificate;
use conformance_suite::template::Scope;

/// How a started target is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The certificate of a target that speaks TLS.
    pub tls: Option<Certificate>,
    /// Whether it listens on a unix socket.
    pub socket: bool,
    /// Client certificate that is sent to it.
    pub client_certificate: Option<ClientCertificate>,
    /// Addresses for the other origins of the suite, by name. The others get a free port each.
    pub origins: Vec<(String, String)>,
}

/// The certificate of a target that speaks TLS.
#[derive(Debug, Clone)]
pub enum Certificate {
    /// One that is made for each start, and trusted.
    Made,
    /// Its own, which is accepted without verification.
    Own {
        /// Certificate, in PEM form.
        certificate: PathBuf,
        /// Its key, in PEM form.
        key: PathBuf,
    },
}

/// How one start of a target is reached.
pub(super) struct Reached {
    pub(super) transport: Transport,
    pub(super) scheme: &'static str,
    /// Folder of the certificate, which the program has to read.
    pub(super) folder: Option<PathBuf>,
    /// Addresses of the other origins, by name, and free ports for the remaining ones.
    addresses: Vec<(String, String)>,
    ports: Vec<(String, u16)>,
    /// Values for the environment of the target.
    values: Vec<(&'static str, String)>,
}

/// Names in the certificate that is made.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl Access {
    /// Writes the files for one start, and returns how the target is reached.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub(super) fn prepare(
        &self,
        origins: &[(String, String)],
        scratch: &Scratch,
        transport: &Transport,
    ) -> Result<Reached, Unusable> {
        let addresses = self.origins.clone();
        let mut ports = Vec::new();
        for (name, _) in origins.iter().filter(|(name, _)| !addresses.iter().any(|(own, _)| own == name)) {
            let port = free_port().map_err(|error| Unusable::new(format!("no port is free: {error}")))?;
            ports.push((name.clone(), port));
        }
        let mut transport =
            Transport { client_certificate: self.client_certificate.clone(), ..transport.local() };
        let mut values = Vec::new();
        if self.socket {
            let path = scratch.path().join(".conformance.sock");
            // A target that was stopped may have left it.
            fs::remove_file(&path).ok();
            values.push(("socket", path.display().to_string()));
            transport.unix_socket = Some(path);
        }
        let Some(tls) = &self.tls else {
            return Ok(Reached { transport, scheme: "http", folder: None, addresses, ports, values });
        };
        let failed = |what: String| move |error: std::io::Error| Unusable::new(format!("{what}: {error}"));
        let (certificate, key) = match tls {
            Certificate::Made => made().map_err(|error| {
                Unusable::new(format!("no certificate could be made for the target: {error}"))
            })?,
            Certificate::Own { certificate, key } => {
                let read = |path: &PathBuf| {
                    fs::read_to_string(path).map_err(failed(format!("cannot read {}", path.display())))
                };
                (read(certificate)?, read(key)?)
            }
        };
        let folder = scratch.outer().join("tls");
        let [of_certificate, of_key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&of_certificate, &certificate))
            .and_then(|()| fs::write(&of_key, &key))
            .map_err(failed(format!("cannot write {}", folder.display())))?;
        match tls {
            Certificate::Made => {
                let trusted = CertificateDer::from_pem_slice(certificate.as_bytes()).into_iter().collect();
                transport.authorities = Some((of_certificate.clone(), trusted));
            }
            // The runner has started the target itself, and checks who listens on its port.
            Certificate::Own { .. } => transport.insecure = true,
        }
        values.push(("certificate", of_certificate.display().to_string()));
        values.push(("key", of_key.display().to_string()));
        Ok(Reached { transport, scheme: "https", folder: Some(folder), addresses, ports, values })
    }
}

impl Reached {
    /// Sets the values for the environment of the target.
    pub(super) fn set(&self, scope: &mut Scope) {
        for (name, value) in &self.values {
            scope.set(*name, &value.as_str().into());
        }
        let ports = self.ports.iter().map(|(name, port)| (name.clone(), (*port).into()));
        scope.set("ports", &Json::Object(ports.collect()));
    }

    /// Returns the ports of the other origins.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.iter().map(|(_, port)| *port)
    }

    /// Returns the clients for the other origins, at the loopback address at which the target itself responds.
    pub(super) fn others(&self, http: &HttpClient) -> Result<BTreeMap<String, HttpClient>, Unusable> {
        let transport = Transport { unix_socket: None, ..http.transport().clone() };
        let host = http.base().rsplit_once(':').map_or(http.base(), |(host, _)| host);
        let free = self.ports.iter().map(|(name, port)| (name.clone(), format!("{host}:{port}")));
        let all = self.addresses.iter().cloned().chain(free);
        all.map(|(name, url)| Ok((name, HttpClient::new(&url, &transport).map_err(Unusable::new)?))).collect()
    }
}

/// Makes a certificate with its key.
fn made() -> Result<(String, String), rcgen::Error> {
    let made = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned))?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}
