//! Writes changes into the text of a file, and touches nothing else of it.
//!
//! In go a file and the changes of its values, out come [`Edit`]s: stretches of the text and what stands there instead. Comments, quotes and
//! the order of what is there stay; what cannot be written without losing a comment is left, with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scalar::{self, Spot};
use crate::diagnostic::Diagnostics;
use crate::json::Json;
use crate::matcher::{Change, ChangeKind, Left, Mode};
use crate::source::{Place, Source, Span};
use crate::yaml::layout::{Layout, Shape};
use crate::yaml::page::Yaml;

/// A stretch of a text and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The stretch.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

/// Returns the edits that make the changes, in the order of the text, and what is left.
///
/// # Errors
/// A file that cannot be read, which it could be when its suite was.
pub fn splice(source: &Arc<Source>, changes: &[Change]) -> Result<(Vec<Edit>, Vec<Left>), Diagnostics> {
    let layout = Layout::of(source)?;
    let mut writer =
        Writer { text: source.text(), layout, edits: Vec::new(), left: Vec::new(), parents: BTreeMap::new() };
    for change in changes {
        writer.take(change);
    }
    writer.collapse();
    for (parent, news) in std::mem::take(&mut writer.parents) {
        if let Err(why) = writer.restructure(parent, &news) {
            writer.left.push(Left { place: news.place, why });
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

/// Returns a text with its edits made.
#[must_use]
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    text
}

/// What becomes of the entries of one mapping or list.
struct News {
    /// What is said to be left if it cannot be written.
    place: Place,
    removed: Vec<usize>,
    added: Vec<(Option<String>, Json)>,
    collapse: bool,
}

struct Writer<'a> {
    text: &'a str,
    layout: Layout<'a>,
    edits: Vec<Edit>,
    left: Vec<Left>,
    parents: BTreeMap<usize, News>,
}

const COMMENT: &str = "a comment in it would be lost";

impl Writer<'_> {
    fn take(&mut self, change: &Change) {
        const SHARED: &str = "an anchor or an alias stands there, and others have a part in it";
        if self.text[change.place.span().start..].starts_with('*') {
            return self.leave(&change.place, SHARED);
        }
        let Some(index) = self.layout.find(&change.place) else {
            return self.leave(&change.place, "it is not clear which text of the file that is");
        };
        if self.layout.is_shared(index) {
            return self.leave(&change.place, SHARED);
        }
        match &change.kind {
            ChangeKind::Set { value, mode, .. } => {
                if let Err(why) = self.set(index, value, *mode) {
                    self.leave(&change.place, why);
                }
            }
            ChangeKind::Remove { collapse } => match self.layout.item(index).parent {
                Some(parent) => {
                    let news = self.news(parent, &change.place);
                    news.removed.push(index);
                    news.collapse = *collapse;
                }
                None => self.leave(&change.place, "it is the whole file"),
            },
            ChangeKind::Add { name, value } => {
                self.news(index, &change.place).added.push((Some(name.clone()), value.clone()));
            }
            ChangeKind::Push { value } => self.news(index, &change.place).added.push((None, value.clone())),
        }
    }

    fn leave(&mut self, place: &Place, why: impl Into<String>) {
        self.left.push(Left { place: place.clone(), why: why.into() });
    }

    fn news(&mut self, parent: usize, place: &Place) -> &mut News {
        let empty = || News { place: place.clone(), removed: Vec::new(), added: Vec::new(), collapse: false };
        self.parents.entry(parent).or_insert_with(empty)
    }

    /// Lets the last entry of `headers` and its like take `headers` with it.
    fn collapse(&mut self) {
        let emptied: Vec<usize> = (self.parents.iter())
            .filter(|(parent, news)| news.collapse && self.survivors(**parent, news).is_empty())
            .map(|(parent, _)| *parent)
            .collect();
        for index in emptied {
            let (Some(parent), Some(news)) = (self.layout.item(index).parent, self.parents.remove(&index))
            else {
                continue;
            };
            let news_of_parent = self.news(parent, &news.place);
            news_of_parent.removed.push(index);
        }
    }

    fn survivors(&self, parent: usize, news: &News) -> Vec<usize> {
        let children = self.layout.item(parent).children.iter().copied();
        children.filter(|child| !news.removed.contains(child)).collect()
    }

    /// Writes another value in the place of one.
    fn set(&mut self, index: usize, value: &Json, mode: Mode) -> Result<(), String> {
        let (start, end) = (self.layout.start(index), self.layout.end(index));
        if self.layout.has_comment(start, end) {
            return Err(COMMENT.to_owned());
        }
        let (in_flow, column) = (self.in_flow(index), self.column(self.layout.entry_start(index)));
        let old = &self.text[start..end];
        let is_block = self.layout.item(index).shape != Shape::Scalar && !self.layout.is_flow(index);
        let spot = Spot { old: if is_block { "" } else { old }, in_flow, column };
        let text = match value {
            Json::Array(_) | Json::Object(_) => self.page(index, value, in_flow, column),
            scalar => {
                scalar::written(scalar, mode, &spot).ok_or("YAML has no form for what the answer has")?
            }
        };
        // A mapping on lines of its own gives way to what stands behind the key.
        let head = self.layout.head_end(index);
        let bare = self.text[head..start].trim().is_empty();
        let (from, gap) = if (is_block || text.starts_with('\n') || start == head) && bare {
            (head, " ")
        } else {
            (start, "")
        };
        let gap = if text.starts_with('\n') { "" } else { gap };
        self.edits.push(Edit { span: Span::new(from, end), text: format!("{gap}{text}") });
        Ok(())
    }

    /// A mapping or a list as it is written behind the head of a value.
    fn page(&self, index: usize, value: &Json, in_flow: bool, column: usize) -> String {
        let page = scalar::page(value);
        let keyed = self.layout.item(index).key.is_some();
        if in_flow || !keyed {
            return flow(&page);
        }
        let mut written = String::new();
        page.write(column, "k:", &mut written);
        let behind = written.trim_start().trim_start_matches("k:").trim_end();
        if behind.starts_with('\n') { behind.to_owned() } else { behind.trim_start().to_owned() }
    }

    /// Takes entries out of a mapping or a list, and adds others behind the last.
    fn restructure(&mut self, parent: usize, news: &News) -> Result<(), String> {
        let survivors = self.survivors(parent, news);
        let Some(last) = survivors.last().copied() else { return self.replace_all(parent, news) };
        let children = self.layout.item(parent).children.clone();
        let mut edits = Vec::new();
        let flow = self.layout.is_flow(parent);
        let mut tail = String::new();
        for (name, value) in &news.added {
            tail.push_str(&self.entry(name.as_deref(), value, flow, self.layout.entry_start(last)));
        }
        for (at, child) in children.iter().enumerate().filter(|(_, child)| news.removed.contains(child)) {
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
                // What stands behind the last that stays goes with the commas before it.
                (true, _) => {}
                (false, Some(next)) if !self.begins_its_line(start) => {
                    edits.push((start, next, String::new()));
                }
                (false, _) => edits.push(self.without_line(start, end)),
            }
        }
        let end = self.layout.end(last);
        if flow {
            let gone =
                children.iter().filter(|child| **child > last).map(|child| self.layout.end(*child)).max();
            if gone.is_some_and(|gone| self.layout.has_comment(end, gone)) {
                return Err(COMMENT.to_owned());
            }
            edits.push((end, gone.unwrap_or(end), tail));
        } else if !tail.is_empty() {
            let rest = &self.text[end..];
            let line = rest.split('\n').next().unwrap_or(rest);
            let line_end = end + line.strip_suffix('\r').unwrap_or(line).len();
            edits.push((line_end, line_end, tail));
        }
        let edits = edits.into_iter().map(|(start, end, text)| Edit { span: Span::new(start, end), text });
        self.edits.extend(edits.filter(|edit| edit.span.start < edit.span.end || !edit.text.is_empty()));
        Ok(())
    }

    /// Writes a mapping or a list anew of which nothing stays, or that was empty.
    fn replace_all(&mut self, parent: usize, news: &News) -> Result<(), String> {
        let value = match self.layout.item(parent).shape {
            Shape::List => Json::Array(news.added.iter().map(|(_, value)| value.clone()).collect()),
            _ => Json::Object(
                (news.added.iter())
                    .filter_map(|(name, value)| Some((name.clone()?, value.clone())))
                    .collect(),
            ),
        };
        self.set_whole(parent, &value)
    }

    fn set_whole(&mut self, parent: usize, value: &Json) -> Result<(), String> {
        let before = self.layout.start(parent);
        let tag = self.text[before..].starts_with('!');
        if tag {
            return Err("the matcher would have nothing left to say".to_owned());
        }
        self.set(parent, value, Mode::Json)
    }

    /// A new entry behind one that begins at `beside`.
    fn entry(&self, name: Option<&str>, value: &Json, in_flow: bool, beside: usize) -> String {
        let page = scalar::page(value);
        if in_flow {
            let entry = match name {
                Some(name) => flow(&Yaml::Mapping(vec![(name.to_owned(), page)])),
                None => return format!(", {}", flow(&page)),
            };
            return format!(", {}", &entry[1..entry.len() - 1]);
        }
        let column = self.column(beside);
        let mut written = String::new();
        match name {
            Some(name) => {
                let mut members = String::new();
                // A mapping writes its members one step further in than it stands.
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

    /// Takes out whole lines; a comment behind the last of them stays.
    fn without_line(&self, start: usize, end: usize) -> (usize, usize, String) {
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline + 1);
        let behind = self.text[end..line_end].trim();
        let margin = &self.text[line_start..start];
        let kept = if behind.is_empty() { String::new() } else { format!("{margin}{behind}\n") };
        (line_start, line_end, kept)
    }

    fn begins_its_line(&self, at: usize) -> bool {
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[line_start..at].trim().is_empty()
    }

    fn column(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(at, |newline| at - newline - 1)
    }

    fn in_flow(&self, index: usize) -> bool {
        self.layout.item(index).parent.is_some_and(|parent| self.layout.in_flow(parent))
    }
}

/// A value on one line, however long.
fn flow(page: &Yaml) -> String {
    page.line_of().unwrap_or_default()
}
