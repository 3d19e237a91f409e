//! What expressions mean, and what is said of those that mean nothing.

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
fn expressions_are_replaced_and_all_else_stands_as_written() {
    assert_eq!(rendered("a ${bob.email} b").unwrap(), "a bob@example.org b");
    assert_eq!(rendered("$5 {} $bob }").unwrap(), "$5 {} $bob }");
}

#[test]
fn functions_are_those_of_the_language() {
    assert_eq!(rendered("${base64('a:' ~ bob.age)}").unwrap(), "YTo3");
    assert_eq!(&rendered("${sha256('')}").unwrap()[..8], "e3b0c442");
    assert_ne!(rendered("${uuid()}").unwrap(), rendered("${uuid()}").unwrap());
}

#[test]
fn an_expression_that_stands_alone_keeps_its_type() {
    assert_eq!(Text::parse("${bob.age}").unwrap().json(&scope()).unwrap(), json!(7).into());
    assert_eq!(Text::parse("${bob.age} ").unwrap().json(&scope()).unwrap(), "7 ".into());
}

#[test]
fn a_number_keeps_its_digits_through_an_expression() {
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
fn the_names_of_a_text_are_known_before_it_is_rendered() {
    let text = Text::parse("${bob.email}/${base64(session)}").unwrap();
    assert_eq!(
        text.names().collect::<Vec<_>>(),
        [("${bob.email}", "bob.email"), ("${base64(session)}", "session")]
    );
    let sliced = Text::parse("${session[:35]}").unwrap();
    assert_eq!(sliced.names().map(|(_, name)| name).collect::<Vec<_>>(), ["session"]);
}

#[test]
fn what_cannot_be_read_or_has_no_value_is_said() {
    assert_eq!(Text::parse("${bob.").unwrap_err().to_string(), "`${bob.` has no closing brace");
    assert!(Text::parse("${bob +}").unwrap_err().to_string().starts_with("`${bob +}` cannot be read: "));
    assert!(rendered("${nobody}").is_err());
    assert!(rendered("${bob.phone}").is_err());
}

#[test]
fn a_filter_or_a_test_that_there_is_not_is_known_before_the_names_have_values() {
    let error = Text::parse("${session | upper | uper}").unwrap_err();
    assert_eq!(error.unknown_filter(), Some("uper"));
    let impossible = |text| Text::parse(text).unwrap().impossible(&Scope::default());
    assert!(impossible("${1 is ood}").is_some());
    assert!(impossible("${session | upper}").is_none());
}

#[test]
fn files_of_the_launch_contract_may_repeat_a_block() {
    let mut scope = Scope::default();
    scope.set("fixtures", &json!([{"id": 1}, {"id": 2}]).into());
    let template =
        "[<% for one in fixtures %>${one.id | tojson}${',' if not loop.last else ''}<% endfor %>]\n";
    assert_eq!(render(template, &scope).unwrap(), "[1,2]\n");
}

#[test]
fn an_expression_that_would_take_the_whole_stack_is_refused() {
    for (before, behind) in
        [("-", ""), ("not ", ""), ("", "[0]"), ("", "|upper"), ("", "+1"), ("1 if 1 else ", "")]
    {
        for times in [10, 100_000] {
            let expression = format!("${{{}1{}}}", before.repeat(times), behind.repeat(times));
            let said = Text::parse(&expression).map_err(|error| error.to_string());
            let whole = free_names(&format!("a <% if true %>{expression}<% endif %>"));
            assert_eq!(
                (said.is_ok(), whole.is_ok()),
                (times == 10, times == 10),
                "{before}{behind} {said:?}"
            );
        }
    }
    let block = format!("<% if {}1 %>a<% endif %>", "-".repeat(100_000));
    assert!(render(&block, &Scope::default()).unwrap_err().contains("is longer than 1000 bytes"));
    // What is just short enough is read on the stack of a thread.
    let longest = format!("${{{}1}}", "-".repeat(990));
    assert!(std::thread::spawn(move || Text::parse(&longest).is_ok()).join().unwrap());
}
