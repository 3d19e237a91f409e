//! Values that each matcher accepts and rejects, and its messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Matcher, Mode, Setting, compile};
use crate::diagnostic::Diagnostic;
use crate::json::{self, Json};
use crate::source::Source;
use crate::template::Scope;
use crate::yaml::{self, Node};

fn compiled(source: &Arc<Source>, mode: Mode) -> Result<Matcher, Diagnostic> {
    let files = |name: &str| std::fs::read(name);
    compile(&yaml::read::<Node>(source).unwrap(), &Setting { source, mode, files: &files })
}

fn matcher(yaml: &str) -> Matcher {
    let source = Source::new("m.yaml", yaml);
    compiled(&source, Mode::Json).unwrap()
}

fn refused(yaml: &str) -> String {
    let source = Source::new("m.yaml", yaml);
    compiled(&source, Mode::Json).unwrap_err().to_string()
}

fn matches(yaml: &str, value: &Value) -> bool {
    matcher(yaml).compare(&value.clone().into(), "", &Scope::default()).is_empty()
}

fn matches_text(yaml: &str, value: &str) -> bool {
    matcher(yaml).matches(&json::read(value.as_bytes()).unwrap(), &Scope::default())
}

fn differences(yaml: &str, value: &Value) -> Vec<String> {
    (matcher(yaml).compare(&value.clone().into(), "", &Scope::default()).shown.iter())
        .map(|mismatch| format!("{}: {} / {}", mismatch.pointer, mismatch.expected, mismatch.received))
        .collect()
}

#[test]
fn plain_yaml_compares_exactly() {
    assert!(matches("{a: 1, b: [x, null]}", &json!({"b": ["x", null], "a": 1})));
    assert!(!matches("{a: 1}", &json!({"a": 1, "b": 2})));
    assert!(!matches("{a: 1}", &json!({"a": "1"})));
    assert!(!matches("[1, 2]", &json!([2, 1])));
    assert!(matches("1", &json!(1.0)));
}

#[test]
fn mismatch_names_the_member_and_both_values() {
    assert_eq!(
        differences("{a: 1, b: {c: x}, e: 0}", &json!({"a": 2, "b": {"c": "y", "d/e": true}})),
        ["/a: 1 / 2", "/b/c: \"x\" / \"y\"", "/b/d~1e: no such member / true", "/e: 0 / no such member"]
    );
    assert_eq!(differences("[1]", &json!([1, 2])), [": 1 element / 2 elements"]);
}

#[test]
fn bare_tags_check_the_type() {
    let uuid = json!("cf3ddee1-ff24-49e4-a40b-2540333fe992");
    assert!(matches("!uuid", &uuid) && !matches("!uuid", &json!("cf3ddee1")) && !matches("!uuid", &json!(1)));
    for time in [
        "2017-10-16 04:23:04",
        "2017-10-16T04:23:04",
        "2017-10-16T04:23:04.123456+00:00",
        "2017-10-16T04:23:04Z",
    ] {
        assert!(matches("!datetime", &json!(time)), "{time}");
    }
    for time in ["2017-10-16", "2017-13-16 04:23:04", "04:23:04", "Mon, 16 Oct 2017 04:57:08 GMT"] {
        assert!(!matches("!datetime", &json!(time)), "{time}");
    }
    assert!(matches("!integer", &json!(3)) && !matches("!integer", &json!(3.5)));
    assert!(
        matches("!any", &json!(null)) && matches("!string", &json!("")) && matches("!boolean", &json!(false))
    );
}

#[test]
fn tags_nest_anywhere() {
    let uuid = json!("cf3ddee1-ff24-49e4-a40b-2540333fe992");
    assert!(
        !matches("!not [!uuid]", &uuid)
            && matches("!not [!uuid, null]", &json!("x"))
            && !matches("!not [!uuid, null]", &json!(null))
    );
    assert!(matches("!each [!uuid]", &json!([uuid, uuid])) && !matches("!each [!uuid]", &json!([uuid, 1])));
    assert!(matches("!each {id: !uuid}", &json!([])));
    assert!(matches("!subset {a: !not 1}", &json!({"a": 2, "b": 3})));
    assert!(matches("!one_of [1, !string ]", &json!("x")) && !matches("!one_of [1, !string ]", &json!(2)));
    assert!(
        matches("!length 2", &json!("éa"))
            && matches("!length 0", &json!([]))
            && !matches("!length 1", &json!(1))
    );
    assert!(matches("!regex '^a+$'", &json!("aa")) && !matches("!regex '^a+$'", &json!("ab")));
    assert!(matches("!contains b", &json!("abc")) && matches("!starts_with a", &json!("abc")));
}

#[test]
fn no_element_satisfies_two_expectations() {
    assert!(matches("!containing [1, 1]", &json!([1, 2, 1])));
    assert!(!matches("!containing [1, 1]", &json!([1, 2])));
    assert!(matches("!containing [!any , 1]", &json!([1, 2])));
    assert_eq!(differences("!containing [3]", &json!([1, 2])), [": an element 3 / no such element among 2"]);
}

#[test]
fn rejects_invalid_tags_at_their_location() {
    assert!(refused("a: !uid").contains("unknown matcher `!uid`"), "{}", refused("a: !uid"));
    assert!(refused("a: !uid").contains("did you mean `!uuid`?"));
    assert!(refused("a: !uid").contains("m.yaml:1:4"));
    assert!(refused("!uuid 5").contains("`!uuid` takes no value, not a number"));
    assert!(refused("!length x").contains("takes a whole number"));
    assert!(
        refused("!datetime {from_now: 9999999999d, give_or_take: 1s}")
            .contains("longer than a hundred years")
    );
    assert!(refused("!regex '('").contains("invalid pattern"));
    assert!(refused("!subset [1]").contains("takes a mapping"));
    assert!(refused("${x").contains("closing brace"));
}

#[test]
fn numbers_keep_their_digits() {
    assert!(matches("18446744073709551615", &json!(18_446_744_073_709_551_615_u64)));
    assert!(!matches("18446744073709551615", &json!(18_446_744_073_709_551_614_u64)));
    for digits in ["123456789012345678901234567890", "0.1000000000000000055511151231257827", "-1E400"] {
        assert!(
            matches_text(&format!("{{a: [{digits}, 1]}}"), &format!("{{\"a\": [{digits}, 1]}}")),
            "{digits}"
        );
        assert!(!matches_text(digits, &format!("{digits}1")), "{digits}");
    }
    assert!(!matches_text("123456789012345678901234567890", "123456789012345678901234567891"));
    assert!(matches_text("!integer", "123456789012345678901234567890") && !matches_text("!integer", "1.0"));
    assert!(matches_text("!one_of [+123456789012345678901, !string ]", "123456789012345678901"));
}

#[test]
fn numbers_are_text_in_text_mode() {
    let source = Source::new("m.yaml", "210");
    let matcher = compiled(&source, Mode::Text).unwrap();
    assert!(matcher.matches(&"210".into(), &Scope::default()));
}

#[test]
fn matchers_of_numbers_read_a_number_in_a_text() {
    let holds = |yaml: &str, mode: Mode, text: &str| {
        let source = Source::new("m.yaml", yaml);
        compiled(&source, mode).unwrap().matches(&text.into(), &Scope::default())
    };
    for (yaml, right, wrong) in [
        ("!integer", "42", "4.2"),
        ("!integer", "-7", "007"),
        ("!number", "1e3", "1,5"),
        ("!boolean", "true", "True"),
        ("!about {value: 40, within: 2}", "42", "43"),
        ("!between [1, 100]", "42", "101"),
        ("!greater_than 9", "10", "8"),
        ("!datetime {format: unix}", "1796036400", "soon"),
        ("!all [!integer , !less_than 9]", "8", "x"),
        ("!not [!integer ]", "x", "1"),
        ("!one_of [none, !integer ]", "3", "x"),
        ("!schema {type: integer, minimum: 3}", "3", "2"),
        ("!schema {type: string, pattern: '^0'}", "007", "7"),
        ("!lines [!integer , x]", "3\nx", "x\nx"),
    ] {
        assert!(holds(yaml, Mode::Text, right), "{yaml} {right}");
        assert!(!holds(yaml, Mode::Text, wrong), "{yaml} {wrong}");
    }
    assert!(!holds("!integer", Mode::Json, "42"));
    let source = Source::new("m.yaml", "!integer");
    let shown = compiled(&source, Mode::Text).unwrap().compare(&"x".into(), "", &Scope::default()).shown;
    assert_eq!((&*shown[0].expected, &*shown[0].received), ("an integer", "\"x\""));
}

#[test]
fn all_matchers_of_a_cookie_date_read_every_form() {
    let holds = |yaml: &str, text: &str| {
        let source = Source::new("m.yaml", yaml);
        compiled(&source, Mode::CookieDate).unwrap().matches(&text.into(), &Scope::default())
    };
    for date in [
        "Wed, 21 Oct 2065 07:28:00 GMT",
        "Wed, 21-Oct-2065 07:28:00 GMT",
        "Wednesday, 21-Oct-65 07:28:00 GMT",
        "Wed Oct 21 07:28:00 2065",
        "21 oct 65 7:28:00",
    ] {
        for yaml in [
            "!datetime",
            "!after '2065-10-21T07:27:59Z'",
            "!after Tue, 20-Oct-65 00:00:00 GMT",
            "!before '2065-10-22'",
            "!between ['2065-10-21T07:28:00Z', 'Wed, 21-Oct-2065 07:28:00 GMT']",
            "!greater_than '2065-01-01'",
            "!one_of [x, !before '2066-01-01']",
        ] {
            assert!(holds(yaml, date), "{yaml} {date}");
        }
        assert!(!holds("!before '2065-10-21'", date) && !holds("!after '2065-10-22'", date));
    }
    assert!(!holds("!after '2000-01-01'", "2065-10-21T07:28:00Z"));
    let source = Source::new("m.yaml", "!between [1, 5]");
    let refused = compiled(&source, Mode::CookieDate).unwrap_err().to_string();
    assert!(refused.contains("`!between` compares with dates"), "{refused}");
}

#[test]
fn unordered_lists_use_a_bipartite_matching() {
    assert!(matches("!unordered [1, !any , 2]", &json!([2, 3, 1])));
    assert!(!matches("!unordered [!any , 1, 1]", &json!([1, 2, 3])));
    assert_eq!(differences("!unordered [1, 2]", &json!([2, 1, 3])), ["/2: no such element / 3"]);
    assert_eq!(
        differences(
            "!unordered [{id: 1, name: a}, {id: 2, name: b}]",
            &json!([{"id": 2, "name": "c"}, {"id": 1, "name": "a"}])
        ),
        [
            ": an element {\"id\": 2, \"name\": \"b\"} / no such element among 2; the closest, /0, has \"c\" at /name"
        ]
    );
}

#[test]
fn all_and_count_combine_matchers() {
    assert!(matches("!all [!starts_with a, !ends_with z, !length 2..]", &json!("abcz")));
    assert!(!matches("!all [!starts_with a, !ends_with z]", &json!("ab")));
    assert!(matches("!count {of: !integer , times: 2..3}", &json!([1, "x", 2])));
    assert!(!matches("!count {of: !integer , times: ..1}", &json!([1, "x", 2])));
    assert!(matches("!length 1..2", &json!([1])) && !matches("!length ..2", &json!([1, 2, 3])));
    assert!(refused("!count {of: 1}").contains("`times` (a count)"));
    assert!(refused("!count {of: 1, times: many}").contains("invalid count"));
    assert!(refused("!all []").contains("takes a list of matchers"));
    for (yaml, message) in [
        ("!all [!string , !integer ]", "no value can be a string and also an integer"),
        ("!all [!each [!any ], !subset {a: 1}]", "no value can be a list of any value and also an object"),
        (
            "!all [!one_of [1, true], !length 3]",
            "no value can be one of 1, true and also something of length 3",
        ),
        ("!between [5, 1]", "no value is between 5 and 1"),
        ("!between ['2026-02-01', '2026-01-01']", "no value is between"),
    ] {
        assert!(refused(yaml).contains(message), "{}", refused(yaml));
    }
    assert!(matches("!all [!one_of [1, x], !string ]", &json!("x")) && matches("!between [1, 1]", &json!(1)));
}

#[test]
fn about_accepts_a_tolerance() {
    assert!(matches("!about {value: 3.14, within: 0.01}", &json!(3.145)));
    assert!(!matches("!about {value: 3.14, within: 0.001}", &json!(3.15)));
    assert!(!matches("!about {value: 1, within: 1}", &json!("1")));
    assert!(matches("!about {value: 3.14, within: 0.01}", &json!(3.13)));
    let huge = "!about {value: 123456789012345678901234567890, within: 1}";
    assert!(
        matches_text(huge, "123456789012345678901234567891")
            && !matches_text(huge, "123456789012345678901234567892")
    );
    assert!(refused("!about {value: 1, within: -1}").contains("must not be negative"));
    assert!(refused("!about {value: 1}").contains("needs a `within`"));
    assert!(refused("!about {value: x, within: 1}").contains("is not a JSON number"));
}

#[test]
fn datetime_checks_format_and_distance() {
    let at = |yaml: &str, value: &Value| {
        let moment = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_508_127_784);
        matcher(yaml).matches(&Json::from(value.clone()), &Scope::default().at(moment, moment))
    };
    let near = "!datetime {from_now: 0s, give_or_take: 2s}";
    for same in
        ["2017-10-16T04:23:04", "2017-10-16 04:23:05.5", "2017-10-16T06:23:04+0200", "2017-10-16T04:23:04Z"]
    {
        assert!(at(near, &json!(same)), "{same}");
    }
    assert!(!at(near, &json!("2017-10-16T04:24:04Z")));
    assert!(at("!datetime {ago: 60s, give_or_take: 0s}", &json!("2017-10-16T04:22:04Z")));
    assert!(at(
        "!datetime {format: http, from_now: 1m, give_or_take: 1s}",
        &json!("Mon, 16 Oct 2017 04:24:04 GMT")
    ));
    assert!(!at("!datetime {format: http}", &json!("2017-10-16T04:22:04Z")));
    assert!(at("!datetime {format: unix, from_now: 0s, give_or_take: 0s}", &json!(1_508_127_784)));
    assert!(at("!datetime {format: unix, from_now: 0s, give_or_take: 1s}", &json!(1_508_127_784.5)));
    assert!(at("!datetime {format: unix_ms, from_now: 1s, give_or_take: 0s}", &json!(1_508_127_785_000_i64)));
    // A slow response may contain any time since its request.
    let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_508_127_884);
    let slow = |seconds: i64| {
        let scope = Scope::default().at(later - std::time::Duration::from_secs(100), later);
        let yaml = "!datetime {format: unix, from_now: 0s, give_or_take: 2s}";
        matcher(yaml).matches(&Json::from(json!(1_508_127_784 + seconds)), &scope)
    };
    assert_eq!([-3, -2, 50, 102, 103].map(slow), [false, true, true, true, false]);
    assert!(at("!datetime {format: date, ago: 12h, give_or_take: 12h}", &json!("2017-10-16")));
    assert!(
        !at("!datetime {format: date}", &json!("2017-02-30"))
            && !at("!datetime", &json!("2017-02-30T00:00:00"))
    );
    let german = "!datetime {format: '%d.%m.%Y %H:%M', from_now: 0s, give_or_take: 1m}";
    assert!(at(german, &json!("16.10.2017 04:23")) && !at(german, &json!("16.10.2017 05:23")));
    assert!(!at(german, &json!("16.10.2017 04:23 ")) && !at(german, &json!("10/16/2017 04:23")));
    assert!(at("!datetime {format: '%Y/%m/%d', ago: 0s, give_or_take: 1d}", &json!("2017/10/16")));
    assert!(at("!datetime", &json!("2016-12-31T23:59:60Z")));
    assert!(refused("!datetime {format: '%d.%Q'}").contains("invalid date pattern"));
    assert!(refused("!datetime {format: htpt}").contains("did you mean `http`?"));
    assert!(refused("!datetime {from_now: 1s}").contains("together with `give_or_take`"));
}

#[test]
fn ignoring_case_compares_letters_in_any_case() {
    assert!(
        matches("!ignoring_case STRASSE", &json!("strasse")) && matches("!ignoring_case ÉA", &json!("éa"))
    );
}

#[test]
fn schema_reports_location_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("list.json", r#"{"type": "array", "items": {"$ref": "parts/one.json"}}"#);
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    file(
        "parts/one.json",
        r##"{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 1000},
            "at": {"anyOf": [{"$ref": "#/$defs/day"}, {"type": "null"}]}}, "$defs": {"day": {"type": "string", "format": "date"}}}"##,
    );
    let source = Source::new("m.yaml", "{items: !schema list.json}");
    let files = |name: &str| std::fs::read(folder.path().join(name));
    let node = yaml::read::<Node>(&source).unwrap();
    let matcher = compile(&node, &Setting { source: &source, mode: Mode::Json, files: &files }).unwrap();
    let mismatches = |text: &str| -> Vec<String> {
        let value = json::read(text.as_bytes()).unwrap();
        let mismatches = matcher.compare(&value, "", &Scope::default());
        mismatches.shown.into_iter().map(|one| format!("{}: {}", one.pointer, one.received)).collect()
    };
    assert_eq!(mismatches(r#"{"items": [{"id": 1000, "at": "2026-11-28"}]}"#), Vec::<String>::new());
    assert_eq!(
        mismatches(r#"{"items": [{"id": 999}, {}]}"#),
        [
            "/items/0/id: violates the schema: 999 is not at least 1000",
            "/items/1: violates the schema: missing properties \"id\""
        ]
    );
    let alternatives = mismatches(r#"{"items": [{"id": 1000, "at": 5}]}"#);
    assert_eq!(
        alternatives,
        ["/items/0/at: violates the schema: 5 is not of type \"string\", or 5 is not of type \"null\""]
    );
}

/// Returns the mismatches of a schema, or why it is invalid.
fn against(schema: &str, value: &str) -> Result<Vec<String>, String> {
    let source = Source::new("m.yaml", "!schema x.json");
    let files = |_: &str| Ok(schema.as_bytes().to_vec());
    let node = yaml::read::<Node>(&source).unwrap();
    let matcher = compile(&node, &Setting { source: &source, mode: Mode::Json, files: &files })
        .map_err(|wrong| wrong.to_string())?;
    let value = json::read(value.as_bytes()).unwrap();
    let mismatches = matcher.compare(&value, "", &Scope::default()).shown;
    assert_eq!(matcher.matches(&value, &Scope::default()), mismatches.is_empty());
    Ok(mismatches.into_iter().map(|one| format!("{}: {}", one.pointer, one.received)).collect())
}

#[test]
fn schema_compares_numbers_exactly() {
    for (schema, value, holds) in [
        (r#"{"multipleOf": 0.01}"#, "1070468.14", true),
        (r#"{"multipleOf": 0.01}"#, "19.99", true),
        (r#"{"multipleOf": 0.1}"#, "0.3", true),
        (r#"{"multipleOf": 0.01}"#, "1070468.145", false),
        (r#"{"multipleOf": 10}"#, "123456789012345678901234567890", true),
        (r#"{"multipleOf": 10}"#, "123456789012345678901234567891", false),
        (r#"{"multipleOf": 1e-3}"#, "1e400", true),
        (r#"{"maximum": 9007199254740992}"#, "9007199254740993", false),
        (r#"{"exclusiveMinimum": 0}"#, "1e-400", true),
        (r#"{"exclusiveMaximum": 1}"#, "1.0", false),
        (r#"{"minimum": 0}"#, "-0", true),
        (r#"{"minimum": 0}"#, "-1e-400", false),
        (r#"{"type": "integer"}"#, "1.0", true),
        (r#"{"type": "integer"}"#, "1e400", true),
        (r#"{"type": "integer"}"#, "1.5", false),
        (r#"{"const": 1.10}"#, "1.1", true),
        (r#"{"const": {"a": [0.1, null]}}"#, r#"{"a": [0.10, null]}"#, true),
        (r#"{"enum": ["a", 9007199254740993]}"#, "9007199254740992", false),
        (r#"{"uniqueItems": true}"#, "[12345678901234567890123, 12345678901234567890124]", true),
        (r#"{"uniqueItems": true}"#, r#"[{"a": 1}, {"a": 1.0}]"#, false),
        (
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}"#,
            "1",
            false,
        ),
        (
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}"#,
            "2",
            true,
        ),
    ] {
        let faults = against(schema, value).unwrap();
        assert_eq!(faults.is_empty(), holds, "{schema} {value} {faults:?}");
    }
    assert_eq!(
        against(r#"{"properties": {"a": {"multipleOf": 0.01}}}"#, r#"{"a": 1.005}"#).unwrap(),
        ["/a: violates the schema: 1.005 is not a multiple of 0.01"]
    );
}

#[test]
fn schema_pattern_supports_lookaround_and_backreferences() {
    for (pattern, value, holds) in [
        (r"^(?=.*\\d).+$", "abc1", true),
        (r"^(?=.*\\d).+$", "abc", false),
        (r"^(?!admin)", "admin1", false),
        (r"(?<=a)b", "ab", true),
        (r"^(a)\\1$", "aa", true),
        (r"^(a)\\1$", "ab", false),
        (r"^\\d+$", "１２", false),
        (r"^\\w+$", "é", false),
    ] {
        let schema = format!(r#"{{"properties": {{"p": {{"pattern": "{pattern}"}}}}}}"#);
        let faults = against(&schema, &format!(r#"{{"p": "{value}"}}"#)).unwrap();
        assert_eq!(faults.is_empty(), holds, "{pattern} {value} {faults:?}");
    }
    let refused = against(r#"{"properties": {"p": {"pattern": "(a"}}}"#, "1").unwrap_err();
    assert!(refused.contains("invalid pattern \"(a\""), "{refused}");
    // A pattern that takes too long fails with a message.
    let slow = against(r#"{"pattern": "^(?=(a+)+b)\\1c$"}"#, &format!("\"{}\"", "a".repeat(5000))).unwrap();
    assert_eq!(slow.len(), 1, "{slow:?}");
}

#[test]
fn schema_format_follows_its_draft() {
    let email = |draft: &str| {
        let schema = format!(r#"{{{draft} "properties": {{"name": {{"format": "email"}}}}}}"#);
        against(&schema, r#"{"name": "no mail address"}"#).unwrap()
    };
    assert_eq!(email(""), [""; 0]);
    assert_eq!(email(r#""$schema": "https://json-schema.org/draft/2020-12/schema","#), [""; 0]);
    assert_eq!(email(r#""$schema": "https://json-schema.org/draft/2019-09/schema","#), [""; 0]);
    let draft_7 = email(r#""$schema": "http://json-schema.org/draft-07/schema#","#);
    assert_eq!(draft_7, [r#"/name: violates the schema: "no mail address" is not a "email""#]);
}

#[test]
fn limits_schema_errors_of_large_values() {
    let long = format!("[{}1]", "\"x\",".repeat(60_000));
    assert_eq!(against(r#"{"items": {"type": "integer"}}"#, &long).unwrap().len(), 1);
    let text = format!("\"{}\"", "long ".repeat(100_000));
    assert!(against(r#"{"type": "integer"}"#, &text).unwrap()[0].len() < 5000);
    assert_eq!(against(r#"{"maxLength": 1}"#, r#""\udc00\udc00""#).unwrap().len(), 1);
    assert_eq!(against(r#"{"type": "string", "maxLength": 1}"#, r#""\udc00""#).unwrap(), [""; 0]);
    assert!(
        against(r#"{"pattern": "^a"}"#, r#""\udc00""#).unwrap()[0].contains("a string with a lone surrogate")
    );
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(against(r##"{"items": {"$ref": "#"}}"##, &deep).unwrap(), [""; 0]);
}

#[test]
fn checks_length_and_digest_of_a_body() {
    let holds = |yaml: &str, body: &[u8]| {
        let source = Source::new("m.yaml", yaml);
        let matcher = compiled(&source, Mode::Bytes).unwrap();
        let scope = Scope::default().of(body);
        let text = Json::String(String::from_utf8_lossy(body).into_owned());
        matcher.compare(&text, "", &scope).shown.into_iter().map(|one| one.received).collect::<Vec<_>>()
    };
    let accepted: [String; 0] = [];
    let digest = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(holds(&format!("!all [!length 1, !sha256 {digest}]"), b"\0"), accepted);
    assert_eq!(holds(&format!("!sha256 '{}'", digest.to_uppercase()), b"\0"), accepted);
    assert_eq!(holds("!length 2", "é".as_bytes()), accepted);
    assert_eq!(holds("!length 1", &[0xff, 0xfe]), ["2 bytes"]);
    assert_eq!(holds(&format!("!not [!sha256 {digest}]"), b"\x01"), accepted);
    assert_eq!(holds("!sha256 \"${sha256('a')}\"", b"a"), accepted);
    assert_eq!(holds("!sha256 \"${sha256('b')}\"", b"a").len(), 1);
    assert!(refused("!sha256 abc").contains("only allowed under `body`"));
}

#[test]
fn compares_numbers_dates_and_texts_by_order() {
    let scope = {
        let mut scope = Scope::default();
        scope.set("first", &Json::from(json!(41)));
        scope.set("text", &Json::from(json!("9")));
        scope
    };
    let holds = |yaml: &str, value: Value| matcher(yaml).matches(&Json::from(value), &scope);
    for (yaml, value, expected) in [
        ("!greater_than 5", json!(6), true),
        ("!greater_than 5", json!(5), false),
        ("!greater_than 5", json!(null), false),
        ("!greater_than \"${first}\"", json!(42), true),
        ("!greater_than \"${first + 1}\"", json!(42), false),
        ("!greater_than \"${text}\"", json!("10"), true),
        ("!less_than 1e3", json!(999.5), true),
        ("!less_than -1", json!(0), false),
        ("!between [1, 100]", json!(1), true),
        ("!between [1, 100]", json!(100), true),
        ("!between [1, 100]", json!(100.1), false),
        ("!between [a, c]", json!("b"), true),
        ("!between [\"2026-01-01T00:00:00Z\", \"2026-12-31T23:59:59Z\"]", json!("2026-06-01 12:00:00"), true),
        ("!between [2026-01-01, 2026-12-31]", json!("2027-06-01T00:00:00Z"), false),
        ("!before 2026-01-01", json!("2025-12-31T23:59:59Z"), true),
        ("!before 2026-01-01", json!("2026-01-01T00:59:59+01:00"), true),
        ("!before 2026-01-01", json!("soon"), false),
        ("!after 2026-01-01", json!("Thu, 01 Jan 2026 00:00:01 GMT"), true),
        ("!sorted", json!([1, 2, 2, 10]), true),
        ("!sorted", json!(["1", "2", "10"]), true),
        ("!sorted", json!(["b", "a"]), false),
        ("!sorted", json!([1, "a"]), false),
        ("!sorted", json!({}), false),
        ("!sorted descending", json!([3, 1]), true),
        ("!sorted {by: /at, order: descending}", json!([{"at": 2}, {"at": 1}]), true),
        ("!sorted {by: /at}", json!([{"at": 2}, {}]), false),
    ] {
        assert_eq!(holds(yaml, value.clone()), expected, "{yaml} {value}");
    }
    assert_eq!(
        differences("!sorted", &json!([1, 3, 2])),
        ["/2: a list in ascending order: here a value that is at least 3 / 2"]
    );
    for (yaml, message) in [
        ("!greater_than", "takes one value, such as 5"),
        ("!between [1]", "takes two values, such as [1, 100]"),
        ("!between 1", "takes two values"),
        ("!before soon", "compares with a date"),
        ("!greater_than [true]", "compares with a number, a date or a text"),
        ("!greater_than [!integer ]", "compares with a number"),
        ("!sorted upwards", "`upwards` is not an order"),
    ] {
        assert!(refused(yaml).contains(message), "{yaml}: {}", refused(yaml));
    }
}

#[test]
fn members_can_be_absent_or_optional() {
    for (yaml, value, expected) in [
        ("!subset {id: 1, x: !absent }", json!({"id": 1, "y": 2}), true),
        ("!subset {id: 1, x: !absent }", json!({"id": 1, "x": null}), false),
        ("{id: 1, x: !absent }", json!({"id": 1}), true),
        ("{id: 1, x: !absent }", json!({"id": 1, "y": 2}), false),
        ("{id: 1, x: !optional [!integer ]}", json!({"id": 1}), true),
        ("{id: 1, x: !optional [!integer ]}", json!({"id": 1, "x": 2}), true),
        ("{id: 1, x: !optional [!integer ]}", json!({"id": 1, "x": "2"}), false),
        ("{id: 1, x: !optional 2}", json!({"id": 1, "y": 2}), false),
        ("{x: !optional {a: 1}}", json!({"x": {"a": 1}}), true),
    ] {
        assert_eq!(matches(yaml, &value), expected, "{yaml} {value}");
        assert_eq!(differences(yaml, &value).is_empty(), expected, "{yaml} {value}");
    }
    assert_eq!(differences("{x: !absent }", &json!({"x": 1})), ["/x: no such member / 1"]);
    assert!(refused("[!absent ]").contains("only allowed as the value of a member"));
    assert!(refused("{a: !absent 1}").contains("takes no value"));
}

#[test]
fn lines_are_compared_as_a_list() {
    assert!(matches("!lines [a, !any ]", &json!("a\nb\n")) && !matches("!lines [a]", &json!("a\nb")));
    assert!(matches("!lines {of: !containing [b]}", &json!("a\r\nb")));
    assert!(matches("!lines []", &json!("")) && !matches("!lines [a]", &json!(["a"])));
    assert_eq!(differences("!lines [a, b]", &json!("a\nc")), ["/1: \"b\" / \"c\""]);
    assert!(refused("!lines a").contains("one entry for each line"));
}

#[test]
fn schema_is_inline_or_a_part_of_a_file() {
    let document = r##"{"openapi": "3.0.3", "components": {"schemas": {"Pet": {"type": "object", "properties":
        {"tag": {"type": "string", "nullable": true}, "of": {"$ref": "#/components/schemas/Id"}}}, "Id": {"type": "integer"}}}}"##;
    let source = Source::new("m.yaml", "a");
    let files = |name: &str| match name {
        "api.json" => Ok(document.as_bytes().to_vec()),
        "api.yaml" => Ok(b"parts:\n  id: {type: integer, minimum: 2}\n".to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let compiled = |yaml: &str| {
        let source = Source::new(source.path(), yaml);
        let node = yaml::read::<Node>(&source).unwrap();
        compile(&node, &Setting { source: &source, mode: Mode::Json, files: &files })
            .map_err(|wrong| wrong.to_string())
    };
    for (yaml, value, expected) in [
        ("!schema {type: object, required: [id]}", json!({"id": 1}), true),
        ("!schema {type: object, required: [id]}", json!({}), false),
        ("!schema api.json#/components/schemas/Pet", json!({"tag": null, "of": 1}), true),
        ("!schema api.json#/components/schemas/Pet", json!({"of": "1"}), false),
        ("!schema api.yaml#/parts/id", json!(2), true),
        ("!schema api.yaml#/parts/id", json!(1), false),
    ] {
        let matcher = compiled(yaml).unwrap();
        assert_eq!(
            matcher.matches(&Json::from(value.clone()), &Scope::default()),
            expected,
            "{yaml} {value}"
        );
    }
    assert!(compiled("!schema api.json#/nowhere").unwrap_err().contains("has nothing at `/nowhere`"));
    assert!(compiled("!schema {type: objekt}").unwrap_err().contains("invalid JSON Schema"));
}
