//! Values, locations and limits of the YAML reader.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

fn node(text: &str) -> Result<Node, String> {
    read(&Source::new("a.yaml", text)).map_err(|wrong| wrong.to_string())
}

fn wrong(text: &str) -> String {
    node(text).expect_err("it is read")
}

const TOO_MUCH: &str = "error: the file is too large with all its aliases\n";

#[test]
fn rejects_exponential_merges() {
    let mut text = "a0: &a0 {k: 1}\n".to_owned();
    for level in 1..50 {
        writeln!(text, "a{level}: &a{level} {{<<: [*a{0}, *a{0}]}}", level - 1).unwrap();
    }
    assert!(wrong(&text).starts_with(TOO_MUCH), "{}", wrong(&text));
}

#[test]
fn rejects_deeply_nested_merges() {
    for (begins, below) in [("{k: 1}", "{<<: "), ("[]", "["), ("[{k: 1}]", "[")] {
        let end = if below == "[" { "]" } else { "}" };
        let mut text = format!("a0: &a0 {begins}\n");
        for level in 1..30_000 {
            writeln!(text, "a{level}: &a{level} {below}*a{}{end}", level - 1).unwrap();
        }
        text.push_str("<<: *a29999\n");
        assert!(wrong(&text).starts_with("error: the values are nested too deep"), "{}", wrong(&text));
    }
}

#[test]
fn rejects_endless_repetition_of_a_long_text() {
    let long = "x".repeat(100_000);
    let aliases = format!("a: &a {long}\nb: [{}]\n", "*a, ".repeat(1_000));
    assert!(wrong(&aliases).starts_with(TOO_MUCH));
    let merges = format!("a: &a {{k: {long}}}\nb: [{}]\n", "{<<: *a}, ".repeat(1_000));
    assert!(wrong(&merges).starts_with(TOO_MUCH));
    let some = format!("a: &a {{k: {long}}}\nb: [{}]\n", "{<<: *a}, ".repeat(100));
    assert!(node(&some).is_ok());
}

#[test]
fn own_keys_take_precedence_over_merged_keys() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2, z: 2}\nc: {<<: [*b, *a], z: 3}\n";
    let Ok(Node { value: Value::Mapping(members), .. }) = node(text) else { panic!("{text}") };
    let Value::Mapping(merged) = &members[2].1.value else { panic!("{text}") };
    let merged: Vec<_> = merged.iter().map(|(key, node)| (key.value.as_str(), &node.value)).collect();
    assert_eq!(format!("{merged:?}"), r#"[("z", Number("3")), ("y", Number("2")), ("x", Number("1"))]"#);
}

#[test]
fn reads_many_anchors_quickly() {
    let mut text = "- &first 1\n".to_owned();
    (0..100_000).for_each(|anchor| writeln!(text, "- &a{anchor} 1").unwrap());
    (0..100_000).for_each(|_| text.push_str("- *first\n"));
    let begun = Instant::now();
    assert!(node(&text).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn locates_tags_within_the_file() {
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
fn locates_tag_and_header_of_block_scalars() {
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
fn locates_values_at_the_end_of_the_file() {
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
fn locates_unindented_lists_at_their_first_dash() {
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
fn ignores_dashes_in_comments() {
    let source = Source::new("a.yaml", "-\n  # b - c\n  d\n");
    let layout = layout::Layout::of(&source).unwrap();
    assert_eq!(layout.entry_start(1), 0);
}

#[test]
fn keeps_digits_through_aliases_and_merge_keys() {
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
fn keeps_scalars_as_written() {
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

fn plain(text: &str) -> String {
    format!("{:?}", reader::scalar(text, true, None).unwrap())
}

#[test]
fn resolves_plain_scalars_as_the_core_schema_says() {
    assert_eq!((plain(""), plain("~")), ("Null".to_owned(), "Null".to_owned()));
    assert_eq!(plain("True"), "Bool(true)");
    for (text, json) in [
        ("200", "200"),
        ("+7", "7"),
        ("-0", "-0"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("0x0", "0"),
        ("-1", "-1"),
        ("18446744073709551616", "18446744073709551616"),
        ("-123456789012345678901234567890", "-123456789012345678901234567890"),
        ("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"),
        ("0o7777777777777777777777777", "37778931862957161709567"),
        ("1.10", "1.10"),
        ("1E5", "1E5"),
        ("1e999", "1e999"),
        (".5", "0.5"),
        ("-.50", "-0.50"),
        ("5.", "5"),
        ("5.e3", "5e3"),
        ("+1.50e+3", "1.50e+3"),
        ("00.5", "0.5"),
        ("-.inf", "-.inf"),
        (".NaN", ".NaN"),
    ] {
        assert_eq!(plain(text), format!("Number({json:?})"), "{text}");
    }
}

#[test]
fn keeps_other_plain_scalars_as_strings() {
    for text in [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "010",
        "-010",
        "0777",
        "01234",
        "+",
        "-",
        ".",
        "..",
        "inf",
        "nan",
        "NaN",
        "infinity",
        "+.nan",
        "1.2.3",
        "127.0.0.1",
        "0o9",
        "0o",
        "0xg",
        "0x",
        "0b10",
        "0B10",
        "0X1F",
        "-0x1F",
        "+0o17",
        "1_000",
        "1:30",
        "--1",
        "++1",
        "+-1",
        "1 2",
        "4xx",
        "2024-01-01",
        "truE",
        "nil",
        "e3",
        ".e3",
        "1e",
        "1e+",
        "1e5.5",
        "0x+1",
        "1e+-5",
    ] {
        assert_eq!(plain(text), format!("String({text:?})"), "{text}");
    }
}

#[test]
fn quotes_and_tags_take_precedence() {
    for (text, value) in [
        ("'200'", r#"String("200")"#),
        ("!!str 200", r#"String("200")"#),
        ("! 200", r#"String("200")"#),
        ("!!int '200'", r#"Number("200")"#),
        ("!!null x", "Null"),
    ] {
        assert_eq!(format!("{:?}", node(text).unwrap().value), value, "{text}");
    }
    assert!(wrong("!!int x").starts_with("error: expected a number\n"));
}

#[test]
fn reports_every_duplicate_key_with_the_first_one() {
    let wrong = wrong("a: 1\nb: {c: 1, c: 2}\na: &x {d: 1, d: 2}\ne: *x\n");
    let all: Vec<&str> = wrong.lines().filter(|line| line.starts_with(['e', ' '])).collect();
    let shown = |text: &str| all.iter().any(|line| line.contains(text));
    assert!(shown("the first is at a.yaml:1:1") && shown("a.yaml:2:11") && shown("a.yaml:3:14"), "{wrong}");
    assert_eq!(wrong.matches("error: ").count(), 3, "{wrong}");
}
