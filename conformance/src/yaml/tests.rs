//! Files that are read for what they say, where it stands, and how much they may come to.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

fn node(text: &str) -> Result<Node, String> {
    read(&Source::new("a.yaml", text)).map_err(|wrong| wrong.to_string())
}

fn wrong(text: &str) -> String {
    node(text).expect_err("it is read")
}

const TOO_MUCH: &str = "error: with all its aliases the file comes to more than is read\n";

#[test]
fn merges_that_double_are_too_much() {
    let mut text = "a0: &a0 {k: 1}\n".to_owned();
    for level in 1..50 {
        writeln!(text, "a{level}: &a{level} {{<<: [*a{0}, *a{0}]}}", level - 1).unwrap();
    }
    assert!(wrong(&text).starts_with(TOO_MUCH), "{}", wrong(&text));
}

#[test]
fn merges_that_lead_on_and_on_are_too_deep() {
    for (begins, below) in [("{k: 1}", "{<<: "), ("[]", "["), ("[{k: 1}]", "[")] {
        let end = if below == "[" { "]" } else { "}" };
        let mut text = format!("a0: &a0 {begins}\n");
        for level in 1..30_000 {
            writeln!(text, "a{level}: &a{level} {below}*a{}{end}", level - 1).unwrap();
        }
        text.push_str("<<: *a29999\n");
        assert!(wrong(&text).starts_with("error: this is nested too deep"), "{}", wrong(&text));
    }
}

#[test]
fn a_long_text_that_is_repeated_without_end_is_too_much() {
    let long = "x".repeat(100_000);
    let aliases = format!("a: &a {long}\nb: [{}]\n", "*a, ".repeat(1_000));
    assert!(wrong(&aliases).starts_with(TOO_MUCH));
    let merges = format!("a: &a {{k: {long}}}\nb: [{}]\n", "{<<: *a}, ".repeat(1_000));
    assert!(wrong(&merges).starts_with(TOO_MUCH));
    let some = format!("a: &a {{k: {long}}}\nb: [{}]\n", "{<<: *a}, ".repeat(100));
    assert!(node(&some).is_ok());
}

#[test]
fn a_mapping_has_what_it_says_itself_then_what_it_merges_first() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2, z: 2}\nc: {<<: [*b, *a], z: 3}\n";
    let Ok(Node { value: Value::Mapping(members), .. }) = node(text) else { panic!("{text}") };
    let Value::Mapping(merged) = &members[2].1.value else { panic!("{text}") };
    let merged: Vec<_> = merged.iter().map(|(key, node)| (key.value.as_str(), &node.value)).collect();
    assert_eq!(format!("{merged:?}"), r#"[("z", Number("3")), ("y", Number("2")), ("x", Number("1"))]"#);
}

#[test]
fn as_many_anchors_as_there_are_values_take_no_longer() {
    let mut text = "- &first 1\n".to_owned();
    (0..100_000).for_each(|anchor| writeln!(text, "- &a{anchor} 1").unwrap());
    (0..100_000).for_each(|_| text.push_str("- *first\n"));
    let begun = Instant::now();
    assert!(node(&text).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_tag_stands_within_the_file_wherever_its_value_does() {
    for (text, place) in [
        ("!any", "!any"),
        ("!any # comment\n", "!any"),
        ("[!%61%62 ,é]", ""),
        ("!any &a", ""),
        ("!%C3%A9", ""),
        ("[&a !any , *a]", "!any"),
    ] {
        let source = Source::new("a.yaml", text);
        let node: Node = read(&source).unwrap();
        let first = if let Value::List(list) = &node.value { list[0].clone() } else { node };
        let span = first.place(&source).span();
        assert_eq!(source.text().get(span.start..span.end), Some(place), "{text}");
    }
}

#[test]
fn a_text_on_lines_of_its_own_begins_with_its_tag_and_its_header() {
    for (text, taken) in [
        ("a: |\n", "|"),
        ("a: >-\nb: 1\n", ">-"),
        ("a: !any |2+ # none\n\nb: 1\n", "!any |2+"),
        ("a: !any |\n  x\nb: 1\n", "!any |\n  x"),
        ("- |-\n  x\n- y\n", "|-\n  x"),
    ] {
        let source = Source::new("a.yaml", text);
        let layout = layout::Layout::of(&source).unwrap();
        assert_eq!(text.get(layout.start(1)..layout.end(1)), Some(taken), "{text}");
    }
}

#[test]
fn what_ends_with_the_file_stands_within_it() {
    for text in [
        "-",
        "- ",
        "-   ",
        "- &a ",
        "-   &a\n  ",
        "-  -\n",
        "a: !x",
        "a:",
        "a:\n  -",
        "a:\n-   ",
        "- a: |-",
        "- -",
        "\u{feff}-",
    ] {
        let source = Source::new("a.yaml", text);
        let layout = layout::Layout::of(&source).unwrap();
        for index in 0..layout.len() {
            assert!(text.get(layout.start(index)..layout.end(index)).is_some(), "{text} {index}");
        }
    }
}

#[test]
fn a_list_that_is_not_indented_begins_with_its_first_dash() {
    for (text, taken, flow) in [
        ("a:\n- {b: 1}\n- {b: 2}\n", "- {b: 1}\n- {b: 2}", false),
        ("a:\n- [b]\n", "- [b]", false),
        ("a:\n- - b\n  - c\n", "- - b\n  - c", false),
        ("a:\n-   \n- b\n", "-   \n- b", false),
        ("a:\n- # c - d\n  b\n", "- # c - d\n  b", false),
        ("a: !any\n- b\n", "!any\n- b", false),
        ("a:\n- !any b\n", "- !any b", false),
        ("a:\n  - - b\n", "- - b", false),
        ("a: [[b], c]\n", "[[b], c]", true),
    ] {
        let source = Source::new("a.yaml", text);
        let layout = layout::Layout::of(&source).unwrap();
        assert_eq!(text.get(layout.start(1)..layout.end(1)), Some(taken), "{text}");
        assert_eq!(layout.is_flow(1), flow, "{text}");
    }
}

#[test]
fn the_dash_of_an_element_stands_in_no_comment() {
    let source = Source::new("a.yaml", "-\n  # b - c\n  d\n");
    let layout = layout::Layout::of(&source).unwrap();
    assert_eq!(layout.entry_start(1), 0);
}

#[test]
fn numbers_keep_their_digits_through_aliases_and_merge_keys() {
    let big = "123456789012345678901234567890";
    let text =
        format!("a: &n {big}\nb: *n\nc: &m {{x: 1.10, y: !!float 1E5, z: *n}}\nd: {{<<: *m, w: [*n, -0]}}\n");
    let source = Source::new("a.yaml", text.as_str());
    let node: Node = read(&source).unwrap();
    let json = crate::members::json(&node, &source).unwrap().to_string();
    assert_eq!(
        json,
        format!(
            r#"{{"a":{big},"b":{big},"c":{{"x":1.10,"y":1E5,"z":{big}}},"d":{{"w":[{big},-0],"x":1.10,"y":1E5,"z":{big}}}}}"#
        )
    );
}

#[test]
fn a_scalar_knows_how_the_file_writes_it() {
    for (text, written) in [
        ("0x1F", Some("0x1F")),
        ("0o17", Some("0o17")),
        (".inf", Some(".inf")),
        ("True", Some("True")),
        ("1.10", Some("1.10")),
        ("+1", Some("+1")),
        ("01234", Some("01234")),
        ("0b10", Some("0b10")),
        ("!!int 0x10", Some("0x10")),
        ("'quoted'", Some("quoted")),
        ("~", None),
        ("[1]", None),
    ] {
        assert_eq!(node(text).unwrap().written(), written, "{text}");
    }
}
