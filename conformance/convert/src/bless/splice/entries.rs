//! Inserts and removes entries of a mapping or a list.
//!
//! Other entries keep their lines, comments and order.

use std::collections::BTreeMap;

use super::{COMMENT, Edit, EntryChanges, Writer, flow};
use crate::bless::scalar;
use conformance_suite::json::Json;
use conformance_suite::matcher::Mode;
use conformance_suite::source::Span;
use conformance_suite::yaml::layout::Shape;
use conformance_suite::yaml::page::Yaml;

/// Where a new entry is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Neighbour {
    Before(usize),
    After(usize),
}

/// Start, end and replacement of a span.
type Replaced = (usize, usize, String);

impl Writer<'_> {
    /// Removes and inserts entries.
    pub(super) fn restructure(&mut self, parent: usize, changes: &EntryChanges) -> Result<(), String> {
        let survivors = self.survivors(parent, changes);
        let Some(last) = survivors.last().copied() else { return self.replace_all(parent, changes) };
        let children = self.layout.item(parent).children.clone();
        let mut edits = self.removals(&children, last, changes)?;
        let flow = self.layout.is_flow(parent);
        let mut added: BTreeMap<Neighbour, String> = BTreeMap::new();
        for new in &changes.added {
            let stays = |child: &&usize| survivors.contains(*child);
            let (before, after) = children.split_at(new.before.min(children.len()));
            let neighbour = match (before.iter().rfind(stays), after.iter().find(stays)) {
                // In flow style, insert before the next entry, with a comma.
                (_, Some(next)) if flow => Neighbour::Before(*next),
                (Some(previous), _) => Neighbour::After(*previous),
                (None, next) => Neighbour::Before(next.copied().unwrap_or(last)),
            };
            let entry = self.entry(new.name.as_deref(), &new.value, flow, self.layout.entry_start(last));
            added.entry(neighbour).or_default().push_str(&entry);
        }
        // Entries after the last remaining one are removed together with the comma before them.
        let end = self.layout.end(last);
        let gone =
            children.iter().filter(|child| flow && **child > last).map(|child| self.layout.end(*child));
        let gone = gone.max().unwrap_or(end);
        if self.layout.has_comment(end, gone) {
            return Err(COMMENT.to_owned());
        }
        let tail =
            if flow { added.remove(&Neighbour::After(last)).unwrap_or_default() } else { String::new() };
        edits.push((end, gone, tail));
        for (neighbour, text) in added {
            edits.push(match neighbour {
                Neighbour::Before(next) if flow => {
                    let text = text.strip_prefix(", ").unwrap_or(&text);
                    (self.layout.entry_start(next), self.layout.entry_start(next), format!("{text}, "))
                }
                Neighbour::Before(next) => self.above(next, &children, &text),
                Neighbour::After(previous) => {
                    let end = self.line_end(self.layout.end(previous));
                    (end, end, text)
                }
            });
        }
        let edits = edits.into_iter().map(|(start, end, text)| Edit { span: Span::new(start, end), text });
        self.edits.extend(edits.filter(|edit| edit.span.start < edit.span.end || !edit.text.is_empty()));
        Ok(())
    }

    /// Returns the edits that remove entries, except those after the last remaining one in flow style.
    fn removals(
        &self,
        children: &[usize],
        last: usize,
        changes: &EntryChanges,
    ) -> Result<Vec<Replaced>, String> {
        let mut edits = Vec::new();
        for (at, child) in children.iter().enumerate().filter(|(_, child)| changes.removed.contains(child)) {
            let flow = self.layout.item(*child).parent.is_some_and(|parent| self.layout.is_flow(parent));
            let next = children.get(at + 1).map(|next| self.layout.entry_start(*next));
            let (start, end) = (self.layout.entry_start(*child), self.layout.end(*child));
            if self.layout.has_comment(start, end) {
                return Err(COMMENT.to_owned());
            }
            let gap = next.map(|next| (end, next)).filter(|_| flow || !self.begins_its_line(start));
            if gap.is_some_and(|(end, next)| self.layout.has_comment(end, next)) {
                return Err(COMMENT.to_owned());
            }
            match (flow, next) {
                (true, Some(next)) if *child < last => edits.push((start, next, String::new())),
                (true, _) => {}
                (false, Some(next)) if !self.begins_its_line(start) => {
                    edits.push((start, next, String::new()));
                }
                (false, _) => edits.push(self.without_line(start, end)),
            }
        }
        Ok(edits)
    }

    /// Inserts entries above another one and above its comment.
    fn above(&self, next: usize, children: &[usize], entries: &str) -> Replaced {
        let start = self.layout.entry_start(next);
        let first = children.first().map_or(start, |first| self.layout.entry_start(*first));
        let entries = entries.trim_start_matches('\n');
        // The first entry of a nested list follows a dash on the same line.
        if !self.begins_its_line(first) {
            return (start, start, format!("{}\n{}", entries.trim_start(), " ".repeat(self.column(start))));
        }
        let mut line = start - self.column(start);
        while let Some(above) = self.text[..line].strip_suffix('\n') {
            let begin = above.rfind('\n').map_or(0, |newline| newline + 1);
            if !above[begin..].trim_start().starts_with('#') {
                break;
            }
            line = begin;
        }
        (line, line, format!("{entries}\n"))
    }

    /// Returns the end of the line at an offset.
    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let line = rest.split('\n').next().unwrap_or(rest);
        at + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// Rewrites a mapping or a list that was empty or has no remaining entries.
    fn replace_all(&mut self, parent: usize, changes: &EntryChanges) -> Result<(), String> {
        let value = match self.layout.item(parent).shape {
            Shape::List => Json::Array(changes.added.iter().map(|added| added.value.clone()).collect()),
            _ => Json::Object(
                (changes.added.iter())
                    .filter_map(|added| Some((added.name.clone()?, added.value.clone())))
                    .collect(),
            ),
        };
        self.set_whole(parent, &value)
    }

    fn set_whole(&mut self, parent: usize, value: &Json) -> Result<(), String> {
        let before = self.layout.start(parent);
        let tag = self.text[before..].starts_with('!');
        if tag {
            return Err("the matcher would be empty".to_owned());
        }
        self.set(parent, "", value, Mode::Json)
    }

    /// Formats a new entry in the style of the entry at `sibling`.
    fn entry(&self, name: Option<&str>, value: &Json, in_flow: bool, sibling: usize) -> String {
        let page = scalar::page(name.unwrap_or_default(), value, self.text);
        if in_flow {
            let entry = match name {
                Some(name) => flow(&Yaml::Mapping(vec![(name.to_owned(), page)])),
                None => return format!(", {}", flow(&page)),
            };
            return format!(", {}", &entry[1..entry.len() - 1]);
        }
        let column = self.column(sibling);
        let mut written = String::new();
        match name {
            Some(name) => {
                let mut members = String::new();
                // A mapping indents its members by one more level.
                let whole = Yaml::Mapping(vec![(name.to_owned(), page)]);
                whole.write_block(column.saturating_sub(2), "k:", &mut members);
                let members = members.split_once('\n').map_or("", |(_, members)| members);
                let shift = 2_usize.saturating_sub(column);
                written =
                    members.lines().map(|line| format!("{}\n", &line[shift.min(line.len())..])).collect();
            }
            None => page.write(column, "-", &mut written),
        }
        format!("\n{}", written.trim_end_matches('\n'))
    }

    /// Removes whole lines, but keeps a comment at the end of the last one.
    fn without_line(&self, start: usize, end: usize) -> (usize, usize, String) {
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline + 1);
        let after = self.text[end..line_end].trim();
        let margin = &self.text[line_start..start];
        let kept = if after.is_empty() { String::new() } else { format!("{margin}{after}\n") };
        (line_start, line_end, kept)
    }

    fn begins_its_line(&self, at: usize) -> bool {
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[line_start..at].trim().is_empty()
    }

    pub(super) fn column(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(at, |newline| at - newline - 1)
    }
}
