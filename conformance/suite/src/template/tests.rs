//! Values and errors of expressions.

use super::*;
use serde_json::json;

fn scope() -> Scope {
    let mut scope = Scope::default();
    scope.set("bob", &json!({"email": "bob@example.org", "age": 7}).into());
    scope
}

fn rendered(text: &str) -> Result<String, TemplateError> {
    Text::parse(text)?.render(&scope())
}

#[test]
fn replaces_only_expressions() {
    assert_eq!(rendered("a ${bob.email} b").unwrap(), "a bob@example.org b");
    assert_eq!(rendered("$5 {} $bob }").unwrap(), "$5 {} $bob }");
}

#[test]
fn evaluates_functions() {
    assert_eq!(rendered("${base64('a:' ~ bob.age)}").unwrap(), "YTo3");
    assert_eq!(&rendered("${sha256('')}").unwrap()[..8], "e3b0c442");
    assert_ne!(rendered("${uuid()}").unwrap(), rendered("${uuid()}").unwrap());
}

#[test]
fn lone_expression_keeps_its_type() {
    assert_eq!(Text::parse("${bob.age}").unwrap().json(&scope()).unwrap(), json!(7).into());
    assert_eq!(Text::parse("${bob.age} ").unwrap().json(&scope()).unwrap(), "7 ".into());
}

#[test]
fn numbers_keep_their_digits() {
    let digits =
        ["9007199254740993", "123456789012345678901234567890", "0.1000000000000000055", "1e400", "-0.5"];
    for digits in digits.into_iter().chain(["999999999999999999999999999999999999999999999"]) {
        let mut scope = Scope::default();
        let number = crate::json::read(digits.as_bytes()).unwrap();
        scope.set("one", &number);
        scope.set("list", &Json::Array(vec![number.clone()]));
        assert_eq!(Text::parse("${one}").unwrap().json(&scope).unwrap(), number);
        assert_eq!(Text::parse("${list}").unwrap().json(&scope).unwrap(), Json::Array(vec![number]));
        assert_eq!(Text::parse("n=${list[0]}").unwrap().render(&scope).unwrap(), format!("n={digits}"));
    }
}

#[test]
fn lists_names_without_rendering() {
    let text = Text::parse("${bob.email}/${base64(session)}").unwrap();
    assert_eq!(
        text.names().collect::<Vec<_>>(),
        [("${bob.email}", "bob.email"), ("${base64(session)}", "session")]
    );
    let sliced = Text::parse("${session[:35]}").unwrap();
    assert_eq!(sliced.names().map(|(_, name)| name).collect::<Vec<_>>(), ["session"]);
}

#[test]
fn reports_invalid_expressions_and_missing_values() {
    assert_eq!(Text::parse("${bob.").unwrap_err().to_string(), "`${bob.` has no closing brace");
    assert!(Text::parse("${bob +}").unwrap_err().to_string().starts_with("`${bob +}` is invalid: "));
    assert!(rendered("${nobody}").is_err());
    assert!(rendered("${bob.phone}").is_err());
}

#[test]
fn reports_unknown_filters_and_tests_without_values() {
    let error = Text::parse("${session | upper | uper}").unwrap_err();
    assert_eq!(error.unknown_filter(), Some("uper"));
    let impossible = |text| Text::parse(text).unwrap().impossible(&Scope::default());
    assert!(impossible("${1 is ood}").is_some());
    assert!(impossible("${session | upper}").is_none());
}

#[test]
fn renders_loops_in_files_of_the_launch_contract() {
    let mut scope = Scope::default();
    scope.set("fixtures", &json!([{"id": 1}, {"id": 2}]).into());
    let template =
        "[<% for one in fixtures %>${one.id | tojson}${',' if not loop.last else ''}<% endfor %>]\n";
    assert_eq!(render(template, &scope).unwrap(), "[1,2]\n");
}

#[test]
fn rejects_expressions_that_would_overflow_the_stack() {
    for (before, after) in
        [("-", ""), ("not ", ""), ("", "[0]"), ("", "|upper"), ("", "+1"), ("1 if 1 else ", "")]
    {
        for times in [10, 100_000] {
            let expression = format!("${{{}1{}}}", before.repeat(times), after.repeat(times));
            let said = Text::parse(&expression).map_err(|error| error.to_string());
            let whole = free_names(&format!("a <% if true %>{expression}<% endif %>"));
            assert_eq!((said.is_ok(), whole.is_ok()), (times == 10, times == 10), "{before}{after} {said:?}");
        }
    }
    let block = format!("<% if {}1 %>a<% endif %>", "-".repeat(100_000));
    assert!(render(&block, &Scope::default()).unwrap_err().contains("is longer than 1000 bytes"));
    // The longest allowed expression fits on the stack of a thread.
    let longest = format!("${{{}1}}", "-".repeat(990));
    assert!(std::thread::spawn(move || Text::parse(&longest).is_ok()).join().unwrap());
}

#[test]
fn inserts_scalars_as_json_and_rejects_null_lists_and_objects() {
    let mut scope = Scope::default();
    scope.set(
        "row",
        &crate::json::read(br#"{"t":true,"n":null,"l":[1,"a",false],"o":{"k":[1,2]},"s":"x"}"#).unwrap(),
    );
    let rendered = |text: &str| {
        Text::parse(text)?.in_text().render(&scope).map_err(|error| {
            assert!(error.is_misplaced(), "{error}");
            error
        })
    };
    for (text, written) in [
        ("on=${row.t}", "on=true"),
        ("${'on=' ~ row.t}", "on=true"),
        ("${row.t ~ row.s ~ (not row.t)}", "truexfalse"),
        ("${row.t | upper}", "TRUE"),
        ("${row.t | string}", "true"),
        ("${base64(row.t)}", "dHJ1ZQ=="),
        ("${row.l | join('-')}", "1-a-false"),
        ("${row.l | tojson}", r#"[1, "a", false]"#),
        ("${row.n | tojson}", "null"),
        ("${row.n | default('none')}", "none"),
        ("${row.n | d('') ~ row.s}", "x"),
        ("${row.s if row.n is none else row.n}", "x"),
    ] {
        assert_eq!(rendered(text).unwrap(), written, "{text}");
    }
    for (text, what) in [
        ("${row.n}", "null"),
        ("x${row.n}", "null"),
        ("${'x' ~ row.n}", "null"),
        ("${row.n | upper}", "null"),
        ("${sha256(row.n)}", "null"),
        ("${[row.n] | join(',')}", "null"),
        ("${row.l}", "a list"),
        ("${row.l ~ ''}", "a list"),
        ("${[row.l] | join(',')}", "a list"),
        ("${row.o}", "an object"),
        ("${row.o.k}", "a list"),
        ("${'x' ~ row.o}", "an object"),
    ] {
        let error = rendered(text).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&format!("puts {what} into a text: ")), "{text}: {message}");
        assert!(text.contains(error.written()), "{text}: {message}");
    }
    assert_eq!(Text::parse("${row.n}").unwrap().json(&scope), Ok(Json::Null));
    for text in ["${sha256(nobody)}", "${'x' ~ nobody}", "${nobody | upper}"] {
        let error = Text::parse(text).unwrap().render(&scope).unwrap_err();
        assert!(error.to_string().ends_with("has no value: the name is undefined"), "{error}");
    }
    assert_eq!(rendered("${nobody | default('x')}${nobody is defined}").unwrap(), "xfalse");
}

#[test]
fn numbers_keep_their_digits_in_text_and_in_calculations() {
    let mut scope = Scope::default();
    let row = br#"{"a":1.10,"b":1E5,"z":-0,"big":123456789012345678901234567890123456789012345,"l":[1.10,2.50],"i":7,"f":0.0}"#;
    scope.set("row", &crate::json::read(row).unwrap());
    let rendered = |text: &str| Text::parse(text).unwrap().render(&scope).unwrap();
    for (text, written) in [
        ("${row.a}/${row.b}/${row.z}", "1.10/1E5/-0"),
        ("${row.a ~ '/' ~ row.big}", "1.10/123456789012345678901234567890123456789012345"),
        ("${row.l | join('+')}", "1.10+2.50"),
        ("${row.l | tojson}", "[1.10, 2.50]"),
        ("${{'a': row.a} | tojson}", r#"{"a": 1.10}"#),
        ("${row.l | max ~ ''}", "2.50"),
        ("${row.l | min}", "1.10"),
        ("${row.l[0] | string | length}", "4"),
        ("${row.a if row.a > 1 and row.a < 2 else 'none'}", "1.10"),
        ("${row.a == 1.1}", "true"),
        ("${row.a * 2}", "2.2"),
        ("${row.a + row.i}", "8.1"),
        ("${row.b | int}", "100000"),
        ("${row.l | sum}", "3.6"),
        ("${-row.a}", "-1.1"),
        ("${'zero' if not row.f and not row.z else 'more'}", "zero"),
        ("${row.a is number}", "true"),
        ("${row.i ~ row.f}", "70.0"),
    ] {
        assert_eq!(rendered(text), written, "{text}");
    }
    let json = |text: &str| Text::parse(text).unwrap().json(&scope).unwrap().to_string();
    assert_eq!(json("${row.l}"), "[1.10,2.50]");
    assert_eq!(json("${[row.a, row.z, row.b]}"), "[1.10,-0,1E5]");
    assert_eq!(json("${row.a | default(0)}"), "1.10");
}

#[test]
fn strings_in_expressions_may_contain_quotes_brackets_and_braces() {
    for (text, written) in [
        (r"/echo/${'it\'s'}", "/echo/it's"),
        (r#"${"say \"hi\""}"#, r#"say "hi""#),
        (r"${'a\\b'}", r"a\b"),
        ("/echo/${'x[1:2]'}", "/echo/x[1:2]"),
        ("${'a}b'}", "a}b"),
        ("${'{'}${'}'}", "{}"),
        (r#"${"]"}"#, "]"),
        ("${'${'}x}", "${x}"),
        ("${'nobody[:3] | nofilter'}", "nobody[:3] | nofilter"),
        ("${bob.email[:3] ~ '[x:]'}", "bob[x:]"),
        (r#"${'a"b' ~ "c'd"}"#, r#"a"bc'd"#),
        ("${'is not a ~ b + c'}", "is not a ~ b + c"),
    ] {
        assert_eq!(rendered(text).unwrap(), written, "{text}");
    }
    assert_eq!(Text::parse("${'x[1:2]'}").unwrap().names().count(), 0);
}

#[test]
fn file_templates_insert_values_like_expressions() {
    let mut scope = Scope::default();
    scope.set("a", &json!({"on": true, "off": null}).into());
    let whole = |template: &str| render(template, &scope);
    assert_eq!(whole("on=${a.on} ${'x' ~ a.on}").unwrap(), "on=true xtrue");
    assert!(whole("off=${a.off}").unwrap_err().contains("puts null into a text"));
    assert!(whole("<% if a.on %>${a}<% endif %>").unwrap_err().contains("puts an object into a text"));
}
