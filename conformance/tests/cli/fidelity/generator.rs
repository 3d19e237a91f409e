//! Generates curl commands: random options with random values in random quotes, for the same choices always the same command.

/// Options with a value.
const OPTIONS: &[&str] = &[
    "-d ",
    "-d",
    "-d a=1 -d ",
    "--data ",
    "--data-raw ",
    "--data-binary ",
    "--data-urlencode ",
    "--data-urlencode n=",
    "--data-urlencode =",
    "--json ",
    "-G --data-urlencode q=",
    "-G -d ",
    "--url-query ",
    "--url-query q=",
    "--url-query +",
    "-F a=",
    "-F b=1 -F a=",
    "-F a=x;type=text/plain;filename=",
    "-F a=@data.json;filename=",
    "-F a=x;headers=",
    "-F ",
    "--form-string a=",
    "-H X-A:",
    "-H 'X-A: '",
    "-H Accept:",
    "-H Content-Type:",
    "-H Host:",
    "-H ",
    "-b c=",
    "-b ",
    "-b a=1 -b b=",
    "-A ",
    "-A",
    "-e ",
    "-u a:",
    "-u ",
    "-sSu ",
    "--oauth2-bearer ",
    "-X PUT -d",
    "-X ",
    "-r ",
    "-I -G --data-urlencode ",
    "-g http://h/a?q=",
    "http://h/",
    "http://h/a#",
    "http://h/a/../b?",
    "--request-target /",
];

/// Options without a value.
const SWITCHES: &[&str] = &[
    "-G",
    "-I",
    "-L",
    "-g",
    "-0",
    "-s",
    "-f",
    "-k",
    "-sSi",
    "-X PUT",
    "-XDELETE",
    "-d x=1",
    "-d @text.txt",
    "-d @empty.json",
    "-F f=@text.txt",
    "-b jar.txt",
    "-u a:b",
    "-H 'X-A: 1'",
    "-H X-A:",
    "-H 'X-A;'",
    "-H @fields",
    "-H Accept:",
    "-H User-Agent:",
    "-H 'Content-Type: text/x'",
    "-H Content-Type:",
    "-H 'Cookie: own=1'",
    "-H Host:",
    "--json '{\"a\": 1}'",
    "--path-as-is",
    "--http1.1",
    "--tr-encoding",
    "--basic",
    "--digest",
    "--anyauth",
    "--max-redirs 1",
    "--no-keepalive",
    "--location-trusted",
];

const URLS: &[&str] = &[
    "http://h",
    "http://h/",
    "http://h/a",
    "'http://h/a?b=c&d=e'",
    "http://h/a/./b/../c",
    "http://h/ü?ö",
    "'http://h/?'",
    "http://h/to/302",
    "http://h/to/303",
    "http://h/to/307",
    "http://h/digest",
    "http://h/basic",
    "http://u:p%40w@h/a",
    "--url http://h/a",
];

const VALUES: &[&str] = &[
    "",
    "plain",
    "a b",
    "a=b&c=d",
    "{\"a\": [1, \"x\"]}",
    "it's",
    "100% $ {x} `",
    "${x} $y $(z)",
    "back\\slash\\",
    "ümlaut €",
    "semi;colon,comma",
    "<tag attr=\"v\">",
    "#not a comment",
    "*?[a-z]~!",
    " padded ",
    "%41%zz+",
    "@text.txt",
    "@nothing",
    "name@text.txt",
    "<text.txt",
    "\"quoted; \\\" text\"; type=text/x",
    "two\nlines\r\n",
    "a: b",
    "a;",
    "(",
    ")",
    "-x",
];

/// Letters of random values.
const LETTERS: &[char] = &[
    'a', 'b', '1', ' ', ' ', '=', '&', '%', '+', ';', ',', ':', '@', '<', '>', '"', '\'', '\\', '$', '`',
    '{', '}', '[', ']', '(', ')', '#', '!', '?', '*', '~', '^', '|', '/', '.', '-', 'é', '€', '\t', '\n',
];

/// Returns a command for the address `http://h`. `choose` returns a number below the one that it gets; `values` are tried besides
/// the usual ones.
pub(crate) fn command(choose: &mut dyn FnMut(usize) -> usize, values: &[&str]) -> String {
    let mut words = vec![URLS[choose(URLS.len())].to_owned()];
    for _ in 0..=choose(3) {
        if choose(3) == 0 {
            words.push(SWITCHES[choose(SWITCHES.len())].to_owned());
        } else {
            let option = OPTIONS[choose(OPTIONS.len())];
            // A semicolon outside of quotes ends the command.
            let option = option.replace(';', "\\;");
            // A second URL would be a second request.
            if option.contains("http://h") {
                words.retain(|word| !word.contains("http://h"));
            }
            let value = value(choose, values);
            words.push(option + &quoted(&value, choose));
        }
    }
    format!("curl {}", words.join(" "))
}

fn value(choose: &mut dyn FnMut(usize) -> usize, values: &[&str]) -> String {
    let known = VALUES.len() + values.len();
    let number = choose(known * 2);
    let value = match (VALUES.get(number), values.get(number.wrapping_sub(VALUES.len()))) {
        (Some(value), _) | (_, Some(value)) => (*value).to_owned(),
        _ => (0..choose(8)).map(|_| LETTERS[choose(LETTERS.len())]).collect(),
    };
    // Two dollar signs are the escape of this program for one.
    value.replace("$$", "$").replace('\0', "")
}

/// Quotes a value in one or several ways of a shell.
fn quoted(value: &str, choose: &mut dyn FnMut(usize) -> usize) -> String {
    let letters: Vec<char> = value.chars().collect();
    let cut = if choose(4) == 0 { choose(letters.len() + 1) } else { letters.len() };
    let (first, second) = letters.split_at(cut);
    let mut quoted = String::new();
    for piece in [first, second] {
        if !piece.is_empty() || value.is_empty() && quoted.is_empty() {
            quoted.push_str(&quotation(&piece.iter().collect::<String>(), choose(5)));
        }
    }
    quoted
}

fn quotation(value: &str, way: usize) -> String {
    let escaped = |special: &str| -> String {
        value.chars().flat_map(|one| special.contains(one).then_some('\\').into_iter().chain([one])).collect()
    };
    let special = " \t\"'$`\\{}[]<>&;|()*?#!~^";
    match way {
        // `${` begins an expression of this program in double quotes, escaped or not.
        0 if !value.contains("${") => format!("\"{}\"", escaped("$`\"\\")),
        1 => format!("$'{}'", escaped("'\\").replace("${", "\\x24{")),
        2 if !value.is_empty() && !value.contains('\n') => escaped(special),
        3 if !value.is_empty() && !value.contains(|one: char| special.contains(one) || one == '\n') => {
            value.to_owned()
        }
        _ => format!("'{}'", value.replace('\'', r"'\''").replace("${", "$${")),
    }
}
