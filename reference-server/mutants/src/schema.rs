//! Puts all mutants of a file into it, each switched off by default.
//!
//! One build with all mutants takes a minute, one build for each mutant takes hours. `a < b` becomes
//!
//! ```text
//! (if crate::mutant::active(7) { a <= b } else { a < b })
//! ```
//!
//! and a function whose body is replaced starts with `if crate::mutant::active(8) { return …; }`. Markers around the text of each
//! mutant map a compiler error back to the mutant.

#[cfg(test)]
mod tests;

use std::ops::Range;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprUnary, ImplItemConst, ImplItemFn, ItemConst, ItemFn, ItemStatic,
    Signature, TraitItemFn,
};

use crate::listing::{Mutant, Position};

/// A file with its mutants.
pub(crate) struct Schema {
    /// The text.
    pub(crate) text: String,
    /// The numbers of the mutants that cannot be switched and need their own build.
    pub(crate) apart: Vec<usize>,
}

/// A change of the text.
enum Edit {
    /// Text inserted at an offset.
    Insertion { at: usize, text: String },
    /// A binary operator and its alternatives.
    Operator { whole: Range<usize>, left: Range<usize>, right: Range<usize>, others: Vec<(usize, String)> },
    /// A unary operator that is removed.
    Prefix { whole: Range<usize>, operand: Range<usize>, number: usize },
    /// The guard of a match arm and its alternatives.
    Guard { whole: Range<usize>, others: Vec<(usize, String)> },
}

/// Puts the mutants into a file. `path` is how the file refers to the server's crate: `crate` inside the crate itself.
///
/// # Errors
/// A message if the file is not valid Rust.
pub(crate) fn write(text: &str, path: &str, mutants: &[(usize, &Mutant)]) -> Result<Schema, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut finder =
        Finder { text, path, mutants, edits: Vec::new(), placed: Vec::new(), bodies: Vec::new() };
    finder.visit_file(&file);
    finder.place_bodies();
    let Finder { mut edits, placed, .. } = finder;
    edits.sort_by_key(|edit| (edit.range().start, std::cmp::Reverse(edit.range().end)));
    let apart = mutants.iter().map(|(number, _)| *number).filter(|number| !placed.contains(number)).collect();
    let rendering = Rendering { text, path, edits: &edits };
    Ok(Schema { text: rendering.range(0..text.len(), 0), apart })
}

/// Applies one mutant permanently.
#[must_use]
pub(crate) fn replaced(text: &str, mutant: &Mutant) -> String {
    let (start, end) = (offset(text, mutant.span.start), offset(text, mutant.span.end));
    format!("{}{}{}", &text[..start], mutant.replacement, &text[end..])
}

/// The innermost mutant whose markers enclose a range of a written text.
#[must_use]
pub(crate) fn mutant_at(text: &str, place: Range<usize>) -> Option<usize> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut found: Option<(usize, usize)> = None;
    for (at, _) in text.match_indices("/*m") {
        let mark = text[at + 3..].split("*/").next()?;
        if let Some(number) = mark.strip_suffix('{') {
            open.push((number.parse().ok()?, at));
        } else if mark.ends_with('}')
            && let Some((number, start)) = open.pop()
            && start <= place.start
            && place.end <= at
            && found.is_none_or(|(_, outer)| start > outer)
        {
            found = Some((number, start));
        }
    }
    found.map(|(number, _)| number)
}

fn marked(number: usize, text: &str) -> String {
    format!("/*m{number}{{*/{text}/*m{number}}}*/")
}

impl Edit {
    fn range(&self) -> Range<usize> {
        match self {
            Self::Insertion { at, .. } => *at..*at,
            Self::Operator { whole, .. } | Self::Prefix { whole, .. } | Self::Guard { whole, .. } => {
                whole.clone()
            }
        }
    }
}

/// Visits a file and finds the position of each mutant.
struct Finder<'a> {
    text: &'a str,
    path: &'a str,
    mutants: &'a [(usize, &'a Mutant)],
    edits: Vec<Edit>,
    placed: Vec<usize>,
    /// The bodies of functions, each with the range of the `const` keyword, which a switched function cannot have.
    bodies: Vec<(Range<usize>, Option<Range<usize>>)>,
}

impl Finder<'_> {
    /// The mutants of a genre that start at this position, with their replacements.
    fn beginning(&self, genre: &str, start: LineColumn) -> Vec<(usize, String)> {
        let start = Position { line: start.line, column: start.column + 1 };
        (self.mutants.iter())
            .filter(|(_, mutant)| mutant.genre == genre && mutant.span.start == start)
            .map(|(number, mutant)| (*number, mutant.replacement.clone()))
            .collect()
    }

    fn place(&mut self, others: &[(usize, String)]) {
        self.placed.extend(others.iter().map(|(number, _)| number));
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        self.bodies.push((block.span().byte_range(), signature.constness.map(|word| word.span.byte_range())));
    }

    /// Inserts each mutant that replaces a body at the start of the innermost function.
    fn place_bodies(&mut self) {
        for (number, mutant) in self.mutants {
            let opaque =
                mutant.function.as_ref().is_some_and(|function| function.return_type.contains("impl "));
            if mutant.genre != "FnValue" || opaque {
                continue;
            }
            let at = offset(self.text, mutant.span.start);
            let around = self.bodies.iter().filter(|(body, _)| body.start <= at && at <= body.end);
            let Some((body, word)) = around.min_by_key(|(body, _)| body.len()) else { continue };
            let chosen = marked(*number, &mutant.replacement);
            let text = format!(" if {}::mutant::active({number}) {{ return {chosen}; }}", self.path);
            self.edits.push(Edit::Insertion { at: body.start + 1, text });
            if let Some(word) = word {
                self.edits.push(Edit::Guard { whole: word.clone(), others: Vec::new() });
            }
            self.placed.push(*number);
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    // A value that is computed at compile time cannot be switched.
    fn visit_item_const(&mut self, _: &'ast ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast ItemStatic) {}

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, expression: &'ast ExprBinary) {
        let others = self.beginning("BinaryOperator", expression.op.span().start());
        // `if let … && …` is not a binary operator with two values.
        if !others.is_empty() && !has_let(expression) {
            self.place(&others);
            self.edits.push(Edit::Operator {
                whole: expression.span().byte_range(),
                left: expression.left.span().byte_range(),
                right: expression.right.span().byte_range(),
                others,
            });
        }
        visit::visit_expr_binary(self, expression);
    }

    fn visit_expr_unary(&mut self, expression: &'ast ExprUnary) {
        let others = self.beginning("UnaryOperator", expression.op.span().start());
        if let [(number, replacement)] = &others[..]
            && replacement.is_empty()
        {
            let number = *number;
            self.place(&others);
            let (whole, operand) = (expression.span().byte_range(), expression.expr.span().byte_range());
            self.edits.push(Edit::Prefix { whole, operand, number });
        }
        visit::visit_expr_unary(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let deleted = self.beginning("MatchArm", arm.span().start());
        self.place(&deleted);
        if let Some((_, guard)) = &arm.guard {
            let mut others = self.beginning("MatchArmGuard", guard.span().start());
            self.place(&others);
            others.extend(deleted.into_iter().map(|(number, _)| (number, "false".to_owned())));
            if !others.is_empty() {
                self.edits.push(Edit::Guard { whole: guard.span().byte_range(), others });
            }
        } else if let [(number, _)] = &deleted[..] {
            let text = format!(" if !{}::mutant::active({number})", self.path);
            self.edits
                .push(Edit::Insertion { at: arm.pat.span().byte_range().end, text: marked(*number, &text) });
        }
        visit::visit_arm(self, arm);
    }
}

fn has_let(expression: &ExprBinary) -> bool {
    let side = |side: &Expr| match side {
        Expr::Let(_) => true,
        Expr::Binary(inner) if matches!(inner.op, BinOp::And(_) | BinOp::Or(_)) => has_let(inner),
        _ => false,
    };
    side(&expression.left) || side(&expression.right)
}

/// The byte offset of a position.
fn offset(text: &str, at: Position) -> usize {
    let line: usize = text.split_inclusive('\n').take(at.line - 1).map(str::len).sum();
    let before: usize = text[line..].chars().take(at.column - 1).map(char::len_utf8).sum();
    line + before
}

/// The text with its edits.
struct Rendering<'a> {
    text: &'a str,
    path: &'a str,
    /// Sorted; an outer edit comes before the ones inside it.
    edits: &'a [Edit],
}

impl Rendering<'_> {
    /// Renders a range of the text with the edits in it, starting at edit number `first`.
    fn range(&self, range: Range<usize>, first: usize) -> String {
        let mut written = String::new();
        let mut at = range.start;
        for (number, edit) in self.edits.iter().enumerate().skip(first) {
            let own = edit.range();
            if own.start < at || own.end > range.end {
                continue;
            }
            written.push_str(&self.text[at..own.start]);
            written.push_str(&self.edit(edit, number + 1));
            at = own.end;
        }
        written.push_str(&self.text[at..range.end]);
        written
    }

    fn edit(&self, edit: &Edit, next: usize) -> String {
        match edit {
            Edit::Insertion { text, .. } => text.clone(),
            Edit::Operator { left, right, others, .. } => {
                let (own, left_text, right_text) = (
                    &self.text[left.end..right.start],
                    self.range(left.clone(), next),
                    self.range(right.clone(), next),
                );
                let others = others
                    .iter()
                    .map(|(number, other)| (*number, format!("{left_text} {other} {right_text}")));
                self.choice(others, &format!("{left_text}{own}{right_text}"))
            }
            Edit::Prefix { whole, operand, number } => {
                let inner = self.range(operand.clone(), next);
                let right = format!("{}{inner}", &self.text[whole.start..operand.start]);
                self.choice([(*number, inner)].into_iter(), &right)
            }
            // A `const` keyword to remove.
            Edit::Guard { others, .. } if others.is_empty() => String::new(),
            Edit::Guard { whole, others } => {
                self.choice(others.iter().cloned(), &self.range(whole.clone(), next))
            }
        }
    }

    fn choice(&self, others: impl Iterator<Item = (usize, String)>, right: &str) -> String {
        let mut written = "(".to_owned();
        for (number, other) in others {
            let other = marked(number, &other);
            written.push_str(&format!("if {}::mutant::active({number}) {{ {other} }} else ", self.path));
        }
        written.push_str(&format!("{{ {right} }})"));
        written
    }
}
