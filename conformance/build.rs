//! Embeds the suite again when one of its files is added, changed or removed, because the macro that embeds the files does not
//! notice new ones; and adds the commit to the version, if it is known.

use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=scenarios");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CONFORMANCE_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = env::var("CONFORMANCE_COMMIT").ok().or_else(packaged_commit);
    let commit: String = commit.unwrap_or_default().chars().filter(char::is_ascii_hexdigit).take(9).collect();
    let version = if commit.is_empty() { version } else { format!("{version} ({commit})") };
    println!("cargo::rustc-env=CONFORMANCE_VERSION={version}");
}

/// Returns the commit that `cargo package` recorded.
fn packaged_commit() -> Option<String> {
    let text = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, after) = text.split_once("\"sha1\": \"")?;
    after.split_once('"').map(|(commit, _)| commit.to_owned())
}
