//! Applies changes to the text of a YAML file and keeps everything else.
//!
//! Comments, quotes and order are kept. A change that would lose a comment is not made; the reason is returned.

mod entries;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scalar::{self, ScalarContext};
use conformance_suite::diagnostic::Diagnostics;
use conformance_suite::json::Json;
use conformance_suite::matcher::{Change, ChangeKind, Left, Mode};
use conformance_suite::source::{Place, Source, Span};
use conformance_suite::yaml::layout::{Layout, Shape};
use conformance_suite::yaml::page::Yaml;

/// A span of a text and its replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The span to replace.
    pub span: Span,
    /// The replacement.
    pub text: String,
}

/// A change that was not made.
#[derive(Debug, Clone)]
pub struct Unwritten {
    /// Its position and the reason.
    pub left: Left,
    /// The positions of all changes that were not made together; the entries of one collection change together or not at all.
    pub places: Vec<Place>,
}

/// Returns the edits in text order, and the changes that cannot be made.
///
/// # Errors
/// Fails if the file is not valid YAML; the suite could not have been loaded then.
pub fn splice(source: &Arc<Source>, changes: &[Change]) -> Result<(Vec<Edit>, Vec<Unwritten>), Diagnostics> {
    let layout = Layout::of(source)?;
    let mut writer =
        Writer { text: source.text(), layout, edits: Vec::new(), left: Vec::new(), parents: BTreeMap::new() };
    for change in changes {
        writer.apply(change);
    }
    writer.collapse();
    // Inner collections first: at a common end, their text precedes that of the outer one.
    for (parent, changes) in std::mem::take(&mut writer.parents).into_iter().rev() {
        if let Err(why) = writer.restructure(parent, &changes) {
            let Some(place) = changes.places.first().cloned() else { continue };
            writer.left.push(Unwritten { left: Left { place, why }, places: changes.places });
        }
    }
    writer.edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    if source.text().contains("\r\n") {
        for edit in &mut writer.edits {
            edit.text = edit.text.replace('\n', "\r\n");
        }
    }
    Ok((writer.edits, writer.left))
}

/// Applies edits to a text.
#[must_use]
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    text
}

/// The changes to the entries of one mapping or list.
struct EntryChanges {
    /// The positions to report if the changes cannot be made.
    places: Vec<Place>,
    removed: Vec<usize>,
    added: Vec<Added>,
    collapse: bool,
}

/// A new entry.
struct Added {
    name: Option<String>,
    value: Json,
    /// The index of the entry before which it is inserted.
    before: usize,
}

struct Writer<'a> {
    text: &'a str,
    layout: Layout<'a>,
    edits: Vec<Edit>,
    left: Vec<Unwritten>,
    parents: BTreeMap<usize, EntryChanges>,
}

const COMMENT: &str = "a comment in it would be lost";

impl Writer<'_> {
    fn apply(&mut self, change: &Change) {
        const SHARED: &str = "the value is shared through an anchor or an alias";
        if self.text[change.place.span().start..].starts_with('*') {
            return self.leave(&change.place, SHARED);
        }
        let Some(index) = self.layout.find(&change.place) else {
            return self.leave(&change.place, "the value cannot be located in the file");
        };
        if self.layout.is_shared(index) {
            return self.leave(&change.place, SHARED);
        }
        match &change.kind {
            ChangeKind::Set { value, mode, name } => {
                if let Err(why) = self.set(index, name.as_deref().unwrap_or_default(), value, *mode) {
                    self.leave(&change.place, why);
                }
            }
            ChangeKind::Remove { collapse } => match self.layout.item(index).parent {
                Some(parent) => {
                    let changes = self.changes(parent, &change.place);
                    changes.removed.push(index);
                    changes.collapse = *collapse;
                }
                None => self.leave(&change.place, "it is the entire file"),
            },
            ChangeKind::Add { name, value } => {
                let added = Added { name: Some(name.clone()), value: value.clone(), before: usize::MAX };
                self.changes(index, &change.place).added.push(added);
            }
            ChangeKind::Insert { before, value, .. } => {
                let added = Added { name: None, value: value.clone(), before: *before };
                self.changes(index, &change.place).added.push(added);
            }
        }
    }

    fn leave(&mut self, place: &Place, why: impl Into<String>) {
        let left = Left { place: place.clone(), why: why.into() };
        // Each new element is a change of the same list.
        if !self.left.iter().any(|one| one.left.place.span() == place.span() && one.left.why == left.why) {
            self.left.push(Unwritten { left, places: vec![place.clone()] });
        }
    }

    fn changes(&mut self, parent: usize, place: &Place) -> &mut EntryChanges {
        let empty =
            || EntryChanges { places: Vec::new(), removed: Vec::new(), added: Vec::new(), collapse: false };
        let changes = self.parents.entry(parent).or_insert_with(empty);
        changes.places.push(place.clone());
        changes
    }

    /// Removes `headers` and similar mappings together with their last entry.
    fn collapse(&mut self) {
        let emptied: Vec<usize> = (self.parents.iter())
            .filter(|(parent, changes)| changes.collapse && self.survivors(**parent, changes).is_empty())
            .map(|(parent, _)| *parent)
            .collect();
        for index in emptied {
            let (Some(parent), Some(changes)) = (self.layout.item(index).parent, self.parents.remove(&index))
            else {
                continue;
            };
            for place in &changes.places {
                self.changes(parent, place);
            }
            if let Some(changes_of_parent) = self.parents.get_mut(&parent) {
                changes_of_parent.removed.push(index);
            }
        }
    }

    fn survivors(&self, parent: usize, changes: &EntryChanges) -> Vec<usize> {
        let children = self.layout.item(parent).children.iter().copied();
        children.filter(|child| !changes.removed.contains(child)).collect()
    }

    /// Replaces a value.
    fn set(&mut self, index: usize, name: &str, value: &Json, mode: Mode) -> Result<(), String> {
        let (start, end) = (self.layout.start(index), self.layout.end(index));
        if self.layout.has_comment(start, end) {
            return Err(COMMENT.to_owned());
        }
        let (in_flow, column) = (self.in_flow(index), self.column(self.layout.entry_start(index)));
        let old = &self.text[start..end];
        let is_block = self.layout.item(index).shape != Shape::Scalar && !self.layout.is_flow(index);
        let context = ScalarContext { old: if is_block { "" } else { old }, in_flow, column };
        let text = match value {
            Json::Array(_) | Json::Object(_) => self.page(index, name, value, in_flow, column),
            scalar => match scalar::guess(name, scalar, self.text) {
                Some(tag) if in_flow => format!("{tag} "),
                Some(tag) => tag,
                None => scalar::written(scalar, mode, &context)
                    .ok_or("YAML cannot represent the value of the response")?,
            },
        };
        // The text after the key is replaced together with a block mapping.
        let head = self.layout.head_end(index);
        // Elements between brackets have no head.
        let headed =
            self.layout.item(index).key.is_some() || head < self.layout.entry_start(index) || !in_flow;
        let bare = headed && self.text[head..start].trim().is_empty();
        let (from, gap) = if (is_block || text.starts_with('\n') || start == head) && bare {
            (head, " ")
        } else {
            (start, "")
        };
        let gap = if text.starts_with('\n') { "" } else { gap };
        self.edits.push(Edit { span: Span::new(from, end), text: format!("{gap}{text}") });
        Ok(())
    }

    /// Formats a mapping or a list to be written after its key.
    fn page(&self, index: usize, name: &str, value: &Json, in_flow: bool, column: usize) -> String {
        let page = scalar::page(name, value, self.text);
        let keyed = self.layout.item(index).key.is_some();
        if in_flow || !keyed {
            return flow(&page);
        }
        let mut written = String::new();
        page.write(column, "k:", &mut written);
        let after = written.trim_start().trim_start_matches("k:").trim_end();
        if after.starts_with('\n') { after.to_owned() } else { after.trim_start().to_owned() }
    }

    fn in_flow(&self, index: usize) -> bool {
        self.layout.item(index).parent.is_some_and(|parent| self.layout.in_flow(parent))
    }
}

/// Formats a value on one line.
fn flow(page: &Yaml) -> String {
    page.line_with_tags().unwrap_or_default()
}
