//! Parses a file into a flat list of values with their locations.
//!
//! Nothing is copied: texts borrow from the file, and an alias refers to the value that it repeats. Scalars are not interpreted
//! here.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::dash;
use super::explain::{Mistake, Wrong, unreadable};
use super::measure::{DEEPEST, MOST_VALUES, Measure};
use super::scalar::Core;
use crate::diagnostic::Diagnostics;
use crate::source::{Source, Span};

/// A parsed YAML file.
pub(super) struct Document<'a> {
    entries: Vec<Entry<'a>>,
}

/// One value of a file.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind<'a>,
    /// The local tag with its `!`.
    pub(super) tag: Option<Box<str>>,
    /// Its span without the tag; for a mapping or a list, where it begins.
    pub(super) span: Span,
    /// Index of the value after it and everything inside it.
    pub(super) next: usize,
}

/// How a value is written.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Written without quotes and not as a block, so that it may be something else than a string.
        plain: bool,
        /// The type that a tag of YAML itself (`!!str`) gives it.
        core: Option<Core>,
    },
    List,
    Mapping,
    /// Repeats the value at this index.
    Alias(usize),
}

/// The indices of a key and its value.
pub(super) type Member = (usize, usize);

impl<'a> Document<'a> {
    /// Parses a file.
    ///
    /// # Errors
    /// Invalid YAML, at the location of the error.
    pub(super) fn read(source: &'a Arc<Source>) -> Result<Self, Diagnostics> {
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(source.text().len() / 10);
        let mut open: Vec<usize> = Vec::new();
        let mut anchors: HashMap<usize, usize> = HashMap::new();
        let mut begun = false;
        for event in Parser::new_from_str(source.text()) {
            let (event, at) = event.map_err(|error| unreadable(source, &error))?;
            let span = at.byte_range().map_or_else(Span::default, |range| Span::new(range.start, range.end));
            let wrong = |wrong: Wrong| Err(wrong.at(span).explain(source));
            let index = entries.len();
            let (kind, anchor, tag) = match event {
                Event::DocumentStart(..) if begun => return wrong(Wrong::SecondDocument),
                Event::DocumentStart(..) => {
                    begun = true;
                    continue;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    let core = tag.as_deref().and_then(Core::of);
                    (Kind::Scalar { text, plain, core }, anchor, tag)
                }
                Event::SequenceStart(_, anchor, tag) => (Kind::List, anchor, tag),
                Event::MappingStart(_, anchor, tag) => (Kind::Mapping, anchor, tag),
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(container) = open.pop() {
                        entries[container].next = index;
                        begin_with_its_dash(&mut entries, container, source.text());
                    }
                    continue;
                }
                Event::Alias(id) => {
                    // The parser has already rejected an alias without an anchor.
                    let Some(target) = anchors.get(&id) else { continue };
                    if open.contains(target) {
                        return wrong(Wrong::Endless);
                    }
                    (Kind::Alias(*target), 0, None)
                }
                _ => continue,
            };
            if index >= MOST_VALUES {
                return wrong(Wrong::TooMuch);
            }
            if anchor != 0 {
                anchors.insert(anchor, index);
            }
            if matches!(kind, Kind::List | Kind::Mapping) {
                if open.len() >= DEEPEST {
                    return wrong(Wrong::TooDeep);
                }
                open.push(index);
            }
            entries.push(Entry { kind, tag: tag.as_deref().and_then(local), span, next: index + 1 });
        }
        if entries.is_empty() {
            return Err(Mistake::from(Wrong::Empty).explain(source));
        }
        Ok(Self { entries })
    }

    /// Creates a document from its values.
    pub(super) fn of(entries: Vec<Entry<'a>>) -> Self {
        Self { entries }
    }

    /// The number of values.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value at an index.
    pub(super) fn entry(&self, index: usize) -> &Entry<'a> {
        &self.entries[index]
    }

    /// The indices of the elements of a list.
    pub(super) fn elements(&self, list: usize) -> impl Iterator<Item = usize> {
        let (mut index, end) = (list + 1, self.entries[list].next);
        std::iter::from_fn(move || {
            let here = index;
            (here < end).then(|| {
                index = self.entries[here].next;
                here
            })
        })
    }

    /// Returns the keys of a mapping with their values; those of merged mappings (`<<`) come last.
    ///
    /// # Errors
    /// Duplicate keys, values that cannot be merged, and more values than the limit.
    pub(super) fn members(&self, mapping: usize, measure: &Measure) -> Result<Vec<Member>, Mistake> {
        let (mut members, merged) = self.own(mapping)?;
        if merged.is_empty() {
            return Ok(members);
        }
        let known = members.iter().filter_map(|(key, _)| self.text(*key)).collect();
        let mut merging = Merging { members: &mut members, known, measure };
        merged.into_iter().try_for_each(|value| self.merge(value, &mut merging, 0))?;
        Ok(members)
    }

    /// Returns the mapping's own keys with their values, and the values that it merges.
    fn own(&self, mapping: usize) -> Result<(Vec<Member>, Vec<usize>), Mistake> {
        let mut members = Vec::new();
        let mut merged = Vec::new();
        let mut children = self.elements(mapping);
        while let Some((key, value)) = children.next().zip(children.next()) {
            if self.merges(key) { merged.push(value) } else { members.push((key, value)) }
        }
        self.check_keys(&members)?;
        Ok((members, merged))
    }

    fn check_keys(&self, members: &[Member]) -> Result<(), Mistake> {
        /// Up to this many keys, comparing each pair is faster than hashing.
        const FEW: usize = 12;
        let key = |member: usize| self.text(members[member].0);
        let mut known = HashSet::new();
        for index in 0..members.len() {
            let Some(text) = key(index) else { continue };
            let again = if members.len() <= FEW {
                (0..index).any(|before| key(before) == Some(text))
            } else {
                !known.insert(text)
            };
            if again {
                let span = self.entries[members[index].0].span;
                return Err(Wrong::Twice(text.to_owned()).at(span));
            }
        }
        Ok(())
    }

    fn merges(&self, key: usize) -> bool {
        let entry = &self.entries[key];
        matches!(&entry.kind, Kind::Scalar { text, plain: true, core: None } if text == "<<")
            && entry.tag.is_none()
    }

    /// Adds the members of a mapping, or of a list of mappings, whose keys are new. `depth` is the nesting depth of merges.
    fn merge<'s>(&'s self, value: usize, to: &mut Merging<'s, '_>, depth: usize) -> Result<(), Mistake> {
        let span = self.entries[value].span;
        if depth >= DEEPEST {
            return Err(Wrong::TooDeep.at(span));
        }
        to.measure.merges(1, span)?;
        let resolved = self.resolve(value);
        let more = match self.entries[resolved].kind {
            Kind::Mapping => {
                let (own, merged) = self.own(resolved)?;
                to.measure.merges(own.len(), span)?;
                for (key, value) in own {
                    if self.text(key).is_none_or(|text| to.known.insert(text)) {
                        to.members.push((key, value));
                    }
                }
                merged
            }
            Kind::List => self.elements(resolved).collect(),
            _ => return Err(Wrong::Expected("a mapping").at(span)),
        };
        more.into_iter().try_for_each(|value| self.merge(value, to, depth + 1))
    }

    /// Follows an alias to the value that it repeats.
    pub(super) fn resolve(&self, index: usize) -> usize {
        match self.entries[index].kind {
            // An anchor never names an alias.
            Kind::Alias(target) => target,
            _ => index,
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        match &self.entries[self.resolve(index)].kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// The members of a mapping while other mappings are merged into it.
struct Merging<'s, 'm> {
    members: &'m mut Vec<Member>,
    /// The keys so far.
    known: HashSet<&'s str>,
    measure: &'m Measure,
}

/// Sets the start of a list to its first dash. For a list that is not indented further than its key, the parser reports the start
/// of the first element.
fn begin_with_its_dash(entries: &mut [Entry<'_>], list: usize, text: &str) {
    let Entry { span, next, .. } = entries[list];
    if !matches!(entries[list].kind, Kind::List) || next == list + 1 || span.start < span.end {
        return;
    }
    // The dash at this position may belong to a nested list.
    let begins = dash::is_here(text, span.start) && entries[list + 1].span.start != span.start;
    if let (false, Some(dash)) = (begins, dash::before(text, span.start)) {
        entries[list].span = Span::new(dash, dash);
    }
}

/// Returns a local tag as it is written. YAML's own tags (`!!str`) are in [`Kind::Scalar`].
fn local(tag: &Tag) -> Option<Box<str>> {
    let (handle, suffix) = tag.parts();
    (handle == "!" && !suffix.is_empty()).then(|| ["!", suffix].concat().into())
}
