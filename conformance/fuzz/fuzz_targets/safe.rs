//! Whatever a text contains, it is safe in the place for which it was escaped: no line of a log is a command, no control character
//! reaches a terminal, no markup ends an element, no comment line ends a comment.
#![no_main]

use conformance_suite::safe;
use conformance_suite::shell;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let shown = safe::terminal(text);
    assert!(!shown.chars().any(safe::is_unsafe), "{shown:?}");
    assert!(!safe::line(text).contains(['\n', '\t']));
    // Escaped text stays as it is.
    assert_eq!(safe::terminal(&shown), shown);

    let log = safe::log(&shown).into_owned();
    for line in log.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!["##[", "##vso[", "##teamcity["].iter().any(|command| line.contains(command)), "{line:?}");
    }
    assert!(!safe::workflow_message(text).contains(['\r', '\n']));
    assert!(!safe::workflow_property(text).contains(['\r', '\n', ',', ':']));

    assert!(!safe::markdown(text).contains(['\n', '<', '>']), "{}", safe::markdown(text));
    let block = safe::markdown_block(text);
    let fence = block.lines().next().map_or("", |first| first.trim_end_matches(|one| one != '`'));
    assert!(fence.len() >= 3 && block.lines().filter(|line| line.trim() == fence).count() == 1, "{block}");

    let mut markup = String::new();
    safe::markup(text, &mut markup).expect("a string");
    for markup in [&markup, &safe::attribute(text)] {
        assert!(!markup.contains(['<', '>', '"']), "{markup}");
    }
    let tap = safe::tap(text).replace("\\\\", "").replace("\\#", "");
    assert!(!tap.contains(['\n', '#']), "{tap}");
    for line in safe::yaml_block(text, "  ").lines() {
        assert!(line.is_empty() || line.starts_with("  "), "{line:?}");
    }
    for line in safe::comment(" ", text).lines() {
        assert!(line.starts_with('#') && !line.chars().any(safe::is_unsafe), "{line:?}");
    }
    // A word of a shell is the same text again, without control characters.
    let word = shell::quote(text);
    assert!(!word.chars().any(|one| one.is_control() && one != '\n'), "{word:?}");
});
