//! TLS configuration: which certificates are accepted.

use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use conformance_suite::request::ClientCertificate;

/// Creates a configuration that trusts the system's certificate authorities and `authorities`, or any certificate if
/// `insecure`. A target that asks for a client certificate gets `client_certificate`.
///
/// # Errors
/// An authority or the client certificate cannot be used.
pub(super) fn config(
    authorities: &[CertificateDer<'static>],
    insecure: bool,
    client_certificate: Option<&ClientCertificate>,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = if insecure {
        None
    } else {
        Some(Verifier::new_with_extra_roots(authorities.iter().cloned(), Arc::clone(&provider))?)
    };
    let verifier = Arc::new(Trust { verifier, named: authorities.to_vec(), provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let Some(client_certificate) = client_certificate else { return Ok(builder.with_no_client_auth()) };
    let unreadable = |error| Error::General(format!("{}: {error}", client_certificate.certificate));
    let chain = CertificateDer::pem_slice_iter(&client_certificate.pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(unreadable)?;
    let key = PrivateKeyDer::from_pem_slice(&client_certificate.pem).map_err(unreadable)?;
    builder.with_client_auth_cert(chain, key)
}

/// Accepts what the system and the named authorities sign, and a named certificate itself: `openssl req -x509` makes certificates of
/// authorities, which curl accepts from a server too. The server must hold the key of its certificate.
#[derive(Debug)]
struct Trust {
    /// None if any certificate is accepted.
    verifier: Option<Verifier>,
    named: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(verifier) = &self.verifier else { return Ok(ServerCertVerified::assertion()) };
        match verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The dates are verified before this error.
            Err(error)
                if error.to_string().contains("CaUsedAsEndEntity") && self.named.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            decided => decided,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
