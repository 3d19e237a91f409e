//! Tests of the layout, byte for byte.

use serde_json::{Value, json};

use super::*;

fn response(value: &Value) -> String {
    String::from_utf8(body(value).to_vec()).unwrap()
}

#[test]
fn members_are_separated_by_comma_space_newline() {
    assert_eq!(response(&json!({"a": 1, "b": null})), "{\n  \"a\": 1, \n  \"b\": null\n}\n");
}

#[test]
fn a_list_of_objects_is_indented_twice() {
    assert_eq!(
        response(&json!([{"a": 1, "b": 2}, {"a": 3}])),
        "[\n  {\n    \"a\": 1, \n    \"b\": 2\n  }, \n  {\n    \"a\": 3\n  }\n]\n"
    );
}

#[test]
fn empty_lists_and_objects_stay_on_one_line() {
    assert_eq!(response(&json!({})), "{}\n");
    assert_eq!(response(&json!([])), "[]\n");
    assert_eq!(response(&json!([{}, []])), "[\n  {}, \n  []\n]\n");
}

#[test]
fn escapes_like_python() {
    assert_eq!(
        response(&json!("é \u{1f600} \u{7f} \u{1} \n \" \\ / <")),
        "\"\\u00e9 \\ud83d\\ude00 \\u007f \\u0001 \\n \\\" \\\\ / <\"\n"
    );
}

#[test]
fn a_file_is_one_line_of_ascii() {
    let mut bytes = Vec::new();
    json!({"é": ["ü", 1]}).serialize(&mut file_serializer(&mut bytes)).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "{\"\\u00e9\":[\"\\u00fc\",1]}");
}
