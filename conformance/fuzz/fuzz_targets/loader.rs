//! Whatever a scenario file contains, it becomes a suite or a list of errors. Values have correct positions, stay within the budgets, and
//! do not depend on layout, comments or line endings.
#![no_main]

mod bench;

use std::fmt::Write as _;
use std::sync::Arc;

use conformance_suite::fuzz;
use conformance_suite::source::{Source, Span};
use conformance_suite::suite::StepDefinition;
use conformance_suite::yaml::{self, Node, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|scenario: &str| {
    read(scenario);
    match bench::load(scenario) {
        Ok(suite) => {
            for scenario in &suite.scenarios {
                // Values have a position, and requests are sent or refused.
                for step in &scenario.steps {
                    let _ = (step.place.block(), step.place.snippet("here").to_string());
                }
                for request in scenario.definitions.iter().flat_map(StepDefinition::requests) {
                    let _ = request.prepare(&suite.scope());
                }
            }
        }
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
    }
});

/// The maximum number of values, and of bytes of text, in a file.
const MOST: (usize, usize) = (250_000, 32 * 1024 * 1024);

fn read(text: &str) {
    let source = Source::new("fuzz", text);
    let Ok(node) = yaml::read::<Node>(&source) else {
        assert!(fuzz::layout(&source).is_empty());
        return;
    };
    let mut seen = Seen { source: &source, values: 0, text: 0 };
    seen.look(&node);
    assert!(seen.values <= MOST.0 && seen.text <= MOST.1, "{} values, {} bytes", seen.values, seen.text);
    for span in fuzz::layout(&source) {
        assert!(text.get(span.start..span.end).is_some(), "{span:?}");
    }
    let tree = tree(&node);
    if !text.starts_with('\u{feff}') {
        same(&tree, &format!("# ü\n{text}"));
    }
    if !text.contains('\r') {
        same(&tree, &text.replace('\n', "\r\n"));
    }
}

fn same(before: &str, text: &str) {
    let node = yaml::read::<Node>(&Source::new("other", text));
    let node = node.unwrap_or_else(|wrong| panic!("{before} cannot be read any more: {wrong}"));
    assert_eq!(before, tree(&node));
}

/// The number of values seen, and the bytes of their texts.
struct Seen<'a> {
    source: &'a Arc<Source>,
    values: usize,
    text: usize,
}

impl Seen<'_> {
    fn look(&mut self, node: &Node) {
        self.values += 1;
        self.check_span(fuzz::span(node));
        let place = node.place(self.source);
        self.check_span(place.span());
        let _ = (place.snippet("here").to_string(), place.block(), place.last_line(), node.written());
        match &node.value {
            Value::String(text) => self.text += text.len(),
            Value::List(list) => list.iter().for_each(|node| self.look(node)),
            Value::Mapping(members) => {
                for (key, node) in members {
                    self.values += 1;
                    self.text += key.value.len();
                    self.check_span(key.span);
                    self.look(node);
                }
            }
            _ => {}
        }
    }

    fn check_span(&self, span: Span) {
        assert!(self.source.text().get(span.start..span.end).is_some(), "{span:?}");
    }
}

/// Describes a value without its position.
fn tree(node: &Node) -> String {
    let mut page = format!("{} ", node.tag.as_deref().unwrap_or_default());
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| page.push_str(&format!("[{}]", tree(node)))),
        Value::Mapping(members) => {
            for (key, node) in members {
                write!(page, "{{{:?}: {}}}", key.value, tree(node)).expect("a page");
            }
        }
        other => write!(page, "{other:?}").expect("a page"),
    }
    page
}
