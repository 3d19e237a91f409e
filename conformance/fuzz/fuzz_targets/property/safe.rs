//! What holds for text in every place for which it is made safe. A test of the program uses it too.

use std::io::Write as _;

use conformance_suite::{safe, shell};

/// Whether a line is a command in the log of a CI system that trims blanks and splits lines at CR too.
fn has_command(text: &str) -> bool {
    text.split(['\n', '\r']).any(|line| line.trim_start().starts_with("::"))
        || ["##[", "##vso[", "##teamcity["].iter().any(|begin| text.contains(begin))
}

/// Panics if a text is not safe in some place.
pub(crate) fn holds(text: &str) {
    let shown = safe::terminal(text);
    assert_eq!(safe::terminal(&shown), shown, "escaping twice changes nothing");
    let line = safe::line(text);
    let log = safe::log(&shown).into_owned();
    let (mut markup, attribute) = (String::new(), safe::attribute(text));
    safe::markup(text, &mut markup).expect("a string");
    let (tap, block) = (safe::tap(text), safe::yaml_block(text, "  "));
    let comments = [" ", "   "].map(|lead| safe::comment(lead, text));
    let (cell, markdown, element) = (safe::cell(text), safe::markdown(text), safe::markdown_element(text));
    let (message, property) = (safe::workflow_message(text), safe::workflow_property(text));
    let fenced = safe::markdown_block(text);
    let written = serde_json::to_string(text).expect("a string");
    let (json, script) = (safe::json(&written).into_owned(), safe::script_json(&written));
    let (word, quoted) = (shell::quote(text).into_owned(), shell::quoted(text));

    let lines = [&line, &tap, &cell, &markdown, &element, &attribute, &message, &property];
    for one in lines {
        assert!(!one.contains(['\n', '\r']), "{one:?}");
    }
    let [comment, indented] = &comments;
    let all = [&log, &markup, &block, &fenced, &json, &script, &word, &quoted, comment, indented];
    for one in lines.into_iter().chain(all) {
        assert!(!one.contains(safe::is_unsafe), "{one:?}");
    }
    for one in [&log, &markup, &attribute, &block, &cell, &json, &script, comment, indented, &quoted] {
        assert!(!has_command(one), "{one:?}");
    }
    assert!(!property.contains([',', ':']), "{property:?}");

    assert!(![&markdown, &element].iter().any(|one| one.contains(['<', '>'])), "{markdown}");
    let fence = fenced.lines().next().unwrap_or_default().trim_end_matches(|one| one != '`');
    let ends = fenced.lines().filter(|line| line.trim() == fence).count();
    assert!(fence.len() >= 3 && ends == 1, "{fenced}");
    for one in [&markup, &attribute] {
        assert!(!one.contains(['<', '>', '"']), "{one}");
    }
    assert!(!script.contains('<'), "{script}");
    for one in [&json, &script] {
        assert_eq!(serde_json::from_str::<String>(one).ok().as_deref(), Some(text), "{one}");
    }
    assert!(cell.parse::<f64>().is_ok() || !cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell}");
    let tap = tap.replace("\\\\", "").replace("\\#", "");
    assert!(!tap.contains('#'), "{tap}");
    assert!(block.lines().all(|line| line.is_empty() || line.starts_with("  ")), "{block:?}");
    for comment in &comments {
        assert!(comment.lines().all(|line| line.starts_with("# ")), "{comment:?}");
    }
    assert!(!quoted.contains('\t'), "{quoted:?}");

    // A stream gives the same in pieces of any size.
    let [pieces, whole] = [3, usize::MAX].map(|size| {
        let mut out = Vec::new();
        let mut log = safe::Log::plain(&mut out);
        text.as_bytes().chunks(size).for_each(|piece| log.write_all(piece).expect("a vector"));
        log.flush().expect("a vector");
        String::from_utf8(out).expect("text")
    });
    assert_eq!(pieces, whole);
    assert!(!has_command(&pieces) && !pieces.contains(safe::is_unsafe), "{pieces:?}");
}
