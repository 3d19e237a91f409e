//! Writes YAML as a person would: block by block, short mappings on one line, comments where something is unsure. No file is read here.

/// A value as it will be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    /// A scalar or a tag, written already.
    Scalar(String),
    /// A scalar on lines of its own, kept as they are.
    Lines(String),
    List(Vec<Yaml>),
    Mapping(Vec<(String, Yaml)>),
    /// A value with the sentence that says why a reader should look at it.
    Unsure(String, Box<Yaml>),
}

/// What a sentence about something unsure begins with, in a comment.
pub(crate) const UNSURE: &str = "# unsure: ";

impl Yaml {
    pub(crate) fn unsure(sentence: impl Into<String>, value: Self) -> Self {
        Self::Unsure(sentence.into(), Box::new(value))
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Scalar(quote(text))
    }

    /// On one line, where that can be read: no tag, no comment, not long.
    fn flow(&self) -> Option<String> {
        self.line_of().filter(|flow| flow.len() <= 60)
    }

    /// On one line, however long; none where a tag or a comment stands in it.
    pub(crate) fn line_of(&self) -> Option<String> {
        Some(match self {
            Self::Scalar(text) if !text.starts_with('!') => text.clone(),
            Self::Mapping(members) => {
                let member =
                    |(name, value): &(String, Self)| Some(format!("{}: {}", key(name), value.line_of()?));
                format!("{{{}}}", members.iter().map(member).collect::<Option<Vec<_>>>()?.join(", "))
            }
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::line_of).collect::<Option<Vec<_>>>()?.join(", "))
            }
            _ => return None,
        })
    }

    /// Writes the value behind `head`: `status:`, or the `-` of a list.
    pub(crate) fn write(&self, indent: usize, head: &str, page: &mut String) {
        let margin = " ".repeat(indent);
        match self {
            Self::Unsure(sentence, value) => {
                page.push_str(&format!("{margin}{}\n", unsure(sentence)));
                value.write(indent, head, page);
            }
            Self::Scalar(text) => page.push_str(&format!("{margin}{head} {text}\n")),
            Self::Lines(text) => {
                page.push_str(&format!("{margin}{head} |-\n"));
                for line in text.lines() {
                    page.push_str(&format!("{margin}  {line}\n"));
                }
            }
            _ => match self.flow() {
                Some(flow) => page.push_str(&format!("{margin}{head} {flow}\n")),
                None => self.write_block(indent, head, page),
            },
        }
    }

    /// Writes a mapping or a list on lines of its own.
    pub(crate) fn write_block(&self, indent: usize, head: &str, page: &mut String) {
        let mut block = String::new();
        match self {
            Self::Mapping(members) => {
                for (name, value) in members {
                    value.write(indent + 2, &format!("{}:", key(name)), &mut block);
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.write(indent + 2, "-", &mut block)),
            _ => {}
        }
        let margin = " ".repeat(indent);
        // The first member of an item stands beside its dash, unless a comment goes before it.
        if head == "-" && !block.trim_start().starts_with('#') {
            page.push_str(&format!("{margin}- {}", block.trim_start()));
        } else {
            page.push_str(&format!("{margin}{head}\n{block}"));
        }
    }
}

/// Returns a string as YAML: plain where nothing could take it for something else, else in double quotes.
pub(crate) fn quote(text: &str) -> String {
    let text = text.replace("${", "${'${'}");
    if is_plain(&text) { text } else { quoted(&text) }
}

/// Returns a string in double quotes, with escapes for what YAML does not print (YAML 1.2.2, section 5.1) or takes for the end of a line.
pub(crate) fn quoted(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    json.chars()
        .map(|one| if is_shown(one) { one.to_string() } else { format!("\\u{:04x}", u32::from(one)) })
        .collect()
}

/// Whether a text can stand as it is on lines of its own.
pub(crate) fn is_block(text: &str) -> bool {
    text.chars().all(|one| is_shown(one) || matches!(one, '\n' | '\t'))
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with('\n')
}

/// Whether YAML takes a character for itself.
fn is_shown(one: char) -> bool {
    !one.is_control() && !matches!(one, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn key(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name) }
}

fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];
    let inner = |one: char| one.is_ascii_alphanumeric() || " _./@-".contains(one);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '/')
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Returns a comment that says what is unsure, on one line.
pub(crate) fn unsure(sentence: &str) -> String {
    let shown = |one: char| if is_shown(one) { one } else { ' ' };
    format!("{UNSURE}{}", sentence.chars().map(shown).collect::<String>())
}

/// Returns a sentence as the title of something: never more than one line.
pub(crate) fn line(text: &str) -> String {
    key(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Yaml) -> String {
        let mut page = String::new();
        value.write(0, "json:", &mut page);
        page
    }

    fn mapping(members: &[(&str, Yaml)]) -> Yaml {
        Yaml::Mapping(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    #[test]
    fn what_is_short_stands_on_one_line_and_what_has_tags_does_not() {
        assert_eq!(
            written(&mapping(&[("error", Yaml::text("email missing"))])),
            "json: {error: email missing}\n"
        );
        let tagged = mapping(&[("id", Yaml::Scalar("!uuid".to_owned()))]);
        assert_eq!(written(&tagged), "json:\n  id: !uuid\n");
        assert_eq!(
            written(&Yaml::List(vec![tagged.clone(), tagged])),
            "json:\n  - id: !uuid\n  - id: !uuid\n"
        );
    }

    #[test]
    fn a_comment_stands_before_what_it_is_about() {
        let unsure = mapping(&[("id", Yaml::unsure("who knows", Yaml::Scalar("1".to_owned())))]);
        assert_eq!(written(&Yaml::List(vec![unsure])), "json:\n  -\n    # unsure: who knows\n    id: 1\n");
        let broken = Yaml::unsure("who\nknows", Yaml::Scalar("1".to_owned()));
        assert_eq!(written(&broken), "# unsure: who knows\njson: 1\n");
    }

    #[test]
    fn a_string_stays_a_string() {
        for text in ["no", "1", "a: b", "- x", "", "a #b", "ü", "~", "x "] {
            assert!(quote(text).starts_with('"'), "{text}");
        }
        assert_eq!(quote("Not found"), "Not found");
        assert_eq!(quote("a\u{7f}\u{2028}\n"), r#""a\u007f\u2028\n""#);
        assert_eq!(quote("${x}"), r#""${'${'}x}""#);
    }
}
