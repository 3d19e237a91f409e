//! Downloads a document.

use std::time::Duration;

use conformance_suite::diagnostic::Diagnostic;

/// Time for the whole download.
const LIMIT: Duration = Duration::from_mins(1);
/// Maximum size of a document in bytes.
const MAX_SIZE: usize = 16 * 1024 * 1024;

/// Whether a document is named by a URL.
pub(super) fn is_url(document: &str) -> bool {
    let scheme = document.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| ["http", "https"].iter().any(|own| scheme.eq_ignore_ascii_case(own)))
}

/// Returns the bytes of a document. Follows up to ten redirects, and uses the proxy of the environment variables that curl reads.
///
/// # Errors
/// There is no complete response with a 2xx status within a minute, or it is larger than 16 MiB.
pub(super) fn download(url: &str) -> Result<Vec<u8>, Diagnostic> {
    let failed = |cause: &str| Diagnostic::new(format!("{url} cannot be downloaded: {cause}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error.to_string()))?;
    runtime.block_on(get(url)).map_err(|cause| failed(&cause))
}

async fn get(url: &str) -> Result<Vec<u8>, String> {
    // Fails only if a provider was installed before.
    rustls::crypto::ring::default_provider().install_default().ok();
    let agent = concat!("conformance/", env!("CARGO_PKG_VERSION"));
    let client = reqwest::Client::builder().user_agent(agent).timeout(LIMIT).build().map_err(cause)?;
    let response = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
    let mut response = response.map_err(cause)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_SIZE {
            return Err(format!("it is larger than {} MiB", MAX_SIZE / 1024 / 1024));
        }
    }
    Ok(bytes)
}

/// Returns why a download failed, without the URL.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    if let Some(status) = error.status() {
        return format!("the server returned {status}");
    }
    if error.is_timeout() {
        return format!("there was no complete response within {} s", LIMIT.as_secs());
    }
    let mut last: &dyn std::error::Error = &error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
