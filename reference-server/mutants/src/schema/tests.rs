//! Tests of the text of a file with its mutants.

use crate::listing::{Function, Mutant, Position, Span};
use crate::schema::{mutant_at, replaced, write};

/// The mutant that replaces the first occurrence of `found` with `replacement`.
fn mutant(text: &str, genre: &str, found: &str, replacement: &str) -> Mutant {
    let at = text.find(found).expect("the text contains it");
    let position = |at: usize| Position {
        line: text[..at].matches('\n').count() + 1,
        column: at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1,
    };
    Mutant {
        file: "reference-server/src/lib.rs".to_owned(),
        name: format!("reference-server/src/lib.rs:1:1: replace {found} with {replacement}"),
        genre: genre.to_owned(),
        replacement: replacement.to_owned(),
        span: Span { start: position(at), end: position(at + found.len()) },
        function: Some(Function { return_type: "-> bool".to_owned() }),
    }
}

#[test]
fn switches_between_operators() {
    let text = "fn small(n: u8) -> bool { n < 3 }";
    let (less, more) = (mutant(text, "BinaryOperator", "<", "<="), mutant(text, "BinaryOperator", "<", ">"));
    let schema = write(text, "crate", &[(4, &less), (5, &more)]).unwrap();
    assert_eq!(
        schema.text,
        "fn small(n: u8) -> bool { (if crate::mutant::active(4) { /*m4{*/n <= 3/*m4}*/ } \
         else if crate::mutant::active(5) { /*m5{*/n > 3/*m5}*/ } else { n < 3 }) }"
    );
    assert!(schema.apart.is_empty());
}

#[test]
fn nested_mutants_are_in_both_branches() {
    let text = "fn both(a: bool, b: bool) -> bool { !a && b }";
    let (not, and) = (mutant(text, "UnaryOperator", "!", ""), mutant(text, "BinaryOperator", "&&", "||"));
    let schema = write(text, "crate", &[(0, &not), (1, &and)]).unwrap();
    assert_eq!(schema.text.matches("active(0)").count(), 2);
    assert_eq!(schema.text.matches("active(1)").count(), 1);
    syn::parse_file(&schema.text).unwrap();
}

#[test]
fn a_replaced_body_is_an_early_return_and_removes_const() {
    let text = "const fn yes() -> bool { true }";
    let body = mutant(text, "FnValue", "true", "false");
    let schema = write(text, "reference_server", &[(7, &body)]).unwrap();
    assert_eq!(
        schema.text,
        " fn yes() -> bool { if reference_server::mutant::active(7) { return /*m7{*/false/*m7}*/; } true }"
    );
}

#[test]
fn a_deleted_arm_gets_a_guard() {
    let text = "fn name(n: u8) -> bool { match n { 1 => true, _ => false } }";
    let arm = mutant(text, "MatchArm", "1 => true", "");
    let schema = write(text, "crate", &[(2, &arm)]).unwrap();
    assert!(schema.text.contains("1/*m2{*/ if !crate::mutant::active(2)/*m2}*/ => true"), "{}", schema.text);
}

#[test]
fn compile_time_values_need_their_own_build() {
    let text = "const LIMIT: usize = 2 * 1024;\nfn limit() -> bool { if let Some(n) = none() && n { n } else { false } }";
    let (times, and) = (mutant(text, "BinaryOperator", "*", "+"), mutant(text, "BinaryOperator", "&&", "||"));
    let schema = write(text, "crate", &[(0, &times), (1, &and)]).unwrap();
    assert_eq!(schema.text, text);
    assert_eq!(schema.apart, [0, 1]);
    assert!(replaced(text, &times).starts_with("const LIMIT: usize = 2 + 1024;"));
}

#[test]
fn maps_a_compiler_error_to_the_innermost_mutant() {
    let text = "a /*m1{*/ b /*m2{*/ c /*m2}*/ d /*m1}*/ e";
    let at = |letter: &str| text.find(letter).map(|at| at..at + 1).unwrap();
    assert_eq!(mutant_at(text, at(" c ")), Some(2));
    assert_eq!(mutant_at(text, at(" d ")), Some(1));
    assert_eq!(mutant_at(text, at("e")), None);
}
