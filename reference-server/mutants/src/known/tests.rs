//! Tests of the format of `missed.txt`.

use crate::known::{Known, entry};
use crate::listing::{Mutant, Position, Span};

fn mutant() -> Mutant {
    let at = |column| Position { line: 2, column };
    Mutant {
        file: "reference-server/src/auth/cookie.rs".to_owned(),
        name: "reference-server/src/auth/cookie.rs:2:7: replace + with - in value_end".to_owned(),
        genre: "BinaryOperator".to_owned(),
        replacement: "-".to_owned(),
        span: Span { start: at(7), end: at(8) },
        function: None,
    }
}

const TEXT: &str = "fn value_end() {\n    a + b\n}\n";

#[test]
fn finds_a_mutant_by_its_line_of_code() {
    assert_eq!(entry(&mutant(), TEXT), "auth/cookie.rs\treplace + with - in value_end\ta + b");
    let known =
        Known::read("# a comment\nauth/cookie.rs\treplace + with - in value_end\ta + b\tnobody can see it\n");
    assert_eq!(
        known.ok().and_then(|known| known.reason(&mutant(), TEXT).map(str::to_owned)).as_deref(),
        Some("nobody can see it")
    );
}

#[test]
fn rejects_a_line_without_a_reason() {
    let wrong = Known::read("auth/cookie.rs\treplace + with -\ta + b\n").err();
    assert_eq!(
        wrong.as_deref(),
        Some("line 1: expected four columns: file, change, line of code and reason")
    );
}

#[test]
fn star_in_function_matches_every_change() {
    let reason = |text: &str| {
        Known::read(text).ok().and_then(|known| known.reason(&mutant(), TEXT).map(str::to_owned))
    };
    assert_eq!(reason("auth/cookie.rs\t* in value_end\t\tquotes\n").as_deref(), Some("quotes"));
    assert_eq!(reason("auth/cookie.rs\t* in text\t\tquotes\n"), None);
    assert_eq!(reason("cookie.rs\t* in value_end\t\tquotes\n"), None);
}

#[test]
fn star_in_function_matches_a_replaced_body() {
    for name in ["replace value_end with ()", "replace value_end -> usize with 0"] {
        let name = format!("reference-server/src/auth/cookie.rs:1:1: {name}");
        let whole = Mutant { name, genre: "FnValue".to_owned(), ..mutant() };
        let known = Known::read("auth/cookie.rs\t* in value_end\t\tquotes\n").ok();
        assert_eq!(known.as_ref().and_then(|known| known.reason(&whole, TEXT)), Some("quotes"));
    }
}

#[test]
fn star_alone_matches_the_whole_file() {
    let known = Known::read("auth/cookie.rs\t*\t\tquotes\n").ok();
    assert_eq!(known.as_ref().and_then(|known| known.reason(&mutant(), TEXT)), Some("quotes"));
    let other = Known::read("body.rs\t*\t\tquotes\n").ok();
    assert_eq!(other.as_ref().and_then(|known| known.reason(&mutant(), TEXT)), None);
}

#[test]
fn reports_stale_entries() {
    let list = "auth/cookie.rs\t* in value_end\t\tquotes\nauth/cookie.rs\t* in gone\t\tquotes\n";
    let known = Known::read(list).ok();
    let stale = known.as_ref().map(|known| known.stale(std::iter::once((&mutant(), TEXT.to_owned()))));
    assert_eq!(stale, Some(vec!["auth/cookie.rs\t* in gone\t"]));
}
