//! Finds the text range of each value in a file and the value around it, to edit files in place.
//!
//! The parser reports only where a mapping or a list begins, so its end is computed from its values and the text around them.

use std::sync::Arc;

use super::reader::dash_before;
use super::{Node, Value, read};
use crate::diagnostic::Diagnostics;
use crate::source::{Place, Source, Span};

/// All values of a file.
pub struct Layout<'a> {
    text: &'a str,
    items: Vec<Item>,
}

/// One value.
#[derive(Debug)]
pub struct Item {
    /// Its span including the tag, as in its [`Place`].
    place: Span,
    /// Its span without the tag.
    core: Span,
    /// Its key, in a mapping.
    pub key: Option<Span>,
    /// Its shape.
    pub shape: Shape,
    /// Index of the mapping or list that contains it.
    pub parent: Option<usize>,
    /// Indexes of its values.
    pub children: Vec<usize>,
}

/// The shape of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
    /// A list.
    List,
}

impl<'a> Layout<'a> {
    /// Reads the layout of a file.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn of(source: &'a Arc<Source>) -> Result<Self, Diagnostics> {
        let node: Node = read(source)?;
        let mut layout = Self { text: source.text(), items: Vec::new() };
        layout.add(&node, None, None, source);
        Ok(layout)
    }

    fn add(&mut self, node: &Node, key: Option<Span>, parent: Option<usize>, source: &Arc<Source>) -> usize {
        let index = self.items.len();
        let place = node.place(source).span();
        let (shape, children): (_, Vec<(Option<Span>, &Node)>) = match &node.value {
            Value::Mapping(members) => {
                (Shape::Mapping, members.iter().map(|(key, node)| (Some(key.span), node)).collect())
            }
            Value::List(items) => (Shape::List, items.iter().map(|node| (None, node)).collect()),
            _ => (Shape::Scalar, Vec::new()),
        };
        self.items.push(Item { place, core: node.span, key, shape, parent, children: Vec::new() });
        for (key, node) in children {
            let child = self.add(node, key, Some(index), source);
            self.items[index].children.push(child);
        }
        index
    }

    /// Returns the value at a location, or the value whose key is there; none if that is ambiguous.
    #[must_use]
    pub fn find(&self, place: &Place) -> Option<usize> {
        let span = place.span();
        let at = |item: &Item| item.place == span || (item.key == Some(span) && span.start < span.end);
        let mut found = (0..self.items.len()).filter(|index| at(&self.items[*index]));
        found.next().filter(|_| found.next().is_none())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The value with this index.
    #[must_use]
    pub fn item(&self, index: usize) -> &Item {
        &self.items[index]
    }

    /// Whether a value is in flow style (with brackets), or inside one that is.
    #[must_use]
    pub fn in_flow(&self, index: usize) -> bool {
        self.is_flow(index) || self.item(index).parent.is_some_and(|parent| self.in_flow(parent))
    }

    /// Whether a mapping or a list is in flow style.
    #[must_use]
    pub fn is_flow(&self, index: usize) -> bool {
        self.item(index).shape != Shape::Scalar
            && self.text[self.item(index).core.start..].starts_with(['{', '['])
    }

    /// Whether the value is used in several places: it is an alias, has an anchor, or is inside such a value.
    #[must_use]
    pub fn is_shared(&self, index: usize) -> bool {
        let item = self.item(index);
        let last_word = self.text[..item.place.start].trim_end().rsplit([' ', '\n', '\t']).next();
        self.text[item.core.start..].starts_with('*')
            || last_word.is_some_and(|word| word.len() > 1 && word.starts_with('&'))
            || item.parent.is_some_and(|parent| self.is_shared(parent))
    }

    /// Returns where the entry begins: at its key, or at its dash.
    #[must_use]
    pub fn entry_start(&self, index: usize) -> usize {
        let item = self.item(index);
        match (item.key, item.parent) {
            (Some(key), _) => key.start,
            (None, Some(parent)) if !self.is_flow(parent) => {
                dash_before(self.text, item.place.start).unwrap_or(item.place.start)
            }
            _ => item.place.start,
        }
    }

    /// Returns the position after the colon of the key, or after the dash.
    #[must_use]
    pub fn head_end(&self, index: usize) -> usize {
        let item = self.item(index);
        match item.key {
            Some(key) => self.text[key.end..].find(':').map_or(key.end, |colon| key.end + colon + 1),
            None if item.parent.is_some_and(|parent| !self.is_flow(parent)) => self.entry_start(index) + 1,
            None => item.place.start,
        }
    }

    /// Returns where the value begins: at its tag, at the header of a block scalar, or at its text.
    #[must_use]
    pub fn start(&self, index: usize) -> usize {
        let item = self.item(index);
        match self.block_header(index) {
            // Text between the key and the header is a tag.
            Some(header) => {
                header.min(self.text.len() - self.text[self.head_end(index)..].trim_start().len())
            }
            _ if item.place.start == item.place.end && item.shape == Shape::Scalar => self.head_end(index),
            _ => item.place.start,
        }
    }

    /// Returns where the value ends.
    #[must_use]
    pub fn end(&self, index: usize) -> usize {
        let item = self.item(index);
        if self.text[item.core.start..].starts_with('*') {
            return item.core.end;
        }
        let inside = item.children.iter().map(|child| self.end(*child)).max();
        match item.shape {
            Shape::Scalar if item.place.start == item.place.end => {
                let header = self
                    .block_header(index)
                    .map(|at| at + self.text[at..].find(|one| !is_header(one)).unwrap_or_default());
                header.unwrap_or_else(|| self.head_end(index))
            }
            Shape::Scalar => item.place.start + self.text[item.place.start..item.place.end].trim_end().len(),
            _ if self.is_flow(index) => self.closing(inside.unwrap_or(item.core.start + 1)),
            _ => inside.unwrap_or(item.place.end),
        }
    }

    /// Returns the position of the header (`|`, `>-`), if the value is a block scalar.
    pub(crate) fn block_header(&self, index: usize) -> Option<usize> {
        let item = self.item(index);
        if item.shape != Shape::Scalar {
            return None;
        }
        let line = self.text[..item.core.start].rfind('\n')?;
        let header = self.text[self.head_end(index).min(line)..line].split(" #").next()?;
        let at = header.rfind(['|', '>'])?;
        header[at..].trim().chars().all(is_header).then(|| self.head_end(index).min(line) + at)
    }

    /// Returns the spans that can be rewritten.
    #[cfg(fuzzing)]
    pub(crate) fn stretches(&self) -> Vec<Span> {
        let own = (0..self.items.len()).filter(|index| !self.is_shared(*index));
        own.flat_map(|index| {
            let (start, end) = (self.start(index), self.end(index));
            [
                Span::new(start, end),
                Span::new(self.entry_start(index), end),
                Span::new(self.head_end(index), end),
            ]
        })
        .collect()
    }

    /// Whether there is a comment between two positions.
    #[must_use]
    pub fn has_comment(&self, from: usize, to: usize) -> bool {
        let leaves = self.items.iter().enumerate().filter(|(_, item)| item.shape == Shape::Scalar);
        let leaves = leaves.map(|(index, item)| Span::new(item.core.start, self.end(index)));
        let keys = self.items.iter().filter_map(|item| item.key);
        let texts: Vec<Span> = leaves.chain(keys).collect();
        let inside = |at: usize| texts.iter().any(|span| (span.start..span.end).contains(&at));
        // For aliases, `to` may be before `from`.
        let between = self.text.get(from..to).unwrap_or_default();
        between.match_indices('#').any(|(at, _)| !inside(from + at))
    }

    /// Returns the end of a flow collection whose last element ends here.
    fn closing(&self, from: usize) -> usize {
        let mut comment = false;
        for (at, character) in self.text[from..].char_indices() {
            match character {
                '\n' => comment = false,
                '#' => comment = true,
                '}' | ']' if !comment => return from + at + 1,
                _ => {}
            }
        }
        self.text.len()
    }
}

/// Whether a character can be in the header of a block scalar.
fn is_header(one: char) -> bool {
    one.is_ascii_digit() || "|>+-".contains(one)
}
