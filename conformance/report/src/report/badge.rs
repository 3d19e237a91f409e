//! SVG badge with the result of a run.

use std::io::{self, Write};
use std::sync::Arc;

use super::document::Document;
use super::spool::Spool;
use super::xml::Xml;
use conformance_engine::event::{Footer, Header, Record};
use conformance_engine::outcome::Conclusion;
use conformance_suite::suite::Level;

/// Average width of a character in tenths of a pixel.
const CHARACTER: usize = 66;
const PADDING: usize = 10;

/// A badge report.
pub(super) struct Badge;

impl Badge {
    /// Creates the report.
    pub(super) fn open(_: Spool) -> Box<dyn Document> {
        Box::new(Self)
    }
}

impl Document for Badge {
    fn scenario(&mut self, _: &[Arc<Record>]) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        write(header, footer, out)
    }
}

fn write(header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
    let (held, tried) = footer.held(Level::Must);
    let (word, colour) = match Conclusion::of(footer.exit) {
        Conclusion::Conforms => ("MUST", "#1a7f37"),
        Conclusion::DoesNotConform => ("MUST", "#c62828"),
        Conclusion::Inconclusive => ("inconclusive: MUST", "#8a6100"),
    };
    let (label, value) = ("conformance", format!("{word} {held}/{tried}"));
    let width = |text: &str| text.chars().count() * CHARACTER / 10 + 2 * PADDING;
    let (left, right) = (width(label), width(&value));
    let (total, title) = (left + right, format!("{}: {label} {value}", header.suite));
    let (middle, end) = (left / 2, left + right / 2);
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{total}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#3d4450"/>
    <rect x="{left}" width="{right}" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="{middle}" y="14">{label}</text>
    <text x="{end}" y="14">{value}</text>
  </g>
</svg>"##,
        title = Xml(&title),
    )
}
