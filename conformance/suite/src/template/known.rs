//! The functions and filters of expressions. The language reference lists them.

/// The functions of the language.
pub(crate) const FUNCTIONS: [&str; 8] =
    ["base64", "base64url", "base64_decode", "sha256", "hmac_sha256", "uuid", "random", "now"];
/// How each of them is called.
const FORMS: [(&str, &str); 8] = [
    ("base64", "base64('a:b')"),
    ("base64url", "base64url('a:b')"),
    ("base64_decode", "base64_decode('YTpi')"),
    ("sha256", "sha256('text')"),
    ("hmac_sha256", "hmac_sha256('key', 'text')"),
    ("uuid", "uuid()"),
    ("random", "random(1, 6)"),
    ("now", "now('-1h', format='unix')"),
];
/// Functions of the template library, which are not names of a suite either.
const BUILT_IN: [&str; 4] = ["range", "dict", "debug", "namespace"];

/// The filters: all those of the template library, and `url_encode`. The language reference shows those that a suite needs.
pub(crate) const FILTERS: [&str; 49] = [
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
    "url_encode",
    "zip",
];

/// Returns how a function is called.
pub(crate) fn form_of(function: &str) -> Option<&'static str> {
    FORMS.into_iter().find(|(name, _)| *name == function).map(|(_, form)| form)
}

/// Whether a function has this name.
#[must_use]
pub fn is_function(name: &str) -> bool {
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
    fn language_reference_shows_every_function_and_each_example_has_its_value() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/README.md"))
            .unwrap();
        let table = page.split_once("| expression | value |").expect("the page has the table").1;
        let mut shown = BTreeSet::new();
        for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
            let row = row.replace("\\|", "\u{0}");
            let cells: Vec<String> =
                row.split('|').map(|cell| cell.replace('\u{0}', "|").trim().to_owned()).collect();
            let (expression, value) = (cells[1].trim_matches('`'), cells[2].trim_matches('`'));
            let syntax = crate::template::syntax::read(&expression[2..expression.len() - 1]);
            shown.extend(syntax.filters.iter().chain(&syntax.calls).map(|name| (*name).to_owned()));
            let rendered =
                crate::template::Text::parse(expression).unwrap().render(&crate::template::Scope::default());
            let rendered = rendered.unwrap_or_else(|error| panic!("{expression}: {error}"));
            // Random values and times are shown as they look.
            let is_fixed = !["uuid()", "random(", "now("].iter().any(|call| expression.contains(call));
            assert!(!is_fixed || rendered == value, "{expression} is {rendered}");
            assert!(is_fixed || rendered.len() == value.len(), "{expression} is {rendered}");
        }
        for name in FUNCTIONS {
            let form = form_of(name).expect("each function has a form");
            assert!(
                crate::template::Text::parse(&format!("${{{form}}}"))
                    .unwrap()
                    .render(&crate::template::Scope::default())
                    .is_ok()
            );
            assert!(shown.contains(name), "{name}");
        }
    }
}
