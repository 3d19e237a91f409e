//! Numbers keep their digits and are compared by value.

use super::{Json, Number, read};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn json(text: &str) -> Json {
    read(text.as_bytes()).unwrap()
}

#[test]
fn parses_numbers_with_all_digits() {
    let text = r#"{"big":123456789012345678901234567890,"list":[1.10,-0.0,1E400,"é\n"],"n":null,"t":true}"#;
    assert_eq!(json(text).to_string(), text);
    assert_eq!(json(" [ ] ").to_string(), "[]");
    assert_eq!(json("{}").to_string(), "{}");
}

#[test]
fn compares_numbers_by_value() {
    for (one, other) in
        [("1", "1.0"), ("1", "10e-1"), ("-0", "0"), ("0.10", "1e-1"), ("1e2", "100"), ("12.5e1", "125.0")]
    {
        assert_eq!(number(one), number(other), "{one} {other}");
    }
    for (one, other) in [
        ("9007199254740993", "9007199254740992"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("0.1", "0.1000000000000000055511151231257827"),
        ("1", "-1"),
        ("1e400", "1e401"),
    ] {
        assert_ne!(number(one), number(other), "{one} {other}");
        let (least, most) = (number(one).min(number(other)), number(one).max(number(other)));
        assert!(least < most);
    }
    assert!(number("-2") < number("-1") && number("-1") < number("0") && number("0.5") < number("10"));
}

#[test]
fn rejects_malformed_numbers() {
    for text in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x10", "NaN", "1 ", "１"] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
}

#[test]
fn tolerance_is_exact() {
    let near = |one, other, off| number(one).is_near(&number(other), &number(off));
    assert!(near("3.13", "3.14", "0.01") && near("3.15", "3.14", "0.01") && !near("3.1501", "3.14", "0.01"));
    assert!(near("123456789012345678901234567890", "123456789012345678901234567891", "1"));
    assert!(!near("123456789012345678901234567890", "123456789012345678901234567892", "1"));
    assert!(near("1e400", "1.1e400", "1e399") && !near("1e400", "1.1e400", "0.9e399"));
    assert!(
        near("-0", "0", "0") && near("-1e-400", "1e-400", "2e-400") && !near("-1e-400", "1e-400", "1e-400")
    );
    let long = "0.1000000000000000000000000000000000000000000000000000000000001";
    assert!(!near(long, "0.1", "0") && near(long, "0.1", "1e-61") && !near(long, "0.1", "9e-62"));
    assert!(near("1e1000000000", "1e1000000000", "0") && near("1e1000000000", "1", "1e1000000000"));
    assert!(!near("1e1000000000", "-1", "1e1000000000") && near("5", "-4", "1e99999999999999999999"));
    assert!(near("99", "-1", "100") && !near("99", "-1.5", "100"));
    assert!(near("0", "0.0", "0") && near("1e300", "1.0000000001e300", "1e299") && !near("1e300", "1", "1"));
}

#[test]
fn reports_invalid_json() {
    let wrong = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    for (text, why) in [
        ("", "unexpected end (expected a value) at line 1 column 1"),
        ("{\"a\": 1", "unexpected end (expected `,` or `}`) at line 1 column 8"),
        ("[1,]", "expected a value at line 1 column 4"),
        ("[1 2]", "expected `,` or `]` at line 1 column 4"),
        ("{\n \"é\": tru}", "expected a value at line 2 column 7"),
        ("{a: 1}", "expected the name of a member at line 1 column 2"),
        ("{\"a\" 1}", "expected `:` at line 1 column 6"),
        ("1 2", "trailing characters at line 1 column 3"),
        ("<p>", "expected a value at line 1 column 1"),
        ("01", "malformed number at line 1 column 1"),
        ("\"a\nb\"", "control character in a string at line 1 column 3"),
        ("\"\\x\"", "malformed escape at line 1 column 3"),
        ("\"\\u12g4\"", "malformed escape at line 1 column 3"),
        ("\"abc", "unexpected end (expected `\"`) at line 1 column 5"),
        ("\u{feff}1", "it begins with a byte order mark (RFC 8259, section 8.1, forbids it)"),
    ] {
        assert_eq!(wrong(text), why, "{text}");
    }
    assert!(read(b"\xff").unwrap_err().to_string().contains("not UTF-8"));
}

#[test]
fn limits_depth_and_number_of_values() {
    let wrong = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(deep(200).as_bytes()).is_ok());
    for levels in [202, 100_000, 1_000_000] {
        assert_eq!(wrong(&deep(levels)), "it nests deeper than 200 levels");
    }
    assert_eq!(wrong(&"{\"a\":".repeat(100_000)), "it nests deeper than 200 levels");
    assert_eq!(wrong(&format!("[{}1]", "1,".repeat(1_000_000))), "it has more than 1000000 values");
}

#[test]
fn keeps_lone_surrogates_as_written() {
    for (text, shown) in [
        (r#""\udc00x""#, r#""\udc00x""#),
        (r#""\uD800""#, r#""\ud800""#),
        (r#""a\"\u00e9\ud800\u0041\n""#, r#""a\"é\ud800A\n""#),
        (r#""\ud800\ud801\udc00""#, "\"\\ud800𐐀\""),
    ] {
        let value = json(text);
        assert!(matches!(value, Json::Unpaired(_)), "{text}");
        assert_eq!(value.to_string(), shown, "{text}");
        assert!(value.as_str().is_none() && value != Json::from("\u{fffd}x") && value == json(shown));
    }
    assert_eq!(json(r#""\ud801\udc00\u0041\/\b\f\r\t""#), Json::from("𐐀A/\u{8}\u{c}\r\t"));
    assert_eq!(json(r#"{"\udc00": 1}"#).get("\\udc00"), Some(&json("1")));
    assert_eq!(json(r#""a\udc00\"""#).to_library(), serde_json::Value::from("a\u{ffff}\""));
}

#[test]
fn finds_duplicate_members_at_any_depth() {
    let repeated = |text: &str| super::parse(text).unwrap().repeated;
    let pointers = |text: &str| repeated(text).pointers;
    assert_eq!(pointers(r#"{"id": 1, "id": 2}"#), ["/id"]);
    assert_eq!(pointers(r#"{"id": 1, "\u0069d": 2, "id": 3}"#), ["/id"]);
    assert_eq!(pointers(r#"{"a": {"id": 1, "id": 2}}"#), ["/a/id"]);
    assert_eq!(pointers(r#"{"id": 1, "id": [{"id": 1, "id": 1}, {"id": 1}]}"#), ["/id/0/id", "/id"]);
    assert_eq!(pointers(r#"[[{"a/b": 1, "a/b": 2}], {"": 1, "": 2}]"#), ["/0/0/a~1b", "/1/"]);
    assert_eq!(pointers(r#"[{"id": 1}, {"id": 2}]"#), [""; 0]);
    assert_eq!(json(r#"{"id": 1, "id": 2}"#), json(r#"{"id": 2}"#));
    let many = repeated(&format!("[{}1]", r#"{"a":1,"a":2},"#.repeat(1000)));
    assert_eq!((many.pointers.len(), many.more), (5, 995));
}

#[test]
fn multiples_of_decimals_are_exact() {
    let multiple = |one, other| number(one).is_multiple_of(&number(other));
    for (one, other) in [
        ("1070468.14", "0.01"),
        ("0.3", "0.1"),
        ("19.99", "0.01"),
        ("4.35", "0.05"),
        ("-7.5", "2.5"),
        ("0", "0.01"),
        ("1e2", "5"),
        ("123456789012345678901234567890", "10"),
        ("1e999999999999", "0.0005"),
    ] {
        assert_eq!(multiple(one, other), Some(true), "{one} {other}");
    }
    for (one, other) in [
        ("1070468.145", "0.01"),
        ("123456789012345678901234567891", "10"),
        ("0.35", "0.1"),
        ("1e400", "7e-3"),
        ("1e999999999999", "3"),
        ("1e-30", "1"),
    ] {
        assert_eq!(multiple(one, other), Some(false), "{one} {other}");
    }
    assert_eq!(multiple("1", "0.12345678901234567890123"), None);
}

#[test]
fn converts_seconds_to_nanoseconds_without_loss() {
    assert_eq!(number("1508127784.123456789").times_ten_to(9), Some(1_508_127_784_123_456_789));
    assert_eq!(number("-1.5e3").times_ten_to(6), Some(-1_500_000_000));
    assert_eq!(number("0.0000000019").times_ten_to(9), Some(1));
    assert_eq!(number("1e-9999999999999999999999").times_ten_to(9), Some(0));
    assert_eq!(number("1e400").times_ten_to(9), None);
    assert_eq!(number("-0").times_ten_to(9), Some(0));
}

#[test]
fn resolves_json_pointers() {
    let value = json(r#"{"a/b": [{"m~n": 1}], "": 2}"#);
    assert_eq!(value.pointer("/a~1b/0/m~0n"), Some(&json("1")));
    assert_eq!(value.pointer("/"), Some(&json("2")));
    assert_eq!(value.pointer(""), Some(&value));
    assert_eq!(value.pointer("/a~1b/00"), None);
    assert_eq!(value.pointer("a"), None);
}
