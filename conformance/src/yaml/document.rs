//! The values of a file in the order in which it writes them.
//!
//! In go the events of the parser, out comes a [`Document`]: a flat list of values, each with its place, in which nothing has been copied
//! and an alias leads to what it repeats. What the values mean is not asked here.

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

/// A file that is YAML.
pub(super) struct Document<'a> {
    entries: Vec<Entry<'a>>,
}

/// One value of a file.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind<'a>,
    /// The local tag with its `!`.
    pub(super) tag: Option<Box<str>>,
    /// Where it stands, without its tag; of a mapping and a list, where it begins.
    pub(super) span: Span,
    /// The value behind it and all that is in it.
    pub(super) next: usize,
}

/// What a value is written as.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Written without quotes and not on lines of its own, so that it may be more than a string.
        plain: bool,
        /// What a tag of YAML's own says that it is.
        core: Option<Core>,
    },
    List,
    Mapping,
    /// The value at this index once more.
    Alias(usize),
}

/// A key and its value.
pub(super) type Member = (usize, usize);

impl<'a> Document<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// Text that is no YAML, at its place.
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
                    // The parser has refused an alias without an anchor.
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

    /// Returns a file of these values.
    pub(super) fn of(entries: Vec<Entry<'a>>) -> Self {
        Self { entries }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value at an index.
    pub(super) fn entry(&self, index: usize) -> &Entry<'a> {
        &self.entries[index]
    }

    /// The elements of a list.
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

    /// The keys of a mapping with their values, those of the mappings that it merges (`<<`) behind its own.
    ///
    /// # Errors
    /// A key that stands there twice, what cannot be merged, or more than is read.
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

    /// The keys of a mapping with their values, and the values that it merges.
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
        /// So few keys are compared with each other faster than they are hashed.
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

    /// Adds the members of a mapping, or of a list of them, whose keys are not there yet. `depth` is how often what is merged has
    /// led on to more.
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

    /// What stands at an index, or what an alias there repeats.
    pub(super) fn resolve(&self, index: usize) -> usize {
        match self.entries[index].kind {
            // What an anchor names is never an alias.
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

/// The members of a mapping that merges others.
struct Merging<'s, 'm> {
    members: &'m mut Vec<Member>,
    /// The keys that are there.
    known: HashSet<&'s str>,
    measure: &'m Measure,
}

/// Lets a list begin with its first dash: of one that is not indented further than its key the parser says where what is behind
/// the dash begins.
fn begin_with_its_dash(entries: &mut [Entry<'_>], list: usize, text: &str) {
    let Entry { span, next, .. } = entries[list];
    if !matches!(entries[list].kind, Kind::List) || next == list + 1 || span.start < span.end {
        return;
    }
    // The dash there may be that of a list in this one.
    let begins = dash::is_here(text, span.start) && entries[list + 1].span.start != span.start;
    if let (false, Some(dash)) = (begins, dash::before(text, span.start)) {
        entries[list].span = Span::new(dash, dash);
    }
}

/// A local tag as it is written; YAML's own (`!!str`) say what a scalar is, and are no longer there behind that.
fn local(tag: &Tag) -> Option<Box<str>> {
    let (handle, suffix) = tag.parts();
    (handle == "!" && !suffix.is_empty()).then(|| ["!", suffix].concat().into())
}
