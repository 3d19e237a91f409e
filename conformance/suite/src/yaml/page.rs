//! Writes YAML as a person would: in blocks, with short mappings on one line and comments where something is unsure.

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// A scalar or a tag, already in YAML syntax.
    Scalar(String),
    /// A scalar in a literal block.
    Lines(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in this order.
    Mapping(Vec<(String, Yaml)>),
    /// A list or a mapping after a tag.
    Tagged(String, Box<Yaml>),
    /// A value with a comment that says why it should be reviewed.
    Unsure(String, Box<Yaml>),
}

/// Prefix of such a comment.
pub const UNSURE: &str = "# unsure: ";

impl Yaml {
    /// Marks a value to be reviewed.
    pub fn unsure(sentence: impl Into<String>, value: Self) -> Self {
        Self::Unsure(sentence.into(), Box::new(value))
    }

    /// Puts a tag before a list or a mapping.
    #[must_use]
    pub fn tagged(tag: &str, value: Self) -> Self {
        Self::Tagged(tag.to_owned(), Box::new(value))
    }

    /// Returns a text as a scalar, quoted if necessary.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Scalar(quote(text))
    }

    /// The value on one line, if it is short and has no tag or comment.
    fn flow(&self) -> Option<String> {
        self.line_of().filter(|flow| flow.len() <= 60)
    }

    /// The value on one line of any length; none if it contains a tag or a comment.
    #[must_use]
    pub fn line_of(&self) -> Option<String> {
        self.on_one_line(false)
    }

    /// The value on one line of any length, with tags; none if it contains a comment.
    #[must_use]
    pub fn line_with_tags(&self) -> Option<String> {
        self.on_one_line(true)
    }

    fn on_one_line(&self, tags: bool) -> Option<String> {
        let lines =
            |items: Vec<Option<String>>| Some(items.into_iter().collect::<Option<Vec<_>>>()?.join(", "));
        Some(match self {
            Self::Scalar(text) if !text.starts_with('!') => text.clone(),
            // Some readers take a comma or a bracket after a tag as a part of it.
            Self::Scalar(tag) if tags => format!("{tag} "),
            Self::Mapping(members) => {
                let member = |(name, value): &(String, Self)| {
                    Some(format!("{}: {}", key(name), value.on_one_line(tags)?))
                };
                format!("{{{}}}", lines(members.iter().map(member).collect())?)
            }
            Self::List(items) => {
                format!("[{}]", lines(items.iter().map(|item| item.on_one_line(tags)).collect())?)
            }
            _ => return None,
        })
    }

    /// Writes the value after `head`: `status:`, or the `-` of a list.
    pub fn write(&self, indent: usize, head: &str, page: &mut String) {
        let margin = " ".repeat(indent);
        match self {
            Self::Unsure(sentence, value) => {
                page.push_str(&format!("{margin}{}\n", unsure(sentence)));
                value.write(indent, head, page);
            }
            Self::Scalar(text) => page.push_str(&format!("{margin}{head} {text}\n")),
            Self::Tagged(tag, value) => match value.line_of().filter(|flow| flow.len() <= 60) {
                Some(flow) => page.push_str(&format!("{margin}{head} {tag} {flow}\n")),
                None => value.write_block(indent, &format!("{head} {tag}"), page),
            },
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

    /// Writes a mapping or a list in block style.
    pub fn write_block(&self, indent: usize, head: &str, page: &mut String) {
        let mut block = String::new();
        match self {
            Self::Mapping(members) if members.is_empty() => {
                block.push_str(&format!("{}{{}}\n", " ".repeat(indent + 2)));
            }
            Self::List(items) if items.is_empty() => {
                block.push_str(&format!("{}[]\n", " ".repeat(indent + 2)));
            }
            Self::Mapping(members) => {
                for (name, value) in members {
                    value.write(indent + 2, &format!("{}:", key(name)), &mut block);
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.write(indent + 2, "-", &mut block)),
            _ => {}
        }
        let margin = " ".repeat(indent);
        // The first member of an item is on the line of its dash, unless a comment comes before it.
        if head == "-" && !block.trim_start().starts_with('#') {
            page.push_str(&format!("{margin}- {}", block.trim_start()));
        } else {
            page.push_str(&format!("{margin}{head}\n{block}"));
        }
    }
}

/// Returns a string as a YAML scalar: plain if it cannot be misread, else in double quotes.
#[must_use]
pub fn quote(text: &str) -> String {
    let text = text.replace("${", "${'${'}");
    if is_plain(&text) { text } else { quoted(&text) }
}

/// Returns a string in double quotes, with escapes for characters that are not printable in YAML (YAML 1.2.2, section 5.1) or are
/// line breaks.
#[must_use]
pub fn quoted(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    json.chars()
        .map(|one| if is_shown(one) { one.to_string() } else { format!("\\u{:04x}", u32::from(one)) })
        .collect()
}

/// Whether a text can be written in a literal block.
#[must_use]
pub fn is_block(text: &str) -> bool {
    text.chars().all(|one| is_shown(one) || matches!(one, '\n' | '\t'))
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with('\n')
}

/// Whether a character is printable in YAML.
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

/// Returns a comment about an uncertainty, on one line.
#[must_use]
pub fn unsure(sentence: &str) -> String {
    let shown = |one: char| if is_shown(one) { one } else { ' ' };
    format!("{UNSURE}{}", sentence.chars().map(shown).collect::<String>())
}

/// Returns a text as a title, on one line.
#[must_use]
pub fn line(text: &str) -> String {
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
    fn writes_short_mappings_on_one_line_unless_they_have_tags() {
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
    fn writes_tags_before_lists_and_mappings() {
        let integer = || Yaml::Scalar("!integer".to_owned());
        let each =
            Yaml::tagged("!each", Yaml::List(vec![Yaml::tagged("!subset", mapping(&[("id", integer())]))]));
        assert_eq!(written(&each), "json: !each\n  - !subset\n    id: !integer\n");
        let inner = mapping(&[("a", each), ("b", Yaml::tagged("!subset", Yaml::Mapping(Vec::new())))]);
        assert_eq!(
            written(&inner),
            "json:\n  a: !each\n    - !subset\n      id: !integer\n  b: !subset {}\n"
        );
    }

    #[test]
    fn writes_comments_before_the_value() {
        let unsure = mapping(&[("id", Yaml::unsure("who knows", Yaml::Scalar("1".to_owned())))]);
        assert_eq!(written(&Yaml::List(vec![unsure])), "json:\n  -\n    # unsure: who knows\n    id: 1\n");
        let broken = Yaml::unsure("who\nknows", Yaml::Scalar("1".to_owned()));
        assert_eq!(written(&broken), "# unsure: who knows\njson: 1\n");
    }

    #[test]
    fn quotes_strings_that_could_be_misread() {
        for text in ["no", "1", "a: b", "- x", "", "a #b", "ü", "~", "x "] {
            assert!(quote(text).starts_with('"'), "{text}");
        }
        assert_eq!(quote("Not found"), "Not found");
        assert_eq!(quote("a\u{7f}\u{2028}\n"), r#""a\u007f\u2028\n""#);
        assert_eq!(quote("${x}"), r#""${'${'}x}""#);
    }
}
