//! Numbers keep their digits and compare by what they mean.

use super::{Json, Number, read};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn json(text: &str) -> Json {
    read(text.as_bytes()).unwrap()
}

#[test]
fn a_body_is_read_with_the_digits_that_it_has() {
    let text = r#"{"big":123456789012345678901234567890,"list":[1.10,-0.0,1E400,"é\n"],"n":null,"t":true}"#;
    assert_eq!(json(text).to_string(), text);
    assert_eq!(json(" [ ] ").to_string(), "[]");
    assert_eq!(json("{}").to_string(), "{}");
}

#[test]
fn numbers_that_mean_the_same_are_equal_and_no_others() {
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
fn what_is_not_a_number_of_json_is_none() {
    for text in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x10", "NaN", "1 ", "１"] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
}

#[test]
fn nearness_is_exact_where_floats_are_not() {
    let near = |one, other, off| number(one).is_near(&number(other), &number(off));
    assert!(near("3.13", "3.14", "0.01") && near("3.15", "3.14", "0.01") && !near("3.1501", "3.14", "0.01"));
    assert!(near("123456789012345678901234567890", "123456789012345678901234567891", "1"));
    assert!(!near("123456789012345678901234567890", "123456789012345678901234567892", "1"));
    assert!(near("0", "0.0", "0") && near("1e300", "1.0000000001e300", "1e299") && !near("1e300", "1", "1"));
}

#[test]
fn what_is_not_json_is_said_in_a_sentence() {
    let wrong = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(wrong(b"{\"a\": 1").contains("EOF while parsing an object at line 1"), "{}", wrong(b"{\"a\": 1"));
    assert!(wrong(b"[1,]").contains("at line 1"));
    assert!(wrong(b"\xff").contains("not UTF-8"));
    assert!(wrong(br#"["\ud800"]"#).contains("surrogate") || wrong(br#"["\ud800"]"#).contains("hex escape"));
    assert!(wrong("[".repeat(200).as_bytes()).contains("EOF"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(wrong(deep.as_bytes()), "it nests deeper than 127 levels");
}

#[test]
fn a_pointer_leads_to_members_and_elements() {
    let value = json(r#"{"a/b": [{"m~n": 1}], "": 2}"#);
    assert_eq!(value.pointer("/a~1b/0/m~0n"), Some(&json("1")));
    assert_eq!(value.pointer("/"), Some(&json("2")));
    assert_eq!(value.pointer(""), Some(&value));
    assert_eq!(value.pointer("/a~1b/00"), None);
    assert_eq!(value.pointer("a"), None);
}
