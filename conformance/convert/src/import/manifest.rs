//! Writes the manifest and the register for an imported suite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::step::request;
use super::variables::is_secret;
use super::{Launched, Story, Wanted, slug};
use conformance_suite::source::Source;
use conformance_suite::suite::Suite;
use conformance_suite::template::Scope;
use conformance_suite::yaml::page::{UNSURE, line, quote};

/// What all scenarios of an import share.
pub(super) struct Around<'a> {
    pub(super) document: &'a str,
    pub(super) origin: &'a str,
    profile: Option<&'a str>,
    /// The profiles to create, with the command that starts the target in them.
    made: Vec<(Option<Launched>, String)>,
    /// The profiles of the existing suite.
    known: Vec<Known>,
    /// The program that most stories start.
    common: Option<String>,
    /// The titles of the sections of the document, one for each heading.
    pub(super) sections: Vec<String>,
    /// The requirement of each section.
    requirements: Vec<Requirement>,
    /// The variables of the suite: their names, by environment variable.
    variables: BTreeMap<String, String>,
    /// The other origins of the commands: their names and URLs, and whether the existing suite has them.
    others: Vec<(String, String, bool)>,
}

/// A profile of the existing suite.
struct Known {
    name: String,
    env: Vec<(String, String)>,
    own: bool,
}

/// A requirement: one for each section of the document.
pub(super) struct Requirement {
    pub(super) id: String,
    clause: String,
    text: String,
    /// Whether the register of the existing suite has it already.
    is_known: bool,
}

impl<'a> Around<'a> {
    pub(super) fn new(
        source: &'a Arc<Source>,
        origin: &'a str,
        stories: &[Story],
        sections: Vec<String>,
        variables: &BTreeMap<String, String>,
        wanted: &'a Wanted<'_>,
    ) -> Self {
        let mut around = Self {
            document: source.path(),
            origin,
            profile: wanted.profile.as_deref(),
            made: Vec::new(),
            known: Vec::new(),
            common: None,
            requirements: requirements(source, &sections, wanted.suite),
            others: others(stories, origin, wanted.suite),
            sections,
            variables: variables
                .iter()
                .filter(|(_, name)| {
                    let expression = format!("${{{name}}}");
                    let mut exchanges = stories.iter().flat_map(|story| &story.exchanges);
                    exchanges.any(|exchange| exchange.command.contains(&expression))
                })
                .map(|(environment, name)| (environment.clone(), name.clone()))
                .collect(),
        };
        let mut names = BTreeSet::new();
        let common = around.common(stories);
        for story in stories {
            let key = around.key(story);
            if !around.made.iter().any(|(made, _)| *made == key) {
                let name = super::free(&profile_name(key.as_ref(), common.as_deref()), &mut names);
                around.made.push((key, name));
            }
        }
        for profile in wanted.suite.iter().flat_map(|suite| &suite.profiles) {
            let env = profile
                .env
                .iter()
                .map(|(name, text)| (name.clone(), text.render(&Scope::default()).unwrap_or_default()));
            let (name, own) = (profile.name.clone(), profile.own);
            around.known.push(Known { name, env: env.collect(), own });
        }
        around.common = common;
        around
    }

    /// Returns the command that starts the target of a story, without the variables for host and port.
    fn key(&self, story: &Story) -> Option<Launched> {
        let launched = story.launched.as_ref()?;
        let env = launched.env.iter().filter(|(_, value)| self.listens(value).is_none()).cloned().collect();
        Some(Launched { env, program: launched.program.clone() })
    }

    /// Returns the expression for a variable that contains the host or the port of the target.
    fn listens(&self, value: &str) -> Option<&'static str> {
        let authority = self.origin.split_once("://").map_or(self.origin, |(_, authority)| authority);
        match authority.rsplit_once(':') {
            Some((_, port)) if port == value => Some("${port}"),
            Some((host, _)) if host == value => Some("${host}"),
            None if authority == value => Some("${host}"),
            _ => None,
        }
    }

    /// Returns the profile of a story.
    pub(super) fn profile(&self, story: &Story) -> String {
        if let Some(profile) = self.profile {
            return profile.to_owned();
        }
        let key = self.key(story);
        if self.known.is_empty() {
            let made = self.made.iter().find(|(made, _)| *made == key);
            return made.map_or_else(|| "default".to_owned(), |(_, name)| name.clone());
        }
        self.matching_profile(key.as_ref())
            .or(self.known.first().map(|known| &known.name))
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the profile of the suite that has at least this environment, with the fewest other variables.
    fn matching_profile(&self, key: Option<&Launched>) -> Option<&String> {
        let wanted: BTreeSet<_> = key.iter().flat_map(|key| key.env.clone()).collect();
        // Profiles with a program of their own match only such a program; the one with the program's name is preferred.
        let program = key.map(|key| &key.program);
        let own = program.is_some_and(|program| self.common.as_ref() != Some(program));
        let called = program.map(|program| called(program)).unwrap_or_default();
        let known = self.known.iter().filter(|known| {
            known.own == own && !wanted.is_empty() && wanted.iter().all(|pair| known.env.contains(pair))
        });
        known.min_by_key(|known| (known.name != called, known.env.len())).map(|known| &known.name)
    }

    /// Returns why the profile of a story is uncertain, if it is.
    pub(super) fn unsure_profile(&self, story: &Story) -> Option<String> {
        let settled = self.profile.is_some()
            || self.known.is_empty()
            || self.known.len() == 1
            || self.matching_profile(self.key(story).as_ref()).is_some();
        (!settled).then(|| "no profile of the suite has the environment shown here".to_owned())
    }

    /// Returns the requirement of a section.
    pub(super) fn requirement(&self, section: usize) -> Option<&Requirement> {
        self.requirements.get(section)
    }

    /// Returns the entries of the register for the sections in which a step exists, without those that it has already.
    pub(super) fn entries(&self, stories: &[Story]) -> String {
        let used: BTreeSet<usize> =
            stories.iter().flat_map(|story| &story.exchanges).map(|exchange| exchange.section).collect();
        let mut page = String::new();
        for requirement in
            used.iter().filter_map(|section| self.requirement(*section)).filter(|one| !one.is_known)
        {
            page.push_str(&format!(
                "  - id: {}\n    level: must\n    clause: {}\n    text: {}\n",
                requirement.id,
                line(&requirement.clause),
                line(&requirement.text)
            ));
        }
        page
    }

    /// Returns the names of the variables.
    pub(super) fn variables(&self) -> BTreeSet<&str> {
        self.variables.values().map(String::as_str).collect()
    }

    /// Returns the declarations of the variables, without those that the suite has already.
    pub(super) fn declarations(&self, suite: Option<&Suite>) -> String {
        let known = |name: &str| {
            suite.is_some_and(|suite| suite.variables.iter().any(|variable| variable.name == name))
        };
        let mut page = String::new();
        for (environment, name) in self.variables.iter().filter(|(_, name)| !known(name)) {
            let secret = if is_secret(name) { ", secret: true" } else { "" };
            page.push_str(&format!("  {name}: {{env: {environment}{secret}}}\n"));
        }
        page
    }

    /// Returns the name of an origin that is not that of the suite.
    pub(super) fn named(&self, origin: &str) -> Option<&str> {
        self.others.iter().find(|(_, url, _)| url == origin).map(|(name, ..)| name.as_str())
    }

    /// Returns the declarations of the other origins, without those that the suite has already.
    pub(super) fn origins(&self) -> String {
        let new = self.others.iter().filter(|(_, _, is_known)| !is_known);
        new.map(|(name, url, _)| format!("  {name}: {url}\n")).collect()
    }

    /// Returns the manifest of a suite with these stories.
    pub(super) fn manifest(&self, stories: &[Story]) -> String {
        let document = Path::new(self.document).file_stem().unwrap_or_default().to_string_lossy();
        let mut page = format!(
            "# Settings of the suite, taken from {document}.\nformat: 1\ntitle: {}\norigin: {}\n\n",
            line(&document),
            self.origin
        );
        let origins = self.origins();
        if !origins.is_empty() {
            page.push_str(&format!(
                "# Other origins of the document. `--origin NAME=URL` gives the address of one.\norigins:\n{origins}\n"
            ));
        }
        let variables = self.declarations(None);
        if !variables.is_empty() {
            page.push_str(&format!(
                "# Set them in the environment, or write their defaults.\nvariables:\n{variables}\n"
            ));
        }
        page.push_str(
            "# JSON members and form fields whose values are redacted in reports.\nsecrets: [password, token]\n\nlaunch:\n  env:\n",
        );
        let mut listening: Vec<(String, &str)> = Vec::new();
        for (name, value) in
            stories.iter().filter_map(|story| story.launched.as_ref()).flat_map(|launched| &launched.env)
        {
            if let Some(expression) = self.listens(value)
                && !listening.iter().any(|(own, _)| own == name)
            {
                listening.push((name.clone(), expression));
            }
        }
        if !listening.iter().any(|(_, expression)| *expression == "${port}") {
            page.push_str(&format!("    {UNSURE}how the target learns its port\n"));
            listening.push(("PORT".to_owned(), "${port}"));
        }
        for (name, expression) in listening {
            page.push_str(&format!("    {name}: \"{expression}\"\n"));
        }
        let first = |prefers: fn(&str) -> bool| {
            let mut exchanges = stories.iter().flat_map(|story| &story.exchanges);
            exchanges.find(|exchange| {
                exchange.origin == self.origin
                    && !exchange.command.contains("${")
                    && prefers(&exchange.command)
            })
        };
        let reads = |command: &str| {
            ![" -d", " -X", " --data", " --json", " -F"].iter().any(|writes| command.contains(writes))
        };
        if let Some(exchange) = first(reads).or_else(|| first(|_| true)) {
            page.push_str("  # Any response means that the target is ready.\n");
            request(&exchange.command).write(2, "ready:", &mut page);
        }
        page.push_str("\nprofiles:\n");
        let common = self.common(stories);
        for (launched, name) in &self.made {
            let Some(launched) = launched else {
                page.push_str(&format!("  {}: {{}}\n", line(name)));
                continue;
            };
            page.push_str(&format!("  {}:\n    title: {}\n", line(name), line(&described(launched))));
            if Some(&launched.program) != common.as_ref() {
                page.push_str(
                    "    # A separate program: set its command in a target file.\n    launch: own\n",
                );
            }
            if !launched.env.is_empty() {
                let env = launched.env.iter().map(|(name, value)| format!("{name}: {}", quote(value)));
                page.push_str(&format!("    env: {{{}}}\n", env.collect::<Vec<_>>().join(", ")));
            }
        }
        page
    }

    /// Returns the program that most stories start.
    fn common(&self, stories: &[Story]) -> Option<String> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for launched in stories.iter().filter_map(|story| self.key(story)) {
            *counts.entry(launched.program).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(program, _)| program)
    }
}

/// Returns the origins of the commands other than that of the suite, with names that an expression can have.
fn others(stories: &[Story], origin: &str, suite: Option<&Suite>) -> Vec<(String, String, bool)> {
    let known = suite.map(|suite| suite.origins.clone()).unwrap_or_default();
    let mut others: Vec<(String, String, bool)> =
        known.into_iter().map(|(name, url)| (name, url, true)).collect();
    for exchange in stories.iter().flat_map(|story| &story.exchanges) {
        let url = &exchange.origin;
        if url == origin || others.iter().any(|(_, other, _)| other == url) {
            continue;
        }
        let base = origin_name(url);
        let mut name = base.clone();
        let mut number = 2;
        while others.iter().any(|(other, ..)| *other == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        others.push((name, url.clone(), false));
    }
    others
}

/// Returns a name for an origin: the first label of its host, or the port on this machine.
fn origin_name(origin: &str) -> String {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let (host, port) = host.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')).unwrap_or((host, ""));
    let is_local = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains(&host);
    let is_address = host.starts_with('[') || host.starts_with(|first: char| first.is_ascii_digit());
    let name = match (is_local, is_address) {
        (true, _) if !port.is_empty() => format!("port {port}"),
        (_, true) => format!("host {host}"),
        (_, false) => host.split('.').next().unwrap_or_default().to_owned(),
    };
    slug(&name).replace('-', "_")
}

/// The beginning of a register.
pub(super) const REGISTER: &str = "# One requirement for each section of the document. Replace the texts by your own words.\nformat: 1\nrequirements:\n";

/// Returns the requirement of each section, with an id that no other requirement of the suite has.
fn requirements(source: &Source, sections: &[String], suite: Option<&Suite>) -> Vec<Requirement> {
    let path = source.path().split(['?', '#']).next().unwrap_or_default();
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let prefix: String = stem.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let prefix = match prefix.chars().next() {
        None => "SPEC".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("DOC{prefix}"),
        Some(_) => prefix,
    };
    let known = || suite.into_iter().flat_map(|suite| &suite.requirements);
    let text = |title: &str| format!("The responses are those that the section \"{title}\" prints.");
    let mut taken: BTreeSet<String> = known().map(|requirement| requirement.id.to_string()).collect();
    let mut requirements = Vec::new();
    for (title, number) in sections.iter().zip(numbers(sections)) {
        let mut id = format!("{prefix}-{number}");
        let own = known().find(|one| {
            one.clause == *title && one.text == text(title) && one.id.starts_with(&format!("{prefix}-"))
        });
        if let Some(own) = own {
            id = own.id.to_string();
        } else {
            let mut suffix = 2;
            while !taken.insert(id.clone()) {
                id = format!("{prefix}-{number}.{suffix}");
                suffix += 1;
            }
        }
        let clause = title.clone();
        requirements.push(Requirement { id, text: text(title), clause, is_known: own.is_some() });
    }
    requirements
}

/// Returns the numbers of the sections: those at the start of their headings if all are distinct, else 1, 2, 3, …
fn numbers(sections: &[String]) -> Vec<String> {
    let own = |title: &String| {
        let digits: String = title.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    let found: Vec<String> = sections.iter().filter_map(own).collect();
    let distinct: BTreeSet<&String> = found.iter().collect();
    if distinct.len() == sections.len() {
        found
    } else {
        (1..=sections.len()).map(|number| number.to_string()).collect()
    }
}

/// Whether the titles begin with numbers in ascending order, so that their files are in the order of the document.
pub(super) fn is_numbered<'t>(titles: impl Iterator<Item = &'t str>) -> bool {
    let number = |title: &str| title.split(|one: char| !one.is_ascii_digit()).next()?.parse::<u32>().ok();
    let numbers: Vec<Option<u32>> = titles.map(number).collect();
    numbers.iter().all(Option::is_some) && numbers.is_sorted_by(|one, other| one < other)
}

fn profile_name(launched: Option<&Launched>, common: Option<&str>) -> String {
    let Some(launched) = launched else { return "default".to_owned() };
    if common.is_some_and(|common| common != launched.program) {
        return called(&launched.program);
    }
    let values: Vec<&str> = launched.env.iter().map(|(_, value)| value.as_str()).collect();
    if values.is_empty() { "default".to_owned() } else { slug(&values.join("-")) }
}

/// Returns the file name of a program, as a name for a profile.
fn called(program: &str) -> String {
    let file = program.split('/').next_back().unwrap_or_default();
    slug(file.split('.').next().unwrap_or_default())
}

fn described(launched: &Launched) -> String {
    let env = launched.env.iter().map(|(name, value)| format!("{name}={value}"));
    env.chain([launched.program.clone()]).collect::<Vec<_>>().join(" ")
}
