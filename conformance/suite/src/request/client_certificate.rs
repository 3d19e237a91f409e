//! Client certificates: the files that `--cert` and `--key` name.

use std::fmt::{self, Debug, Formatter};

/// A client certificate with its key, in PEM form.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Path of the certificate, as it was given.
    pub certificate: String,
    /// Path of the key, if it is another file.
    pub key: Option<String>,
    /// The contents of both files.
    pub pem: Vec<u8>,
}

impl ClientCertificate {
    /// Reads a certificate and its key, which may be in the same file.
    ///
    /// # Errors
    /// A file cannot be read, or holds no certificate or key in PEM form; the message is one sentence, with the remedy.
    pub fn read(
        certificate: &str,
        key: Option<&str>,
        read: &dyn Fn(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, String> {
        let contents =
            |name: &str| read(name).map_err(|error| format!("cannot read the file `{name}`: {error}"));
        let mut pem = contents(certificate)?;
        let has = |pem: &[u8], what: &str| String::from_utf8_lossy(pem).contains(what);
        if !has(&pem, "-----BEGIN CERTIFICATE-----") {
            return Err(format!(
                "`{certificate}` has no certificate in PEM form; convert PKCS #12 with `openssl pkcs12 -nodes -in FILE -out FILE`"
            ));
        }
        if let Some(key) = key {
            pem.push(b'\n');
            pem.extend(contents(key)?);
        }
        let named = key.unwrap_or(certificate);
        if has(&pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(&pem, "Proc-Type: 4,ENCRYPTED") {
            return Err(format!(
                "the key in `{named}` has a password; remove it with `openssl pkey -in FILE -out FILE`"
            ));
        }
        if !has(&pem, "PRIVATE KEY-----") {
            return Err(format!("`{named}` has no private key in PEM form; name its file with `--key`"));
        }
        Ok(Self { certificate: certificate.to_owned(), key: key.map(str::to_owned), pem })
    }
}

impl Debug for ClientCertificate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Without the key itself.
        f.debug_struct("ClientCertificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
