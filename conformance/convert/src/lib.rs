//! Converts documents, curl sessions and HAR files to scenarios, and scenarios to other formats.
pub mod bless;
pub mod coverage;
pub mod export;
pub mod import;
mod loose;
pub mod record;
pub mod recorded;
pub mod seed;
pub mod transcript;

/// Compiles a pattern that is a constant.
#[expect(clippy::unwrap_used, reason = "called with constants only, and a test compiles each")]
fn pattern(written: &str) -> regex::Regex {
    regex::Regex::new(written).unwrap()
}
