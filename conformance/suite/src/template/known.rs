//! The functions and filters of expressions. The language reference lists them.

/// The functions of the language.
pub(crate) const FUNCTIONS: [&str; 3] = ["base64", "sha256", "uuid"];
/// Functions of the template library, which are not names of a suite either.
const BUILT_IN: [&str; 4] = ["range", "dict", "debug", "namespace"];

/// The filters: all those of the template library.
pub(crate) const FILTERS: [&str; 48] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Whether a function has this name.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name) || BUILT_IN.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::template::ENVIRONMENT;

    #[test]
    fn lists_all_filters_of_the_library() {
        let debug = format!("{:?}", *ENVIRONMENT);
        let filters = debug.split_once("filters: [").unwrap().1.split_once(']').unwrap().0;
        let filters = filters.split(", ").map(|name| name.trim_matches('"'));
        // Internal filters begin with an underscore.
        let filters: BTreeSet<&str> = filters.filter(|name| !name.starts_with('_')).collect();
        assert_eq!(filters, BTreeSet::from(FILTERS));
    }

    #[test]
    fn language_reference_lists_every_filter_and_function() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/README.md"))
            .unwrap();
        let listed = |before: &str| -> Vec<String> {
            let line = page.lines().find_map(|line| line.split_once(before)).expect("the page lists them").1;
            let code = line.split_once(". ").map_or(line, |(list, _)| list).split('`').skip(1).step_by(2);
            code.map(|name| name.split(['(', ' ']).next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(listed("The functions are "), FUNCTIONS);
        assert_eq!(listed("The filters are "), FILTERS);
    }
}
