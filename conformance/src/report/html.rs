//! The report as one page: self-contained, for a browser.
//!
//! A template writes what stands above the steps and below them. The page can be read and printed without its script; the script filters,
//! searches and copies.

mod difference;
pub mod matrix;
mod step;
mod view;

use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::account::Account;
use crate::request::percent_encode;

const STYLE: &str = include_str!("html/style.css");
const TEMPLATE: &str = include_str!("html/report.html");
const SCRIPT: &str = concat!(include_str!("html/page.js"), include_str!("html/report.js"));

/// What a page is made of: its values, its style and its script.
#[derive(Serialize)]
struct Parts<V> {
    page: V,
    style: &'static str,
    script: &'static str,
}

/// Where the steps stand in the template. No value can bring it about, since none is markup.
const STEPS: &str = "<!-- steps -->\n";

/// Writes the page.
///
/// # Errors
/// Those of the place that it is written to.
pub fn write(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    let page = render(TEMPLATE, view::page(account), SCRIPT)?;
    let (above, below) = page.split_once(STEPS).unwrap_or((&page, ""));
    out.write_all(above.as_bytes())?;
    let mut text = String::new();
    for (id, records) in account.scenarios() {
        text.clear();
        step::scenario(&mut text, id, &records).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())?;
    }
    out.write_all(below.as_bytes())
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
