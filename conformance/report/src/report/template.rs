//! Renders the templates of the HTML pages, the `JUnit` report and the badge. Every value is escaped.

use std::error::Error as _;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, UndefinedBehavior};

use conformance_engine::event::{FinishedRun, Record};
use conformance_suite::request::percent_encode;
use conformance_suite::safe;

/// Renders a template to `out`.
pub(super) fn render(template: &str, values: Value, out: &mut dyn Write) -> io::Result<()> {
    let mut environment = Environment::new();
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(io::Error::other)?);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(|out, _, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(safe::markup(text, out)?),
        _ => Ok(write!(out, "{value}")?),
    });
    environment.add_filter("fragment", fragment);
    environment.add_filter("attribute", attribute);
    let rendered = environment.template_from_str(template).and_then(|template| {
        template.render_captured_to(values, out)?;
        Ok(())
    });
    rendered.map_err(|error: Error| {
        // Keep the kind of the error of `out`: a closed pipe is not reported.
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        io::Error::new(cause.map_or(io::ErrorKind::Other, io::Error::kind), error)
    })
}

/// Returns a list with a value for each scenario. Each value is made when the template reaches it, so that only one is in memory.
pub(super) fn for_each_scenario(
    run: &Arc<FinishedRun>,
    view: impl Fn(&FinishedRun, &[Arc<Record>]) -> Value + Send + Sync + 'static,
) -> Value {
    let view = Arc::new(view);
    Value::make_object_iterable(Arc::clone(run), move |run| {
        let view = Arc::clone(&view);
        Box::new(run.scenarios().map(move |records| view(run, records)))
    })
}

/// Escapes the value of an XML attribute.
fn attribute(text: &str) -> Value {
    Value::from_safe_string(safe::attribute(text))
}

/// Writes an id as the fragment of a link.
fn fragment(id: &str) -> String {
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b':');
    if id.bytes().all(stays) { id.to_owned() } else { percent_encode(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_markup_and_shows_characters_that_xml_does_not_allow() {
        let text = "<a b=\"1\" c='é'>&amp;\u{0}\u{1b}\n\r\t\u{ffff}…\u{fffe}</a>";
        let markup =
            "&lt;a b=&quot;1&quot; c='é'&gt;&amp;amp;\\x00\\x1b\n\\x0d\t\\u{ffff}…\\u{fffe}&lt;/a&gt;";
        let mut out = Vec::new();
        render("{{ text }} {{ number }}\n", minijinja::context! { text, number => 1 }, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{markup} 1\n"));
    }

    #[test]
    fn fragments_lead_to_any_id() {
        assert_eq!(fragment("a/b-1::c_2.d"), "a/b-1::c_2.d");
        assert_eq!(fragment("a b\"%é"), "a%20b%22%25%C3%A9");
    }

    #[test]
    fn undefined_values_are_errors() {
        assert!(render("{{ nothing }}", Value::UNDEFINED, &mut Vec::new()).is_err());
    }
}
