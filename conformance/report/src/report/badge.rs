//! SVG badge with the result of a run.

use std::io::{self, Write};
use std::sync::Arc;

use minijinja::context;

use super::evidence::identity;
use super::template::render;
use conformance_engine::event::FinishedRun;
use conformance_engine::outcome::Conclusion;
use conformance_suite::suite::Level;

/// Average width of a character in tenths of a pixel.
const CHARACTER: usize = 66;
const PADDING: usize = 10;

const TEMPLATE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="{{ left + right }}" height="20" role="img" aria-label="{{ title }}">
  <title>{{ title }}</title>
  <desc>{{ suite }}</desc>
  <clipPath id="r"><rect width="{{ left + right }}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{{ left }}" height="20" fill="#3d4450"/>
    <rect x="{{ left }}" width="{{ right }}" height="20" fill="{{ color }}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="{{ left // 2 }}" y="14">{{ label }}</text>
    <text x="{{ left + right // 2 }}" y="14">{{ value }}</text>
  </g>
</svg>
"##;

/// Writes the badge.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let (passing, tested) = run.footer.held(Level::Must);
    let (word, color) = match Conclusion::of(run.footer.exit) {
        Conclusion::Conforms => ("MUST", "#1a7f37"),
        Conclusion::DoesNotConform => ("MUST", "#c62828"),
        Conclusion::Inconclusive => ("inconclusive: MUST", "#8a6100"),
    };
    let stale = match run.footer.stale.len() {
        0 => String::new(),
        number => format!(", {number} stale"),
    };
    let (label, value) = ("conformance", format!("{word} {passing}/{tested}{stale}"));
    let title = format!("{}: {label} {value}", run.header.suite);
    let width = |text: &str| text.chars().count() * CHARACTER / 10 + 2 * PADDING;
    let (left, right) = (width(label), width(&value));
    render(
        TEMPLATE,
        context! { left, right, title, suite => identity(&run.header), label, value, color },
        out,
    )
}
