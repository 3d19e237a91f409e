//! The modules of the runner have no dependency cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Modules = BTreeMap<String, BTreeSet<String>>;

/// Adds the modules that the code below a folder uses: `crate::NAME`, outside of comments and tests.
fn look(folder: &Path, parent: Option<&str>, modules: &mut Modules) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs");
        let own = parent.unwrap_or(module.unwrap_or(&name)).to_owned();
        if entry.file_type().unwrap().is_dir() {
            if name != "tests" {
                look(&entry.path(), Some(&own), modules);
            }
        } else if module.is_some_and(|module| module != "tests") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.lines().filter_map(|line| line.split("//").next());
            for taken in code.flat_map(|line| line.split("crate::").skip(1)) {
                let other: String = taken.chars().take_while(char::is_ascii_lowercase).collect();
                if other != own && !other.is_empty() {
                    modules.entry(own.clone()).or_default().insert(other);
                }
            }
        }
    }
}

/// Finds a dependency cycle through a module.
fn cycle(module: &str, way: &mut Vec<String>, left: &mut BTreeSet<String>, modules: &Modules) -> bool {
    if let Some(at) = way.iter().position(|before| before == module) {
        way.drain(..at);
        way.push(module.to_owned());
        return true;
    }
    if left.contains(module) {
        return false;
    }
    way.push(module.to_owned());
    for next in modules.get(module).into_iter().flatten() {
        if cycle(next, way, left, modules) {
            return true;
        }
    }
    way.pop();
    left.insert(module.to_owned());
    false
}

#[test]
fn modules_have_no_dependency_cycles() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["suite", "engine", "report", "convert", "."] {
        let mut modules = Modules::new();
        look(&conformance.join(part).join("src"), None, &mut modules);
        assert!(part == "." || modules.len() > 1, "{part}: {modules:?}");
        let mut left = BTreeSet::new();
        for module in modules.keys() {
            let mut way = Vec::new();
            assert!(!cycle(module, &mut way, &mut left, &modules), "{part}: {}", way.join(" uses "));
        }
    }
}
