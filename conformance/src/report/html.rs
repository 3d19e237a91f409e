//! The report as one page: self-contained, for a browser.
//!
//! A template writes what stands above the steps and below them. The page can be read and printed without its script; the script filters,
//! searches and copies.

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
use crate::event::{Footer, Header, Record};
use crate::outcome::Outcome;
use crate::request::percent_encode;
use crate::verdict::Verdict;

const STYLE: &str = include_str!("html/style.css");
const TEMPLATE: &str = include_str!("html/report.html");
const SCRIPT: &str = concat!(include_str!("html/page.js"), include_str!("html/report.js"));

/// The page, as far as the run has come.
pub(super) struct Html {
    steps: Spool,
    /// What does not hold and is not known, or waits for such a step.
    unfit: Vec<Record>,
    answered: Answered,
    /// How many steps came to each outcome.
    counts: BTreeMap<Outcome, usize>,
}

/// What a page is made of: its values, its style and its script.
#[derive(Serialize)]
struct Parts<V> {
    page: V,
    style: &'static str,
    script: &'static str,
}

/// Where the steps stand in the template. No value can bring it about, since none is markup.
const STEPS: &str = "<!-- steps -->\n";

impl Html {
    /// Returns a page without steps.
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

/// Returns what a template makes of its values; every value is text, and none is markup.
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
