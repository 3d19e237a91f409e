//! HTML report: one self-contained page.
//!
//! A template renders everything but the steps. The page is readable without its script, which adds filters, search and copying.

mod difference;
mod markup;
pub mod matrix;
mod step;
mod view;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::cause::Answered;
use super::document::Document;
use super::spool::Spool;
use conformance_engine::event::{Footer, Header, Record};
use conformance_engine::outcome::Outcome;
use conformance_engine::verdict::Verdict;
use conformance_suite::request::percent_encode;

const STYLE: &str = include_str!("html/style.css");
const TEMPLATE: &str = include_str!("html/report.html");
const SCRIPT: &str = concat!(include_str!("html/page.js"), include_str!("html/report.js"));

/// An HTML report.
pub struct Html {
    steps: Spool,
    /// Failing steps that are not known failures, and blocked steps.
    unfit: Vec<Record>,
    answered: Answered,
    /// Number of steps with each outcome.
    counts: BTreeMap<Outcome, usize>,
}

/// Values, style and script for a template.
#[derive(Serialize)]
struct Parts<V> {
    page: V,
    style: &'static str,
    script: &'static str,
}

/// Placeholder for the steps in the template. Values cannot contain it because they are escaped.
const STEPS: &str = "<!-- steps -->\n";

impl Html {
    /// Creates a report without steps.
    pub(super) fn open(steps: Spool) -> Box<dyn Document> {
        Box::new(Self { steps, unfit: Vec::new(), answered: Answered::default(), counts: BTreeMap::new() })
    }
}

impl Document for Html {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        for record in records {
            self.answered.add(record);
            let outcome = record.outcome();
            *self.counts.entry(outcome).or_default() += 1;
            let was_tried = record.verdict > Verdict::Inconclusive;
            if outcome.needs_attention() && (was_tried || record.waits_for.is_some()) {
                self.unfit.push(record.brief());
            }
        }
        let written = self.steps.keep(|out| {
            step::scenario(out, records);
            Ok(())
        });
        written.map(drop)
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        let view = view::page(header, footer, &self.unfit, &self.answered, &self.counts);
        let page = render(TEMPLATE, view, SCRIPT)?;
        let (above, below) = page.split_once(STEPS).unwrap_or((&page, ""));
        out.write_all(above.as_bytes())?;
        self.steps.take()?.write(usize::MAX, out)?;
        out.write_all(below.as_bytes())
    }
}

/// Renders a template; every value is escaped.
pub(super) fn render(template: &str, page: impl Serialize, script: &'static str) -> io::Result<String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(io::Error::other)?);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("urlencoded", |text: String| percent_encode(&text));
    let template = environment.template_from_str(template).map_err(io::Error::other)?;
    template.render(Serde(Parts { page, style: STYLE, script })).map_err(io::Error::other)
}
