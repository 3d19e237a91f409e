//! The files of the runner do not import each other in circles, and the path from `main` to a printed verdict is as short as
//! CONTRIBUTING.md says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// A module: the names from the root of its crate. The root has none.
type Module = Vec<String>;

/// A path in the code of a module, with `crate`, `super` and `self` resolved.
type CodePath = Vec<String>;

/// The code of a module.
#[derive(Default)]
struct Code {
    /// Paths of all `use` declarations and of expressions that begin with `crate` or `super`.
    paths: BTreeSet<CodePath>,
    /// What the names that the module imports mean.
    names: BTreeMap<String, CodePath>,
    /// The functions that the module defines, with the words and the paths in their bodies.
    functions: BTreeMap<String, BTreeSet<String>>,
}

static USE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*(?:pub(?:\([a-z ]+\))? )?use ([\w:{},\s*]+);").unwrap());
static VISIBILITY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"pub\(in [^)]+\)").unwrap());
static INLINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:crate|super)(?:::\w+)+").unwrap());
static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^( *)(?:pub(?:\([a-z ]+\))? )?(?:const |async )*fn (\w+)").unwrap());
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+:{0,2}").unwrap());

/// Reads the modules of a crate, without tests.
fn read(folder: &Path, parent: &[String], modules: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let is_folder = entry.file_type().unwrap().is_dir();
        let name = if is_folder { Some(&*name) } else { name.strip_suffix(".rs") };
        let Some(name) = name.filter(|name| *name != "tests") else { continue };
        let is_root = parent.is_empty() && ["lib", "main"].contains(&name);
        let module = [parent, &[name.to_owned()][usize::from(is_root)..]].concat();
        if is_folder {
            read(&entry.path(), &module, modules);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().filter_map(|line| line.split("//").next());
            modules.entry(module).or_default().push_str(&lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Writes a `use` tree such as `a::{b, c::{self, d as e}}` as paths, each with the name that it imports.
fn expand(tree: &str, before: &[String], paths: &mut Vec<(String, CodePath)>) {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let mut path = before.to_vec();
        path.extend(head.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
        let (mut depth, mut begin) = (0_usize, 0);
        let inner = rest.rsplit_once('}').unwrap().0;
        for (at, character) in inner.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&inner[begin..at], &path, paths);
                    begin = at + 1;
                }
                _ => {}
            }
        }
        expand(&inner[begin..], &path, paths);
    } else if !tree.is_empty() {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path =
            [before, &path.split("::").map(|name| name.trim().to_owned()).collect::<Vec<_>>()].concat();
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        let name = if alias.is_empty() { path.last().unwrap().clone() } else { alias.trim().to_owned() };
        paths.push((name, path));
    }
}

/// Resolves `crate`, `self`, `super` and names of submodules at the start of a path. None for paths into other crates.
fn resolve(path: &[String], module: &[String], modules: &BTreeMap<Module, String>) -> Option<CodePath> {
    let (first, mut rest) = path.split_first()?;
    let mut base = module.to_vec();
    match first.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while let Some(("super", after)) = rest.split_first().map(|(name, after)| (name.as_str(), after))
            {
                base.pop();
                rest = after;
            }
        }
        name => {
            base.push(name.to_owned());
            return modules.contains_key(&base).then(|| [&base, rest].concat());
        }
    }
    Some([&base, rest].concat())
}

fn parse(module: &[String], text: &str, modules: &BTreeMap<Module, String>) -> Code {
    let mut code = Code::default();
    let mut imported = Vec::new();
    for found in USE.captures_iter(text) {
        expand(&found[1], &[], &mut imported);
    }
    for (name, path) in imported {
        if let Some(path) = resolve(&path, module, modules) {
            code.names.insert(name, path.clone());
            code.paths.insert(path);
        }
    }
    let rest = USE.replace_all(text, "");
    for found in INLINE.find_iter(&VISIBILITY.replace_all(&rest, "")) {
        let path: Vec<String> = found.as_str().split("::").map(str::to_owned).collect();
        code.paths.extend(resolve(&path, module, modules));
    }
    for found in FUNCTION.captures_iter(text) {
        // The closing brace is indented like the function.
        let rest = &text[found.get(0).unwrap().end()..];
        let body = rest.find(&format!("\n{}}}\n", &found[1])).map_or(rest, |end| &rest[..end]);
        // A word before one colon is a member or a variable with its type.
        let words = WORD.find_iter(body).map(|word| word.as_str());
        let words = words.filter(|word| word.ends_with("::") || !word.ends_with(':'));
        code.functions.insert(found[2].to_owned(), words.map(str::to_owned).collect());
    }
    code
}

/// Returns the module that a path leads to, and the name of the item in it. Follows names that a module imports from another.
fn destination(path: &[String], codes: &BTreeMap<Module, Code>) -> (Module, Option<String>) {
    let length = (0..=path.len()).rev().find(|length| codes.contains_key(&path[..*length])).unwrap();
    let (module, rest) = path.split_at(length);
    let imported = rest.first().and_then(|name| codes[module].names.get(name));
    match imported {
        Some(other) if other != path => destination(&[other, &rest[1..]].concat(), codes),
        _ => (module.to_vec(), rest.first().cloned()),
    }
}

/// Whether a function of a module calls, also through other functions of that module, into one of its submodules.
fn leads_into(
    submodule: &[String],
    function: &str,
    seen: &mut BTreeSet<String>,
    codes: &BTreeMap<Module, Code>,
) -> bool {
    let (name, module) = submodule.split_last().unwrap();
    let code = &codes[module];
    code.functions.get(function).into_iter().flatten().any(|word| {
        let imported = code.names.get(word).map(|path| destination(path, codes).0);
        imported.is_some_and(|other| other.starts_with(submodule))
            || word.strip_suffix("::").is_some_and(|word| word == name)
            || (seen.insert(word.clone()) && leads_into(submodule, word, seen, codes))
    })
}

/// Finds a cycle through a module.
fn cycle<'a>(
    module: &'a Module,
    way: &mut Vec<&'a Module>,
    left: &mut BTreeSet<&'a Module>,
    uses: &'a BTreeMap<Module, BTreeSet<Module>>,
) -> bool {
    if let Some(at) = way.iter().position(|before| *before == module) {
        way.drain(..at);
        way.push(module);
        return true;
    }
    if left.contains(module) {
        return false;
    }
    way.push(module);
    for next in uses.get(module).into_iter().flatten() {
        if cycle(next, way, left, uses) {
            return true;
        }
    }
    way.pop();
    left.insert(module);
    false
}

/// Checks the rule of CONTRIBUTING.md: modules in one folder, each with its submodules, do not use each other in a circle, and of a
/// module above it, a submodule uses only types, constants, and functions that do not lead back into the submodule.
#[test]
fn modules_have_no_dependency_cycles() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for part in ["suite", "openapi", "engine", "report", "convert", "."] {
        let mut modules = BTreeMap::new();
        read(&conformance.join(part).join("src"), &[], &mut modules);
        assert!(modules.len() > 1, "{part}: {:?}", modules.keys());
        let codes: BTreeMap<Module, Code> =
            modules.iter().map(|(module, text)| (module.clone(), parse(module, text, &modules))).collect();
        let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, path) in
            codes.iter().flat_map(|(module, code)| code.paths.iter().map(move |path| (module, path)))
        {
            let (other, item) = destination(path, &codes);
            let common = module.iter().zip(&other).take_while(|(one, other)| one == other).count();
            if common == module.len() {
                continue;
            }
            let below = &module[..=common];
            if common < other.len() {
                uses.entry(below.to_vec()).or_default().insert(other[..=common].to_vec());
            } else if item.as_deref().is_none_or(|item| leads_into(below, item, &mut BTreeSet::new(), &codes))
            {
                let item = item.unwrap_or_default();
                wrong.push(format!(
                    "{part}: {} uses {}::{item}, which uses it",
                    module.join("::"),
                    other.join("::")
                ));
            }
        }
        let mut left = BTreeSet::new();
        for module in uses.keys() {
            let mut way = Vec::new();
            if cycle(module, &mut way, &mut left, &uses) {
                left.extend(&way);
                let way: Vec<String> = way.into_iter().map(|module| module.join("::")).collect();
                wrong.push(format!("{part}: {}", way.join(" uses ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks the list in CONTRIBUTING.md: each function is in its file, and a file before it in the list calls it.
#[test]
fn path_from_main_to_a_printed_verdict_is_short() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contributing = fs::read_to_string(conformance.join("../CONTRIBUTING.md")).unwrap();
    let entry = Regex::new(r"(?m)^(\d+)\. `(?:\w+::)?(\w+)` in `([\w/.]+)`").unwrap();
    let mut files =
        BTreeMap::from([("src/main.rs", fs::read_to_string(conformance.join("src/main.rs")).unwrap())]);
    let mut entries = 0;
    for (index, found) in entry.captures_iter(&contributing).enumerate() {
        let (_, [number, function, file]) = found.extract();
        assert_eq!(number, (index + 1).to_string());
        let call = Regex::new(&format!(r"\b{function}\(")).unwrap();
        assert!(files.values().any(|text| call.is_match(text)), "no file before it calls {function}");
        let text =
            fs::read_to_string(conformance.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {function}(")), "{file} has no function {function}");
        files.insert(file, text);
        entries += 1;
    }
    assert!((10..=20).contains(&entries), "{entries} calls");
    assert!(files.len() <= 15, "{} files", files.len());
}
