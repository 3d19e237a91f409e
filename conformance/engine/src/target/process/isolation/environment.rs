//! Which of the runner's environment variables a started program gets.

use std::ffi::OsString;
use std::path::Path;

/// Variables of the runner that isolated programs get, too.
const PASSED: &[&str] = &["PATH", "LANG", "LANGUAGE", "LC_*", "TZ"];

/// Secrets of CI systems and clouds, and files through which a program could change later steps of a CI job. A `*` at
/// the end matches any text.
const SECRETS: &[&str] = &[
    "ACTIONS_*",
    "ANTHROPIC_API_KEY",
    "ARM_*",
    "AWS_*",
    "AZURE_*",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    "BUILDKITE_AGENT_JOB_API_TOKEN",
    "CARGO_REGISTRIES_*",
    "CARGO_REGISTRY_TOKEN",
    "CIRCLE_OIDC_TOKEN*",
    "CIRCLE_TOKEN",
    "CI_BUILD_TOKEN",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "CI_DEPLOY_PASSWORD",
    "CI_JOB_JWT*",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "CI_REPOSITORY_URL",
    "CLOUDSDK_*",
    "CODECOV_TOKEN",
    "COVERALLS_REPO_TOKEN",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_PASSWORD",
    "GCP_*",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GPG_AGENT_INFO",
    "GPG_PRIVATE_KEY",
    "HEROKU_API_KEY",
    "JENKINS_API_TOKEN",
    "KUBECONFIG",
    "NODE_AUTH_TOKEN",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "PYPI_TOKEN",
    "RUNNER_TOKEN",
    "SLACK_*",
    "SONAR_TOKEN",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "SSH_PRIVATE_KEY",
    "SYSTEM_ACCESSTOKEN",
    "TRAVIS_TOKEN",
    "TWINE_*",
    "VAULT_TOKEN",
];

/// Whether a variable is a known secret.
pub(in crate::target) fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|pattern| matches(pattern, name))
}

/// Returns the environment of an isolated program without its own variables: a few variables of the runner, those in
/// `pass`, and the scratch folder as `HOME` and `TMPDIR`.
pub(in crate::target) fn base(scratch: &Path, pass: &[String]) -> Vec<(OsString, OsString)> {
    let passed = |name: &str| {
        PASSED.iter().any(|pattern| matches(pattern, name)) || pass.iter().any(|passed| passed == name)
    };
    let own = ["HOME", "TMPDIR"].map(|name| (OsString::from(name), OsString::from(scratch)));
    let of_runner = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(passed));
    own.into_iter().chain(of_runner).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_are_recognised() {
        for name in ["GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "GITHUB_ACTIONS", "CI", "DATABASE_URL", "LAWS_X"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    /// `docs/isolation.md` lists every name.
    #[test]
    fn the_list_of_secrets_is_documented() {
        let page = include_str!("../../../../../../docs/isolation.md");
        for name in SECRETS.iter().chain(PASSED) {
            assert!(page.contains(&format!("`{name}`")), "{name} is missing in docs/isolation.md");
        }
    }
}
