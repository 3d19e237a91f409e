//! Why a request got no complete response.

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio_rustls::rustls::{AlertDescription, Error as TlsError};

/// Why no complete response was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The connection could not be established.
    NoConnection(String),
    /// No complete response was received in time.
    Timeout(Duration),
    /// The connection closed too early, or the response was not HTTP.
    Broken(String),
    /// The body exceeds the limit, in bytes.
    TooLarge(usize),
    /// The bodies of all responses of a race together exceed the limit, in bytes.
    RaceTooLarge(usize),
    /// The request cannot be sent.
    InvalidRequest(String),
}

impl TransportError {
    /// Whether the target accepted the connection. If so, the missing response is its fault and is judged.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Broken(_) | Self::TooLarge(_))
    }

    /// Converts an error that occurred while a response was read. `any_byte` says whether part of it had been
    /// received.
    pub(super) fn reading(error: &io::Error, any_byte: bool) -> Self {
        if !any_byte && let Some(refused) = tls_refused(error) {
            return refused;
        }
        let when = if any_byte { "before the response was complete" } else { "without a response" };
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                Self::Broken(format!("the target reset the connection {when}"))
            }
            ErrorKind::UnexpectedEof => Self::Broken(format!("the target closed the connection {when}")),
            _ => Self::Broken(format!("the connection broke {when}: {error}")),
        }
    }
}

impl Display for TransportError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(cause) => write!(f, "no connection to the target: {cause}"),
            Self::Timeout(limit) => write!(f, "no complete response within {limit:?}"),
            Self::Broken(cause) => f.write_str(cause),
            Self::TooLarge(limit) => write!(f, "the body is larger than {} MiB", limit / 1024 / 1024),
            Self::RaceTooLarge(limit) => {
                write!(f, "the responses of the race are larger than {} MiB in total", limit / 1024 / 1024)
            }
            Self::InvalidRequest(cause) => write!(f, "the request cannot be sent: {cause}"),
        }
    }
}

/// Why a target cannot be asked over HTTP/2. It accepted the connection, so this is judged.
pub(super) fn speaks_no_http2() -> TransportError {
    let cause = "the target did not agree to HTTP/2 in the TLS handshake (ALPN)";
    TransportError::Broken(cause.to_owned())
}

/// Whether a TLS handshake failed because the target speaks none of the offered protocols (RFC 7301, section 3.2).
pub(super) fn refuses_protocols(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    matches!(cause, Some(TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)))
}

/// Explains why a TLS handshake failed.
pub(super) fn explain_connecting(error: &io::Error) -> TransportError {
    if let Some(refused) = tls_refused(error) {
        return refused;
    }
    let cause = error.to_string();
    of_certificates(&cause).unwrap_or(TransportError::NoConnection(cause))
}

fn of_certificates(cause: &str) -> Option<TransportError> {
    if cause.contains("CaUsedAsEndEntity") {
        let cause = "the certificate of the target is that of an authority (use --cacert FILE to trust this certificate, or \
                     --insecure to trust any)";
        Some(TransportError::NoConnection(cause.to_owned()))
    } else if cause.contains("peer certificate") {
        let remedy = "use --cacert FILE to trust its authority, or --insecure to trust any";
        Some(TransportError::NoConnection(format!("{cause} ({remedy})")))
    } else if cause.contains("InvalidContentType") {
        let cause = "it does not speak TLS (is it http:// and not https://?)";
        Some(TransportError::NoConnection(cause.to_owned()))
    } else {
        None
    }
}

/// Explains a TLS alert of the target. In TLS 1.3 it may arrive after the client's part of the handshake.
fn tls_refused(error: &io::Error) -> Option<TransportError> {
    let TlsError::AlertReceived(alert) = error.get_ref()?.downcast_ref()? else { return None };
    let cause = match alert {
        AlertDescription::CertificateRequired => {
            "it requires a client certificate (--cert FILE and --key FILE send one)".to_owned()
        }
        // A target with TLS 1.2 has no other alert for a missing certificate.
        AlertDescription::HandshakeFailure => {
            "the target refused the TLS connection with the alert HandshakeFailure (does it require a client certificate? --cert FILE \
             and --key FILE send one)"
                .to_owned()
        }
        alert => format!("the target refused the TLS connection with the alert {alert:?}"),
    };
    Some(TransportError::NoConnection(cause))
}
