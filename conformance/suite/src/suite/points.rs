//! Points and visibility of requirements from the file of `--points`, for grading.

use std::path::Path;
use std::sync::Arc;

use globset::Glob;

use super::folder::read_source;
use super::requirement::read_points;
use super::{Requirement, Suite, check_format};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::{PointsEntryText, PointsText};
use crate::source::{Source, Span};
use crate::yaml;

impl Suite {
    /// Gives the requirements the points of a file.
    ///
    /// # Errors
    /// All errors in the file, with their locations.
    pub fn give_points(&mut self, path: &Path) -> Result<(), Diagnostics> {
        let source = read_source(path, "file of points")?;
        let text: PointsText = yaml::read(&source)?;
        check_format(&text.format, &source)?;
        let mut errors = Diagnostics::default();
        for entry in &text.points {
            errors.keep(apply(entry, &mut self.requirements, &source));
        }
        self.graded = true;
        errors.into_result(())
    }
}

/// Whether an entry is about a requirement.
type Selects<'a> = dyn Fn(&Requirement) -> bool + 'a;

fn apply(
    entry: &PointsEntryText,
    requirements: &mut [Requirement],
    source: &Arc<Source>,
) -> Result<(), Diagnostic> {
    let points = entry.points.as_ref().map(|points| read_points(points, source)).transpose()?;
    let known = |name: fn(&Requirement) -> &str| requirements.iter().map(name).collect::<Vec<_>>();
    let (written, selects): (_, Box<Selects<'_>>) = match (&entry.requirement, &entry.clause, &entry.pattern)
    {
        (Some(id), None, None) => (id, Box::new(|one: &Requirement| *one.id == *id.value)),
        (None, Some(clause), None) => {
            (clause, Box::new(|one: &Requirement| is_of(&one.clause, &clause.value)))
        }
        (None, None, Some(pattern)) => {
            let glob = Glob::new(&pattern.value).map_err(|error| {
                let message = format!("cannot read the pattern `{}`: {}", pattern.value, error.kind());
                Diagnostic::at(pattern.place(source), message)
            })?;
            let glob = glob.compile_matcher();
            (pattern, Box::new(move |one: &Requirement| glob.is_match(&*one.id)))
        }
        (one, other, third) => {
            let named = one.as_ref().or(other.as_ref()).or(third.as_ref());
            let place = named.map_or_else(|| source.place(Span::default()), |one| one.place(source));
            return Err(Diagnostic::at(
                place,
                "an entry needs exactly one of `requirement`, `clause` and `pattern`",
            ));
        }
    };
    if points.is_none() && entry.hidden.is_none() {
        return Err(Diagnostic::at(written.place(source), "the entry has neither `points` nor `hidden`"));
    }
    if !requirements.iter().any(&selects) {
        let error = |what: &str| {
            Diagnostic::at(written.place(source), format!("the suite has no {what} `{}`", written.value))
        };
        return Err(match (&entry.requirement, &entry.clause) {
            (Some(id), _) => error("requirement").suggest(&id.value, known(|one| &one.id)),
            (_, Some(clause)) => error("clause").suggest(&clause.value, known(|one| &one.clause)),
            _ => error("requirement that matches"),
        });
    }
    let selected: Vec<bool> = requirements.iter().map(&selects).collect();
    for (one, _) in requirements.iter_mut().zip(selected).filter(|(_, selected)| *selected) {
        one.points = points.unwrap_or(one.points);
        one.hidden = entry.hidden.unwrap_or(one.hidden);
    }
    Ok(())
}

/// Whether a clause is the named one, or a part of it after a colon.
fn is_of(clause: &str, named: &str) -> bool {
    clause.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn clause_names_itself_and_its_parts() {
        assert!(is_of("7. View", "7. View") && is_of("7. View: login", "7. View"));
        assert!(!is_of("7. Views", "7. View") && !is_of("7", "7. View"));
    }
}
