//! The launch contract: how to start an implementation that follows the specification and load its fixtures.

use std::path::{Component, Path};
use std::sync::Arc;

use globset::GlobBuilder;

use super::{Fixture, scope_of};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::{CreateText, LaunchText};
use crate::json::Json;
use crate::members::parse_text;
use crate::request::Request;
use crate::source::{Place, Source};
use crate::template::{FILTERS, Text, free_names, render, unknown_filter_in};
use crate::yaml::{Located, Node, Ordered};

/// Compiles a request of the manifest.
pub(super) type ReadRequest<'a> = &'a dyn Fn(&Node) -> Result<Request, Diagnostic>;

/// How to start an implementation that follows the specification and load its fixtures.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// Its environment. The values may use `${host}`, `${port}` and `${scratch}`.
    pub env: Vec<(String, Text)>,
    /// The readiness request: the target is ready once it responds.
    pub ready: Option<Request>,
    /// Files to write into its working directory: name, and a template over `fixtures`.
    pub files: Vec<(String, String)>,
    /// Glob patterns of the implementation's own data files, which are not copied.
    pub data: Vec<String>,
    /// How to create a fixture through the API, if that is possible.
    pub create: Option<Create>,
}

/// How to create a fixture through the API.
#[derive(Debug, Clone)]
pub struct Create {
    /// The profile in which the API allows it.
    pub profile: String,
    /// The request, in which `fixture` is the fixture.
    pub request: Request,
    /// Members that a fixture must have, neither null nor empty, to be created this way.
    pub needs: Vec<String>,
    /// Members that no request can set: a fixture with one of them is loaded only through files.
    pub refuses: Vec<String>,
}

/// The names that the environment of a target can use, besides `ports.NAME` for each of `origins`; the last three only if its target file has `socket` or `tls`.
const KNOWN: [&str; 6] = ["host", "port", "scratch", "socket", "certificate", "key"];

/// Variables through which interpreters and the dynamic linker load code, or programs are found. A suite must not set them.
const LOADING: [&str; 56] = [
    "BASH_ENV",
    "BUN_OPTIONS",
    "CLASSPATH",
    "COR_PROFILER_PATH",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_STARTUP_HOOKS",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GOFLAGS",
    "GRADLE_OPTS",
    "GUNICORN_CMD_ARGS",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LUA_INIT",
    "LUA_PATH",
    "MAVEN_OPTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_REPL_EXTERNAL_MODULE",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONWARNINGS",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELLOPTS",
    "_JAVA_OPTIONS",
];
/// Beginnings of such names.
const LOADING_FAMILIES: [&str; 6] =
    ["BASH_FUNC_", "CORECLR_PROFILER", "DYLD_", "GIT_CONFIG", "NPM_CONFIG_", "UWSGI_"];

/// Rejects variables with which a suite would run code of its own in the target.
///
/// # Errors
/// The first of them, with its location.
pub(super) fn check_variables(
    entries: &Ordered<Located<String>>,
    source: &Arc<Source>,
) -> Result<(), Diagnostic> {
    let loads = |name: &str| {
        let name = name.to_ascii_uppercase();
        LOADING.contains(&name.as_str()) || LOADING_FAMILIES.iter().any(|family| name.starts_with(family))
    };
    match entries.0.iter().find(|(name, _)| loads(&name.value)) {
        None => Ok(()),
        Some((name, _)) => {
            let message =
                format!("a suite cannot set `{}`, because programs load code through it", name.value);
            Err(Diagnostic::at(name.place(source), message).help("set it under `env` in the target file"))
        }
    }
}

/// The name of the fixture in a request about one fixture.
const FIXTURE: &str = "fixture";

/// Compiles the launch contract of a manifest.
///
/// # Errors
/// All errors in it, including templates that cannot be rendered.
pub(super) fn compile(
    text: &LaunchText,
    fixtures: &[Fixture],
    source: &Arc<Source>,
    request: ReadRequest<'_>,
) -> Result<Launch, Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.keep(check_variables(&text.env, source));
    let env = errors.keep(environment(&text.env, source)).unwrap_or_default();
    let ready = errors.keep(readiness(text.ready.as_ref(), source, request)).flatten();
    for (name, template) in &text.files.0 {
        errors.keep(check_file(&name.value, &name.place(source)));
        errors.keep(check_template(&name.value, &template.value, fixtures, &template.place(source)));
    }
    for pattern in &text.data {
        errors.keep(check_pattern(&pattern.value, &pattern.place(source)));
    }
    let file =
        |(name, template): &(Located<String>, Located<String>)| (name.value.clone(), template.value.clone());
    let files = text.files.0.iter().map(file).collect();
    let data = text.data.iter().map(|pattern| pattern.value.clone()).collect();
    let create = text.create.as_ref().map(|create| compile_create(create, source, request));
    let create = create.and_then(|create| errors.keep(create));
    errors.into_result(Launch { env, ready, files, data, create })
}

fn compile_create(
    text: &CreateText,
    source: &Arc<Source>,
    request: ReadRequest<'_>,
) -> Result<Create, Diagnostic> {
    let node = &text.request;
    let request = request(node)?;
    let names = request.texts().into_iter().flat_map(Text::names);
    let root = |name: &str| name.split('.').next().map(str::to_owned);
    if let Some((written, name)) = names.into_iter().find(|(_, name)| root(name).as_deref() != Some(FIXTURE))
    {
        let message = format!("unknown name `${{{name}}}` in a request that creates a fixture");
        return Err(Diagnostic::at(node.place(source).find(written), message).suggest(name, [FIXTURE]));
    }
    let (needs, refuses) = (text.needs.clone(), text.refuses.clone());
    Ok(Create { profile: text.profile.value.clone(), request, needs, refuses })
}

/// Compiles an environment, whose expressions may use the names of the launch contract.
///
/// # Errors
/// An invalid expression or an unknown name.
pub fn environment(
    entries: &Ordered<Located<String>>,
    source: &Arc<Source>,
) -> Result<Vec<(String, Text)>, Diagnostic> {
    let entry = |(name, written): &(Located<String>, Located<String>)| {
        let place = written.place(source);
        let text = parse_text(&written.value, &place)?;
        if let Some((written, unknown)) =
            text.names().find(|(_, name)| !KNOWN.contains(name) && !name.starts_with("ports."))
        {
            let message = format!("unknown name `${{{unknown}}}` in an environment");
            return Err(Diagnostic::at(place.find(written), message).suggest(unknown, KNOWN));
        }
        Ok((name.value.clone(), text))
    };
    entries.0.iter().map(entry).collect()
}

/// Compiles the readiness request, which is sent before any name has a value.
///
/// # Errors
/// An invalid request, or one that uses a name.
pub(super) fn readiness(
    node: Option<&Node>,
    source: &Arc<Source>,
    request: ReadRequest<'_>,
) -> Result<Option<Request>, Diagnostic> {
    let Some(node) = node else { return Ok(None) };
    let request = request(node)?;
    if let Some((written, name)) = request.texts().into_iter().flat_map(Text::names).next() {
        let message = format!("unknown name `${{{name}}}` in a readiness request");
        return Err(Diagnostic::at(node.place(source).find(written), message)
            .help("a readiness request cannot use names"));
    }
    Ok(Some(request))
}

fn check_file(name: &str, place: &Place) -> Result<(), Diagnostic> {
    let inside =
        Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside && !name.is_empty() && !name.ends_with('/') {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{name}` is not a file in the target's folder"))
        .help("write a path relative to that folder, without `..`"))
}

/// Renders a template with every fixture, so that it cannot fail in the middle of a run.
fn check_template(name: &str, template: &str, fixtures: &[Fixture], place: &Place) -> Result<(), Diagnostic> {
    let invalid = |cause: String| {
        let message = format!("cannot render the template of `{name}`: {cause}");
        match unknown_filter_in(&cause) {
            Some(filter) => Diagnostic::at(place.find(filter), message).suggest(filter, FILTERS),
            None => Diagnostic::at(place.clone(), message),
        }
    };
    let known = || fixtures.iter().map(|fixture| fixture.name.as_str()).chain(["fixtures"]);
    // The library renders an unknown name as an empty text or an empty list.
    for used in free_names(template).map_err(invalid)? {
        if !known().any(|known| known == used) {
            let message = format!("unknown name `{used}` in the template of `{name}`");
            return Err(Diagnostic::at(place.find(&used), message).suggest(&used, known()));
        }
    }
    let mut scope = scope_of(fixtures);
    scope.set("fixtures", &Json::Array(fixtures.iter().map(|fixture| fixture.value.clone()).collect()));
    render(template, &scope).map(drop).map_err(invalid)
}

fn check_pattern(pattern: &str, place: &Place) -> Result<(), Diagnostic> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(drop)
        .map_err(|error| Diagnostic::at(place.clone(), format!("invalid glob pattern: {}", error.kind())))
}
